"""The command line's part for clocks: seed policies and calendars, draft calendars, list them, ask what if."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
import uvloop

from domain import CALENDAR, CLOCK_POLICY
from domain.clock_catalogue import CATALOGUE
from domain.clock_policy import ProposeClockPolicy
from domain.working_calendar import DraftCalendar
from engine.clock_catalogue import proposed, with_version
from engine.clock_keeping import ACTOR
from engine.drafting_calendars import PLACES, NotKnownYet, drafted, last_known_year
from engine.program_commands import Program, now
from engine.reporting import result, steps
from engine.settings import Settings
from engine.wiring import Daybook
from projections.seeing import EVERYTHING
from replay.clock_what_if import WhatIf
from store.canonical import canonical_json

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
FIRST_YEAR = 2011
FIRST_NUMBER = 1

clocks = typer.Typer(no_args_is_help=True, help="Clocks of complaints: policies, calendars, what-if.")


@clocks.command("seed", epilog="Example: daybook clocks seed --json")
def seed(as_json: Json = False) -> None:  # noqa: FBT002
    """Propose the policies and draft the calendars that come with the program; people sign and adopt them.

    What is there already stays as it is.
    """

    async def work(daybook: Daybook) -> dict[str, Any]:
        program = Program(daybook, ACTOR)
        policies = {regime: str(await _propose(program, regime)) for regime in CATALOGUE}
        year = datetime.now(UTC).year + 1
        calendars = {
            name: str(await _draft(program, name, FIRST_NUMBER, (FIRST_YEAR, last_known_year(name, year)), None))
            for name in PLACES
        }
        return {"policies": policies, "calendars": calendars}

    made = _opened(work)
    lines = [f"policy   {regime:<12} {one}" for regime, one in made["policies"].items()]
    lines += [f"calendar {name:<12} {one}" for name, one in made["calendars"].items()]
    lines.append("Next: two people sign each policy off and one activates it; somebody adopts each calendar.")
    result(made, as_json=as_json, text="\n".join(lines))


@clocks.command(
    "draft-calendar", epilog="Example: daybook clocks draft-calendar cn --version 2 --from 2026 --until 2027"
)
def draft_calendar(  # noqa: PLR0913, PLR0917  # options of a command
    name: Annotated[str, typer.Argument(help=f"Which: {', '.join(PLACES)}.")],
    number: Annotated[int, typer.Option("--version", min=1, help="The version's number.")],
    first: Annotated[int, typer.Option("--from", min=1990, max=2200, help="First year.")],
    last: Annotated[int, typer.Option("--until", min=1990, max=2200, help="Last year.")],
    in_force: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="For clocks that begin on this day or later.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Draft a version of a calendar by the library; another person looks at it and adopts it."""
    if name not in PLACES:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(PLACES)}", param_hint="NAME")
    if last < first:
        raise typer.BadParameter("it must not be before the first year", param_hint="--until")

    async def work(daybook: Daybook) -> UUID:
        begins = None if in_force is None else in_force.date()
        return await _draft(Program(daybook, ACTOR), name, number, (first, last), begins)

    try:
        made = _opened(work)
    except NotKnownYet as error:
        raise typer.BadParameter(str(error), param_hint="--until") from error
    result({"calendar_id": str(made)}, as_json=as_json, text=f"Drafted {made}; another person adopts it.")


