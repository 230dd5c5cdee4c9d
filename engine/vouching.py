"""How those outside do who vouch for the record log, and the daily report; for people and metrics."""

from dataclasses import dataclass
from typing import Any, Self

from audit.anchoring import AnchoringStatus, read_anchoring, read_anchors, unproved_anchors
from audit.countersigning import WitnessStatus, read_witnesses
from audit.logs import Database, Log, current, read_logs
from audit.notes import NoteRefused, parse
from audit.policy import Policy
from audit.timestamps import TrustedCertificates
from audit.verifying import Finding
from engine.verification_report import ReportStatus, report_status


@dataclass(frozen=True, slots=True)
class Vouching:
    """Each witness, and the anchoring, of the record log of now; nothing where none is set up."""

    witnesses: tuple[WitnessStatus, ...] = ()
    anchoring: tuple[AnchoringStatus, ...] = ()
    report: ReportStatus | None = None

    @classmethod
    async def read(cls, database: Database) -> Self:
        """As the sealer wrote it down last."""
        origins = {log.origin for log in current(await read_logs(database)) if log.name.kind == "checkpoint"}
        witnesses = [one for one in await read_witnesses(database) if one.origin in origins]
        anchoring = [one for one in await read_anchoring(database) if one.origin in origins]
        return cls(tuple(witnesses), tuple(anchoring), await report_status(database))

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "witnesses": [one._asdict() for one in self.witnesses],
            "anchoring": [one._asdict() for one in self.anchoring],
            "verification_report": None
            if self.report is None
            else {**self.report._asdict(), "trouble": self.report.trouble},
        }

    def troubles(self) -> dict[str, str]:
        """Who does not vouch, and why: a witness by its name, the timestamp authority as `anchor`."""
        witnesses = [(f"witness {one.name}", one.trouble) for one in self.witnesses]
        others = [("anchor", one.trouble) for one in self.anchoring]
        if self.report is not None:
            others.append(("verification report", self.report.trouble))
        return {who: why for who, why in [*witnesses, *others] if why}

    def lines(self) -> list[str]:
        """For people."""
        lines = [
            f"Witness {one.name}: cosigned {one.size:,} entries"
            + ("" if one.cosigned_at is None else f" on {one.cosigned_at:%Y-%m-%d %H:%M:%S}")
            + (f"; {one.trouble}" if one.trouble else "")
            for one in self.witnesses
        ]
        lines += [
            ("Never anchored" if one.at is None else f"Anchored at {one.size:,} entries on {one.at:%Y-%m-%d %H:%M:%S}")
            + (f"; {one.trouble}" if one.trouble else "")
            for one in self.anchoring
        ]
        if self.report is not None:
            told = f"verification report of {self.report.day}: no findings"
            lines.append((self.report.trouble or told).capitalize())
        return lines


@dataclass(frozen=True, slots=True)
class VouchingVerified:
    """What of the vouching of others does not hold; how many anchors were checked, and how many could not be."""

    findings: tuple[Finding, ...]
    anchors: int
    anchors_unchecked: int


async def verify_vouching(
    database: Database, policy: Policy | None, trusted: TrustedCertificates | None
) -> VouchingVerified:
    """Check the cosignatures of the record log against a policy, and its anchors against trusted certificates."""
    findings: list[Finding] = []
    checked = unchecked = 0
    logs = [log for log in await read_logs(database) if log.name.kind == "checkpoint"]
    for log in logs:
        if policy is not None and log in current(logs) and log.checkpoint is not None:
            findings += _against_policy(log, policy)
        if trusted is None:
            unchecked += len(await read_anchors(database, log))
            continue
        checked += len(await read_anchors(database, log))
        wrong = await unproved_anchors(database, log, trusted)
        findings += [Finding("anchor", f"{log.origin} {size}", why) for size, why in wrong]
    return VouchingVerified(tuple(findings), checked, unchecked)


def _against_policy(log: Log, policy: Policy) -> list[Finding]:
    try:
        names = policy.witnesses_of(parse(log.checkpoint or ""))
    except NoteRefused as refused:
        return [Finding("checkpoint", log.origin, str(refused))]
    if policy.reached(names):
        return []
    return [Finding("checkpoint", log.origin, f"is cosigned by {', '.join(sorted(names)) or 'nobody'}: no quorum")]
