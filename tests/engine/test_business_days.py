"""Business days of a return: by the adopted calendar as it was in force, and said; else weekdays, and said."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.complaint import CloseComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.matters import Sight
from engine.returns import Cell, Wanted, behind_return, make_return
from engine.status import caught_up
from engine.wiring import Daybook
from store.identity import new_id
from tests.engine.clock_bank import ClockBank, clock_bank

NOBODY = Sight("staff:1")
SPRING = Wanted("fca-disp", date(2026, 1, 1), date(2026, 6, 30))
EASTER = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25), date(2026, 1, 1)}
FIRST = date(2026, 3, 30)


async def complain(bank: ClockBank, received: datetime, days: int) -> None:
    complaint_id = new_id()
    closed = received + timedelta(days=days)
    await bank.say(ReceiveComplaint, complaint_id, received, complainant_id=new_id(), channel="phone", product="loan")
    await bank.say(IssueFinalResponse, complaint_id, closed, outcome="upheld", redress="none")
    await bank.say(CloseComplaint, complaint_id, closed)


def is_soon(received: date, days: int, holidays: set[date]) -> bool:
    """Closed no later than on the third day that is worked."""
    after = (received + timedelta(days=n + 1) for n in range(31))
    worked = [day for day in after if day.isoweekday() < 6 and day not in holidays]
    return received + timedelta(days=days) <= worked[2]


@pytest.fixture
async def around_easter(daybook: Daybook) -> Any:
    """A complaint of each day of two weeks, closed after each of so many days, at noon."""
    async with clock_bank(daybook) as bank:
        for weekday in range(10):
            for days in range(2, 9):
                received = datetime.combine(FIRST + timedelta(days=weekday), datetime.min.time(), UTC)
                await complain(bank, received + timedelta(hours=12), days)
        yield bank


def expected(holidays: set[date]) -> int:
    days = (FIRST + timedelta(days=n) for n in range(10))
    return sum(is_soon(day, days_open, holidays) for day in days for days_open in range(2, 9))


def soon(made: dict[str, Any]) -> int:
    return made["tables"][0]["total"]["closed-3-days"]


async def test_holidays_of_the_adopted_calendar_are_taken_off(around_easter: ClockBank) -> None:
    daybook = around_easter.daybook
    await caught_up(daybook)
    before = await make_return(daybook, SPRING, NOBODY)
    assert soon(before) == expected(set())
    assert before["business_days"] == {
        "calendar": "gb.england", "calendar_versions": (), "zone": "UTC", "covers_from": None, "covers_until": None,
        "weekdays": True,
    }  # fmt: skip
    await around_easter.calendar("gb.england", covers_from=date(2025, 1, 1), covers_until=date(2026, 12, 31))
    await caught_up(daybook)
    made = await make_return(daybook, SPRING, NOBODY)
    assert soon(made) == expected(EASTER) > expected(set())
    said = made["business_days"]
    assert (said["calendar_versions"], said["zone"], said["weekdays"]) == ((1,), "Europe/London", False)
    columns = made["tables"][0]["total"]
    assert columns["closed-3-days"] + columns["closed-8-weeks"] + columns["closed-later"] == columns["closed"] == 70
    page = await behind_return(daybook, SPRING, Cell(table="1", column="closed-3-days"), NOBODY, limit=500)
    assert len(page.counted) == expected(EASTER)
    later = await make_return(daybook, Wanted("fca-disp", date(2026, 7, 1), date(2027, 6, 30)), NOBODY)
    assert later["business_days"]["weekdays"], "the calendar ends before the period"
    other = await make_return(daybook, Wanted("jrt-0169", date(2026, 1, 1), date(2026, 6, 30)), NOBODY)
    assert other["business_days"] is None


async def test_a_draft_that_nobody_adopted_counts_for_nothing(around_easter: ClockBank) -> None:
    await around_easter.calendar("gb.england", agreed=False)
    await caught_up(around_easter.daybook)
    made = await make_return(around_easter.daybook, SPRING, NOBODY)
    assert (soon(made), made["business_days"]["weekdays"]) == (expected(set()), True)
