"""The demo: a bank's events from nothing, followed by every read model, ready to be asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.kernel import Refusal
from engine.clock_keeping import keep_until
from engine.following import Following
from engine.importing.run import Kind, run_import
from engine.importing.verdict import ImportSummary
from engine.issuer import LIFETIME_S, USERS, DevelopmentIssuer, development
from engine.reporting import steps
from engine.settings import Settings
from engine.simulation import CUSTOMERS, SimulatedBank, is_recorded, opened, recorded
from engine.status import Status, caught_up, status
from engine.tour import Tour, tour
from engine.wiring import Databases, Daybook, initialise, read_model_setup
from replay.rebuild import rebuild

_LASTING = f"good for {LIFETIME_S // 3600} hours"
FILES: Sequence[tuple[Kind, str]] = (
    ("cfpb", "cfpb/*.csv"),
    ("bank-marketing", "bank-marketing/*.csv"),
    ("loans", "loans/*.xes"),
    ("loans", "loans/*.xes.gz"),
)


class NothingToImport(Exception):  # said to the user as it is
    """The folder holds none of the files that the demo can import."""


class AnotherBank(Exception):  # said to the user as it is
    """The record holds a bank that is not the simulated one."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was imported, where everything stands, and what each read model answers."""

    imports: tuple[ImportSummary, ...]
    status: Status
    tour: Tour

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "imports": [one.as_json() for one in self.imports],
            "events": sum(self.status.positions),
            "read_models": self.tour.answers,
            "status": self.status.as_json(),
        }

    def text(self) -> str:
        """For people."""
        lines = [f"Imported {one.text()}" for one in self.imports]
        lines.append(
            f"The record holds {sum(self.status.positions):,} events in {len(self.status.positions)} partitions."
        )
        lines += [f"  {name}: {answer}" for name, answer in self.tour.answers.items()]
        return "\n".join(lines)


async def fill(settings: Settings, databases: Databases, data: Path | None) -> DemoSummary:
    """Migrate, fill the record with the simulated bank or the files of a folder, and let every read model catch up.

    What is recorded already is not recorded again, so the demo can be started any number of times, also by a later
    version, which makes read models anew that an earlier one has filled.

    Raises:
        NothingToImport: `data` holds no file that can be imported.
        AnotherBank: the record holds a bank of somebody's, or that of an earlier version's demo.
    """
    files = [] if data is None else importable(data)
    with steps("Migrating") as step:
        await initialise(databases, settings.partitions, progress=step.named)
    daybook = await Daybook.open(settings, databases)
    try:
        await _make_anew(daybook)
        until = await _simulate(daybook) if data is None else None  # followers then read it in large pages
        async with await Following.start(daybook.models):
            imports = [await _import(daybook, kind, path) for kind, path in files]
            await _caught_up(daybook)
            if until is not None:
                await _keep_clocks(daybook, until)
                await _caught_up(daybook)
            return DemoSummary(tuple(imports), await status(daybook), await tour(daybook))
    finally:
        await daybook.close(release=False)


async def _make_anew(daybook: Daybook) -> None:
    """Rebuild what an earlier version's code has filled: this program neither feeds nor asks it."""
    models = daybook.models
    async with models.writers.acquire() as connection:
        await models.live_versions(connection)
    older = {one.projection for one in models.mismatched()}
    if older:
        with steps("Rebuilding read models of an earlier version") as step:
            await rebuild(models, read_model_setup, older, report=lambda _, done, total: step(done, total))


def importable(folder: Path) -> list[tuple[Kind, Path]]:
    """Files of a folder that an importer reads, each kind in a folder of its own."""
    files: list[tuple[Kind, Path]] = [(kind, path) for kind, found in FILES for path in sorted(folder.glob(found))]
    if not files:
        wanted = " or ".join(found for _, found in FILES)
        raise NothingToImport(f"{folder} has no {wanted}; the README says where the files can be had")
    return files


