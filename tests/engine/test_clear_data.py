"""Clear data goes at the end of retention, stream by stream; whose time is over is listed, and holds are respected."""

import asyncio
import json
from datetime import UTC, datetime

import asyncpg
import pytest
from typer.testing import CliRunner

from domain.interaction import ScheduleFollowUp
from domain.privacy_rules import RetentionRule
from engine.cli import app
from engine.retention_ended import FIRST, all_retention_ended, retention_ended
from projections.fact import Disposed
from store.identity import new_id
from store.initialising import create_partitions
from tests.engine.privacy import made, privacy_bank
from vault.vault import Missing

SURVEYS = RetentionRule(basis="policy", duty=False, months=12, record_class="survey", trigger="matter-ended")
CONTACTS = RetentionRule(basis="policy", duty=False, months=12, record_class="interaction", trigger="last-recorded")
FILES = RetentionRule(basis="policy", duty=False, months=12, record_class="attachment", trigger="last-recorded")


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as found:
        yield found


async def streams(bank, who, kind: str) -> dict:
    """Whether each stream of a kind of a customer is disposed of."""
    record = bank.daybook.record
    sql = (
        "select distinct stream_id from record.event "
        "where partition = $1 and customer_id = $2 and split_part(type, '.', 1) = $3"
    )
    rows = await record.pool.fetch(sql, record.partition_of(who), who, kind)
    found = {row[0]: (await record.read_streams(record.partition_of(who), [row[0]]))[row[0]] for row in rows}
    return {
        one: {isinstance(bank.daybook.mapper.fact(of).event, Disposed) for of in told} for one, told in found.items()
    }


async def test_the_clear_data_of_what_is_over_goes_with_the_personal(bank, admin):
    await bank.schedule(SURVEYS)
    old, held = await bank.person(), await bank.person()
    await bank.hold(held)
    disposal = await bank.dispose("survey", old, held, clear=True)
    done = await bank.run()
    assert (done.disposals, done.troubles) == ([disposal], {})
    assert list((await streams(bank, old, "survey")).values()) == [{True}]
    assert list((await streams(bank, held, "survey")).values()) == [{False}]
    for kind in ("interaction", "complaint", "customer", "touch"):
        assert {True} not in (await streams(bank, old, kind)).values(), kind
    row = await admin.fetchrow("select * from record.event where disposal_id is not null limit 1")
    why = await admin.fetchrow("select type from record.event where event_id = $1", row["disposal_id"])
    assert why["type"] == "erasure.requested"
    last = (await bank.daybook.record.read_stream(disposal))[-1]
    assert bank.daybook.mapper.fact(last).event.streams == 1
    assert (await bank.run()).disposals == []


async def test_without_being_asked_for_it_stays(bank):
    await bank.schedule(SURVEYS)
    old = await bank.person()
    await bank.dispose("survey", old)
    assert (await bank.run()).troubles == {}
    assert isinstance((await bank.opened(old))["survey.answered.verbatim"], Missing)
    assert list((await streams(bank, old, "survey")).values()) == [{False}]


async def test_what_has_not_ended_or_has_other_personal_data_beside_it_stays(bank):
    await bank.schedule(CONTACTS, FILES)
    old = await bank.person()
    (contact,) = await streams(bank, old, "interaction")
    await bank.dispose("interaction", old, clear=True)
    assert (await bank.run()).troubles == {}
    assert (await streams(bank, old, "interaction"))[contact] == {False}, "a file is attached to it"
    waiting = await bank.person()
    (promised,) = await streams(bank, waiting, "interaction")
    follow_up = {"follow_up_id": new_id(), "due_at": bank.at, "kind": "call-back", "assignee": "staff:1"}
    await bank.give(made(ScheduleFollowUp, interaction_id=promised, occurred_at=bank.at, **follow_up))
    await bank.dispose("attachment", old, waiting, clear=True)
    await bank.run()
    assert (await streams(bank, old, "interaction"))[contact] == {True}
    assert list((await streams(bank, old, "complaint")).values()) == [{False}], "its complaint is there still"
    await bank.dispose("interaction", waiting, clear=True)
    await bank.run()
    assert (await streams(bank, waiting, "interaction"))[promised] == {False}, "something is promised in it"


async def test_a_crash_before_the_certificate_is_made_good(bank):
    await bank.schedule(SURVEYS)
    old = await bank.person()
    disposal = await bank.dispose("survey", old, clear=True)

    def crash(step: str) -> None:
        if step == "cleared":
            raise asyncpg.InterfaceError(step)

    assert disposal in (await bank.run(crash)).troubles
    assert (await bank.run()).disposals == [disposal]
    last = (await bank.daybook.record.read_stream(disposal))[-1]
    assert bank.daybook.mapper.fact(last).event.streams == 1


async def test_whose_time_is_over_is_listed_page_by_page(bank):
    empty = await retention_ended(bank.daybook)
    assert (empty.schedule_version, empty.ended, empty.next) == (None, (), None)
    await bank.schedule(SURVEYS, CONTACTS)
    old, held = await bank.person(), await bank.person()
    bank.at = datetime.now(UTC)
    young = await bank.person()
    hold = await bank.hold(held, "survey")
    await bank.run()  # the followers catch up
    found, after = [], FIRST
    while True:
        page = await retention_ended(bank.daybook, examine=1, after=after)
        assert (page.examined, page.schedule_version) == (1, 1)
        found += page.ended
        after = page.next
        if after is None:
            break
    expected = {(old, "survey", ()), (old, "interaction", ()), (held, "survey", (hold,)), (held, "interaction", ())}
    assert {(one.customer_id, one.record_class, one.holds) for one in found} == expected
    assert young not in {one.customer_id for one in found}
    pages = [page async for page in all_retention_ended(bank.daybook, "survey")]
    assert [one.record_class for page in pages for one in page.ended] == ["survey", "survey"]
    assert min(one.since for one in found) >= found[0].since.replace(year=2000)
    await bank.dispose("survey", old)
    await bank.run()
    left = [one for page in [page async for page in all_retention_ended(bank.daybook, "survey")] for one in page.ended]
    assert [one.customer_id for one in left] == [held]


def test_the_command_line_says_when_there_is_no_schedule(monkeypatch, database, tmp_path):
    asyncio.run(create_partitions(database.admin_dsn, 1))
    asyncio.run(create_partitions(database.admin_dsn, 1, schema="reads"))
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("DAYBOOK_DATA_DIR", str(tmp_path))
    found = CliRunner().invoke(app, ["privacy", "due", "--json"])
    assert found.exit_code == 1
    assert json.loads(found.stdout.splitlines()[-1]) == {"schedule_version": None, "examined": 0, "candidates": []}
