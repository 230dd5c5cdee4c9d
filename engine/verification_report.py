"""The daily verification report: everything that is sealed, compared; signed, also when something was found."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from audit.certificate import Content
from audit.certificates import Certifier, Issued, find, keep, read_kept
from audit.guard import ForkGuard
from audit.logs import Database, current, read_logs
from audit.moment import moment
from audit.verifying import Finding, verify
from engine.certifying import certify_no_miss
from engine.statements import statement
from projections.models import ReadModels

FINDINGS_MAX: Final = 1000
"""Findings that a report names; it tells how many there are."""
Progress = Callable[[int, int], None]


class Reported(NamedTuple):
    """A report as it was kept, and all that was found."""

    report: Issued
    findings: tuple[Finding, ...]


class ReportStatus(NamedTuple):
    """The report of the day that is over: when it was made (None: it is missing), and how much it found."""

    day: date
    issued_at: datetime | None
    findings: int

    @property
    def trouble(self) -> str | None:
        """What somebody must look at."""
        if self.issued_at is None:
            return f"the verification report of {self.day} is missing: `daybook report verification --day {self.day}`"
        return f"the verification report of {self.day} has {self.findings} findings" if self.findings else None


async def verification_report(
    models: ReadModels,
    certifier: Certifier,
    guard: ForkGuard | None,
    day: date,
    progress: Progress = lambda _done, _total: None,
) -> Reported:
    """Verify the database against logs and fork guard, certify every read model's day, and sign what was found.

    Raises:
        CutInFuture: the day is not over.
        CertificatesUnavailable, NoteRefused: see `engine.certificates`.
    """
    pool = models.record.pool
    verified = await verify(pool, guard)
    certified = await certify_no_miss(models, certifier, day, progress=progress)
    findings = tuple(dict.fromkeys([*verified.findings, *(one for each in certified for one in each.findings)]))
    content: Content = {
        "day": day.isoformat(),
        "made_at": moment(datetime.now(UTC)),
        "ok": not findings,
        "verified": [{"log": origin, "size": size} for origin, size in sorted(verified.sizes.items())],
        "fork_guard": guard is not None,
        "findings_total": len(findings),
        "findings": [{name: _plain(text) for name, text in one._asdict().items()} for one in findings[:FINDINGS_MAX]],
        "no_miss": [
            {
                "projection": one.projection,
                "partition": one.partition,
                "sha256": None if one.certificate is None else one.certificate.sha256.hex(),
            }
            for one in certified
        ],
        "unsealed": await _unsealed(models),
        "parked": [
            {"projection": name, "keys": one.parked} for name, one in sorted((await models.all_progress()).items())
        ],
    }
    note = await certifier.sign(pool, "verification-report/1", content)
    return Reported(await keep(pool, "verification-report/1", day.isoformat(), note), findings)


async def report_status(database: Database, now: datetime | None = None) -> ReportStatus | None:
    """How the report of yesterday (UTC) is; None: nothing was recorded before today, or no log was begun."""
    day = (now or datetime.now(UTC)).date() - timedelta(days=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    if not (await database.fetch(statement("recorded_before"), midnight))[0][0]:
        return None
    kept = await find(database, "verification-report/1", day.isoformat())
    if kept is None:
        return ReportStatus(day, None, 0)
    content: dict[str, Any] = (await read_kept(database, kept)).content
    return ReportStatus(day, kept.issued_at, content["findings_total"])


async def _unsealed(models: ReadModels) -> list[Content]:
    ends = (await models.record.end()).next_positions
    logs = [log for log in current(await read_logs(models.record.pool)) if log.name.kind == "event"]
    return [{"log": log.origin, "events": max(ends[log.name.partition] - log.signed_size, 0)} for log in logs]


def _plain(text: str) -> str:
    """Of text out of a database that somebody may have tampered with, what a note may hold."""
    return text.encode("ascii", "backslashreplace").decode()[:1000]
