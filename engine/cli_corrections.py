"""The command line's part for corrections: what waits for another person, and their decision."""

from dataclasses import asdict
from typing import Annotated, Any, get_args
from uuid import UUID

import typer

from engine.cli_opened import NOBODY, Confidential, Json, given, opened
from engine.correcting import Decide, decide
from engine.reporting import people, result
from projections import correction_queue
from projections.correction_queue import Kind, Waiting, WaitingPage
from projections.seeing import EVERYTHING

corrections = typer.Typer(no_args_is_help=True, help="Corrections that take two people: what waits, and deciding it.")

Of = Annotated[UUID, typer.Argument(help="The customer or interaction.")]
Correction = Annotated[UUID, typer.Argument(help="The correction, as `list` names it.")]
Actor = Annotated[str, typer.Option(help="Your pseudonym: another person than who asked.")]


@corrections.command("list", epilog="Example: daybook corrections list --json")
def list_waiting(
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Customers and interactions on a page.")] = 50,
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show the corrections that wait for another person, those of longest first."""
    sight = EVERYTHING if confidential else NOBODY
    kinds: tuple[Kind, ...] = get_args(Kind)
    page: WaitingPage = opened(
        lambda daybook: correction_queue.waiting(daybook.models, sight, kinds, after=after, limit=limit)
    )
    if page.next is not None:
        people.print(f"There is more: --after {page.next}", markup=False)
    told: dict[str, Any] = {"waiting": [asdict(one) for one in page.waiting], "next": page.next}
    result(told, as_json=as_json, text="\n".join(map(_lines, page.waiting)) or "Nothing waits.")


@corrections.command("approve", epilog="Example: daybook corrections approve 0197f3a0-... 0197f3a1-... --actor staff:2")
def approve(
    of: Of,
    correction: Correction,
    actor: Actor,
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Put a correction in force that another person has asked for."""
    wanted = Decide("approve", of, {"correction_id": correction, "approved_by": actor})
    _decided(wanted, "It is in force.", confidential=confidential, as_json=as_json)


@corrections.command(
    "reject",
    epilog="Example: daybook corrections reject 0197f3a0-... 0197f3a1-... --reason no-evidence --actor staff:2",
)
def reject(  # noqa: PLR0913, PLR0917  # options of a command
    of: Of,
    correction: Correction,
    reason: Annotated[str, typer.Option(help="Why, as a code.")],
    actor: Actor,
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Reject a correction that another person has asked for: what is recorded stays as it is."""
    facts = {"correction_id": correction, "reason": reason, "rejected_by": actor}
    _decided(Decide("reject", of, facts), "What is recorded stays.", confidential=confidential, as_json=as_json)


def _decided(wanted: Decide, text: str, *, confidential: bool, as_json: bool) -> None:
    sight = EVERYTHING if confidential else NOBODY
    given(lambda daybook: decide(daybook, wanted, sight))
    told = {"correction_id": str(wanted.facts["correction_id"]), "decision": wanted.decision}
    result(told, as_json=as_json, text=text)


def _lines(one: Waiting) -> str:
    of = one.interaction_id or one.customer_id
    return "\n".join(
        f"{each.requested_at:%Y-%m-%d %H:%M}  {one.kind} {of}  {each.correction_id}  by {each.requested_by}, "
        f"{each.reason}: {', '.join((*(change.field for change in each.changes), *each.personal))}"
        for each in one.corrections
    )
