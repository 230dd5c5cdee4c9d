"""Keys in hardware: one login of this process to a PKCS#11 token, for the keys of logs and of personal data."""

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from audit.files import locked, private_directory
from audit.signing import FileKeys, SigningKeys
from engine.settings import Settings
from vault.errors import KeyStoreRefused
from vault.provider import FileKeyProvider, KeyProvider

if TYPE_CHECKING:
    from pkcs11 import Session

T = TypeVar("T")
_OTHERS: Final = 0o077


def key_provider(settings: Settings) -> KeyProvider:
    """Where the key-encryption keys are; raises `KeyStoreRefused`."""
    token = _token(settings, "personal-data")
    if token is None:
        return FileKeyProvider.load_or_create(settings.keys)
    from vault.pkcs11 import Pkcs11KeyProvider  # noqa: PLC0415  # needs an extra

    with locked(private_directory(settings.keys)):  # processes that start at once must not make two of each
        return Pkcs11KeyProvider(token)


def signing_keys(settings: Settings) -> SigningKeys:
    """Where the keys are that sign checkpoints and certificates; raises `KeyStoreRefused`."""
    token = _token(settings, "signing")
    if token is None:
        return FileKeys(settings.signing)
    from audit.hardware_keys import Pkcs11Keys  # noqa: PLC0415  # needs an extra

    return Pkcs11Keys(token)


def _token(settings: Settings, use: str) -> "HardwareToken | None":
    module, label, pin_file = settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file
    if module is None or settings.pkcs11_keys not in {"all", use}:
        return None
    if label is None or pin_file is None:
        missing = "DAYBOOK_PKCS11_TOKEN" if label is None else "DAYBOOK_PKCS11_PIN_FILE"
        raise KeyStoreRefused(module, f"set {missing} too: which token, and the file with its PIN")
    return open_token(module, label, pin_file)


@cache
def open_token(module: Path, label: str, pin_file: Path) -> "HardwareToken":
    """The token of this process; a process logs in to one once.

    Raises:
        KeyStoreRefused: there is no such token, the PIN is not right, or a package is missing.
    """
    token = HardwareToken(module, label, _pin(pin_file))
    token.run(lambda _: None)
    return token


def _pin(file: Path) -> str:
    try:
        if file.stat().st_mode & _OTHERS:
            raise KeyStoreRefused(file, f"lets other users at the PIN; run: chmod 600 {file}")
        return file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise KeyStoreRefused(file, f"the PIN cannot be read: {error.strerror}") from error


class HardwareToken:
    """A session with a token, opened anew when the token was away. What is asked of it is asked one at a time."""

    def __init__(self, module: Path, label: str, pin: str) -> None:
        self.module = module
        self._label = label
        self._pin = pin
        self._session: Session | None = None
        self._lock = threading.RLock()

    def run(self, work: "Callable[[Session], T]") -> T:
        """Do something in the session.

        Raises:
            KeyStoreRefused: the token cannot be opened.
            PKCS11Error: it cannot do what is asked.
        """
        with self._lock:
            kept = self._session
            session = kept if kept is not None else self._open()
            try:
                return work(session)
            except self._lost():
                self._session = None
                if kept is None:
                    raise
            return work(self._open())

    def _open(self) -> "Session":
        try:
            import pkcs11  # noqa: PLC0415  # an extra
            from pkcs11 import exceptions as errors  # noqa: PLC0415
        except ImportError:
            raise KeyStoreRefused(self.module, "needs the package python-pkcs11: install daybook[pkcs11]") from None
        try:
            token = pkcs11.lib(str(self.module)).get_token(token_label=self._label)
            try:
                session = token.open(rw=True, user_pin=self._pin)
            except errors.UserAlreadyLoggedIn:
                session = token.open(rw=True)
        except errors.NoSuchToken:
            raise KeyStoreRefused(self.module, f"there is no token called {self._label}") from None
        except (errors.PinIncorrect, errors.PinInvalid, errors.PinLenRange):
            raise KeyStoreRefused(self.module, f"the PIN of token {self._label} is another") from None
        except (errors.PKCS11Error, OSError, RuntimeError) as error:
            raise KeyStoreRefused(self.module, f"token {self._label} cannot be opened: {error!r}") from error
        self._session = session
        return session

    @staticmethod
    def _lost() -> tuple[type[Exception], ...]:
        """What is raised when the session is not there any more."""
        from pkcs11 import exceptions as errors  # noqa: PLC0415  # an extra

        return (
            errors.SessionHandleInvalid, errors.SessionClosed, errors.DeviceRemoved, errors.DeviceError,
            errors.TokenNotPresent, errors.UserNotLoggedIn,
        )  # fmt: skip
