"""The command line's part for privacy: what is open, carrying it out, and handing a person their data."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
import uvloop

from engine.access import PRIVACY_OFFICER, PRIVACY_REQUEST, Viewer
from engine.carrying_out import Carried, CarryingOut
from engine.following import Following
from engine.looking import Looker
from engine.personal_export import Export, export_of, write_export
from engine.reporting import result, steps
from engine.retention_ended import RetentionEnded, all_retention_ended
from engine.settings import Settings
from engine.wiring import Daybook
from projections import privacy_search
from projections.privacy_search import RequestFilter
from store.identity import new_id

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

privacy = typer.Typer(no_args_is_help=True, help="Privacy requests: list them, carry them out, export personal data.")


@privacy.command("list", epilog="Example: daybook privacy list --json")
def list_requests(as_json: Json = False) -> None:  # noqa: FBT002
    """Show open privacy requests, first due first, and how erasures and holds stand."""

    async def work(daybook: Daybook) -> tuple[list[dict[str, Any]], dict[str, int]]:
        page = await privacy_search.requests(daybook.models, RequestFilter(open=True), limit=1000)
        rows = [
            {"request_id": one.request_id, "kind": one.kind, "status": one.status, "due_on": one.due_on}
            for one in page.rows
        ]
        return rows, asdict(await privacy_search.standing(daybook.models, datetime.now(UTC).date()))

    rows, standing = _opened(work)
    lines = [f"{one['due_on']}  {one['kind']:<13} {one['status']:<9} {one['request_id']}" for one in rows]
    lines.append(
        f"{standing['open']} open, {standing['overdue']} overdue; {standing['erasing']} erasures under way, "
        f"{standing['failing']} of them failing; {standing['held']} legal holds"
    )
    result({"privacy_requests": rows, **standing}, as_json=as_json, text="\n".join(lines))


@privacy.command("run", epilog="Example: DAYBOOK_ERASE=false daybook serve & daybook privacy run --json")
def run(as_json: Json = False) -> None:  # noqa: FBT002
    """Carry out once what was approved: erasures, restrictions, disposals, released holds; exit code 1 if not all."""

    async def work(daybook: Daybook) -> Carried:
        with steps("Carrying out"):
            async with await Following.start(daybook.models), CarryingOut.open(daybook) as carrying:
                return await carrying.run()

    done = _opened(work)
    lines = [f"not done: {one}: {why}" for one, why in done.troubles.items()]
    lines.append(
        f"{len(done.requests)} requests, {len(done.erasures)} erasures, {len(done.disposals)} disposals carried out; "
        f"{len(done.released)} holds released."
    )
    troubles = {str(one): why for one, why in done.troubles.items()}
    result({**asdict(done), "troubles": troubles}, as_json=as_json, text="\n".join(lines))
    if done.troubles:
        raise typer.Exit(1)


@privacy.command("due", epilog="Example: daybook privacy due --class interaction --json")
def due(
    record_class: Annotated[str | None, typer.Option("--class", help="Only this record class.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List whose data has come to the end of its retention; exit code 1 if no schedule is in force.

    Propose a disposal for them (`POST /disposals`): another person approves it, and `privacy run` carries it out.
    """

    async def work(daybook: Daybook) -> tuple[list[RetentionEnded], int, int | None]:
        ended: list[RetentionEnded] = []
        examined, version = 0, None
        with steps("Reading what is kept"):
            async for page in all_retention_ended(daybook, record_class):
                ended += page.ended
                examined, version = examined + page.examined, page.schedule_version
        return ended, examined, version

    ended, examined, version = _opened(work)
    lines = [f"{one.since}  {one.record_class:<16} {one.customer_id}{'  held' * bool(one.holds)}" for one in ended]
    by_which = "no retention schedule is in force" if version is None else f"by schedule {version}"
    lines.append(f"{len(ended)} record classes of {examined} customers are over, {by_which}.")
    told = {"schedule_version": version, "examined": examined, "candidates": [asdict(one) for one in ended]}
    result(told, as_json=as_json, text="\n".join(lines))
    if version is None:
        raise typer.Exit(1)


@privacy.command("export", epilog="Example: daybook privacy export 0197f3a0-... ./for-ana --actor staff:7")
def export(
    customer: Annotated[UUID, typer.Argument(help="The customer's id.")],
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where to; must be empty or not there.")],
    actor: Annotated[str, typer.Option(help="Your pseudonym; every look is recorded under it.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write all that there is on one person, for them: JSON for machines and a page for people."""

    async def work(daybook: Daybook) -> Export:
        await daybook.access.look()
        viewer = Viewer(actor, frozenset({PRIVACY_OFFICER}), PRIVACY_REQUEST)
        looker = Looker(viewer, daybook.access.table, "privacy_export", new_id())
        with steps("Exporting"):
            async with await Following.start(daybook.models):
                return await export_of(daybook, looker, customer)

    made = _opened(work)
    write_export(made, directory)
    told = {"directory": str(directory), "events": made.events, "complete": made.complete, "sha256": made.sha256}
    text = f"{made.events} events written to {directory}; SHA-256 of the JSON: {made.sha256}." + (
        "" if made.complete else " It is NOT complete: the access table masks some of it."
    )
    result(told, as_json=as_json, text=text)


def _opened(work: Callable[[Daybook], Awaitable[T]]) -> T:
    async def whole() -> T:
        daybook = await Daybook.open(Settings())
        try:
            return await work(daybook)
        finally:
            await daybook.close()

    return uvloop.run(whole())
