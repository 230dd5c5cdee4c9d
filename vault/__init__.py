"""Keys for personal data: seal it beside the record, open it, and one day make it unreadable.

The vault is given bytes and knows no event classes. `Vault` is the way in; `seal` holds the
pure cryptography, `provider` the key-encryption keys, `keyring` the table of data keys.
"""

from vault.errors import (
    EnvelopeCorrupt,
    EpochUnknown,
    KeyCorrupt,
    KeyDestroyed,
    KeyStoreMismatch,
    KeyStoreRefused,
    KeyUnknown,
    VaultError,
    WrongKey,
)
from vault.keyring import KeyName, Keyring
from vault.provider import FileKeyProvider, KeyProvider, WrappedKey
from vault.seal import DataKey
from vault.vault import Item, Loss, Missing, Reference, Sealed, Vault

__all__ = [
    "DataKey",
    "EnvelopeCorrupt",
    "EpochUnknown",
    "FileKeyProvider",
    "Item",
    "KeyCorrupt",
    "KeyDestroyed",
    "KeyName",
    "KeyProvider",
    "KeyStoreMismatch",
    "KeyStoreRefused",
    "KeyUnknown",
    "Keyring",
    "Loss",
    "Missing",
    "Reference",
    "Sealed",
    "Vault",
    "VaultError",
    "WrappedKey",
    "WrongKey",
]
