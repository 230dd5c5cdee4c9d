"""Ids for what a file tells of: the same row always leads to the same ids, and nobody else can work them out."""

import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from store.identity import derive_id

KeyedHmac = Callable[..., bytes]
"""`Vault.keyed_hmac`: (purpose, *parts) to 32 bytes."""

_PURPOSE: Final = "import"


class CommandKey(NamedTuple):
    """What makes a repeated row a repeated command."""

    command_id: UUID
    request_hmac: bytes


class Identities:
    """Derives the ids of one source by a keyed HMAC: plain hashes of outside numbers could be enumerated."""

    def __init__(self, keyed_hmac: KeyedHmac, source: str) -> None:
        """`source`: the code of the source, such as `us.cfpb`; other sources get other ids."""
        self._keyed_hmac = keyed_hmac
        self._source = source.encode()

    def secret(self, kind: bytes, *parts: bytes) -> bytes:
        """32 bytes that stand for a thing of the source; ids derive from them."""
        return self._keyed_hmac(_PURPOSE, self._source, kind, *parts)

    def import_id(self, file_sha256: bytes) -> UUID:
        """The id of a file's import: the same whenever the same file is imported."""
        return derive_id(self.secret(b"file", file_sha256))

    def quarantined_row(self, import_id: UUID, number: int) -> UUID:
        """The id under which a row of that import is kept in quarantine."""
        secret = self.secret(b"row", import_id.bytes, number.to_bytes(8, "big"))
        return derive_id(secret, beside=import_id)


def part_of(secret: bytes, part: bytes, *, at: datetime, beside: UUID | None = None) -> UUID:
    """The id of one part of what the secret stands for."""
    return derive_id(secret + part, at=at, beside=beside)


def command_key(secret: bytes, content: bytes, *, at: datetime) -> CommandKey:
    """The command that a thing's row of this content leads to."""
    request_hmac = hmac.digest(secret, content, "sha256")
    return CommandKey(derive_id(request_hmac, at=at), request_hmac)


@lru_cache(maxsize=4096)
def noon(day: date) -> datetime:
    """The time of what is only known by its day: noon UTC is the same day from Samoa to Fiji."""
    return datetime.combine(day, time(12), UTC)
