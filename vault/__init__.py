"""Keys for personal data: seal it beside the record, open it, and one day make it unreadable.

The vault is given bytes and knows no event classes. `Vault` is the way in; `seal` holds the
pure cryptography, `provider` the key-encryption keys, `keyring` the table of data keys.
"""

from vault.blind_index import BlindIndex, IndexedTokens, IndexedValue
from vault.errors import (
    EnvelopeCorrupt,
    EpochUnknown,
    KeyCorrupt,
    KeyDestroyed,
    KeyStoreMismatch,
    KeyStoreRefused,
    KeyUnknown,
    SubjectErased,
    TombstonesNotReplayed,
    VaultError,
    WrongKey,
)
from vault.keyring import KeyName, Keyring
from vault.provider import FileKeyProvider, KeyProvider, WrappedKey
from vault.seal import DataKey
from vault.shredding import ClassOutcome, Erasure, KeyTable, Shredded, Shredder, StoreOutcome, Tombstone
from vault.tombstone_file import TombstoneFile
from vault.vault import Item, Loss, Missing, Reference, Sealed, Vault

__all__ = [
    "BlindIndex",
    "ClassOutcome",
    "DataKey",
    "EnvelopeCorrupt",
    "EpochUnknown",
    "Erasure",
    "FileKeyProvider",
    "IndexedTokens",
    "IndexedValue",
    "Item",
    "KeyCorrupt",
    "KeyDestroyed",
    "KeyName",
    "KeyProvider",
    "KeyStoreMismatch",
    "KeyStoreRefused",
    "KeyTable",
    "KeyUnknown",
    "Keyring",
    "Loss",
    "Missing",
    "Reference",
    "Sealed",
    "Shredded",
    "Shredder",
    "StoreOutcome",
    "SubjectErased",
    "Tombstone",
    "TombstoneFile",
    "TombstonesNotReplayed",
    "Vault",
    "VaultError",
    "WrappedKey",
    "WrongKey",
]
