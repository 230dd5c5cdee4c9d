"""The command line's part for reports."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from engine.certificates import certifier_of
from engine.cli_certify import past_day
from engine.cli_logs import opened
from engine.logs import guard_if_there
from engine.reporting import result, steps
from engine.verification_report import Reported, verification_report
from engine.wiring import Daybook

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

reports_app = typer.Typer(no_args_is_help=True, help="Signed reports.")


@reports_app.callback()
def group() -> None:
    """Signed reports."""


@reports_app.command("verification", epilog="Example: daybook report verification --day 2026-11-26")
def verification(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Which UTC day; it must be over. Unset: yesterday.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Verify everything, certify the day's read models, sign and keep what was found; findings exit with 1."""
    wanted = past_day(day or datetime.now(UTC) - timedelta(days=1))

    async def work(daybook: Daybook) -> Reported:
        certifier = await certifier_of(daybook.settings, daybook.record.pool)
        guard = guard_if_there(daybook.settings)
        with steps("Verifying") as step:
            return await verification_report(daybook.models, certifier, guard, wanted, step)

    found = opened(work)
    lines = [str(one) for one in found.findings]
    lines.append(f"Signed and kept: the verification report of {wanted}, with {len(found.findings)} findings.")
    told = {"day": wanted.isoformat(), "findings": [one._asdict() for one in found.findings], "note": found.report.note}
    result(told, as_json=as_json, text="\n".join(lines))
    if found.findings:
        sys.exit(1)
