"""The command line's part for touches: what was decided of a customer, and whether it was lawful."""

from typing import Annotated, Any, Final
from uuid import UUID

import typer

from domain.kernel import Refusal
from domain.touch import TOUCH
from domain.touch_messages import TouchDecided, TouchExpired, TouchReleased, TouchSuppressed
from engine.cli_given import given
from engine.cli_kpi import NOBODY, Confidential, Json
from engine.lawfulness import lawfulness
from engine.lawfulness_told import lawfulness_told
from engine.program_commands import Program
from engine.reporting import people, result
from engine.wiring import Daybook
from projections.fact import Fact
from projections.seeing import EVERYTHING
from projections.timeline import timeline

touches = typer.Typer(no_args_is_help=True, help="Touches: what was decided, by which rule, and whether it was lawful.")

RULED: Final = (TouchDecided, TouchReleased, TouchSuppressed)


@touches.command("list", epilog="Example: daybook touches list 0197f3a0-1111-7abc-8def-0123456789ab --json")
def list_touches(
    customer: Annotated[UUID, typer.Argument(help="The customer.")],
    campaign: Annotated[UUID | None, typer.Option(help="Only those of this campaign.")] = None,
    after: Annotated[str | None, typer.Option(help="`next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Touches on a page, before --campaign.")] = 50,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show a customer's touches, last recorded first, each with the decision that stands, its rule, version, reason."""

    async def work(daybook: Daybook) -> dict[str, Any]:
        page = await timeline(daybook.models, customer, EVERYTHING, types=[TouchDecided.type], after=after, limit=limit)
        program, told = Program(daybook), list[dict[str, Any]]()
        for one in page.entries:
            story = await program.story(TOUCH, one.recorded.stream_id)
            touch = _told(one.recorded.stream_id, story.facts, story.state.status)
            if campaign in {None, touch["campaign_id"]}:
                told.append(touch)
        return {"touches": told, "next": page.next}

    told = given(work)
    if told["next"] is not None:
        people.print(f"There is more: --after {told['next']}", markup=False)
    result(told, as_json=as_json, text="\n".join(map(_line, told["touches"])) or "No touch was decided.")


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


def _told(touch_id: UUID, story: Any, status: str) -> dict[str, Any]:  # noqa: ANN401  # a touch's facts
    """The touch, with the ruling that stands: that by which it was decided, or a held one was let go or given up."""
    decided: Any = story[0].event
    ruling: Fact = [one for one in story if isinstance(one.event, RULED)][-1]
    said: Any = ruling.event
    expired = next((one.event.reason for one in story if isinstance(one.event, TouchExpired)), None)
    return {
        "touch_id": touch_id,
        "campaign_id": decided.campaign_id,
        "campaign_version": decided.campaign_version,
        "channel": decided.channel,
        "purpose": decided.purpose,
        "status": status,
        "decision": decided.decision,
        "rule": said.rule,
        "rule_version": said.rule_version,
        "reason": expired or said.reason,
        "held_until": decided.held_until if status == "held" else None,
        "at": ruling.recorded.occurred_at,
    }


def _line(one: dict[str, Any]) -> str:
    return (
        f"{one['at']:%Y-%m-%d %H:%M}  {one['status']:<10} {one['touch_id']}  {one['purpose']} by {one['channel']}: "
        f"{one['rule']}, version {one['rule_version']}: {one['reason']}"
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
