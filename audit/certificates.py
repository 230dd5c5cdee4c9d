"""Certificates in the database: the keys that signed them, and each as it was handed out."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from audit.certificate import Certificate, Content, Kind, key_name, make, read
from audit.checkpoint import Checkpoint
from audit.errors import CertificatesUnavailable, SealingStopped
from audit.log_tiles import hashes_for
from audit.logs import Database, current, read_logs
from audit.merkle import covering, root
from audit.notes import NoteRefused, Signer, unbase64
from audit.record_log import signed_head
from audit.signing import SigningKeys
from audit.statements import statement
from audit.tiles import TileMissing
from audit.told import Finding

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Writer = asyncpg.Pool[asyncpg.Record] | asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

PAGE: Final = 100
_PLACE: Final = 4
_PARTITION_MAX: Final = (1 << 15) - 1


class Issued(NamedTuple):
    """A certificate as it is kept. `subject`: what it is about, within its kind; `note`: the signed text."""

    partition: int
    kind: str
    subject: str
    sha256: bytes
    issued_at: datetime
    note: str

    @property
    def path(self) -> str:
        """Where it stands among exported files: `certificates/<kind>/<subject>.<hash>.note`."""
        kind = self.kind.partition("/")[0]
        return f"certificates/{kind}/{self.subject}.{self.sha256.hex()[:16]}.note"


class Certifier(NamedTuple):
    """Who signs certificates: the id of the logs, and the key."""

    log_id: str
    signer: Signer

    @classmethod
    async def open(cls, database: Database, keys: SigningKeys) -> "Certifier":
        """The certifier of a record whose logs were begun.

        Raises:
            CertificatesUnavailable: they were not, or the key is not here.
        """
        log_id = await log_id_of(database)
        known = await certificate_keys(database)
        if log_id is None or not known:
            raise CertificatesUnavailable("no log was begun yet: let `daybook serve` or `daybook logs seal` run once")
        try:
            signer = keys.signer(key_name(log_id), known[-1])
        except SealingStopped as stopped:
            raise CertificatesUnavailable(f"certificates cannot be signed here: {stopped}") from stopped
        return cls(log_id, signer)

    async def sign(self, database: Database, kind: Kind, content: Content) -> str:
        """A signed certificate, which pins the signed head of the record log under `record_log`.

        Raises:
            NoteRefused: the content is not what a certificate may hold, or has `record_log` already.
            CertificatesUnavailable: the key was changed meanwhile.
        """
        if "record_log" in content:
            raise NoteRefused("content.record_log is written by who signs")
        pinned = {**content, "record_log": await record_head(database)}
        # In this order: a head that covers the change of the key is not there before the database names the new key.
        if (known := (await certificate_keys(database))[-1]) != self.signer.verifier.vkey:
            raise CertificatesUnavailable(f"certificates are signed with another key by now, {known}: try again")
        return make(self.log_id, kind, pinned, self.signer).format()


async def ensure_certificate_key(pool: "asyncpg.Pool[asyncpg.Record]", keys: SigningKeys, log_id: str) -> None:
    """Make the key that signs certificates, if the record has none yet."""
    if not await certificate_keys(pool):
        await pool.execute(statement("put_certificate_key"), keys.create(key_name(log_id)).verifier.vkey)


async def certificate_keys(database: Database) -> list[str]:
    """The verifier keys of certificates, the one in force last."""
    return [row["vkey"] for row in await database.fetch(statement("certificate_keys"))]


async def record_head(database: Database) -> Content | None:
    """The signed head of the record log as certificates pin it; None before the first."""
    for log in current(await read_logs(database)):
        if log.name.kind == "checkpoint" and log.checkpoint is not None:
            head = signed_head(log)
            return {"origin": head.origin, "root": base64.b64encode(head.root).decode(), "size": head.size}
    return None


async def check_head(database: Database, content: Content | None) -> list[Finding]:
    """Whether a head that a certificate pins is one that its log has had; what is wrong otherwise."""
    if content is None:
        return []
    head = Checkpoint(content["origin"], content["size"], unbase64(content["root"]))
    log = next((one for one in await read_logs(database) if one.origin == head.origin), None)
    if log is None:
        return [Finding("log", head.origin, "is gone")]
    if head.size > log.size:
        return [Finding("log", head.origin, f"ends at {log.size} entries, the certificate knows {head.size}")]
    try:
        found = root(head.size, await hashes_for(database, log.name, covering(0, head.size), log.size))
    except TileMissing as missing:
        return [Finding("tile", head.origin, str(missing))]
    if found != head.root:
        return [Finding("log", head.origin, f"has another root at {head.size} entries than the certificate knows")]
    return []


async def keep(database: "Writer", kind: Kind, subject: str, note: str, partition: int = 0) -> Issued:
    """Keep a signed certificate; the same one again does no harm.

    `subject`: up to six words of letters, digits, `_` and `-`, with slashes between them; nothing personal.
    """
    sha256 = hashlib.sha256(note.encode()).digest()
    await database.execute(statement("put_certificate"), partition, kind, subject, sha256, note)
    return Issued(*(await database.fetch(statement("get_certificate"), partition, kind, subject, sha256))[0])


async def find(database: Database, kind: Kind, subject: str, partition: int = 0) -> Issued | None:
    """The newest certificate of a subject that one of the record's keys has signed; None: there is none."""
    keys = await certificate_keys(database)
    for row in await database.fetch(statement("find_certificates"), partition, kind, subject):
        try:
            read(row["note"], *keys)
        except NoteRefused:
            continue
        return Issued(*row)
    return None


async def issued(database: Database, kind: str | None = None) -> AsyncIterator[Issued]:
    """Every kept certificate, of one kind if one is given, in the order of partition, kind and subject."""
    after: str | None = None
    while True:
        found, after = await page(database, kind, None, after, PAGE)
        for one in found:
            yield one
        if after is None:
            return


async def page(
    database: Database, kind: str | None, subject: str | None, after: str | None, limit: int
) -> tuple[list[Issued], str | None]:
    """Kept certificates of a kind and of subjects that begin so, and where the next page begins.

    Raises:
        ValueError: `after` is not where a page began.
    """
    last = (-1, "", "", b"") if after is None else _place(after)
    rows = await database.fetch(statement("certificates"), kind, limit + 1, *last, subject)
    found = [Issued(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return found, None
    partition, of_kind, of_subject, sha256 = found[-1][:4]
    return found, f"{partition} {of_kind} {of_subject} {sha256.hex()}"


def _place(after: str) -> tuple[int, str, str, bytes]:
    words = after.split(" ")
    if len(words) != _PLACE or not words[0].isdecimal() or int(words[0]) > _PARTITION_MAX or "\0" in after:
        raise ValueError("is not `next` of a page before")
    return int(words[0]), words[1], words[2], bytes.fromhex(words[3])


async def read_kept(database: Database, one: Issued) -> Certificate:
    """What a kept certificate says.

    Raises:
        NoteRefused: no key of the record has signed it.
    """
    return read(one.note, *await certificate_keys(database))


async def log_id_of(database: Database) -> str | None:
    """What the origins of all logs begin with; None before the first."""
    rows = await database.fetch(statement("log_id"))
    return rows[0]["log_id"] if rows else None