def things_to_try(settings: Settings, found: Tour) -> str:
    """Five things to try, as commands that work on this record."""
    base = f"http://{settings.host}:{settings.port}"
    customer = found.customer_id or "CUSTOMER"
    complaint = f"{base}/complaints/{found.complaint_id}" if found.complaint_id else f"{base}/complaints"
    campaign = f"/campaigns/{found.campaign_id}/results" if found.campaign_id else "/campaigns"
    why = f"\n     get {base}/touches/{found.touch_id}/lawfulness" if found.touch_id else ""
    return f"""
Everybody who asks needs a token; the development issuer, on for this host only, gives one for any role
(`{base}/dev/users` lists them). These are {_LASTING}:

     TOKEN={_token(settings, "complaint-handler")}
     AUDITOR={_token(settings, "compliance-auditor")}
     get() {{ curl -s -H "Authorization: Bearer $TOKEN" -H 'Daybook-Purpose: complaint-handling' "$@"; }}
     audit() {{ curl -sN -H "Authorization: Bearer $AUDITOR" -H 'Daybook-Purpose: audit' "$@"; }}

Five things to try (the API is described at {base}/docs):

  1. A customer, and all that happened with them; without a purpose personal data stays masked:
     get {base}/customers/{customer}
     get {base}/customers/{customer}/timeline
  2. A complaint, the register, which clocks are due first, and how many were met:
     get {complaint}
     get '{base}/complaints?limit=3'
     get '{base}/complaints/board?limit=3'
     get '{base}/kpis/complaint.timely_rate?by=regime&by=clock'
  3. What came of a campaign, why a touch was not sent, and how content customers are:
     get {base}{campaign}{why}
     get {base}/satisfaction
  4. Record a contact, twice with one key, and see that it is recorded once:
     get {base}/interactions -H 'Content-Type: application/json' \\
       -H 'Idempotency-Key: "first-contact"' -d '{{"customer_id": "{customer}", "channel": "phone",
       "direction": "inbound", "purpose": "servicing", "summary": "Asked for a new card."}}'
  5. Who did what, who looked at this customer, and everything as it happens:
     audit '{base}/audit?actor=staff:complaint-handler'
     audit '{base}/audit/looks?customer_id={customer}'
     audit {base}/feed

Press Ctrl+C to stop.
"""


def _token(settings: Settings, role: str) -> str:
    return DevelopmentIssuer.load_or_create(settings).token(USERS[role]) if development(settings) else "..."


async def _import(daybook: Daybook, kind: Kind, path: Path) -> ImportSummary:
    with steps(f"Importing {path.name}") as step:
        return await run_import(kind, path, daybook, progress=step)


async def _simulate(daybook: Daybook) -> datetime:
    """Record the bank, unless it is; until when it is simulated."""
    until = await _year_ends(daybook)
    bank = SimulatedBank(daybook.vault.keyed_hmac, until=until)
    if not await is_recorded(daybook, bank):
        with steps(f"Simulating a bank of {CUSTOMERS} customers") as step:
            async for done in recorded(daybook, bank):
                step(done)
    return until


async def _keep_clocks(daybook: Daybook, until: datetime) -> None:
    with steps("Keeping the clocks of its complaints"):
        await keep_until(daybook, until)


async def _year_ends(daybook: Daybook) -> datetime:
    """The midnight before the bank was first simulated in this record, so that another demo makes the same bank."""
    try:
        (bank, *_) = await opened(daybook, SimulatedBank(daybook.vault.keyed_hmac, customers=0))
    except Refusal as refused:
        raise AnotherBank(
            f"{daybook.settings.data_dir} holds another bank: name a new directory by DAYBOOK_DATA_DIR"
        ) from refused
    (first,) = await daybook.record.read_stream(bank.stream_id, limit=1)
    return first.recorded_at.replace(hour=0, minute=0, second=0, microsecond=0)


async def _caught_up(daybook: Daybook) -> None:
    waiting = asyncio.create_task(caught_up(daybook))
    with steps("Letting the read models catch up") as step:
        while not waiting.done():
            found = await status(daybook)
            behind = max((sum(one.lag) for one in found.models), default=0)
            step(sum(found.positions) - behind, sum(found.positions))
            await asyncio.wait([waiting], timeout=0.2)
    await waiting
