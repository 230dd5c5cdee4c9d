"""Key-encryption keys and the root secret in a PKCS#11 token (a hardware security module): they never leave it.

Objects by label: `daybook-root` (generic secret, for HMAC) and `daybook-epoch-<n>` (AES-256, to wrap and unwrap), all
sensitive and not extractable. Data keys are wrapped inside the token with AES-KWP (RFC 5649), so rows look as those of
the file provider do; named secrets are HMACs, so they differ from a file's. A token's own backup has its keys as well:
destroying an epoch is done when it is gone there too.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, Object, ObjectClass, SecretKey, Session
from pkcs11.exceptions import (
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    NoSuchKey,
    PKCS11Error,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
)
from pkcs11.types import SignMixin, UnwrapMixin, WrapMixin

from vault.errors import EpochUnknown, KeyCorrupt, KeyStoreRefused
from vault.provider import SECRET_BYTES, WrappedKey
from vault.seal import KEY_BYTES

T = TypeVar("T")

ROOT: Final = "daybook-root"
EPOCH: Final = re.compile(r"daybook-epoch-([1-9][0-9]{0,8})")
WRAPPED_BYTES: Final = 40
"""AES-KWP of 32 bytes; a token that pads otherwise is noticed by it."""
_SECRET_SALT: Final = b"daybook/vault/secret/v1\x00"
_CHECK_SALT: Final = b"daybook/vault/key-check/v1\x00"
_PRIVATE: Final = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
_PASSING: Final = {Attribute.TOKEN: False, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}
_UNFIT: Final = (
    WrappedKeyInvalid, WrappedKeyLenRange, EncryptedDataInvalid, EncryptedDataLenRange, GeneralError, FunctionFailed,
)  # fmt: skip


class HardwareToken(Protocol):
    """A token that this process is logged in to."""

    @property
    def module(self) -> Path:
        """The library that reaches it, for messages."""
        ...

    def run(self, work: Callable[[Session], T]) -> T:
        """Do something in a session; one at a time."""
        ...


class Pkcs11KeyProvider:
    """Keys in a token. Every call goes there and takes as long as it takes."""

    def __init__(self, token: HardwareToken) -> None:
        """Find the keys; those that a new installation lacks are made. `Keyring.check` refuses the wrong token.

        Raises:
            KeyStoreRefused: two keys have one label, or the token cannot do what is needed.
        """
        self._token = token
        self._secrets: dict[str, bytes] = {}
        self._epochs: frozenset[int] = frozenset()
        self._run(self._make_missing)
        self.refresh()
        self.unwrap(self.wrap(bytes(KEY_BYTES)))

    def __repr__(self) -> str:
        return f"Pkcs11KeyProvider(epochs={sorted(self._epochs)})"

    @property
    def epoch(self) -> int:
        """The newest epoch, which wraps."""
        return max(self._epochs)

    def refresh(self) -> None:
        """Look which epochs there are; raise `KeyStoreRefused`."""
        epochs = self._run(self._held)
        if not epochs:
            raise self._refused("it holds no key-encryption key any more")
        self._epochs = epochs

    def make_epoch(self) -> int:
        """Make a key of a new epoch inside the token; raise `KeyStoreRefused`."""
        self.refresh()
        made = self.epoch + 1
        self._run(lambda session: _make_epoch(session, made))
        self.refresh()
        return made

    def destroy_epoch(self, epoch: int) -> None:
        """Destroy the key of an epoch in the token; ValueError for the newest. Its backups are their keeper's."""
        self.refresh()
        if epoch == self.epoch:
            raise ValueError(f"epoch {epoch} is the newest: make a new one first")
        if epoch in self._epochs:
            self._run(lambda session: _epoch_key(session, epoch).destroy())
        self.refresh()

    def wrap(self, key: bytes) -> WrappedKey:
        """Wrap a data key under the newest epoch."""
        for _ in range(2):
            epoch = self.epoch
            try:
                return WrappedKey(epoch, self._run(lambda session, epoch=epoch: self._wrap(session, epoch, key)))
            except EpochUnknown:
                self.refresh()  # rotated and destroyed by another process since
        raise EpochUnknown(self.epoch)

    def unwrap(self, key: WrappedKey) -> bytes:
        """Give back the data key; raise `EpochUnknown` or `KeyCorrupt`."""
        if key.epoch not in self._epochs:
            self.refresh()  # made by another process since
            if key.epoch not in self._epochs:
                raise EpochUnknown(key.epoch)
        return self._run(lambda session: self._unwrap(session, key))

    def secret(self, purpose: str) -> bytes:
        """Derive the HMAC key of one purpose: HMAC-SHA256 of it under the root secret."""
        if not purpose:
            raise ValueError("a secret needs a purpose")
        if purpose not in self._secrets:
            self._secrets[purpose] = self._mac(_SECRET_SALT + purpose.encode())
        return self._secrets[purpose]

    def check_values(self) -> Mapping[str, bytes]:
        """Name root and epochs, each with its key check value."""
        self.refresh()
        values = {"root": self._mac(_CHECK_SALT + b"root")}
        for epoch in sorted(self._epochs):
            known = _CHECK_SALT[:KEY_BYTES].ljust(KEY_BYTES, b"\x00")
            wrapped = self._run(lambda session, epoch=epoch, known=known: self._wrap(session, epoch, known))
            values[f"epoch-{epoch}"] = sha256(wrapped).digest()
        return values

    def _run(self, work: Callable[[Session], T]) -> T:
        try:
            return self._token.run(work)
        except PKCS11Error as error:
            raise self._refused(repr(error)) from error

    def _make_missing(self, session: Session) -> None:
        labels = _labels(session)
        if ROOT not in labels and not any(map(EPOCH.fullmatch, labels)):
            capabilities = MechanismFlag.SIGN | MechanismFlag.VERIFY
            session.generate_key(
                KeyType.GENERIC_SECRET, SECRET_BYTES * 8, label=ROOT, store=True, capabilities=capabilities,
                mechanism=Mechanism.GENERIC_SECRET_KEY_GEN, template=_PRIVATE,
            )  # fmt: skip
            _make_epoch(session, 1)

    def _held(self, session: Session) -> frozenset[int]:
        labels = [label for label in _labels(session) if label == ROOT or EPOCH.fullmatch(label)]
        twice = {label for label in labels if labels.count(label) > 1}
        if twice:
            raise self._refused(f"it holds two keys called {min(twice)}: delete the one that was made last")
        if ROOT not in labels:
            raise self._refused(f"it holds no key called {ROOT}: restore it from the token's backup")
        return frozenset(int(found[1]) for label in labels if (found := EPOCH.fullmatch(label)))

    def _mac(self, content: bytes) -> bytes:
        return self._run(lambda session: _mac(_key(session, ROOT), content))

    def _wrap(self, session: Session, epoch: int, key: bytes) -> bytes:
        passing = session.create_object({
            Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
            Attribute.VALUE: key, **_PASSING,
        })  # fmt: skip
        try:
            wrapped = _wrap(_epoch_key(session, epoch), passing, _mechanism(session))
        finally:
            passing.destroy()
        if len(wrapped) != WRAPPED_BYTES:
            raise self._refused(f"it wraps {len(key)} bytes to {len(wrapped)}, AES-KWP would to {WRAPPED_BYTES}")
        return wrapped

    def _unwrap(self, session: Session, key: WrappedKey) -> bytes:
        wrapping = _epoch_key(session, key.epoch)
        try:
            found = _unwrap(wrapping, key.wrapped, _mechanism(session))
        except _UNFIT as error:
            if isinstance(error, GeneralError | FunctionFailed):  # is it the key, or is it the token?
                known = self._wrap(session, key.epoch, bytes(KEY_BYTES))
                _unwrap(wrapping, known, _mechanism(session))
            raise KeyCorrupt(f"it does not unwrap under epoch {key.epoch}") from None
        return found

    def _refused(self, reason: str) -> KeyStoreRefused:
        return KeyStoreRefused(self._token.module, f"the token cannot be used: {reason}")


