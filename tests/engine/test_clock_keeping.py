"""Clocks are kept from the record; what time does is recorded once, whatever is killed in between."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from domain.complaint import CloseComplaint, ReopenComplaint, WithdrawComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.complaint_time import PauseComplaint
from engine.clock_catalogue import with_version
from engine.clock_keeping import ACTOR, ClockKeeping
from projections import clock_board
from projections.errors import LeaseLost
from projections.seeing import EVERYTHING
from replay.clock_what_if import WhatIf
from store.identity import new_id
from tests.engine.clock_bank import DAY, ClockBank, clock_bank

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)  # ten o'clock in Beijing
DUE = datetime(2026, 3, 17, 16, tzinfo=UTC)
ESCALATED, BREACHED = "complaint.clock-escalated", "complaint.clock-breached"


@pytest.fixture
async def bank(daybook):
    async with clock_bank(daybook) as made:
        await made.policy("cn")
        await made.calendar("cn")
        await made.open_keepers()
        yield made


async def complain(bank: ClockBank, at: datetime = MONDAY, **facts) -> UUID:
    complaint_id = new_id()
    await bank.say(ReceiveComplaint, complaint_id, at, complainant_id=new_id(), channel="phone", regime="cn", **facts)
    return complaint_id


async def answer(bank: ClockBank, complaint_id: UUID, at: datetime) -> None:
    facts = {"outcome": "upheld", "redress": "none", "notified_at": at}
    await bank.say(IssueFinalResponse, complaint_id, at, **facts)


async def test_shares_and_the_breach_are_recorded_each_once(bank):
    complaint_id = await complain(bank)
    seen = []
    for moment in (MONDAY, DUE - 3 * DAY, DUE - 3 * DAY, DUE - DAY, DUE, DUE + timedelta(seconds=1), DUE + 40 * DAY):
        await bank.keep(moment)
        seen.append((await bank.types(complaint_id))[1:])
    assert [len(one) for one in seen] == [0, 1, 1, 2, 2, 3, 3]
    assert seen[-1] == [ESCALATED, ESCALATED, BREACHED]
    breach = (await bank.daybook.record.read_stream(complaint_id))[-1]
    told = orjson.loads(breach.state)
    assert (breach.actor, breach.occurred_at) == (ACTOR, DUE)
    assert (told["clock"], told["policy_version"], told["calendar_versions"]) == ("cn.decide", 1, [1])
    assert told["moved_by"] == [str((await bank.daybook.record.read_stream(complaint_id))[0].event_id)]


async def test_after_a_long_silence_only_what_counts_is_recorded(bank):
    complaint_id = await complain(bank)
    await bank.keep(DUE + DAY)
    assert (await bank.types(complaint_id))[1:] == [BREACHED]


async def test_a_late_answer_is_a_breach_even_when_nobody_watched(bank):
    complaint_id = await complain(bank)
    await answer(bank, complaint_id, DUE + DAY)
    await bank.keep(DUE + 2 * DAY)
    assert (await bank.types(complaint_id))[1:] == ["complaint.final-response-issued", BREACHED]
    (row,) = [row for row in await bank.rows() if row["clock"] == "cn.decide"]
    assert (row["state"], row["waits"], row["next_at"]) == ("breached", False, None)


async def test_an_answer_in_time_ends_it_and_reopening_starts_nothing(bank):
    complaint_id = await complain(bank)
    await answer(bank, complaint_id, DUE)
    await bank.say(CloseComplaint, complaint_id, DUE)
    await bank.say(ReopenComplaint, complaint_id, DUE + DAY, reason="new-facts")
    assert (await bank.keep(DUE + 90 * DAY)).breached == 0
    assert {row["state"] for row in await bank.rows() if row["clock"] == "cn.decide"} == {"met"}


async def test_a_withdrawn_case_is_left_alone(bank):
    complaint_id = await complain(bank)
    await bank.say(WithdrawComplaint, complaint_id, MONDAY + DAY)
    await bank.keep(DUE + DAY)
    assert await bank.types(complaint_id) == ["complaint.received", "complaint.withdrawn"]


async def test_a_keeper_that_lost_its_lease_writes_nothing(bank):
    await bank.keep(MONDAY)
    (old, *_) = bank.keepers
    for keeper in bank.keepers:
        await keeper.close()
    before = await bank.rows()
    await bank.open_keepers("two")
    complaint_ids = [await complain(bank) for _ in range(12)]
    with pytest.raises(LeaseLost):
        await old.step(await bank.known(), MONDAY)
    assert await bank.rows() == before
    await bank.keep(MONDAY)
    assert {row["complaint_id"] for row in await bank.rows()} == set(complaint_ids)


async def test_two_keepers_at_once_and_a_restart_in_between_record_nothing_twice(bank):
    """Each reads the due rows before the other has written: both give the same command ids."""
    complaint_ids = [await complain(bank) for _ in range(10)]
    await bank.keep(MONDAY)
    first, by, moment = bank.keepers, await bank.known(), DUE + DAY
    for keeper in first:  # recorded, and killed before the rows were written
        await keeper.take_up(by, moment)
    for keeper in first:
        await keeper.take_up(by, moment)
    for keeper in first:
        await keeper.close()
    await bank.open_keepers("two")
    await bank.keep(moment)
    for one in complaint_ids:
        assert (await bank.types(one))[1:] == [BREACHED]


async def test_a_first_policy_after_the_complaints_counts_them_all(daybook):
    async with clock_bank(daybook) as bank:
        await bank.open_keepers()
        complaint_id = await complain(bank)
        await bank.keep(MONDAY)
        assert await bank.rows() == []
        await bank.policy("cn")
        await bank.calendar("cn")
        await bank.keep(MONDAY)
        assert [(row["complaint_id"], row["due_at"]) for row in await bank.rows()] == [(complaint_id, DUE)]


async def test_a_later_policy_does_not_touch_earlier_cases(bank):
    await complain(bank)
    await bank.keep(MONDAY)
    before = await bank.rows()
    found = await bank.known()
    shorter = [found.catalogue.policies["cn"][0].rules[0]]
    await bank.policy("cn", shorter, version=2, in_force_from=date(2020, 3, 1))
    later = (await bank.known()).catalogue.policies["cn"][1]
    assert later.effective_from > datetime.now(UTC).date()  # whatever day the version names
    await bank.keep(MONDAY)
    assert [row["detail"] for row in await bank.rows()] == [row["detail"] for row in before]


async def test_the_board_shows_the_first_due_first_page_by_page(bank):
    complaints = [await complain(bank, MONDAY + n * DAY) for n in (3, 0, 7, 1)]
    hidden = await complain(bank, MONDAY + 2 * DAY, confidential="whistleblower")
    await bank.keep(MONDAY + 8 * DAY)
    everything = await clock_board.board(bank.daybook.models, None, EVERYTHING)
    order = [complaints[1], complaints[3], hidden, complaints[0], complaints[2]]
    assert [line.complaint_id for line in everything.lines] == order
    seen, after = [], None
    while True:
        page = await clock_board.board(bank.daybook.models, "cn.decide", EVERYTHING, after=after, limit=2)
        seen += [line.complaint_id for line in page.lines]
        after = page.next
        if after is None:
            break
    assert seen == order
    clerk = type(EVERYTHING)("staff:9")
    shown = await clock_board.board(bank.daybook.models, None, clerk)
    assert hidden not in {line.complaint_id for line in shown.lines}


async def test_what_is_paused_stands_last_on_the_board_on_whatever_page(bank):
    paused, running = await complain(bank), await complain(bank, MONDAY + DAY)
    await bank.say(PauseComplaint, paused, MONDAY + 2 * DAY, pause_id=new_id(), reason="mediation")
    await bank.keep(MONDAY + 2 * DAY)
    whole = await clock_board.board(bank.daybook.models, None, EVERYTHING)
    assert [(one.complaint_id, one.detail["state"]) for one in whole.lines] == [
        (running, "running"),
        (paused, "paused"),
    ]
    first = await clock_board.board(bank.daybook.models, None, EVERYTHING, limit=1)
    rest = await clock_board.board(bank.daybook.models, None, EVERYTHING, after=first.next, limit=1)
    assert (first.lines + rest.lines, rest.next) == (whole.lines, None)


async def test_what_if_answers_for_all_cases_at_once_and_the_same_again(bank):
    late, early = await complain(bank), await complain(bank)
    await answer(bank, late, MONDAY + 12 * DAY)
    await answer(bank, early, MONDAY + 3 * DAY)
    found = await bank.known()
    rules = tuple(found.catalogue.policies["cn"][0].rules[:1])
    proposal = await bank.policy("cn", [replace(rules[0], length=10, extensions=())], version=2, agreed=False)
    (event,) = [bank.daybook.mapper.fact(one).event for one in await bank.daybook.record.read_stream(proposal)]
    other = with_version(found.catalogue, event)

    async def ask():
        asked = WhatIf(bank.daybook.record, bank.daybook.mapper.fact, EVERYTHING)
        told = [one async for one in asked.differences(found.catalogue, other, MONDAY + 60 * DAY)]
        return told, asked.summary.as_json()

    told, summary = await ask()
    assert {one.complaint_id for one in told if one.would and one.would.state == "breached"} == {late}
    assert (summary["complaints"], summary["newly_breached"]) == (2, 1)
    assert await ask() == (told, summary)


async def test_kept_beside_everything_else(bank):
    for keeper in bank.keepers:
        await keeper.close()
    now = datetime.now(UTC)
    complaint_id = await complain(bank, now - 200 * DAY)
    async with ClockKeeping(bank.daybook, idle_s=0.02):
        for _ in range(400):
            if BREACHED in await bank.types(complaint_id):
                break
            await asyncio.sleep(0.05)
    assert (await bank.types(complaint_id))[1:] == [BREACHED]
