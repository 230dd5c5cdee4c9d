"""The command line's part for the bad and the careful days of the logs: new keys, recovery, a lost guard."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import asyncpg
import typer

from audit.entries import decided
from audit.errors import DecisionRefused
from audit.guard import ForkGuard
from audit.guard_rebuilding import rebuild_guard
from audit.logs import current, read_logs
from audit.recovering import begin_shards, ended
from audit.rotating import in_force, rotate
from audit.signing import SigningKeys
from engine.cli_logs import Json, logs, opened
from engine.hardware_token import signing_keys
from engine.logs import guard_if_there, guard_of, open_sealer, sealer_dsn
from engine.reporting import result, steps
from engine.wiring import Daybook

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

T = TypeVar("T")
WAIT_S: Final = 30.0

By = Annotated[str, typer.Option("--actor", help="Who decides it; it will stand in the record log.")]
ApprovedBy = Annotated[str, typer.Option("--approved-by", help="Who has agreed: a second person.")]
Incident = Annotated[str, typer.Option("--incident", help="What happened, in a line that names no customer.")]
Origins = Annotated[list[str] | None, typer.Argument(metavar="ORIGIN...", help="The logs, as `logs list` names them.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the logs are, for who cares for them."""

    daybook: Daybook
    pool: "Pool"
    keys: SigningKeys


@logs.command(
    "rotate-key", epilog='Example: daybook logs rotate-key --all --actor li --approved-by wu --reason "yearly"'
)
def rotate_key(  # noqa: PLR0913, PLR0917
    by: By,
    approved_by: ApprovedBy,
    reason: Annotated[str, typer.Option(help="Why, in a line that names no customer.")],
    origins: Origins = None,
    every: All = False,  # noqa: FBT002
    overlap_days: Annotated[
        int, typer.Option(min=0, max=365, help="Days that the old key signs as well; 0 if it is compromised or gone.")
    ] = 30,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Give logs new signing keys; the record log says so, and those who verify are led on by it.

    Whoever seals goes on with the new keys by itself. Keep the old key files until the overlap is over.
    """
    why = decided(by, approved_by, reason)

    async def work(at: Place) -> dict[str, Any]:
        wanted = origins if not every else [log.origin for log in current(await read_logs(at.pool))]
        if not wanted:
            raise DecisionRefused("name the logs, or say --all: see `daybook logs list`")
        changes = await rotate(at.pool, at.keys, wanted, why, timedelta(days=overlap_days))
        keys = {change.head.origin: change.new_key for change in changes}
        return {"keys": keys, "in_force": await in_force(at.pool, changes, WAIT_S)}

    found = in_place(work)
    lines = [f"log {vkey}" for vkey in found["keys"].values()]
    lines.append(
        "These keys sign now." if found["in_force"] else "They sign as soon as `daybook serve` or `logs seal` runs."
    )
    result(found, as_json=as_json, text="\n".join(lines))


@logs.command(
    "recover", epilog='Example: daybook logs recover --all --actor li --approved-by wu --incident "disk of db1 failed"'
)
def recover(  # noqa: PLR0913, PLR0917
    by: By,
    approved_by: ApprovedBy,
    incident: Incident,
    origins: Origins = None,
    every: All = False,  # noqa: FBT002
    tiles: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A copy of the logs as files that still has what was lost."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """After a restore that lost events: let logs that may not be signed any more go on as their next shards.

    The record log says what was lost, why, and who decided it. Look for the cause first: `daybook verify record`.
    """
    why = decided(by, approved_by, incident)

    async def work(at: Place) -> dict[str, Any]:
        guard = guard_if_there(at.daybook.settings)
        if guard is None:
            raise DecisionRefused(f"there is no fork guard in {at.daybook.settings.guard}: see `logs rebuild-guard`")
        stopped = await ended(at.pool, guard)
        chosen = [one for one in stopped if every or one.log.origin in (origins or ())]
        unknown = sorted({*(origins or ())} - {one.log.origin for one in stopped})
        if unknown or (stopped and not chosen):
            named = ", ".join(one.log.origin for one in stopped) or "none"
            raise DecisionRefused(f"name logs that cannot go on, or say --all; those are: {named}")
        with steps("Reading the restored record") as step:
            begun = await begin_shards(at.pool, guard, at.keys, chosen, why, tiles=tiles, progress=step)
        shards = [
            {
                "origin": one.origin, "vkey": one.key, "after": one.old.origin, "was": one.old.size,
                "kept": one.kept.size, "restored": one.restored.size,
            }
            for one in begun
        ]  # fmt: skip
        return {"shards": shards}

    found = in_place(work)
    text = "\n".join(
        f"log {one['vkey']}  # after {one['after']}, which had {one['was']:,} entries; {one['kept']:,} are kept"
        for one in found["shards"]
    )
    result(found, as_json=as_json, text=text)


@logs.command(
    "rebuild-guard",
    epilog='Example: daybook logs rebuild-guard --checkpoint kept.txt --actor li --approved-by wu --incident "lost"',
)
def rebuild_lost_guard(
    by: By,
    approved_by: ApprovedBy,
    incident: Incident,
    checkpoint: Annotated[
        list[Path],
        typer.Option(exists=True, dir_okay=False, help="A checkpoint of the record log that others have kept."),
    ],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """After the fork guard was lost: make it anew, if the database agrees with checkpoints that others have kept."""
    why = decided(by, approved_by, incident)
    notes = [path.read_text(encoding="utf-8") for path in checkpoint]

    async def work(at: Place) -> dict[str, Any]:
        guard: ForkGuard = guard_of(at.daybook.settings)
        rebuilt = await rebuild_guard(at.daybook.record.pool, at.pool, guard, notes, why)
        return {"heads": {head.origin: head.size for head in rebuilt.heads}}

    found = in_place(work)
    text = "\n".join(f"{origin}: {size:,} entries" for origin, size in found["heads"].items())
    result(found, as_json=as_json, text=text)


def in_place(work: Callable[[Place], Coroutine[Any, Any, T]]) -> T:
    """Do something as the sealer, with the keys that sign.

    Raises:
        DecisionRefused: nobody said how to log in as the sealer.
    """

    async def whole(daybook: Daybook) -> T:
        dsn = sealer_dsn(daybook.settings, daybook.databases)
        if dsn is None:
            raise DecisionRefused("set DAYBOOK_SEALER_URL to the database as role daybook_sealer")
        async with open_sealer(dsn) as pool:
            return await work(Place(daybook, pool, signing_keys(daybook.settings)))

    return opened(whole)
