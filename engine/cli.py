"""The command line `daybook`."""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
import uvicorn
import uvloop
from eventsourcing.persistence import PersistenceError
from pydantic import ValidationError

from audit.errors import SealingStopped
from audit.notes import NoteRefused
from audit.policy import PolicyRefused
from audit.tiles import TileMissing
from audit.timestamps import TimestampRefused
from engine import demo as demonstration
from engine import status as reports
from engine.carrying_out import NotNow
from engine.cli_certificates import certificates
from engine.cli_certify import certifying
from engine.cli_clocks import clocks
from engine.cli_corrections import corrections
from engine.cli_keys import keys
from engine.cli_kpi import kpi
from engine.cli_leads import leads
from engine.cli_links import links
from engine.cli_log_care import logs
from engine.cli_merges import merges
from engine.cli_privacy import privacy
from engine.cli_report import reports_app
from engine.cli_returns import returns
from engine.cli_sampling import sampling
from engine.cli_search_index import search_index
from engine.cli_touches import touches
from engine.cli_verify import verifying
from engine.cli_witness import witness
from engine.duties import on_duty
from engine.following import Following
from engine.importing.run import Kind, run_import
from engine.importing.verdict import ImportRefused, ImportSummary
from engine.issuer import LIFETIME_S, USERS, DevelopmentIssuer, IssuerRefused, development
from engine.reporting import people, result, steps
from engine.settings import Settings
from engine.shredding import NoEraser
from engine.wiring import Daybook, find_database, initialise, read_model_setup
from projections.errors import ReadModelError
from replay.rebuild import rebuild as rebuild_models
from store.collecting import collect_seldom
from store.migrate import MigrationError
from store.postgres_programs import EmbeddedServerError
from store.role_powers import RoleUnfit
from vault.errors import VaultError

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Daybook keeps every customer interaction, complaint and campaign touch of a bank as an immutable event.",
)
imports = typer.Typer(no_args_is_help=True, help="Import files; importing one twice changes nothing.")
app.add_typer(imports, name="import")
app.add_typer(logs, name="logs")
app.add_typer(privacy, name="privacy")
app.add_typer(keys, name="keys")
app.add_typer(search_index, name="search-index")
app.add_typer(verifying, name="verify")
app.add_typer(certificates, name="certificates")
app.add_typer(witness, name="witness")
app.add_typer(certifying, name="certify")
app.add_typer(reports_app, name="report")
app.command("kpi", epilog="Example: daybook kpi complaint.count --from 2014-01-01 --to 2014-12-31 --by month")(kpi)
app.command("returns", epilog="Example: daybook returns fca-disp --from 2026-01-01 --to 2026-06-30 --csv")(returns)
app.add_typer(clocks, name="clocks")
app.add_typer(sampling, name="sampling")
app.add_typer(corrections, name="corrections")
app.add_typer(links, name="links")
app.add_typer(merges, name="merges")
app.add_typer(leads, name="leads")
app.add_typer(touches, name="touches")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file to import.")]

FAILURES = (
    PersistenceError,
    ReadModelError,
    VaultError,
    SealingStopped,
    NoteRefused,
    PolicyRefused,
    TimestampRefused,
    TileMissing,
    IssuerRefused,
    NotNow,
    RoleUnfit,
    NoEraser,
    MigrationError,
    EmbeddedServerError,
    ImportRefused,
    demonstration.AnotherBank,
    demonstration.NothingToImport,
    ValidationError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
)


@app.command(epilog="Example: daybook serve")
def serve() -> None:
    """Serve the API (and follow the record for the read models) until interrupted."""
    settings = Settings()
    whose = "of this host only: the development issuer is on" if development(settings) else f"of {settings.issuer}"
    people.print(f"Listening on http://{settings.host}:{settings.port} for tokens {whose}.")
    run_server(settings)


@app.command(epilog="Example: DAYBOOK_FOLLOW=false daybook serve & daybook follow")
def follow() -> None:
    """Keep the read models up to date until interrupted; for servers that run with DAYBOOK_FOLLOW=false.

    Any number of these may run, on any hosts: each partition is followed by one of them at a time.
    """

    async def work(settings: Settings) -> None:
        daybook = await Daybook.open(settings)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        try:
            async with await Following.start(daybook.models), on_duty(daybook):
                people.print("Following the record for the read models.")
                await stop.wait()
        finally:
            await daybook.close()

    _run(work(Settings()))


