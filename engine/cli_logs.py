"""The command line's part for the transparency logs: seal, verify, export."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from audit.errors import SealingStopped
from audit.exporting import export
from audit.logs import current, read_logs
from audit.sealing import Sealing
from audit.verifying import Verified, verify
from engine.logs import guard_if_there, start_sealing, trusted_keys
from engine.reporting import people, result, steps
from engine.settings import Settings
from engine.wiring import Daybook, find_database

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

logs = typer.Typer(no_args_is_help=True, help="The transparency logs: list them, export them.")


@logs.command("seal", epilog="Example: DAYBOOK_SEAL=false daybook serve & daybook logs seal")
def seal() -> None:
    """Seal the record (and nothing else) until interrupted."""

    async def work(settings: Settings) -> None:
        databases = await asyncio.to_thread(find_database, settings, people.print)
        sealing: Sealing | None = await start_sealing(settings, databases)
        if sealing is None:
            raise SealingStopped(
                "set DAYBOOK_SEALER_URL to the database as role daybook_sealer, and DAYBOOK_SEAL to true"
            )
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with sealing:
            people.print("Sealing the record.")
            await stop.wait()
        await asyncio.to_thread(databases.release)

    _run(work(Settings()))


@logs.command("list", epilog="Example: daybook logs list --json")
def list_logs(as_json: Json = False) -> None:  # noqa: FBT002
    """Show every log: its verifier key, how far it is signed, and why one is not."""

    async def work(daybook: Daybook) -> list[dict[str, Any]]:
        return [
            {
                "origin": log.origin,
                "vkey": log.vkey,
                "signed": log.signed_size,
                "size": log.size,
                "trouble": log.trouble,
            }
            for log in await read_logs(daybook.record.pool)
        ]

    found = _opened(work)
    text = "\n".join(
        f"log {one['vkey']}  # {one['signed']:,} entries" + (f", stopped: {one['trouble']}" if one["trouble"] else "")
        for one in found
    )
    result({"logs": found}, as_json=as_json, text=text or "No log was begun yet: run `daybook serve`.")


@logs.command("export", epilog="Example: daybook logs export ./evidence")
def export_logs(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where to; what is there already is kept.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Write all logs as files for the offline verifier; a later export adds what is new."""

    async def work(daybook: Daybook) -> dict[str, int]:
        with steps("Exporting") as step:
            return await export(daybook.record.pool, directory, step)

    found = _opened(work)
    text = f"{sum(found.values()):,} files written for {len(found)} logs in {directory}."
    result({"files": found, "directory": str(directory)}, as_json=as_json, text=text)


def verify_record(
    policy: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Trust policy with a line `log <verifier key>` for each log."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compare the database with its logs and the fork guard; what was changed is named, and the exit code is 1."""

    async def work(daybook: Daybook) -> tuple[Verified, dict[str, int]]:
        pool, keys = daybook.record.pool, None if policy is None else trusted_keys(policy)
        found = await verify(pool, guard_if_there(daybook.settings), keys)
        ends = (await daybook.record.end()).next_positions
        newest = {log.name.partition: log for log in current(await read_logs(pool)) if log.name.kind == "event"}
        return found, {log.origin: ends[partition] - log.signed_size for partition, log in newest.items()}

    found, unsealed = _opened(work)
    lines = [str(finding) for finding in found.findings]
    lines.append(
        f"{sum(found.sizes.values()):,} entries in {len(found.sizes)} logs compared, "
        f"{len(found.findings)} findings; {sum(unsealed.values()):,} events are not sealed yet."
    )
    findings = [finding._asdict() for finding in found.findings]
    result(
        {"sizes": dict(found.sizes), "findings": findings, "unsealed": unsealed}, as_json=as_json, text="\n".join(lines)
    )
    if found.findings or not found.sizes:
        sys.exit(1)


def _opened(work: "Any") -> Any:  # noqa: ANN401
    async def whole() -> Any:  # noqa: ANN401
        daybook = await Daybook.open(Settings())
        try:
            return await work(daybook)
        finally:
            await daybook.close()

    return _run(whole())


def _run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)
