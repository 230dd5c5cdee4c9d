"""Certificates in the database: the keys that signed them, and each as it was handed out."""

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from audit.certificate import Certificate, Content, Kind, key_name, make, read
from audit.errors import CertificatesUnavailable, SealingStopped
from audit.logs import Database, current, read_logs
from audit.notes import NoteRefused, Signer
from audit.record_log import signed_head
from audit.signing import SigningKeys
from audit.statements import statement

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Writer = asyncpg.Pool[asyncpg.Record] | asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

PAGE: Final = 500


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
        log_id = await _log_id(database)
        known = await certificate_keys(database)
        if log_id is None or not known:
            raise CertificatesUnavailable("no log was begun yet: let `daybook serve` or `daybook logs seal` run once")
        try:
            signer = keys.signer(key_name(log_id))
        except SealingStopped as stopped:
            raise CertificatesUnavailable(f"certificates cannot be signed here: {stopped}") from stopped
        if signer.verifier.vkey != known[-1]:
            raise CertificatesUnavailable(f"the key {key_name(log_id)} here is not the one in force, {known[-1]}")
        return cls(log_id, signer)

    async def sign(self, database: Database, kind: Kind, content: Content) -> str:
        """A signed certificate, which pins the signed head of the record log under `record_log`.

        Raises:
            NoteRefused: the content is not what a certificate may hold, or has `record_log` already.
        """
        if "record_log" in content:
            raise NoteRefused("content.record_log is written by who signs")
        pinned = {**content, "record_log": await record_head(database)}
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


async def keep(database: "Writer", kind: Kind, subject: str, note: str, partition: int = 0) -> None:
    """Keep a signed certificate; the same one again does no harm.

    `subject`: up to six words of letters, digits, `_` and `-`, with slashes between them; nothing personal.
    """
    await database.execute(statement("put_certificate"), partition, kind, subject, note)


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
    last: tuple[int, str, str, bytes] = (-1, "", "", b"")
    while True:
        rows = await database.fetch(statement("certificates"), kind, PAGE, *last)
        for row in rows:
            yield Issued(*row)
        if len(rows) < PAGE:
            return
        last = Issued(*rows[-1])[:4]


async def read_kept(database: Database, one: Issued) -> Certificate:
    """What a kept certificate says.

    Raises:
        NoteRefused: no key of the record has signed it.
    """
    return read(one.note, *await certificate_keys(database))


async def _log_id(database: Database) -> str | None:
    rows = await database.fetch(statement("log_id"))
    return rows[0]["log_id"] if rows else None
