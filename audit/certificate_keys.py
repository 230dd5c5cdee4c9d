"""Changing the key that signs certificates, and which certificates each key may have signed.

The record log says it: an entry with the old and the new key and the head up to which it had been signed. Whoever
trusts one of the keys is led on to the next. A key that was changed may only have signed certificates that pin a head
of the record log from before; the database knows of the new key in the same moment as the record log.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from audit.certificate import Certificate, key_name, read, signers_of
from audit.certificates import certificate_keys, log_id_of
from audit.checkpoint import Checkpoint
from audit.entries import CertificateKeyChanged, Decided
from audit.errors import DecisionRefused
from audit.logs import Database, read_logs
from audit.notes import NoteRefused, Verifier
from audit.record_log import signed_head
from audit.rotating import put_entries, record_log_of
from audit.signing import SigningKeys
from audit.statements import statement
from audit.told import Finding

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]


async def rotate_certificate_key(pool: "Pool", keys: SigningKeys, why: Decided) -> CertificateKeyChanged:
    """Give certificates a new key, in force at once; the record log says so with its next checkpoint.

    The old key is not needed: it may be lost or stolen.

    Raises:
        DecisionRefused: no log was begun yet.
    """
    log_id = await log_id_of(pool)
    if log_id is None or not await certificate_keys(pool):
        raise DecisionRefused("no log was begun yet: let `daybook serve` or `daybook logs seal` run once")
    made = (await asyncio.to_thread(keys.renew, key_name(log_id))).verifier.vkey
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("lock_logs"))
        logs = await read_logs(connection)
        name = record_log_of(logs)
        (head,) = [signed_head(log) for log in logs if log.name == name]
        change = CertificateKeyChanged(head, (await certificate_keys(connection))[-1], made, why)
        await put_entries(connection, name, [change.entry()])
        await connection.execute(statement("change_certificate_key"), made)
    return change


class CertificateKeys:
    """The keys of certificates: those that are trusted, and those that the record log put in their place."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._until: dict[str, Checkpoint | None] = dict.fromkeys(trusted, None)

    def change(self, change: CertificateKeyChanged) -> str | None:
        """Take in a changed key, which a key that is known must have had before; else what is wrong with it."""
        old, new = change.old_key, change.new_key
        if old not in self._until and new not in self._until:
            return "changes a key that certificates do not have"
        try:
            if Verifier.parse(new).name != Verifier.parse(old).name:
                return f"gives certificates a key that is called {Verifier.parse(new).name}"
        except NoteRefused as refused:
            return str(refused)
        self._until.setdefault(new, None)
        if old in self._until:
            self._until[old] = change.record_log
        return None

    def __contains__(self, vkey: str) -> bool:
        """Whether the key is trusted, or was put in the place of one that is."""
        return vkey in self._until

    def read(self, text: bytes | str) -> Certificate:
        """The content of a certificate that one of the keys has signed while it was in force.

        Raises:
            NoteRefused: it is malformed, changed, signed by none of them, or by one that was changed before.
        """
        certificate = read(text, *self._until)
        signers = signers_of(text, self._until)
        if all(_after(certificate, self._until[one]) for one in signers):
            raise NoteRefused("it is signed by a key that was changed before the head of the record log that it pins")
        return certificate


def keys_of(trusted: Iterable[str], changes: Iterable[tuple[str, CertificateKeyChanged]]) -> CertificateKeys:
    """The keys of certificates as the record log's entries lead to them; entries that do not fit lead to none."""
    keys = CertificateKeys(trusted)
    for _, change in changes:
        keys.change(change)
    return keys


async def verify_certificate_keys(
    database: Database, changes: Sequence[tuple[str, CertificateKeyChanged]], trusted: Sequence[str] | None
) -> list[Finding]:
    """The keys that the database names against the entries of the record log.

    `trusted`: verifier keys that the caller believes in; None: the first that the database names.
    """
    named = await certificate_keys(database)
    keys, findings = CertificateKeys(trusted if trusted is not None else named[:1]), list[Finding]()
    for where, change in changes:
        if (fault := keys.change(change)) is not None:
            findings.append(Finding("entry", where, fault))
        elif change.new_key not in named:
            findings.append(Finding("certificate key", change.new_key, f"is given by entry {where}, and is gone"))
    findings += [
        Finding("certificate key", vkey, "is said to sign certificates, and no entry of the record log gives it")
        for vkey in named
        if vkey not in keys
    ]
    return findings


def _after(certificate: Certificate, last: Checkpoint | None) -> bool:
    """Whether a certificate pins a head that came after the last of a key."""
    pinned = certificate.content.get("record_log")
    if last is None or pinned is None:
        return False
    return _place(str(pinned["origin"]), int(pinned["size"])) > _place(last.origin, last.size)


def _place(origin: str, size: int) -> tuple[int, int]:
    """The shard of a record log and a size in it: in this order they follow each other."""
    shard = origin.rpartition("/")[2]
    return (int(shard) if shard.isdecimal() else 0), size
