"""The survey plan binds whoever invites: by hand, over the API, in bulk, in whatever process."""

import asyncio
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvloop

from domain.kernel import Refusal
from domain.survey import InviteToSurvey, SurveyInvited, SurveySuppressed
from engine.deciding import Context
from engine.handling import Unit
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.errors import ConditionFailed
from store.identity import new_id
from tests.engine.survey_bank import AFTER_CONTACT, ASKED, DAY, SurveyBank, survey_bank

MANUAL = {**AFTER_CONTACT, "survey": "by-hand", "occasion": None, "cap": {"days": 30, "most": 1}}


@pytest.fixture
async def bank(daybook):
    async with survey_bank(daybook) as made:
        yield made


async def test_an_invitation_by_hand_is_held_by_each_cap_and_says_by_which_version(bank):
    await bank.plan(MANUAL, most=3, version=4)
    by_survey, over_all = new_id(), new_id()
    await bank.invite(by_survey, "by-hand")
    await bank.invite(by_survey, "by-hand")
    (first, invited), (second, suppressed) = await bank.told(by_survey)
    assert (first, second) == ("invited", "suppressed")
    assert suppressed["suppressed"] == "asked-often-by-survey"
    assert (invited["plan_version"], suppressed["plan_version"]) == (4, 4)
    assert timedelta() < datetime.now(UTC) + 14 * DAY - datetime.fromisoformat(invited["expires_at"]) < DAY
    for survey in ("a", "b", "c", "by-hand"):
        await bank.invite(over_all, survey)
    assert await bank.types(over_all) == ["invited", "invited", "invited", "suppressed"]
    assert (await bank.told(over_all))[-1][1]["suppressed"] == "asked-often-over-all"


async def test_what_the_plan_asks_otherwise_is_refused_and_so_is_asking_twice_about_one_thing(bank):
    await bank.plan(AFTER_CONTACT)
    customer_id, complaint_id = new_id(), new_id()
    with pytest.raises(Refusal, match="otherwise") as refused:
        await bank.invite(customer_id, "after-contact", metric="ces")
    assert refused.value.field == "metric"
    await bank.invite(customer_id, "after-contact", complaint_id=complaint_id)
    with pytest.raises(Refusal, match="before"):
        await bank.invite(customer_id, "after-contact", complaint_id=complaint_id)
    assert await bank.types(customer_id) == ["invited"]


async def test_the_keeper_does_not_ask_again_what_was_asked_by_hand(bank):
    await bank.plan(AFTER_CONTACT)
    await bank.open_keepers()
    customer_id = new_id()
    interaction_id = await bank.contact(customer_id)
    await bank.invite(customer_id, "after-contact", interaction_id=interaction_id)
    await bank.keep()
    assert await bank.types(customer_id) == ["invited"]


async def test_what_was_before_the_first_plan_is_recorded_as_it_is_told_and_counts(bank):
    customer_id, now = new_id(), datetime.now(UTC)
    await bank.plan(MANUAL)
    for days in (3, 2):
        await bank.invite(customer_id, "by-hand", now - days * DAY)
    told = await bank.told(customer_id)
    assert [(name, one.get("plan_version")) for name, one in told] == [("invited", None), ("invited", None)]
    await bank.invite(customer_id, "by-hand")
    assert (await bank.types(customer_id))[-1] == "suppressed"


async def test_many_for_one_customer_in_bulk_stay_within_the_cap(bank):
    await bank.plan(AFTER_CONTACT)
    customer_id = new_id()
    told: dict[str, Any] = {**ASKED, "customer_id": customer_id, "survey": "after-contact", "channel": "web"}
    units = [
        Unit(
            [InviteToSurvey(invitation_id=new_id(customer_id), occurred_at=datetime.now(UTC), **told)],
            Context("staff:1", new_id(), b"r", new_id()),
        )
        for _ in range(4)
    ]  # fmt: skip
    await bank.daybook.handler.handle_copy(units)
    assert sorted(await bank.types(customer_id)) == ["invited", "invited", "suppressed", "suppressed"]


async def test_an_invitation_is_judged_by_itself_and_beside_its_customer(bank):
    customer_id = new_id()
    told: dict[str, Any] = {**ASKED, "customer_id": customer_id, "survey": "s", "channel": "web"}
    now, context = datetime.now(UTC), Context("staff:1", new_id(), b"r", new_id())
    two = [InviteToSurvey(invitation_id=new_id(customer_id), occurred_at=now, **told) for _ in range(2)]
    with pytest.raises(ValueError, match="by itself"):
        await bank.daybook.handler.handle(two, context)
    partition_of = bank.daybook.record.partition_of
    elsewhere = next(one for one in iter(new_id, None) if partition_of(one) != partition_of(customer_id))
    with pytest.raises(ValueError, match="beside theirs"):
        await bank.daybook.handler.handle([InviteToSurvey(invitation_id=elsewhere, occurred_at=now, **told)], context)


def _invite(dsn: str, admin: str, folder: str, customers: list[UUID]) -> None:
    """One process that invites each of the customers, many at once."""

    async def work() -> None:
        daybook = await Daybook.open(Settings(database_url=dsn, data_dir=Path(folder)), Databases(dsn, admin, None))
        bank = SurveyBank(daybook)

        async def one(customer_id: UUID, survey: str) -> None:
            while True:
                try:
                    await bank.invite(customer_id, survey)
                except ConditionFailed:
                    continue
                return

        surveys = ("by-hand", "a", "b") * 2
        await asyncio.gather(*(one(customer_id, survey) for customer_id in customers for survey in surveys))
        await daybook.close()

    uvloop.run(work())


async def test_of_two_processes_that_invite_at_once_neither_goes_beyond_a_cap(bank, database, tmp_path):
    await bank.plan(MANUAL, most=3)
    customers = [new_id() for _ in range(3)]
    context = multiprocessing.get_context("spawn")
    given = (database.app_dsn, database.admin_dsn, str(tmp_path), customers)
    workers = [context.Process(target=_invite, args=given) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert [worker.exitcode for worker in workers] == [0, 0]
    for customer_id in customers:
        story = reversed(await bank.daybook.record.read_customer(customer_id))
        events = [bank.daybook.mapper.fact(one).event for one in story]
        invited = [one for one in events if isinstance(one, SurveyInvited)]
        assert len(events) == 12
        assert len(invited) == 3
        assert sum(one.survey == "by-hand" for one in invited) <= 1
        assert {one.suppressed for one in events if isinstance(one, SurveySuppressed)} >= {"asked-often-over-all"}
