"""The command line's part for the transparency logs: seal, list, export."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from audit.certificates import certificate_keys
from audit.errors import SealingStopped
from audit.exporting import export
from audit.giving_way import give_way
from audit.logs import read_logs
from audit.sealing import Sealing
from engine.daily_report import DailyReport
from engine.logs import start_sealing
from engine.reporting import people, result, steps
from engine.settings import Settings
from engine.wiring import Daybook, find_database, read_model_setup
from projections.models import ReadModels
from store.record import Record

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

logs = typer.Typer(no_args_is_help=True, help="The transparency logs: list them, export them.")


@logs.command("seal", epilog="Example: DAYBOOK_SEAL=false daybook serve & daybook logs seal")
def seal() -> None:
    """Seal the record until interrupted, and make the verification report of each day that is over."""

    async def work(settings: Settings) -> None:
        databases = await asyncio.to_thread(find_database, settings, people.print)
        give_way(os.getpid())  # after an embedded server was started, which must not
        sealing: Sealing | None = await start_sealing(settings, databases)
        if sealing is None:
            raise SealingStopped(
                "set DAYBOOK_SEALER_URL to the database as role daybook_sealer, and DAYBOOK_SEAL to true"
            )
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with (
            sealing,
            await Record.open(databases.application, readers=4) as record,
            await ReadModels.open(record, *read_model_setup(), writers=2) as models,
            DailyReport(settings, record, models),
        ):
            people.print("Sealing the record.")
            await stop.wait()
        await asyncio.to_thread(databases.release)

    _run(work(Settings()))


@logs.command("list", epilog="Example: daybook logs list --json")
def list_logs(as_json: Json = False) -> None:  # noqa: FBT002
    """Show every log as a trust policy: verifier keys, how far each is signed, why one is not; keys of certificates."""

    async def work(daybook: Daybook) -> dict[str, Any]:
        found = [
            {
                "origin": log.origin,
                "vkey": log.vkey,
                "signed": log.signed_size,
                "size": log.size,
                "trouble": log.trouble,
            }
            for log in await read_logs(daybook.record.pool)
        ]
        return {"logs": found, "certificates": await certificate_keys(daybook.record.pool)}

    found = opened(work)
    lines = [
        f"# {one['signed']:,} entries{', stopped: ' * bool(one['trouble'])}{one['trouble'] or ''}\nlog {one['vkey']}"
        for one in found["logs"]
    ]
    lines += [f"# signs certificates\nlog {vkey}" for vkey in found["certificates"]]
    text = "\n".join([*lines, "# no witness is asked for\nquorum none"])
    result(found, as_json=as_json, text=text if lines else "No log was begun yet: run `daybook serve`.")


@logs.command("export", epilog="Example: daybook logs export ./evidence")
def export_logs(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where to; what is there already is kept.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write all logs as files for the offline verifier; a later export adds what is new."""

    async def work(daybook: Daybook) -> dict[str, int]:
        with steps("Exporting") as step:
            return await export(daybook.record.pool, directory, step)

    found = opened(work)
    text = f"{sum(found.values()):,} files written for {len(found)} logs in {directory}."
    result({"files": found, "directory": str(directory)}, as_json=as_json, text=text)


def opened(work: Callable[[Daybook], Coroutine[Any, Any, T]]) -> T:
    """Do this with an open Daybook."""

    async def whole() -> T:
        daybook = await Daybook.open(Settings())
        try:
            return await work(daybook)
        finally:
            await daybook.close()

    return _run(whole())


def _run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)
