"""Tombstones outside the database: a restored backup of it does not know what was erased after it was made.

One file `tombstones.jsonl` beside the keys (mode 0600), a line of JSON for each destroyed key and each erased class::

    {"at":"<RFC 3339>","class":"contact","commitment":"<hex>","key":"<uuid>","partition":0,"subject":"<uuid>"}
    {"at":"<RFC 3339>","class":"contact","partition":0,"subject":"<uuid>"}

Lines are only added, each synced before the key is destroyed. It holds no personal data and no key. Keep it longer
than any backup of the database, and never restore it from one.
"""

import asyncio
import fcntl
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from vault.errors import KeyStoreRefused
from vault.shredding import Erasure, Tombstone

FILE_NAME: Final = "tombstones.jsonl"


class Noted(NamedTuple):
    """What a file has of one partition."""

    tombstones: dict[UUID, Tombstone]
    erasures: dict[tuple[UUID, str], Erasure]


class TombstoneFile:
    """The file in a directory, which is that of the keys."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self.name = str(self._path)

    def read(self) -> dict[int, Noted]:
        """All that is noted, by partition; raises `KeyStoreRefused` for a line that is none."""
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        return self._parse(content)

    async def add(self, partition: int, tombstones: Sequence[Tombstone], erasures: Sequence[Erasure]) -> None:
        """Note what is not noted yet; synced when this returns."""
        await asyncio.to_thread(self._add, partition, tombstones, erasures)

    def _add(self, partition: int, tombstones: Sequence[Tombstone], erasures: Sequence[Erasure]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        new = not self._path.exists()
        with os.fdopen(os.open(self._path, flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = file.read()
            whole = content.rfind(b"\n") + 1  # a crash while writing leaves a part of a line
            known = self._parse(content[:whole]).get(partition, Noted({}, {}))
            lines = [_tombstone_line(partition, t) for t in tombstones if t.key_id not in known.tombstones]
            lines += [_erasure_line(partition, e) for e in erasures if e[:2] not in known.erasures]
            if lines:
                file.seek(whole)
                file.truncate()
                file.write(b"".join(lines))
                file.flush()
                os.fsync(file.fileno())
        if new:
            _sync(self._path.parent)

    def _parse(self, content: bytes) -> dict[int, Noted]:
        noted: dict[int, Noted] = {}
        lines = content.split(b"\n")[:-1]  # the last is empty, or was being written when its process ended
        try:
            for line in lines:
                fields: dict[str, Any] = orjson.loads(line)
                of = noted.setdefault(fields["partition"], Noted({}, {}))
                subject, record_class = UUID(fields["subject"]), fields["class"]
                at = datetime.fromisoformat(fields["at"])
                if "key" in fields:
                    key_id, commitment = UUID(fields["key"]), fields["commitment"]
                    known = None if commitment is None else bytes.fromhex(commitment)
                    of.tombstones[key_id] = Tombstone(key_id, subject, record_class, known, at)
                else:
                    of.erasures[subject, record_class] = Erasure(subject, record_class, at)
        except (LookupError, TypeError, ValueError):
            raise KeyStoreRefused(self._path, "malformed: restore the newest copy of this file") from None
        return noted


def _tombstone_line(partition: int, tombstone: Tombstone) -> bytes:
    key_id, subject_id, record_class, commitment, at = tombstone
    return _line({
        "at": at.isoformat(), "class": record_class, "commitment": None if commitment is None else commitment.hex(),
        "key": str(key_id), "partition": partition, "subject": str(subject_id),
    })  # fmt: skip


def _erasure_line(partition: int, erasure: Erasure) -> bytes:
    subject_id, record_class, at = erasure
    return _line({"at": at.isoformat(), "class": record_class, "partition": partition, "subject": str(subject_id)})


def _line(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
