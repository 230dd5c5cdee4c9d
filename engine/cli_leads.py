"""The command line's part for leads: where they came from and what came of them."""

from dataclasses import asdict
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import typer

from domain.kernel import Refusal
from engine.cli_opened import Json, given
from engine.reporting import people, result
from engine.wiring import Daybook
from projections import lead_register
from projections.lead_register import LeadFilter, LeadPage, LeadRow

leads = typer.Typer(no_args_is_help=True, help="Leads: where they came from, what they cost, what came of them.")

Status = Literal["captured", "qualified", "converted", "lost"]

_PLACE: Final = frozenset({"partition", "position", "event_id"})


@leads.command("list", epilog="Example: daybook leads list --source fair --status converted --json")
def list_leads(
    source: Annotated[str | None, typer.Option(help="Only from this source, as a code.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only those that stand so.")] = None,
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Leads on a page.")] = 50,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show leads, last captured first."""
    of = LeadFilter(source, status)
    page: LeadPage = given(lambda daybook: lead_register.leads(daybook.models, of, after=after, limit=limit))
    if page.next is not None:
        people.print(f"There is more: --after {page.next}", markup=False)
    told = {"leads": [_told(one) for one in page.leads], "next": page.next}
    result(told, as_json=as_json, text="\n".join(map(_line, page.leads)) or "No lead fits.")


@leads.command("show", epilog="Example: daybook leads show 0197f3a0-1111-7abc-8def-0123456789ab")
def show(
    lead: Annotated[UUID, typer.Argument(help="The lead.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show a lead as it stands."""

    async def work(daybook: Daybook) -> LeadRow:
        found = await lead_register.lead(daybook.models, lead)
        if found is None:
            raise Refusal("not-found", "There is no such lead; `daybook leads list` names them.", "lead")
        return found

    found = given(work)
    told = _told(found)
    known = {name: value for name, value in told.items() if value is not None and name != "last_event"}
    result(told, as_json=as_json, text="\n".join(f"{name:<14} {value}" for name, value in known.items()))


def _told(row: LeadRow) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(row).items() if name not in _PLACE}
    return {**facts, "last_event": row.last_event._asdict()}


def _line(one: LeadRow) -> str:
    cost = "" if one.currency is None else f"  {one.cost_minor:,} {one.currency} (minor units)"
    became = "" if one.customer_id is None else f"  customer {one.customer_id}"
    return f"{one.captured_at:%Y-%m-%d}  {one.status:<9}  {one.source:<14} {one.lead_id}{cost}{became}"
