"""A no-miss certificate against the database as it is now: whoever holds one can ask whether it still holds."""

from datetime import date
from typing import Any

from audit.certificate import Content
from audit.certificates import check_head
from audit.leaf_range import LeafRange
from audit.logs import read_logs
from audit.merkle import ProofRefused
from audit.notes import NoteRefused
from audit.verifying import Finding
from projections.models import ReadModels
from projections.tally import Tally
from replay.day_of_log import DayOfLog, Place, read_day
from replay.no_miss import Types, bounds, disposed, missed, what_was_met


async def check_again(models: ReadModels, types: Types, content: Content) -> list[Finding]:
    """What is not (or not any more) as a no-miss certificate says, whose signature the caller has checked.

    Raises:
        NoteRefused: it is malformed.
    """
    try:
        projection, version, partition = str(content["projection"]), int(content["version"]), int(content["partition"])
        day, leaves = date.fromisoformat(content["day"]), LeafRange.read(content["leaves"])
        parked = {int(one["position"]): str(one["type"]) for one in content["parked"]}
        told = {str(one["type"]): one for one in content["types"]}
        where = f"{projection}/{partition}/{day}"
        findings = await _leaves(models, leaves, partition, day)
        if findings:
            return findings
        log = next(log for log in await read_logs(models.record.pool) if log.origin == leaves.head.origin)
        place = Place(log, leaves.head, day, leaves.start, leaves.end)
        met = await what_was_met(models, partition, day, (leaves.start, leaves.end), {projection: version})
        waiting = {*parked, *(at for one in met for at in one.parked)}
        gone = await disposed(models, partition, (leaves.start, leaves.end))
        read = await read_day(models.record.pool, place, waiting, gone)
        if read.range is None:
            return read.findings
        if read.range != leaves:
            findings.append(Finding("certificate", where, "has other leaves than the log"))
        findings += _counts(where, read, told, parked, content["folded"])
        if projection in models.projections:
            findings += [finding for one in met for finding in await missed(models, types, read, one)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NoteRefused(f"the certificate is malformed: {error!r}") from error
    return findings


async def _leaves(models: ReadModels, leaves: LeafRange, partition: int, day: date) -> list[Finding]:
    """Whether the proofs hold, the log still has this head, and the range is the day's."""
    try:
        leaves.check()
    except ProofRefused as refused:
        return [Finding("proof", leaves.head.origin, str(refused))]
    findings = await check_head(models.record.pool, leaves.content()["log"])
    if not 0 <= partition < models.record.partitions:
        return [*findings, Finding("certificate", leaves.head.origin, f"there is no partition {partition}")]
    starts, ends = await bounds(models, day)
    if (starts[partition], ends[partition]) != (leaves.start, leaves.end):
        why = f"{day} has the events {starts[partition]} to {ends[partition]}, not {leaves.start} to {leaves.end}"
        findings.append(Finding("certificate", leaves.head.origin, why))
    return findings


def _counts(
    where: str, read: DayOfLog, told: dict[str, Any], parked: dict[int, str], folded: dict[str, Any]
) -> list[Finding]:
    """Whether the counts are those of the log's events, the certificate's own list of parked ones apart."""
    findings: list[Finding] = []
    recorded, waiting = read.without(()), read.parked_by_type(parked)
    for kind in sorted({*recorded, *told}):
        one: dict[str, Any] = told.get(kind, {})
        there = recorded.get(kind, Tally()).events
        counts = [one.get(name, 0) for name in ("recorded", "folded", "passed_over", "parked")]
        if (
            counts[0] != there
            or sum(counts[1:]) != there
            or counts[3] != waiting.get(kind, 0)
            or (counts[1] and len(read.first_disposed(kind, counts[2], parked)) < counts[2])
        ):
            why = "says {} recorded, {} folded, {} passed over, {} parked".format(*counts)
            findings.append(Finding("certificate", f"{where} {kind}", f"{why}; the log has {there}"))
    for position, kind in parked.items():
        if position not in read.marked or read.marked[position].type != kind:
            findings.append(Finding("certificate", f"{where} {position}", f"the log has no {kind} there that day"))
    whole = Tally()
    folds = {kind: one["passed_over"] for kind, one in told.items() if one.get("folded")}
    passed = [at for kind, number in folds.items() for at in read.first_disposed(kind, number, parked)]
    for kind, tally in read.without({*parked, *passed}).items():
        if kind in folds:
            whole.add(tally)
    if (folded["events"], folded["sum"]) != (whole.events, str(whole.sum)):
        findings.append(Finding("certificate", where, "the events that it says were folded are not those of the log"))
    return findings
