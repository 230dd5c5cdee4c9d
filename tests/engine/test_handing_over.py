"""A portfolio is handed over customer by customer, once each, whoever is killed or works beside."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain import CUSTOMER, PORTFOLIO_HANDOVER
from domain.customer_messages import AssignRelationshipManager, EndRelationship, RegisterCustomer
from domain.kernel import Command, Refusal
from domain.portfolio_handover import OrderPortfolioHandover, PortfolioHandoverCompleted, StopPortfolioHandover
from engine.deciding import Context
from engine.following import Following
from engine.handing_over import HandingOver, handing_over
from engine.wiring import Daybook
from projections import portfolio
from store.identity import new_id

OLD, NEW, THIRD = "staff:rm-1", "staff:rm-2", "staff:rm-3"


@pytest.fixture
async def following(daybook):
    async with await Following.start(daybook.models):
        yield daybook


async def give(daybook: Daybook, *commands: Command) -> None:
    await daybook.handler.handle(commands, Context("staff:1", new_id(), b"", new_id()))


async def customers(daybook: Daybook, count: int, manager: str = OLD) -> list[UUID]:
    made = [new_id() for _ in range(count)]
    for one in made:
        await give(
            daybook,
            RegisterCustomer(customer_id=one, occurred_at=now(), kind="person"),
            AssignRelationshipManager(customer_id=one, occurred_at=now(), relationship_manager=manager),
        )
    return made


def now() -> datetime:
    return datetime.now(UTC)


async def order(daybook: Daybook) -> UUID:
    handover_id = new_id()
    of: dict[str, Any] = {"from_manager": OLD, "to_manager": NEW, "reason": "retired", "ordered_by": "staff:1"}
    await give(daybook, OrderPortfolioHandover(handover_id=handover_id, occurred_at=now(), **of))
    return handover_id


async def state(daybook: Daybook, aggregate, stream_id: UUID):
    found = aggregate.initial
    for one in await daybook.record.read_stream(stream_id):
        found = aggregate.evolve(found, daybook.mapper.fact(one).event)
    return found


async def managers(daybook: Daybook, ids: list[UUID]) -> list[str]:
    return [(await state(daybook, CUSTOMER, one)).relationship_manager for one in ids]


async def gone_over(daybook: Daybook, handover_id: UUID) -> int:
    """How many customers a completed handover says that it gave over."""
    event = daybook.mapper.fact((await daybook.record.read_stream(handover_id))[-1]).event
    assert isinstance(event, PortfolioHandoverCompleted)
    return event.customers


async def test_everybody_goes_over_and_then_it_is_complete(following):
    mine, others = await customers(following, 9), await customers(following, 2, THIRD)
    gone = mine.pop()
    await give(following, EndRelationship(customer_id=gone, occurred_at=now(), reason="moved"))
    handover_id = await order(following)
    done = await HandingOver(following).run()
    assert (done.customers, done.completed, done.behind) == (8, [], [handover_id])
    assert await managers(following, mine) == [NEW] * 8
    assert await managers(following, [gone, *others]) == [OLD, THIRD, THIRD]
    done = await HandingOver(following).run()
    assert (done.customers, done.completed) == (0, [handover_id])
    assert await gone_over(following, handover_id) == 8
    assert (await HandingOver(following).run()).completed == []
    assert (await portfolio.sizes(following.models)).sizes == {NEW: 8, OLD: 1, THIRD: 2}


async def test_who_is_killed_is_followed_by_another_and_nobody_goes_over_twice(following, monkeypatch):
    mine = await customers(following, 6)
    handover_id = await order(following)
    handle, handled = following.handler.handle, []

    async def killed(commands, context, **more):
        handled.append(await handle(commands, context, **more))
        if len(handled) == 3:
            raise asyncio.CancelledError
        return handled[-1]

    with monkeypatch.context() as patched:
        patched.setattr(following.handler, "handle", killed)
        with pytest.raises(asyncio.CancelledError):
            await HandingOver(following).run()
    while not (done := await HandingOver(following).run()).completed:
        assert done.behind == [handover_id]
    assert await managers(following, mine) == [NEW] * 6
    assert await gone_over(following, handover_id) == 6
    for one in mine:
        assert len(await following.record.read_stream(one)) == 3, "registered, assigned, handed over"


async def test_two_at_once_hand_everybody_over_once(following):
    mine = await customers(following, 12)
    handover_id = await order(following)
    for _ in range(4):
        await asyncio.gather(HandingOver(following).run(), HandingOver(following).run())
        if (await state(following, PORTFOLIO_HANDOVER, handover_id)).status == "completed":
            break
    assert await gone_over(following, handover_id) == 12
    assert [len(await following.record.read_stream(one)) for one in mine] == [3] * 12


async def test_whom_somebody_gives_to_a_third_meanwhile_stays_there(following, monkeypatch):
    (one,) = await customers(following, 1)
    handover_id = await order(following)
    working = HandingOver(following)
    read = working._program.story

    async def then_given_away(aggregate, stream_id):
        found = await read(aggregate, stream_id)
        if aggregate is CUSTOMER and found.state.relationship_manager == OLD:
            away = AssignRelationshipManager(customer_id=one, occurred_at=now(), relationship_manager=THIRD)
            await give(following, away)
        return found

    monkeypatch.setattr(working._program, "story", then_given_away)
    assert (await working.run()).behind == [handover_id]
    assert await managers(following, [one]) == [THIRD]
    assert (await HandingOver(following).run()).completed == [handover_id]
    assert await gone_over(following, handover_id) == 0


async def test_what_is_stopped_goes_on_no_more(following):
    mine = await customers(following, 2)
    handover_id = await order(following)
    await give(following, StopPortfolioHandover(handover_id=handover_id, occurred_at=now(), stop_reason="mistake"))
    done = await HandingOver(following).run()
    assert (done.customers, done.completed, done.behind) == (0, [], [])
    assert await managers(following, mine) == [OLD] * 2
    again = await order(following)
    assert (await HandingOver(following).run()).behind == [again]
    with pytest.raises(Refusal):
        await give(following, StopPortfolioHandover(handover_id=new_id(), occurred_at=now(), stop_reason="mistake"))


async def test_the_loop_takes_up_what_is_ordered(following):
    mine = await customers(following, 3)
    async with handing_over(following, interval_s=0.02) as works:
        assert works
        handover_id = await order(following)
        async with asyncio.timeout(60):
            while (await state(following, PORTFOLIO_HANDOVER, handover_id)).status != "completed":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert await managers(following, mine) == [NEW] * 3


async def test_a_process_that_leaves_it_to_others_does_nothing(following):
    following.settings = following.settings.model_copy(update={"handovers": False})
    async with handing_over(following) as works:
        assert not works