@app.command(epilog="Example: daybook demo --data ../shared/data --check")
def demo(
    data: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Import the real files found in this folder instead."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Query every read model, print a summary, and stop.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Start everything: database, migrations, a bank's events, followers, and the API; print what to try."""
    settings = Settings()
    development(settings)
    databases = find_database(settings, people.print)
    summary = _run(demonstration.fill(settings, databases, data))
    if check:
        result(summary.as_json(), as_json=as_json, text=summary.text())
        return
    people.print(summary.text(), markup=False)
    people.print(demonstration.things_to_try(settings, summary.tour), markup=False)
    run_server(settings)


@app.command(epilog="Example: daybook token --as compliance-auditor")
def token(
    role: Annotated[str, typer.Option("--as", help=f"The role: {', '.join(USERS)}.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print a token of the development issuer, for the user of a role."""
    user = USERS.get(role)
    if user is None:
        raise typer.BadParameter(f"{role!r} is no role: use one of {', '.join(USERS)}", param_hint="--as")
    signed = DevelopmentIssuer.load_or_create(Settings()).token(user)
    told = {"access_token": signed, "actor": user.actor, "role": user.role, "purpose": user.purpose}
    result({**told, "expires_in": LIFETIME_S}, as_json=as_json, text=signed)


@imports.command("cfpb", epilog="Example: daybook import cfpb complaints.csv --json")
def import_cfpb(file: File, as_json: Json = False) -> None:  # noqa: FBT002
    """Import complaints in any column set of the US CFPB's consumer complaint database."""
    _import("cfpb", file, as_json=as_json)


@imports.command("bank-marketing", epilog="Example: daybook import bank-marketing bank-additional.csv --json")
def import_bank_marketing(file: File, as_json: Json = False) -> None:  # noqa: FBT002
    """Import campaign touches and responses of the UCI Bank Marketing data set."""
    _import("bank-marketing", file, as_json=as_json)


@imports.command("loans", epilog="Example: daybook import loans bpi2012.xes.gz --json")
def import_loans(file: File, as_json: Json = False) -> None:  # noqa: FBT002
    """Import loan applications of the BPI Challenge 2012: an event log in XES, compressed with gzip or not."""
    _import("loans", file, as_json=as_json)


@app.command(epilog="Example: daybook migrate")
def migrate(as_json: Json = False) -> None:  # noqa: FBT002
    """Bring the database's schema up to this program's; does nothing when it is."""

    async def work(settings: Settings) -> list[str]:
        with steps("Migrating") as step:
            databases = await asyncio.to_thread(find_database, settings, people.print)
            applied, _ = await initialise(databases, settings.partitions, progress=step.named)
            return applied

    applied = _run(work(Settings()))
    text = f"Applied {', '.join(applied)}." if applied else "Nothing to apply: the schema is up to date."
    result({"applied": applied}, as_json=as_json, text=text)


@app.command(epilog="Example: daybook init --partitions 4")
def init(
    partitions: Annotated[
        int, typer.Option(min=1, max=1024, help="Fixed for ever: 4 on one server, 64 for a cluster.")
    ] = 4,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Migrate and make the record with this number of partitions."""

    async def work(settings: Settings) -> int:
        databases = await asyncio.to_thread(find_database, settings, people.print)
        return (await initialise(databases, partitions, progress=_silent))[1]

    made = _run(work(Settings()))
    result({"partitions": made}, as_json=as_json, text=f"The record has {made} partitions.")


@app.command(epilog="Example: daybook status --json")
def status(as_json: Json = False) -> None:  # noqa: FBT002
    """Show positions, how far each read model is, and parked customers."""

    async def work(settings: Settings) -> reports.Status:
        daybook = await Daybook.open(settings)
        try:
            return await reports.status(daybook)
        finally:
            await daybook.close()

    found = _run(work(Settings()))
    result(found.as_json(), as_json=as_json, text=found.text())


@app.command(epilog="Example: daybook rebuild --processes 2")
def rebuild(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 2,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Fill every read model anew beside the live ones, then swap them in."""
    found = _run(_rebuild(Settings(), processes))
    result(found, as_json=as_json, text=f"Rebuilt from {found['events']:,} events in {found['seconds']:.1f} s.")


def main() -> None:
    """Run the command line; what the user can mend is said in one line."""
    collect_seldom()
    try:
        app()
    except FAILURES as error:
        people.print(f"daybook: {error}", style="red", markup=False)
        sys.exit(1)


def run_server(settings: Settings) -> None:
    """Serve the API in this process until interrupted; it is named by string, so nothing imports upward."""
    uvicorn.run(
        "api.app:app", factory=True, host=settings.host, port=settings.port, http="httptools", loop="uvloop",
        log_level="warning", access_log=False,
    )  # fmt: skip


def _run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)


def _import(kind: Kind, file: Path, *, as_json: bool) -> None:
    async def work(settings: Settings) -> ImportSummary:
        daybook = await Daybook.open(settings)
        try:
            with steps(f"Importing {file.name}") as step:
                return await run_import(kind, file, daybook, progress=step)
        finally:
            await daybook.close()

    summary = _run(work(Settings()))
    result(summary.as_json(), as_json=as_json, text=summary.text())


async def _rebuild(settings: Settings, processes: int) -> dict[str, Any]:
    daybook = await Daybook.open(settings)
    try:
        with steps("Rebuilding") as step:
            started = time.monotonic()
            done = await rebuild_models(
                daybook.models, read_model_setup, processes=processes, report=lambda _, at, total: step(at, total)
            )
            took = time.monotonic() - started
        return {
            "events": done.events,
            "seconds": round(took, 3),
            "versions": dict(done.versions),
            "parked": dict(done.parked),
        }
    finally:
        await daybook.close()


def _silent(_name: str, _done: int, _total: int) -> None:
    """Say nothing: it takes no time worth watching."""
