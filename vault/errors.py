"""What the vault refuses, as types. No message ever holds a plaintext or a key."""

from datetime import datetime
from pathlib import Path
from uuid import UUID


class VaultError(Exception):
    """The vault refused; the subclass says why."""


class KeyUnknown(VaultError):
    """No data key and no tombstone under this id: the key store lost it, or is another one."""

    def __init__(self, key_id: UUID) -> None:
        super().__init__(f"data key {key_id} is in no key store, and no tombstone explains why")
        self.key_id = key_id


class KeyDestroyed(VaultError):
    """A tombstone stands for this key: what it sealed is erased, and it seals nothing more."""

    def __init__(self, key_id: UUID, at: datetime) -> None:
        super().__init__(f"data key {key_id} was destroyed on {at.isoformat()}")
        self.key_id = key_id
        self.at = at


class SubjectErased(VaultError):
    """The record class of this subject is erased: nothing of it is sealed any more."""

    def __init__(self, subject_id: UUID, record_class: str, at: datetime) -> None:
        super().__init__(f"{record_class} of subject {subject_id} was erased on {at.isoformat()}")
        self.subject_id = subject_id
        self.record_class = record_class
        self.at = at


class KeyCorrupt(VaultError):
    """A wrapped data key does not unwrap, or is not the key that its row commits to."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"wrapped data key is corrupt: {reason}")


class EpochUnknown(VaultError):
    """The key store does not hold the key-encryption key of this epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"no key-encryption key of epoch {epoch}: destroyed, or the key store is older or another")
        self.epoch = epoch


class EpochKept(VaultError):
    """The key-encryption key of an epoch is not destroyed: something still needs it, or may."""

    def __init__(self, epoch: int, reason: str) -> None:
        super().__init__(f"epoch {epoch} is kept: {reason}")
        self.epoch = epoch


class EnvelopeCorrupt(VaultError):
    """A blob does not open: changed, cut short, moved to another place, or of unknown version."""

    def __init__(self, event_id: UUID, key_id: UUID, reason: str) -> None:
        super().__init__(f"sealed blob of event {event_id} under key {key_id}: {reason}")
        self.event_id = event_id
        self.key_id = key_id


class WrongKey(EnvelopeCorrupt):
    """The blob commits to another data key than the one at hand; nothing was decrypted."""

    def __init__(self, event_id: UUID, key_id: UUID) -> None:
        super().__init__(event_id, key_id, "it commits to another data key")


class KeyStoreRefused(VaultError):
    """The key file is missing, malformed, or others could read or replace it."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class KeyStoreMismatch(VaultError):
    """The key store is not the one this database's keys were made with, or an older copy."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"key store does not belong to this database: {name} {reason}")
        self.name = name


class TombstonesNotReplayed(VaultError):
    """Erased data has come back with a restore, and this process may not or could not destroy it again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"erased data has come back with a restored database, and must go again first: {reason}")
