"""What the library drafts is what the governments have published; what it does not know is refused."""

from datetime import date

import pytest

from domain.working_calendar import DraftCalendar
from engine.drafting_calendars import MAKE_UP, PLACES, NotKnownYet, drafted, last_known_year
from tests.domain.clock_scenes import CN_HOLIDAYS, CN_WORKING, ENGLAND_HOLIDAYS
from tests.domain.scenario import to


def test_china_as_the_state_council_arranged_it():
    found = drafted("cn", 2025, 2026)
    worked = {one["day"] for one in found["days"] if one["kind"] == "working"}
    assert worked == CN_WORKING
    assert {one["name"] for one in found["days"] if one["kind"] == "working"} == {MAKE_UP}
    on_weekdays = {day for day in CN_HOLIDAYS if day.isoweekday() < 6}
    assert {
        one["day"] for one in found["days"] if one["kind"] == "holiday" and one["day"].isoweekday() < 6
    } == on_weekdays


def test_england_with_the_day_in_lieu():
    days = {one["day"] for one in drafted("gb.england", 2026, 2026)["days"]}
    assert {day for day in days if day.isoweekday() < 6} == {day for day in ENGLAND_HOLIDAYS if day.year == 2026}


@pytest.mark.parametrize("name", PLACES)
def test_every_draft_is_a_command(name):
    command = to(
        DraftCalendar, calendar_version=1, in_force_from=date(2026, 1, 1), drafted_by="daybook:clocks",
        **drafted(name, 2026, 2026),
    )  # fmt: skip
    assert command.source.startswith("holidays ")


def test_a_year_without_make_up_days_is_not_known_yet():
    with pytest.raises(NotKnownYet, match="make-up working days of 2090"):
        drafted("cn", 2090, 2090)
    assert last_known_year("cn", 2090) >= 2026
    assert last_known_year("us.federal", 2030) == 2030