@clocks.command("list", epilog="Example: daybook clocks list --json")
def list_versions(as_json: Json = False) -> None:  # noqa: FBT002
    """Show the policies and calendars that are in force or will be."""

    async def work(daybook: Daybook) -> dict[str, Any]:
        found = await daybook.clock_catalogue.known()
        policies = [
            {"regime": one.regime, "version": one.version, "from": one.effective_from, "clocks": len(one.rules)}
            for _, of in sorted(found.catalogue.policies.items())
            for one in of
        ]
        calendars = [
            {
                "calendar": name, "version": one.version, "from": one.effective_from,
                "covers_from": one.covers_from, "covers_until": one.covers_until,
            }
            for name, of in sorted(found.catalogue.calendars.items())
            for one in of.tables
        ]  # fmt: skip
        return {"policies": policies, "calendars": calendars, "sha256": found.digest}

    found = _opened(work)
    lines = [f"policy   {p['regime']:<12} {p['version']:>3}  from {p['from']}" for p in found["policies"]]
    lines += [
        f"calendar {c['calendar']:<12} {c['version']:>3}  from {c['from']}, "
        f"knows {c['covers_from']} to {c['covers_until']}"
        for c in found["calendars"]
    ]
    result(found, as_json=as_json, text="\n".join(lines) or "Nothing is in force: see `daybook clocks seed`.")


@clocks.command("what-if", epilog="Example: daybook clocks what-if --policy 0197f3a0-... --json")
def what_if(
    policy: Annotated[UUID | None, typer.Option(help="Id of a policy, proposed or older.")] = None,
    calendar: Annotated[UUID | None, typer.Option(help="Id of a calendar, drafted or older.")] = None,
    at: Annotated[datetime | None, typer.Option(help="As the clocks stand at this moment, in UTC; unset: now.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Would we have breached under another policy or calendar? Lists every clock that would stand otherwise.

    With --json each is a line of JSON, and the summary is the last.
    """

    async def work(daybook: Daybook) -> dict[str, Any]:
        ours = (await daybook.clock_catalogue.known()).catalogue
        other = ours
        for stream_id in (policy, calendar):
            if stream_id is not None:
                event = await proposed(daybook.models, daybook.mapper, stream_id)
                if event is None:
                    raise typer.BadParameter(f"{stream_id} is no policy and no calendar")
                other = with_version(other, event)
        moment = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
        asked = WhatIf(daybook.record, daybook.mapper.fact, EVERYTHING)
        async for one in asked.differences(ours, other, moment):
            if as_json:
                typer.echo(canonical_json(asdict(one)).decode())
            else:
                was, would = (stand.state if stand else "none" for stand in (one.was, one.would))
                typer.echo(f"{one.complaint_id}  {one.clock:<20} {was} -> {would}")
        return asked.summary.as_json()

    with steps("Counting"):
        found = _opened(work)
    text = (
        f"{found['complaints']:,} complaints: {found['differing']:,} clocks would stand otherwise, "
        f"{found['newly_breached']:,} more breached, {found['no_longer_breached']:,} not any more."
    )
    result(found, as_json=as_json, text=text)


async def _propose(program: Program, regime: str) -> UUID:
    policy_id = program.one_stream(CLOCK_POLICY, regime, FIRST_NUMBER)
    if not (await program.story(CLOCK_POLICY, policy_id)).facts:
        seeded = CATALOGUE[regime]
        command = ProposeClockPolicy(
            policy_id=policy_id, occurred_at=now(), regime=regime, policy_version=FIRST_NUMBER,
            in_force_from=seeded.in_force_from, rules=seeded.rules, proposed_by=ACTOR,
        )  # fmt: skip
        await program.give(command, policy_id, -1)
    return policy_id


async def _draft(program: Program, name: str, number: int, years: tuple[int, int], in_force: date | None) -> UUID:
    calendar_id = program.one_stream(CALENDAR, name, number)
    if not (await program.story(CALENDAR, calendar_id)).facts:
        facts = drafted(name, *years)
        more = {"calendar_id": calendar_id, "occurred_at": now(), "calendar_version": number, "drafted_by": ACTOR}
        begins = in_force or facts["covers_from"]
        command = DraftCalendar.model_validate({**facts, **more, "in_force_from": begins})
        await program.give(command, calendar_id, -1)
    return calendar_id


def _opened(work: Callable[[Daybook], Awaitable[T]]) -> T:
    async def whole() -> T:
        daybook = await Daybook.open(Settings())
        try:
            return await work(daybook)
        finally:
            await daybook.close()

    return uvloop.run(whole())
