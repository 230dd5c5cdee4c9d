"""Touches decided by the program on a real record: facts, conditions, campaigns, and several processes at once."""

import asyncio
import multiprocessing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import uvloop

from domain.campaign import EndCampaign
from domain.complaint_intake import ReceiveComplaint
from domain.customer import DenyConsent, GrantConsent, WithdrawConsent
from domain.interaction_messages import InteractionRecorded, RecordInteraction
from domain.kernel import Refusal
from domain.touch_messages import ProposeTouch, TouchDecided
from engine.campaigns_seen import LOOK_S
from engine.deciding import Context
from engine.handling import CommandHandler, Unit
from engine.lawfulness import lawfulness
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.errors import ConditionFailed, VersionConflict
from store.identity import new_id
from tests.engine.contact_bank import Bank, asleep, awake, scope


@pytest.fixture
def bank(daybook: Daybook) -> Bank:
    return Bank(daybook)


async def test_a_touch_is_sent_with_the_policy_the_campaign_and_the_contact_point_that_it_was_judged_by(bank):
    campaign = await bank.campaign()
    customer, point = await bank.customer()
    sent = await bank.propose(customer, campaign)
    assert (sent.decision, sent.rule, sent.reason, sent.rule_version) == ("send", "allowed", "all-rules-pass", 0)
    assert (sent.purpose, sent.channel, sent.campaign_version) == ("marketing", "email", 2)
    assert (sent.contact_point_id, sent.group, sent.policy_id) == (point, "treated", None)
    assert sent.judged_at == sent.occurred_at
    assert (sent.held_until, sent.expires_at) == (None, None)


