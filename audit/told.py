"""What the record log tells: the heads that it bound, and what was decided about the logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from audit.checkpoint import Checkpoint
from audit.entries import CertificateKeyChanged, GuardRebuilt, KeyChanged, LeavesLost, ShardBegun, parse_entry
from audit.key_chain import KeyChain
from audit.logs import Database, Log
from audit.notes import NoteRefused, parse
from audit.record_log import heads_of
from audit.serving import read_entries

PAGE = 4096


class Finding(NamedTuple):
    """What is not as it was sealed (event, tile, checkpoint, log, entry, blob, guard), where, and how it shows."""

    what: str
    where: str
    why: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.what} {self.where}: {self.why}"


@dataclass(slots=True)
class Told:
    """Entries of all record logs, oldest first, each with its number as it is named to people."""

    bound: list[tuple[str, Sequence[Checkpoint]]] = field(default_factory=list[tuple[str, Sequence[Checkpoint]]])
    changed: list[tuple[str, KeyChanged]] = field(default_factory=list[tuple[str, KeyChanged]])
    begun: list[tuple[str, ShardBegun]] = field(default_factory=list[tuple[str, ShardBegun]])
    certificate_keys: list[tuple[str, CertificateKeyChanged]] = field(
        default_factory=list[tuple[str, CertificateKeyChanged]]
    )
    lost: list[LeavesLost] = field(default_factory=list[LeavesLost])

    def sizes(self, origin: str) -> set[int]:
        """Sizes of a log at which some entry tells a root."""
        heads = [head for _, bound in self.bound for head in bound]
        heads += [change.head for _, change in self.changed]
        heads += [head for _, one in self.begun for head in (one.kept, one.restored)]
        return {head.size for head in heads if head.origin == origin}

    def given_up(self) -> Mapping[str, ShardBegun]:
        """Shards that were given up, each with what took its place."""
        return {one.old.origin: one for _, one in self.begun}


async def read_told(database: Database, logs: Sequence[Log], findings: list[Finding]) -> Told:
    """Read every entry of every record log, as far as it is signed."""
    told = Told()
    record_logs = [log for log in logs if log.name.kind == "checkpoint"]
    if not record_logs:
        findings.append(Finding("log", "record", "there is no record log"))
    for log in record_logs:
        for start in range(0, log.signed_size, PAGE):
            entries = await read_entries(database, log, start, min(PAGE, log.signed_size - start))
            for number, entry in enumerate(entries, start):
                where = f"{log.origin} {number}"
                try:
                    _take(told, where, entry)
                except (ValueError, LookupError, TypeError) as error:
                    findings.append(Finding("entry", where, f"is malformed: {error}"))
    return told


def _take(told: Told, where: str, entry: bytes) -> None:
    match parse_entry(entry):
        case KeyChanged() as changed:
            told.changed.append((where, changed))
        case CertificateKeyChanged() as changed:
            told.certificate_keys.append((where, changed))
        case ShardBegun() as begun:
            told.begun.append((where, begun))
        case LeavesLost() as lost:
            told.lost.append(lost)
        case GuardRebuilt() | None:
            if heads := heads_of(entry):
                told.bound.append((where, heads))


def chain_of(
    logs: Sequence[Log], told: Told, trusted: Mapping[str, Sequence[str]], findings: list[Finding]
) -> KeyChain:
    """The keys of all logs: those that are trusted (else a log's first), and what the entries made of them."""
    begun = {one.origin for _, one in told.begun}
    believed = {log.origin: (log.vkey,) for log in logs if log.name.shard == 0}
    changed = {change.head.origin: (change.old_key,) for _, change in reversed(told.changed)}
    changed = {origin: keys for origin, keys in changed.items() if origin not in begun}
    chain = KeyChain({**believed, **changed, **trusted})
    notes = {log.origin: log for log in logs}
    for where, one in told.begun:
        if where == f"{one.origin} 0" and not chain.knows(one.origin) and not _vouched(chain, notes, one):
            why = f"no key of {one.old.origin} vouches for this log, which follows it"
            findings.append(Finding("log", one.origin, why))
        elif (fault := chain.begin(one)) is not None:
            findings.append(Finding("entry", where, fault))
    for where, change in told.changed:
        if (fault := chain.change(change)) is not None:
            findings.append(Finding("entry", where, fault))
    for log in logs:
        if not chain.in_force(log.origin, log.vkey):
            why = "is said to sign with a key that no entry of the record log gives it"
            findings.append(Finding("log", log.origin, why))
        if log.name.shard > 0 and log.origin not in begun:
            findings.append(Finding("log", log.origin, "is begun by no entry of the record log"))
    return chain


def _vouched(chain: KeyChain, logs: Mapping[str, Log], begun: ShardBegun) -> bool:
    """Whether a record log that follows others is signed by the key of one of them as well."""
    log = logs.get(begun.origin)
    if log is None:
        return False
    prefix, _, shard = begun.origin.rpartition("/")
    try:
        note = parse(log.checkpoint or "")
        return any(chain.vouches(f"{prefix}/{number}", note) for number in range(int(shard)))
    except (NoteRefused, ValueError):
        return False
