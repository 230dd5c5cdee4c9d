"""The command line's part for certifying."""

import sys
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from engine.certificates import certifier_of
from engine.certifying import Certified, certify_no_miss
from engine.cli_logs import opened
from engine.reporting import result, steps
from engine.wiring import Daybook
from projections.registry import PROJECTIONS

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Which UTC day of recorded_at; it must be over.")]
Model = Annotated[str | None, typer.Option(help=f"Only this read model: {', '.join(one.name for one in PROJECTIONS)}.")]

certifying = typer.Typer(
    no_args_is_help=True, help="Certify what was compared; certificates are kept and can be shown."
)


def models_named(model: str | None) -> list[str] | None:
    """The read models that `--model` asks for; None: all."""
    if model is not None and model not in {one.name for one in PROJECTIONS}:
        names = ", ".join(one.name for one in PROJECTIONS)
        raise typer.BadParameter(f"{model!r} is no read model: use one of {names}", param_hint="--model")
    return None if model is None else [model]


def past_day(day: datetime) -> date:
    """The day that `--day` asks for."""
    if day.date() >= datetime.now(UTC).date():
        raise typer.BadParameter(f"{day.date()} is not over in UTC", param_hint="--day")
    return day.date()


@certifying.command("no-miss", epilog="Example: daybook certify no-miss --day 2026-11-26 --model complaint_register")
def no_miss(day: Day, model: Model = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Certify that read models have missed no event of a day and folded none twice; if one has, exit with 1."""
    wanted, names = past_day(day), models_named(model)

    async def work(daybook: Daybook) -> list[Certified]:
        certifier = await certifier_of(daybook.settings, daybook.record.pool)
        with steps("Comparing tallies with the logs") as step:
            return await certify_no_miss(daybook.models, certifier, wanted, names, step)

    found = opened(work)
    findings = [finding for one in found for finding in one.findings]
    certified = [_told(one) for one in found]
    lines = [str(finding) for finding in dict.fromkeys(findings)]
    done = sum(one.certificate is not None for one in found)
    lines.append(f"{done} of {len(found)} certified: read models and partitions of {wanted}.")
    result(
        {"day": wanted.isoformat(), "certificates": certified, "findings": [one._asdict() for one in findings]},
        as_json=as_json, text="\n".join(lines),
    )  # fmt: skip
    if findings or not found:
        sys.exit(1)


def _told(one: Certified) -> dict[str, Any]:
    kept = one.certificate
    return {
        "projection": one.projection,
        "partition": one.partition,
        "subject": None if kept is None else kept.subject,
        "sha256": None if kept is None else kept.sha256.hex(),
    }
