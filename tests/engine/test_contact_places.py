"""Caps on a number that customers share, on a real record: claimed, judged, confirmed, whoever stops in between."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import uvloop

from domain.customer import DenyConsent
from domain.reservation import RESERVATION, Place
from domain.touch_messages import ProposeTouch, TouchReleased
from engine import contact_policies
from engine.contact_places import ContactPlaces
from engine.deciding import Context
from engine.handling import Unit
from engine.lawfulness import lawfulness
from engine.program_commands import Program
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.errors import ConditionFailed, VersionConflict
from store.identity import new_id
from tests.engine.shared_phone import WRITTEN, Sharers, capped, put_in_force
from tests.engine.test_contact_keeping import passed

LIMIT = 2


@pytest.fixture
def bank(daybook: Daybook, monkeypatch) -> Sharers:
    monkeypatch.setattr(contact_policies, "FIRST", capped(LIMIT))
    return Sharers(daybook)


class Stopped(Exception):  # the process, not a fault
    """Here a process stops."""


async def places(bank: Sharers, touch: UUID) -> dict[UUID, Place]:
    """Who holds the number that a touch was counted with."""
    reservation_id = (await bank.touch(touch))[-1].reservation_id
    return dict((await Program(bank.daybook).story(RESERVATION, reservation_id)).state.places)


def ends(held: dict[UUID, Place]) -> list[datetime]:
    """When places end, in order."""
    return sorted(place.ends_at for place in held.values() if place.ends_at is not None)


async def test_customers_who_share_a_number_are_counted_together_however_they_wrote_it(bank, daybook):
    campaign = await bank.notice()
    customers = [(await bank.sharer(written))[0] for written in WRITTEN]
    touches = [await bank.send(number, one, campaign) for number, one in enumerate(customers)]
    decided = [(await bank.touch(touch))[0] for touch in touches]
    assert [one.decision for one in decided] == ["send", "send", "hold", "hold"]
    assert [(one.rule, one.reason) for one in decided[1:3]] == [
        ("allowed", "all-rules-pass"), ("shared", "servicing.day"),
    ]  # fmt: skip
    assert len({one.reservation_id for one in decided}) == 1
    held = await places(bank, touches[0])
    assert ends(held) == [one.occurred_at + timedelta(days=1) for one in decided[:2]]
    assert all(place.confirmed for place in held.values())
    assert decided[2].held_until == decided[0].occurred_at + timedelta(days=1)
    for touch, said in zip(touches, ["lawful", "lawful", "not-sent", "not-sent"], strict=True):
        found = await lawfulness(daybook, touch)
        assert found is not None
        assert found.then is not None
        assert found.with_hindsight is not None
        assert (found.answer, found.agrees) == (said, True)
        assert found.with_hindsight.decision == found.then.decision
        (ground,) = [one for one in found.then.grounds if one.rule == "shared"]
        assert {found.events[one].recorded.stream_id for one in ground.events} == {decided[0].reservation_id}
        assert {found.events[one].recorded.customer_id for one in ground.events} == {None}
    data = b"".join([one.state for one in await daybook.record.read_stream(decided[0].reservation_id)])
    assert not any(value.encode() in data for value in (*WRITTEN, "13812345678"))


async def test_another_number_has_places_of_its_own_and_what_no_rule_caps_is_not_counted(bank):
    campaign, marketing = await bank.notice(), await bank.campaign()
    customers = [(await bank.sharer(written))[0] for written in (*WRITTEN[:2], "+86 139 0000 0000")]
    touches = [await bank.send(number, one, campaign) for number, one in enumerate(customers)]
    assert [(await bank.touch(touch))[0].decision for touch in touches] == ["send"] * 3
    consenting, _ = await bank.customer()
    assert (await bank.propose(consenting, marketing)).reservation_id is None


async def test_a_number_that_cannot_be_found_is_held(bank, daybook, admin):
    campaign = await bank.notice()
    customer, _ = await bank.sharer()
    await admin.execute("alter table vault.blind_index disable trigger all; delete from vault.blind_index")
    held = (await bank.touch(await bank.send(1, customer, campaign)))[0]
    assert (held.decision, held.reason, held.reservation_id) == ("hold", "value-unknown", None)
    found = await lawfulness(daybook, (await bank.touches(customer)).popitem()[0])
    assert found is not None
    assert found.agrees


def stop_after_claiming(places: ContactPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = places.claim

    async def stopping(*args: Any) -> Any:
        await claim(*args)
        raise Stopped

    monkeypatch.setattr(places, "claim", stopping)
    monkeypatch.setattr(places, "settle", lambda *_: nothing())


def stop_before_settling(places: ContactPlaces, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stopping(*_: Any) -> None:
        raise Stopped

    monkeypatch.setattr(places, "settle", stopping)


async def nothing() -> None:
    """What a process that has stopped does."""


@pytest.mark.parametrize("stop", [stop_after_claiming, stop_before_settling])
async def test_whoever_gives_the_command_again_brings_it_to_its_end(bank, daybook, stop):
    campaign = await bank.notice()
    customer, _ = await bank.sharer()
    with pytest.MonkeyPatch.context() as monkeypatch:
        stop(daybook.places, monkeypatch)
        with pytest.raises(Stopped):
            await bank.send(1, customer, campaign)
    touch = await bank.send(1, customer, campaign)
    ((_, place),) = (await places(bank, touch)).items()
    decided = (await bank.touch(touch))[0]
    assert (decided.decision, place.confirmed) == ("send", True)
    assert place.ends_at == decided.occurred_at + timedelta(days=1)


async def test_what_was_sent_and_not_settled_is_settled_by_the_keeper(bank, daybook):
    campaign = await bank.notice()
    customer, _ = await bank.sharer()
    with pytest.MonkeyPatch.context() as monkeypatch:
        stop_before_settling(daybook.places, monkeypatch)
        with pytest.raises(Stopped):
            await bank.send(1, customer, campaign)
    ((touch, _),) = (await bank.touches(customer)).items()
    assert [place.confirmed for place in (await places(bank, touch)).values()] == [False]
    await passed(daybook)
    assert [place.confirmed for place in (await places(bank, touch)).values()] == [True]


async def test_what_is_not_sent_after_all_gives_its_place_back(bank, daybook, monkeypatch):
    campaign = await bank.notice()
    customer, point = await bank.sharer()
    claim = daybook.places.claim
    refusal = {"contact_point_id": point, "channel": "sms", "purpose": "servicing", "text_version": "v1"}

    claimed: list[Any] = []

    async def refused_meanwhile(*args: Any) -> Any:
        claimed.append(found := await claim(*args))
        await bank.give(DenyConsent, customer_id=customer, **refusal, evidence_channel="phone")
        return found

    monkeypatch.setattr(daybook.places, "claim", refused_meanwhile)
    touch = await bank.send(1, customer, campaign)
    decided = (await bank.touch(touch))[0]
    assert (decided.decision, decided.reason) == ("suppress", "consent-denied")
    assert [one.mine is not None for one in claimed] == [True]
    assert not (await Program(daybook).story(RESERVATION, claimed[0].reservation_id)).state.places


async def test_what_is_held_is_sent_when_there_is_room_and_has_a_place_then(bank, daybook, monkeypatch):
    campaign = await bank.notice()
    customers = [(await bank.sharer())[0] for _ in range(LIMIT + 1)]
    touches = [await bank.send(number, one, campaign) for number, one in enumerate(customers)]
    await passed(daybook)
    row = await daybook.record.pool.fetchrow("select * from read_model.contact_due where key = $1", touches[-1])
    assert row["due_at"] == (await bank.touch(touches[-1]))[0].held_until
    monkeypatch.setattr(contact_policies, "FIRST", capped(LIMIT + 1))
    await daybook.contact_policies.of(0, None)  # it looks
    await passed(daybook, row["due_at"])
    released = (await bank.touch(touches[-1]))[-1]
    assert isinstance(released, TouchReleased)
    assert len(await places(bank, touches[-1])) == LIMIT + 1
    found = await lawfulness(daybook, touches[-1])
    assert found is not None
    assert (found.answer, found.agrees) == ("lawful", True)


async def test_a_page_of_a_campaign_is_capped_too(bank, daybook):
    campaign = await bank.notice()
    customers = [(await bank.sharer())[0] for _ in range(5)]
    wish: dict[str, Any] = {"occurred_at": datetime.now(UTC), "campaign_id": campaign}
    touches = [new_id(one) for one in customers]
    units = [
        Unit(
            [ProposeTouch(touch_id=touch, customer_id=one, **wish)],
            Context("a", new_id(), b"r", new_id()),
            new_stream=True,
        )
        for touch, one in zip(touches, customers, strict=True)
    ]
    await daybook.handler.handle_copy(units)
    decisions = [(await bank.touch(touch))[0].decision for touch in touches]
    assert sorted(decisions) == ["hold"] * 3 + ["send"] * 2


# Several processes that are killed

TOUCHES = 4
"""Of each customer."""


def _life(dsn: str, admin: str, folder: str, seed: int, customers: list[UUID], campaign: UUID) -> None:
    """One process: gives all commands in an order of its own, and dies anywhere."""
    put_in_force(capped(LIMIT))
    random = Random(seed)

    def dies() -> None:
        if random.random() < 0.04:
            os._exit(9)  # nothing is finished, as when it is killed

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        async def stepping(*args: Any) -> Any:
            dies()
            found = await step(*args)
            dies()
            return found

        return stepping

    async def work() -> None:
        daybook = await Daybook.open(Settings(database_url=dsn, data_dir=Path(folder)), Databases(dsn, admin, None))
        for name in ("claim", "settle"):
            setattr(daybook.places, name, dying(getattr(daybook.places, name)))
        await _given(Sharers(daybook), customers, campaign, random)
        await daybook.close()

    uvloop.run(work())


async def _given(bank: Sharers, customers: list[UUID], campaign: UUID, random: Random) -> None:
    commands = [(number, customer) for number in range(TOUCHES) for customer in customers]
    random.shuffle(commands)
    turns = asyncio.Semaphore(3)

    async def one(number: int, customer: UUID) -> None:
        async with turns:
            while True:
                try:
                    await bank.send(number, customer, campaign)
                except (ConditionFailed, VersionConflict):
                    continue
                return

    await asyncio.gather(*(one(*command) for command in commands))


async def test_no_interleaving_of_processes_that_are_killed_sends_more_to_a_number_than_may(
    bank, daybook, database, tmp_path
):
    campaign = await bank.notice()
    customers = [(await bank.sharer(written))[0] for written in WRITTEN]
    context = multiprocessing.get_context("spawn")
    given = (database.app_dsn, database.admin_dsn, str(tmp_path))
    workers = [context.Process(target=_life, args=(*given, seed, customers, campaign)) for seed in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert {worker.exitcode for worker in workers} <= {0, 9}
    await _given(bank, customers, campaign, Random(9))  # whoever comes after them gives the commands again
    touches = [touch for customer in customers for touch in await bank.touches(customer)]
    assert len(touches) == TOUCHES * len(customers)
    decided = [(touch, (await bank.touch(touch))[0]) for touch in touches]
    sent = sorted(event.occurred_at for _, event in decided if event.decision == "send")
    held = await places(bank, touches[0])
    assert len(sent) == LIMIT
    assert ends(held) == [one + timedelta(days=1) for one in sent]
    assert all(place.confirmed for place in held.values())
    for touch, _ in decided:
        found = await lawfulness(daybook, touch)
        assert found is not None
        assert found.agrees
