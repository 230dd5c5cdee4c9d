"""Interactions are drawn as the plan says, once, whatever is killed; and whoever has the key can do it again."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.interaction_messages import DrawInteraction, InteractionRecorded, RecordInteraction
from domain.sampling import drawing_text, is_drawn
from domain.sampling_plan import ActivateSamplingPlan, ProposeSamplingPlan
from engine.deciding import Context
from engine.drawing_again import drawn_again
from engine.following import Following
from engine.sampling import ACTOR, Sampler, Sampling
from engine.sampling_plans import SamplingPlans, plan_key
from engine.status import caught_up
from projections import screening_queue
from projections.errors import LeaseLost
from projections.seeing import EVERYTHING
from store.identity import new_id

NOW = datetime.now(UTC)
TODAY = NOW.date()
IN_FORCE = NOW + timedelta(days=3)  # a plan that is activated now draws from then at the latest
PERIOD = f"{IN_FORCE:%Y-%m}"
DRAWN = "interaction.drawn"
ALL = {"channel": None, "purpose": None, "per_10_000": 10_000}


class SampledBank:
    def __init__(self, daybook: Any) -> None:
        self.daybook = daybook
        self.plans = SamplingPlans(daybook.models, daybook.mapper)

    async def give(self, command: Any) -> None:
        command_id = new_id()
        await self.daybook.handler.handle([command], Context("staff:1", command_id, b"x" * 32, command_id))

    async def plan(self, *rates: dict[str, Any], version: int = 1, since: date = TODAY, seed: str = "a") -> UUID:
        plan_id = new_id()
        facts = {"plan_version": version, "in_force_from": since, "period": "month", "zone": "UTC", "seed": seed,
                 "rates": rates, "proposed_by": "staff:1"}  # fmt: skip
        await self.give(ProposeSamplingPlan.model_validate({"plan_id": plan_id, "occurred_at": NOW, **facts}))
        await self.give(ActivateSamplingPlan(plan_id=plan_id, occurred_at=NOW, activated_by="staff:2"))
        await caught_up(self.daybook)
        await self.plans.look()
        return plan_id

    async def talk(self, count: int, at: datetime = IN_FORCE, **facts: Any) -> list[UUID]:
        ids = [new_id() for _ in range(count)]
        told = {"channel": "phone", "direction": "inbound", "purpose": "servicing", **facts}
        await asyncio.gather(*(
            self.give(RecordInteraction.model_validate(
                {"interaction_id": one, "customer_id": new_id(beside=one), "occurred_at": at, **told}
            ))
            for one in ids
        ))  # fmt: skip
        return ids

    async def samplers(self, holder: str = "one") -> list[Sampler]:
        partitions = range(self.daybook.record.partitions)
        found = [await Sampler.open(self.daybook, self.plans, one, holder, 10) for one in partitions]
        return [one for one in found if one is not None]

    async def draw(self, samplers: Sequence[Sampler]) -> None:
        for one in samplers:
            while await one.turn():
                pass

    async def drawn(self) -> list[Any]:
        found: list[Any] = []
        for partition in range(self.daybook.record.partitions):
            found += await self.daybook.record.read_types(partition, (DRAWN,), 0)
        return found


@pytest.fixture
async def bank(daybook) -> AsyncGenerator[SampledBank]:
    async with await Following.start(daybook.models):
        yield SampledBank(daybook)


async def test_what_is_drawn_follows_from_key_seed_period_and_id(bank):
    plan_id = await bank.plan({"channel": "phone", "purpose": None, "per_10_000": 2500}, seed="winter")
    ids, others = await bank.talk(200), await bank.talk(20, channel="email")
    await bank.draw(await bank.samplers())
    key = plan_key(bank.daybook.vault, plan_id)
    wanted = {one for one in ids if is_drawn(hmac.digest(key, drawing_text("winter", PERIOD, one), "sha256"), 2500)}
    events = await bank.drawn()
    assert {one.stream_id for one in events} == wanted
    assert 20 < len(wanted) < 90
    assert not wanted.intersection(others), "of e-mails none"
    told = orjson.loads(events[0].state)
    assert (told["plan_id"], told["plan_version"], told["period"]) == (str(plan_id), 1, PERIOD)
    assert (told["per_10_000"], told["channel"], told["purpose"]) == (2500, "phone", "servicing")
    recorded = (await bank.daybook.record.read_stream(events[0].stream_id))[0]
    assert (events[0].actor, events[0].causation_id) == (ACTOR, recorded.event_id)


async def test_nothing_is_drawn_twice_whatever_is_killed_in_between(bank):
    await bank.plan(ALL)
    ids = await bank.talk(30)
    first = await bank.samplers()
    plans = await bank.plans.look()
    for one in first:  # drawn, and killed before the bookmark was moved
        events = await bank.daybook.record.read_types(one._partition, (InteractionRecorded.type,), 0)
        await one._draw(plans, events)
        await one.close()
    second = await bank.samplers("two")
    await bank.draw(second)
    for one in first:
        with pytest.raises(LeaseLost):
            await one._bookmark.move(0)
    assert sorted(one.stream_id for one in await bank.drawn()) == sorted(ids)
    await bank.daybook.models.writers.execute("update read_model.keeper_bookmark set position = 0")
    await bank.daybook.models.writers.execute("delete from read_model.lease where duty = 'sampling'")
    await bank.draw(await bank.samplers("three"))
    assert len(await bank.drawn()) == 30


async def test_a_plan_never_reaches_back_and_the_highest_version_draws(bank):
    await bank.plan(ALL, since=date(2020, 1, 1))
    early = await bank.talk(10, NOW)
    late = await bank.talk(10)
    await bank.plan({**ALL, "per_10_000": 0}, version=2, since=(IN_FORCE + timedelta(days=40)).date())
    much_later = await bank.talk(10, IN_FORCE + timedelta(days=41))
    await bank.draw(await bank.samplers())
    drawn = {one.stream_id for one in await bank.drawn()}
    assert drawn == set(late)
    assert not drawn.intersection(early, much_later)


async def test_without_a_plan_nothing_is_drawn_from_what_was_recorded_before(bank):
    before = await bank.talk(10)
    await bank.draw(await bank.samplers())
    await bank.plan(ALL)
    after = await bank.talk(10)
    await bank.draw(await bank.samplers())
    assert {one.stream_id for one in await bank.drawn()} == set(after)
    assert before


async def test_a_drawing_is_checked_from_the_record(bank):
    plan_id = await bank.plan(ALL)
    ids = await bank.talk(5)
    told = await drawn_again(bank.daybook, PERIOD)
    assert (told["interactions"], told["drawn"], told["missing"]) == (5, 0, sorted(map(str, ids)))
    await bank.draw(await bank.samplers())
    assert await drawn_again(bank.daybook, PERIOD) == {
        "period": PERIOD, "interactions": 5, "drawn": 5, "missing": [], "extra": [],
    }  # fmt: skip
    (chosen,) = await bank.talk(1, NOW)
    await bank.give(DrawInteraction(
        interaction_id=chosen, occurred_at=NOW, draw_id=new_id(), plan_id=plan_id, plan_version=1, period=PERIOD,
        per_10_000=1, channel="phone", purpose="servicing",
    ))  # fmt: skip
    assert (await drawn_again(bank.daybook, PERIOD))["extra"] == [str(chosen)]


async def test_drawn_beside_everything_else(bank):
    await bank.plan(ALL)
    (one,) = await bank.talk(1)
    async with Sampling(bank.daybook, idle_s=0.02):
        for _ in range(400):
            if await bank.drawn():
                break
            await asyncio.sleep(0.05)
    await caught_up(bank.daybook)
    page = await screening_queue.waiting(bank.daybook.models, EVERYTHING)
    assert [row.interaction_id for row in page.waiting] == [one]
