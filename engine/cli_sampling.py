"""The command line's part for samples: what one says, and the key by which a drawing can be done again."""

from typing import Annotated, Any
from uuid import UUID

import typer

from engine.cli_opened import NOBODY, Confidential, Json, opened
from engine.drawing_again import drawn_again
from engine.reporting import people, result
from engine.sampling_plans import plan_key
from engine.screening_results import results
from engine.wiring import Daybook
from projections import screening_queue
from projections.seeing import EVERYTHING

sampling = typer.Typer(no_args_is_help=True, help="Samples of interactions that are screened for missed complaints.")


@sampling.command("results", epilog="Example: daybook sampling results 2026-11 --json")
def show_results(
    period: Annotated[str, typer.Argument(help="Such as 2026-11, 2026-W48 or 2026-Q4.")],
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show how many complaints nobody recorded, by a period's sample, with the interval at 95%."""

    async def work(daybook: Daybook) -> dict[str, Any]:
        sight = EVERYTHING if confidential else NOBODY
        strata = await screening_queue.sample(daybook.models, period, sight)
        parked = (await daybook.models.progress(screening_queue.NAME)).parked
        return {"period": period, **results(strata), "parked": parked}

    told = opened(work)
    lines = [
        f"{one['channel']:<14} {one['purpose']:<14} version {one['plan_version']}, "
        f"{one['per_10_000'] / 100:g}%: {_line(one)}"
        for one in told["strata"]
    ]
    result(told, as_json=as_json, text="\n".join([*lines, f"all: {_line(told['total'])}"]))


@sampling.command("check", epilog="Example: daybook sampling check 2026-11 --json")
def check(
    period: Annotated[str, typer.Argument(help="Such as 2026-11, 2026-W48 or 2026-Q4.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Draw a period's sample again from the whole record, and compare it with what was drawn.

    Exits with 1 when an interaction was drawn that should not have been, or was not and should have been.
    """
    told = opened(lambda daybook: drawn_again(daybook, period))
    text = f"{told['interactions']:,} interactions, {told['drawn']:,} drawn."
    wrong = [f"{what} {one}" for what in ("missing", "extra") for one in told[what]]
    result(told, as_json=as_json, text="\n".join([text, *wrong]))
    if wrong:
        raise typer.Exit(1)


@sampling.command("key", epilog="Example: daybook sampling key 0197f3a0-1111-7abc-8def-0123456789ab")
def key(
    plan_id: Annotated[UUID, typer.Argument(help="Id of a version of the plan.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print the key of a version, in hex: who has it can do the drawing again, also the one that is still to come.

    Give it to nobody before the last period of the version is over.
    """

    async def work(daybook: Daybook) -> str:
        return plan_key(daybook.vault, plan_id).hex()

    found = opened(work)
    people.print("Whoever has this key can tell beforehand what the version will draw.")
    result({"plan_id": str(plan_id), "key": found}, as_json=as_json, text=found)


def _line(told: dict[str, Any]) -> str:
    counts = f"{told['drawn']:,} drawn, {told['screened']:,} screened, {told['missed']:,} missed"
    if told["missed_share"] is None:
        return counts
    low, high = told["missed_share_low"], told["missed_share_high"]
    return f"{counts}: {told['missed_share']:.2%} ({low:.2%} to {high:.2%})"