async def test_without_consent_or_campaign_nothing_is_sent(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer(consents=False)
    assert (await bank.propose(customer, campaign)).reason == "consent-unset"
    consenting, _ = await bank.customer()
    assert (await bank.propose(consenting, await bank.campaign(launched=False))).reason == "campaign-not-launched"
    with pytest.raises(Refusal, match="no campaign"):
        await bank.propose(consenting, new_id())


async def test_at_night_it_is_held_until_the_morning_there(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer(zone=asleep())
    held = await bank.propose(customer, campaign)
    assert (held.decision, held.rule) == ("hold", "hours")
    assert 6 < (held.held_until - held.judged_at).total_seconds() / 3600 < 9


async def test_what_is_remembered_of_a_customer_is_not_trusted(bank, daybook):
    """Another process withdraws the consent that this one remembers; the append refuses, and it is judged anew."""
    campaign = await bank.campaign()
    customer, point = await bank.customer()
    assert (await bank.propose(customer, campaign)).decision == "send"
    other = Bank(daybook)
    other.daybook.handler = CommandHandler(daybook.record, daybook.vault, daybook.mapper)
    withdraw = WithdrawConsent(occurred_at=datetime.now(UTC), **scope(customer, point), evidence_channel="phone")
    await other.daybook.handler.handle([withdraw], Context("staff:2", new_id(), b"r", new_id()))
    daybook.handler = CommandHandler(daybook.record, daybook.vault, daybook.mapper, daybook.judges)
    assert (await bank.propose(customer, campaign)).reason == "consent-withdrawn"


async def test_what_happens_between_judging_and_appending_makes_it_judge_again(bank, daybook, monkeypatch):
    campaign = await bank.campaign()
    customer, point = await bank.customer()
    judged = daybook.contact.judged
    looks: list[int] = []

    async def slow(command, customer_id, context):
        found = await judged(command, customer_id, context)
        if not looks:
            await bank.give(DenyConsent, **scope(customer, point), evidence_channel="web")
        looks.append(found.conditions[0].after)
        return found

    monkeypatch.setattr(daybook.contact, "judged", slow)
    assert (await bank.propose(customer, campaign)).reason == "consent-denied"
    assert len(looks) == 2


async def test_many_at_once_do_not_exceed_a_cap(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()

    async def one() -> str:
        while True:
            try:
                return (await bank.propose(customer, campaign)).decision
            except (ConditionFailed, VersionConflict):
                await asyncio.sleep(0)

    decisions = await asyncio.gather(*(one() for _ in range(12)))
    assert sorted(decisions) == ["hold"] * 10 + ["send"] * 2


async def test_a_campaign_that_ended_is_seen_to_have_ended_soon(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    assert (await bank.propose(customer, campaign)).decision == "send"
    await bank.give(EndCampaign, campaign_id=campaign, reason="over")
    await asyncio.sleep(LOOK_S + 0.1)
    ended = await bank.propose(customer, campaign)
    assert (ended.reason, ended.campaign_version) == ("campaign-ended", 3)


async def test_an_open_complaint_holds(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    await bank.give(
        ReceiveComplaint, complaint_id=new_id(customer), complainant_id=customer, customer_id=customer, channel="phone",
        product="loan", issue="fees",
    )  # fmt: skip
    held = await bank.propose(customer, campaign)
    assert (held.decision, held.reason, held.held_until) == ("hold", "complaint-open", held.expires_at)


async def test_the_holdout_is_the_same_whoever_asks_and_about_as_large_as_planned(bank, daybook):
    campaign = await bank.campaign(holdout_share=2000)
    customers = [new_id() for _ in range(2000)]
    kept = [one for one in customers if daybook.contact.held_out(campaign, one, 2000)]
    assert 320 < len(kept) < 480
    assert kept == [one for one in customers if daybook.contact.held_out(campaign, one, 2000)]
    assert set(kept) <= {one for one in customers if daybook.contact.held_out(campaign, one, 5000)}
    assert kept != [one for one in customers if daybook.contact.held_out(new_id(), one, 2000)]
    groups = set()
    while groups != {"treated", "holdout"}:
        customer, _ = await bank.customer()
        decided = await bank.propose(customer, campaign)
        assert (decided.decision == "suppress") == (decided.group == "holdout")
        assert (decided.group == "holdout") == daybook.contact.held_out(campaign, customer, 2000)
        groups.add(decided.group)


async def test_what_the_policy_judges_is_decided_by_itself_and_beside_its_customer(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    wish: dict[str, Any] = {"occurred_at": datetime.now(UTC), "customer_id": customer, "campaign_id": campaign}
    two = [ProposeTouch(touch_id=new_id(customer), **wish) for _ in range(2)]
    with pytest.raises(ValueError, match="by itself"):
        await daybook.handler.handle(two, Context("staff:1", new_id(), b"r", new_id()))
    elsewhere = next(
        one for one in iter(new_id, None) if daybook.record.partition_of(one) != daybook.record.partition_of(customer)
    )
    with pytest.raises(ValueError, match="beside the customer's"):
        await daybook.handler.handle(
            [ProposeTouch(touch_id=elsewhere, **wish)], Context("staff:1", new_id(), b"r", new_id())
        )


async def test_an_import_that_proposes_is_judged_too(bank, daybook):
    campaign = await bank.campaign()
    customers = [(await bank.customer())[0] for _ in range(3)]
    units = [
        Unit(
            [ProposeTouch(touch_id=new_id(one), occurred_at=datetime.now(UTC), customer_id=one, campaign_id=campaign)],
            Context("staff:1", new_id(), b"r", new_id()),
        )
        for one in customers
    ]
    answers = await daybook.handler.handle_copy(units)
    assert [answer.events[0].type for answer in answers] == ["touch.decided"] * 3


async def test_many_for_one_customer_in_one_import_do_not_exceed_a_cap(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    wish: dict[str, Any] = {"occurred_at": datetime.now(UTC), "customer_id": customer, "campaign_id": campaign}
    touches = [new_id(customer) for _ in range(5)]
    units = [
        Unit([ProposeTouch(touch_id=one, **wish)], Context("staff:1", new_id(), b"r", new_id())) for one in touches
    ]
    await daybook.handler.handle_copy(units)
    decided = [(await bank.touch(one))[0].decision for one in touches]
    assert sorted(decided) == ["hold"] * 3 + ["send"] * 2


# Several processes


def _life(dsn: str, admin: str, folder: str, seed: int, customers: list[tuple[UUID, UUID]], campaign: UUID) -> None:
    """One process: consents come and go, touches are proposed, contacts recorded, in an order of its own."""

    async def work() -> None:
        settings = Settings(database_url=dsn, data_dir=Path(folder))
        daybook = await Daybook.open(settings, Databases(dsn, admin, None))
        bank, random = Bank(daybook), Random(seed)

        async def one() -> None:
            for _ in range(12):
                customer, point = random.choice(customers)
                try:
                    what = random.random()
                    if what < 0.5:
                        await bank.propose(customer, campaign)
                    elif what < 0.65:
                        named = random.choice([None, *await bank.touches(customer)])
                        await bank.give(
                            RecordInteraction, interaction_id=new_id(customer), customer_id=customer, channel="email",
                            direction="outbound", purpose="marketing", touch_id=named,
                        )  # fmt: skip
                    else:
                        kind = random.choice((GrantConsent, WithdrawConsent, DenyConsent))
                        await bank.give(kind, **scope(customer, point), evidence_channel="web")
                except (ConditionFailed, VersionConflict, Refusal):
                    continue

        await asyncio.gather(*(one() for _ in range(4)))
        await daybook.close()

    uvloop.run(work())


async def test_no_interleaving_of_processes_sends_what_consent_or_a_cap_forbids(bank, daybook, database, tmp_path):
    campaign = await bank.campaign()
    customers = [await bank.customer(consents=False) for _ in range(4)]
    context = multiprocessing.get_context("spawn")
    given = (database.app_dsn, database.admin_dsn, str(tmp_path))
    workers = [context.Process(target=_life, args=(*given, seed, customers, campaign)) for seed in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    decided = 0
    for customer, _ in customers:
        answer, contacts, carried_out = "unset", 0, set[UUID]()
        for one in reversed(await daybook.record.read_customer(customer)):
            event = daybook.mapper.fact(one).event
            if one.type.startswith("customer.consent-"):
                answer = one.type.removeprefix("customer.consent-")
            if isinstance(event, TouchDecided):
                decided += 1
                assert (event.decision == "suppress") == (answer != "granted"), event
                assert event.decision != "send" or contacts < 2  # the cap of a week
                contacts += event.decision == "send"
                found = await lawfulness(daybook, one.stream_id)
                assert found is not None
                assert found.agrees
            if isinstance(event, InteractionRecorded):
                contacts += event.touch_id is None
                if event.touch_id is not None:
                    assert event.touch_id not in carried_out
                    carried_out.add(event.touch_id)
    assert decided > 10


def test_zones_of_the_tests_are_day_and_night():
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    assert datetime.now(ZoneInfo(awake())).hour in {11, 12, 13}
    assert datetime.now(ZoneInfo(asleep())).hour == 0
