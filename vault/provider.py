"""Where key-encryption keys and the root secret live, and the little that is asked of them.

A provider wraps data keys (AES-KWP, RFC 5649) and derives named secrets. Its methods are plain
calls: a provider that has to wait (a hardware module) is slow, not asynchronous.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)

from vault import key_file
from vault.errors import EpochUnknown, KeyCorrupt, KeyStoreRefused

SECRET_BYTES = 32
_SECRET_SALT = b"daybook/vault/secret/v1"
_CHECK_SALT = b"daybook/vault/key-check/v1"


class WrappedKey(NamedTuple):
    """A data key under the key-encryption key of `epoch`; 40 bytes for a key of 32."""

    epoch: int
    wrapped: bytes


class KeyProvider(Protocol):
    """Holder of the key-encryption keys of all living epochs, and of the root secret."""

    @property
    def epoch(self) -> int:
        """The newest epoch, which wraps."""
        ...

    def refresh(self) -> None:
        """Take up epochs that another process has made or destroyed; cheap, called before new keys are wrapped."""
        ...

    def make_epoch(self) -> int:
        """Make a key-encryption key of a new epoch and wrap with it from now on; durable when this returns."""
        ...

    def destroy_epoch(self, epoch: int) -> None:
        """Destroy a key-encryption key for good, with every trace of it that can be reached; never the newest.

        One that is gone already is none to destroy.
        """
        ...

    def wrap(self, key: bytes) -> WrappedKey:
        """Wrap a data key under the newest epoch."""
        ...

    def unwrap(self, key: WrappedKey) -> bytes:
        """Give back the data key; raise `EpochUnknown` or `KeyCorrupt`."""
        ...

    def secret(self, purpose: str) -> bytes:
        """Derive the 32 bytes of HMAC key for one purpose; the same for ever, no two alike."""
        ...

    def check_values(self) -> Mapping[str, bytes]:
        """Name every key held, each with 32 bytes that identify it and tell nothing about it."""
        ...


class FileKeyProvider:
    """Keys from one private file, see `vault.key_file`; held in memory while the process lives."""

    def __init__(self, keys: key_file.KeyFile, directory: Path | None = None) -> None:
        """Without the directory the keys can be used, and no epoch made or destroyed."""
        self._directory = directory
        self._root = keys.root
        self._secrets: dict[str, bytes] = {}
        self._seen = key_file.state(directory)
        self._take(keys)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read an existing key file; raise `KeyStoreRefused`."""
        return cls(key_file.read(directory), directory)

    @classmethod
    def load_or_create(cls, directory: Path) -> Self:
        """Read the key file, made first if there is none; raise `KeyStoreRefused`.

        A lost file is replaced without a word here; `Keyring.check` is what then refuses to start.
        """
        return cls(key_file.read_or_create(directory), directory)

    @property
    def epoch(self) -> int:
        """The newest epoch, which wraps."""
        return self._newest

    def refresh(self) -> None:
        """Read the file again if it is another one than before; raise `KeyStoreRefused`."""
        if self._directory is None or (seen := key_file.state(self._directory)) == self._seen:
            return
        keys = key_file.read(self._directory)
        if keys.root != self._root:
            raise KeyStoreRefused(self._directory / key_file.FILE_NAME, "it has another root secret than at the start")
        self._seen = seen
        self._take(keys)

    def make_epoch(self) -> int:
        """Add an epoch to the file; raise `KeyStoreRefused`."""
        self._take(key_file.add_epoch(self._file()))
        return self.epoch

    def destroy_epoch(self, epoch: int) -> None:
        """Take an epoch out of the file, and overwrite what it was; raise `KeyStoreRefused`, ValueError."""
        self._take(key_file.remove_epoch(self._file(), epoch))

    def _file(self) -> Path:
        if self._directory is None:
            raise ValueError("these keys were not read from a key file")
        return self._directory

    def _take(self, keys: key_file.KeyFile) -> None:
        self._keys = {epoch.id: epoch.key for epoch in keys.epochs}
        self._newest = max(self._keys)

    def __repr__(self) -> str:
        return f"FileKeyProvider(epochs={sorted(self._keys)})"

    def wrap(self, key: bytes) -> WrappedKey:
        """Wrap a data key under the newest epoch."""
        return WrappedKey(self.epoch, aes_key_wrap_with_padding(self._keys[self.epoch], key))

    def unwrap(self, key: WrappedKey) -> bytes:
        """Give back the data key; raise `EpochUnknown` or `KeyCorrupt`."""
        if key.epoch not in self._keys:
            self.refresh()  # made by another process since
            if key.epoch not in self._keys:
                raise EpochUnknown(key.epoch)
        try:
            return aes_key_unwrap_with_padding(self._keys[key.epoch], key.wrapped)
        except InvalidUnwrap:
            reason = f"it does not unwrap under epoch {key.epoch}"
            raise KeyCorrupt(reason) from None

    def secret(self, purpose: str) -> bytes:
        """Derive the HMAC key of one purpose: HKDF-SHA256 of the root secret, info = purpose."""
        known = self._secrets.get(purpose)
        if known is None:
            if not purpose:
                raise ValueError("a secret needs a purpose")
            known = self._secrets[purpose] = _derive(self._root, _SECRET_SALT, purpose)
        return known

    def check_values(self) -> Mapping[str, bytes]:
        """Name root and epochs, each with its key check value."""
        epochs = {f"epoch-{id_}": _derive(key, _CHECK_SALT, "kek") for id_, key in self._keys.items()}
        return {"root": _derive(self._root, _CHECK_SALT, "root"), **epochs}


def _derive(key: bytes, salt: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), SECRET_BYTES, salt, purpose.encode()).derive(key)
