"""Versions of rules in force: all of them, in order, and none that changes what was worked out before."""

from datetime import UTC, date, datetime

import pytest

from domain.retention_schedule import RetentionScheduleActivated, RetentionScheduleProposed
from engine import rule_versions
from engine.rule_versions import active_versions, in_force_since
from tests.engine.privacy import privacy_bank

MAY = date(2026, 5, 1)
LATE = datetime(2026, 5, 3, 11, tzinfo=UTC)  # the fourth already in the farthest east


def test_the_first_reaches_back_and_a_later_one_never():
    assert in_force_since(MAY, LATE, first=True) == MAY
    assert in_force_since(MAY, LATE, first=False) == date(2026, 5, 5)
    assert in_force_since(date(2026, 6, 1), LATE, first=False) == date(2026, 6, 1)


@pytest.mark.parametrize("page", [1, 2, 3, 500])
async def test_all_are_told_in_order_however_many_pages_they_take(daybook, database, monkeypatch, page):
    monkeypatch.setattr(rule_versions, "PAGE", page)
    async with privacy_bank(daybook, database) as bank:
        for _ in range(3):
            await bank.schedule()
        assert await daybook.models.wait_for("audit_trail", await daybook.record.end(), 10) == "seen"
        asked = (daybook.models, daybook.mapper, RetentionScheduleProposed, RetentionScheduleActivated)
        found = [one.proposed.schedule_version for one in await active_versions(*asked)]
    assert found == [1, 2, 3]
