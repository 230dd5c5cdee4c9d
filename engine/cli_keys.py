"""The command line's part for the keys of personal data: list epochs, rotate, destroy an old epoch."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from engine.hardware_token import key_provider
from engine.reporting import people, result, steps
from engine.settings import Settings
from engine.shredding import open_eraser
from engine.wiring import find_database
from store.statements import statement
from vault.rotating import Authority, EpochState, Rotated, Rotation

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
Actor = Annotated[str, typer.Option("--actor", help="Who does it: a pseudonym, such as staff:ops-1.")]
Approver = Annotated[str, typer.Option("--approved-by", help="Who else approves it: another person's pseudonym.")]

keys = typer.Typer(no_args_is_help=True, help="The keys of personal data: epochs, rotation.")


@keys.command("list", epilog="Example: daybook keys list --json")
def list_epochs(as_json: Json = False) -> None:  # noqa: FBT002
    """Show every epoch of the key-encryption keys: how many data keys it wraps, and what was done with it."""

    async def work(rotation: Rotation, _: Settings) -> list[EpochState]:
        return await rotation.epochs()

    found = _run(_with_rotation(work))
    lines = [_line(state) for state in found] or ["There is no epoch."]
    result({"epochs": [state._asdict() for state in found]}, as_json=as_json, text="\n".join(lines))


@keys.command("rotate", epilog="Example: daybook keys rotate --actor staff:ops-1 --approved-by staff:ops-2")
def rotate(actor: Actor, approved_by: Approver, as_json: Json = False) -> None:  # noqa: FBT002
    """Make a new epoch and wrap all data keys anew under it; started again, it goes on where it was stopped.

    Nothing has to be stopped: running processes take the new epoch up by themselves.
    """
    authority = Authority(actor, approved_by)

    async def work(rotation: Rotation, _: Settings) -> Rotated:
        with steps("Wrapping data keys anew") as step:
            return await rotation.rotate(authority, step)

    done = _run(_with_rotation(work))
    text = f"Epoch {done.epoch} wraps everything; {done.rewrapped:,} keys were wrapped anew."
    result(done._asdict(), as_json=as_json, text=text)


@keys.command(
    "destroy-epoch", epilog="Example: daybook keys destroy-epoch 1 --actor staff:ops-1 --approved-by staff:ops-2"
)
def destroy_epoch(
    epoch: Annotated[int, typer.Argument(min=1, help="The epoch, as `daybook keys list` shows it.")],
    actor: Actor,
    approved_by: Approver,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Destroy the key-encryption key of an old epoch for good, so that old backups open nothing.

    Refused while it wraps anything, and until it has wrapped nothing for DAYBOOK_BACKUP_WINDOW_DAYS.
    """
    authority = Authority(actor, approved_by)

    async def work(rotation: Rotation, settings: Settings) -> None:
        await rotation.destroy(epoch, authority, timedelta(days=settings.backup_window_days))

    _run(_with_rotation(work))
    result({"epoch": epoch, "destroyed": True}, as_json=as_json, text=f"Epoch {epoch} is destroyed.")


def _line(state: EpochState) -> str:
    told = [
        f"{name} {at.isoformat()}" for name, at in zip(("made", "emptied", "destroyed"), state[3:], strict=True) if at
    ]
    held = "" if state.held else ", not in the key store"
    return f"epoch {state.epoch}: {state.keys:,} keys{held}" + "".join(f", {one}" for one in told)


async def _with_rotation(work: Callable[[Rotation, Settings], Awaitable[T]]) -> T:
    settings = Settings()
    async with _rotation(settings) as rotation:
        return await work(rotation, settings)


@asynccontextmanager
async def _rotation(settings: Settings) -> AsyncGenerator[Rotation]:
    """Without the check of the key store at start: this is what mends it."""
    databases = await asyncio.to_thread(find_database, settings, people.print)
    try:
        async with open_eraser(settings, databases) as eraser:
            partitions = len(await eraser.pool.fetch(statement("partitions")))
            yield Rotation(eraser.pool, key_provider(settings), partitions)
    finally:
        await asyncio.to_thread(databases.release)


def _run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)