def _label(epoch: int) -> str:
    return f"daybook-epoch-{epoch}"


def _key(session: Session, label: str) -> SecretKey:
    return cast("SecretKey", session.get_key(object_class=ObjectClass.SECRET_KEY, label=label))


def _epoch_key(session: Session, epoch: int) -> SecretKey:
    try:
        return _key(session, _label(epoch))
    except NoSuchKey:
        raise EpochUnknown(epoch) from None


def _labels(session: Session) -> list[str]:
    return [
        cast("SecretKey", one).label
        for one in session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TOKEN: True})
    ]


def _make_epoch(session: Session, epoch: int) -> None:
    session.generate_key(
        KeyType.AES, KEY_BYTES * 8, label=_label(epoch), store=True, template=_PRIVATE,
        capabilities=MechanismFlag.WRAP | MechanismFlag.UNWRAP, mechanism=Mechanism.AES_KEY_GEN,
    )  # fmt: skip


def _mechanism(session: Session) -> Mechanism:
    """AES-KWP under the name that the token has for it: before version 3 of PKCS#11 it was another."""
    offered = session.token.slot.get_mechanisms()
    return Mechanism.AES_KEY_WRAP_KWP if Mechanism.AES_KEY_WRAP_KWP in offered else Mechanism.AES_KEY_WRAP_PAD


def _wrap(wrapping: SecretKey, key: Object, mechanism: Mechanism) -> bytes:
    return cast("WrapMixin", wrapping).wrap_key(cast("SecretKey", key), mechanism=mechanism)


def _unwrap(wrapping: SecretKey, wrapped: bytes, mechanism: Mechanism) -> bytes:
    found = cast("UnwrapMixin", wrapping).unwrap_key(
        ObjectClass.SECRET_KEY, KeyType.GENERIC_SECRET, wrapped, mechanism=mechanism, template=_PASSING
    )
    try:
        return cast("bytes", found[Attribute.VALUE])
    finally:
        found.destroy()


def _mac(root: SecretKey, content: bytes) -> bytes:
    return cast("SignMixin", root).sign(content, mechanism=Mechanism.SHA256_HMAC)
