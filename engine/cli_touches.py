"""The command line's part for touches: what was decided of a customer or in a campaign, and whether it was lawful."""

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from domain.kernel import Refusal
from domain.touch import Standing
from engine.cli_opened import NOBODY, Confidential, Json, given
from engine.lawfulness import lawfulness
from engine.lawfulness_told import lawfulness_told
from engine.reporting import people, result
from engine.touches_told import ToldTouch, TouchPage, touches_of_campaign, touches_of_customer
from engine.wiring import Daybook
from projections.seeing import EVERYTHING

touches = typer.Typer(no_args_is_help=True, help="Touches: what was decided, by which rule, and whether it was lawful.")


@touches.command(
    "list", epilog="Example: daybook touches list --campaign 0197f3a0-1111-7abc-8def-0123456789ab --status held"
)
def list_touches(  # noqa: PLR0913, PLR0917  # options of a command
    customer: Annotated[UUID | None, typer.Argument(help="The customer. Unset: everybody in --campaign.")] = None,
    campaign: Annotated[UUID | None, typer.Option(help="Only those of this campaign.")] = None,
    status: Annotated[Standing | None, typer.Option(help="Only those that stand so.")] = None,
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Touches on a page; of a customer, before --campaign and --status.")
    ] = 50,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show touches of a customer or a campaign, each with the decision that stands, its rule, version and reason.

    Last first: of a customer by when they were recorded, of a campaign by when they were decided.
    """
    page: TouchPage
    if customer is not None:
        page = given(lambda daybook: touches_of_customer(daybook, customer, after=after, limit=limit))
    elif campaign is not None:
        page = given(lambda daybook: touches_of_campaign(daybook, campaign, status, after=after, limit=limit))
    else:
        raise typer.BadParameter("name a customer, a campaign, or both", param_hint="CUSTOMER")
    if page.next is not None:
        people.print(f"There is more: --after {page.next}", markup=False)
    shown = [one for one in page.touches if campaign in {None, one.campaign_id} and status in {None, one.status}]
    told = {"touches": [asdict(one) for one in shown], "next": page.next}
    result(told, as_json=as_json, text="\n".join(map(_line, shown)) or "No touch was decided.")


@touches.command("explain", epilog="Example: daybook touches explain 0197f3a0-1111-7abc-8def-0123456789ab")
def explain(
    touch: Annotated[UUID, typer.Argument(help="The touch, as `list` names it.")],
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Say why a touch was sent or not, and whether that was lawful: as it was known then, and with hindsight.

    It is judged again from the record. Exits with 1 when what was sent was not lawful.
    """

    async def work(daybook: Daybook) -> dict[str, Any]:
        found = await lawfulness(daybook, touch)
        if found is None:
            raise Refusal("not-found", "There is no such touch; `daybook touches list` names a customer's.", "touch")
        return await lawfulness_told(daybook, found, EVERYTHING if confidential else NOBODY)

    told = given(work)
    result(told, as_json=as_json, text="\n".join(_explained(told)))
    if told["lawful"] is False:
        raise typer.Exit(1)


def _line(one: ToldTouch) -> str:
    return (
        f"{one.at:%Y-%m-%d %H:%M}  {one.status:<10} {one.touch_id}  {one.purpose} by {one.channel}: "
        f"{one.rule}, version {one.rule_version}: {one.reason}"
    )


_LAWFUL: Final = {True: "lawful", False: "NOT LAWFUL", None: "not sent"}


def _explained(told: dict[str, Any]) -> list[str]:
    decided = f"{told['decision']} at {told['at']:%Y-%m-%d %H:%M}, by {told['rule']}: {told['reason']}"
    lines = [
        f"{decided}; contact policy {told['policy_version']}",
        f"as it was known then: {_LAWFUL[told['lawful']] if told['then'] else 'the policy is not known here'}",
        *_rules(told["then"]),
    ]
    if told["agrees"] is False:
        lines.append("Judged again it comes out otherwise than it was recorded.")
    if told["with_hindsight"] is not None:
        lines.append(f"with hindsight: {told['with_hindsight']['decision']}, {told['with_hindsight']['reason']}")
        lines += _rules(told["with_hindsight"]) if told["with_hindsight"] != told["then"] else []
    return lines


def _rules(judged: dict[str, Any] | None) -> list[str]:
    if judged is None:
        return []
    return [
        f"  {one['outcome']:<9} {one['rule']:<14} {one['reason']}" + "".join(f" {event}" for event in one["events"])
        for one in judged["rules"]
    ]
