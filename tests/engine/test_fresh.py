"""What is known is looked up seldom, by one, and stays known while nobody can look."""

import asyncio

import pytest

from engine.fresh import Fresh

PASSES = OSError("no connection")


class Look:
    """Gives 1, 2, 3, or fails while it is told to; waits for the gate."""

    def __init__(self) -> None:
        self.looks = 0
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> int:
        self.looks += 1
        looked = self.looks
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails
        return looked


@pytest.fixture
def look() -> Look:
    return Look()


async def test_who_asks_again_soon_is_told_what_is_known(look):
    fresh = Fresh(look, 60)
    assert [await fresh.get() for _ in range(3)] == [1, 1, 1]
    assert await fresh.look() == 2
    assert (await fresh.get(), look.looks) == (2, 2)


async def test_what_is_too_old_is_looked_up_again(look):
    fresh = Fresh(look, 0)
    assert [await fresh.get() for _ in range(3)] == [1, 2, 3]


async def test_until_something_is_known_all_wait_for_one_look(look):
    look.gate.clear()
    fresh = Fresh(look, 60)
    asking = [asyncio.create_task(fresh.get()) for _ in range(5)]
    await asyncio.sleep(0)
    look.gate.set()
    assert await asyncio.gather(*asking) == [1] * 5
    assert look.looks == 1


async def test_who_comes_while_one_looks_again_goes_on_with_what_is_known(look):
    fresh = Fresh(look, 60)
    await fresh.get()
    look.gate.clear()
    fresh._looked_at -= 61
    again = asyncio.create_task(fresh.get())
    await asyncio.sleep(0)
    assert await fresh.get() == 1
    look.gate.set()
    assert (await again, look.looks) == (2, 2)


async def test_a_look_that_fails_is_nobodys_answer_until_something_is_known(look):
    fresh = Fresh(look, 60, despite=(OSError,))
    look.fails = PASSES
    for _ in range(2):
        with pytest.raises(OSError, match="no connection"):
            await fresh.get()
    look.fails = None
    assert await fresh.get() == 3


async def test_who_knows_something_goes_on_despite_what_passes(look):
    fresh = Fresh(look, 60, despite=(OSError,))
    await fresh.get()
    fresh._looked_at -= 61
    look.fails = PASSES
    assert [await fresh.get() for _ in range(3)] == [1, 1, 1]
    assert look.looks == 2, "and does not look at once again"
    with pytest.raises(OSError, match="no connection"):
        await fresh.look()


async def test_after_any_other_error_the_next_one_who_asks_looks(look):
    fresh = Fresh(look, 60)
    await fresh.get()
    fresh._looked_at -= 61
    look.fails = PASSES
    for _ in range(2):
        with pytest.raises(OSError, match="no connection"):
            await fresh.get()
    look.fails = None
    assert await fresh.get() == 4
