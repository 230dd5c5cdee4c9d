"""A log whose own history was checked, against what was decided about it and against the fork guard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from audit.checkpoint import Checkpoint
from audit.entries import ShardBegun
from audit.errors import SealingStopped
from audit.guard import ForkGuard
from audit.log_tiles import hashes_for
from audit.logs import Database, Log
from audit.merkle import covering
from audit.range import CompactRange
from audit.tiles import TileMissing
from audit.told import Finding, Told


@dataclass(frozen=True, slots=True)
class Checked:
    """The signed head of a log, and its root, from the entries, at each size that was asked for."""

    head: Checkpoint
    roots: Mapping[int, bytes]

    def differs(self, told: Checkpoint) -> bool:
        """Whether the log had another root at this size; told once only, where the entries lead to the signed head."""
        whole = self.roots.get(self.head.size) == self.head.root
        return whole and told.size in self.roots and self.roots[told.size] != told.root


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a fork guard says: a head by origin, and by origin what is wrong with its file."""

    heads: Mapping[str, Checkpoint] = field(default_factory=dict[str, Checkpoint])
    damaged: Mapping[str, str] = field(default_factory=dict[str, str])


def heads_in(guard: ForkGuard) -> Guarded:
    """Everything that a guard has; it blocks for a moment."""
    heads: dict[str, Checkpoint] = {}
    damaged: dict[str, str] = {}
    for origin in guard.origins():
        try:
            head = guard.head(origin)
        except SealingStopped as stopped:
            damaged[origin] = str(stopped)
        else:
            if head is not None:
                heads[origin] = head
    return Guarded(heads, damaged)


def against_guard(
    logs: Sequence[Log], before: Guarded, after: Guarded, checked: Mapping[str, Checked], told: Told
) -> list[Finding]:
    """The guard as it was before the logs were read and afterwards: whoever seals may go on meanwhile."""
    findings = [Finding("guard", origin, why) for origin, why in sorted({**before.damaged, **after.damaged}.items())]
    given_up = told.given_up()
    names = {log.origin for log in logs}
    findings += [
        Finding("log", origin, f"is gone, the fork guard knows {head.size} entries of it")
        for origin, head in sorted(before.heads.items())
        if origin not in names and head.size and origin not in given_up
    ]
    for log in logs:
        if log.origin in {*before.damaged, *after.damaged}:
            continue
        ended = given_up.get(log.origin)
        if ended is not None:
            findings += _of_given_up(ended, after.heads.get(log.origin))
        else:
            findings += _of_log(log, before.heads.get(log.origin), after.heads.get(log.origin), checked[log.origin])
    return findings


def _of_log(log: Log, before: Checkpoint | None, after: Checkpoint | None, one: Checked) -> list[Finding]:
    if after is None:
        return [Finding("guard", log.origin, "is missing")] if one.head.size else []
    if after.size < one.head.size:
        return [Finding("guard", log.origin, f"is at {after.size} entries, {one.head.size} are signed")]
    if before is not None and before.size > log.size:
        why = f"ends at {log.size} entries, the fork guard knows {before.size}: it was set back"
        return [Finding("log", log.origin, why)]
    if any(head is not None and head.size == one.head.size and head.root != one.head.root for head in (before, after)):
        return [Finding("log", log.origin, "has another history than the fork guard knows")]
    return []


def _of_given_up(ended: ShardBegun, head: Checkpoint | None) -> list[Finding]:
    if head is not None and head != ended.old:
        return [Finding("guard", ended.old.origin, f"is not where log {ended.origin} says that this one ended")]
    return []


async def against_decisions(
    database: Database, logs: Sequence[Log], told: Told, checked: Mapping[str, Checked]
) -> list[Finding]:
    """Changed keys and new shards: whether the roots that their entries tell are those of the logs."""
    findings: list[Finding] = []
    by_origin = {log.origin: log for log in logs}
    heads = [(where, change.head) for where, change in told.changed]
    heads += [(where, head) for where, one in told.begun for head in (one.kept, one.restored)]
    for where, head in heads:
        known = checked.get(head.origin)
        if known is None:
            if head.size:
                findings.append(Finding("log", head.origin, f"is told of by entry {where}, and is gone"))
        elif known.differs(head):
            why = f"has another root at {head.size} entries than entry {where} says"
            findings.append(Finding("log", head.origin, why))
    for where, one in told.begun:
        if one.origin not in by_origin:
            findings.append(Finding("log", one.origin, f"is begun by entry {where}, and is gone"))
        lost = sorted(entry for entry in told.lost if entry.origin == one.old.origin)
        if lost and one.old.origin in by_origin:
            leaves = b"".join(leaf for entry in lost for leaf in entry.leaves)
            if not await _leads_to(database, by_origin[one.old.origin], one, lost[0].start, leaves):
                findings.append(Finding("entry", where, f"the lost leaves do not lead to the head of {one.old.origin}"))
    return findings


async def _leads_to(database: Database, log: Log, begun: ShardBegun, start: int, leaves: bytes) -> bool:
    """Whether what is kept of a shard and the leaves that were lost are its last head."""
    if start != begun.kept.size:
        return False
    nodes = covering(0, start)
    try:
        read = await hashes_for(database, log.name, nodes, start)
        tree = CompactRange(start, [read(node) for node in nodes])
    except TileMissing:
        return False
    tree.push(leaves)
    return (tree.size, tree.root()) == begun.old[1:]
