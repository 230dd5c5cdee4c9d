"""Versions of rules in force: all of them, in order, and none that changes what was worked out before."""

from datetime import UTC, date, datetime

from domain.retention_schedule import RetentionScheduleActivated, RetentionScheduleProposed
from engine.rule_versions import ActiveVersions, in_force_since
from projections import audit_trail
from tests.engine.privacy import privacy_bank

MAY = date(2026, 5, 1)
LATE = datetime(2026, 5, 3, 11, tzinfo=UTC)  # the fourth already in the farthest east


def test_the_first_reaches_back_and_a_later_one_never():
    assert in_force_since(MAY, LATE, first=True) == MAY
    assert in_force_since(MAY, LATE, first=False) == date(2026, 5, 5)
    assert in_force_since(date(2026, 6, 1), LATE, first=False) == date(2026, 6, 1)


async def test_all_are_told_in_order_and_a_new_one_at_once(daybook, database, monkeypatch):
    read = []
    of_record = daybook.record.read_stream

    async def counted(stream_id, *more):
        read.append(stream_id)
        return await of_record(stream_id, *more)

    async with privacy_bank(daybook, database) as bank:
        kept = ActiveVersions(daybook.models, daybook.mapper, RetentionScheduleProposed, RetentionScheduleActivated)
        assert await kept.look() == ()
        for number in (1, 2, 3):
            await bank.schedule()
            assert await daybook.models.wait_for("audit_trail", await daybook.record.end(), 10) == "seen"
            monkeypatch.setattr(daybook.record, "read_stream", counted)
            read.clear()
            found = await kept.look()
            assert [one.proposed.schedule_version for one in found] == list(range(1, number + 1))
            assert len(read) == 1, "only the new one is read"
            assert await kept.look() is found
            assert len(read) == 1
            monkeypatch.undo()
        anew = ActiveVersions(daybook.models, daybook.mapper, RetentionScheduleProposed, RetentionScheduleActivated)
        assert await anew.look() == found


async def test_one_that_the_read_model_shows_late_is_taken_all_the_same(daybook, database, monkeypatch):
    """As when the first was parked: it comes before the ones that are known."""
    of_trail = audit_trail.positions_of
    async with privacy_bank(daybook, database) as bank:
        for _ in range(2):
            await bank.schedule()
        assert await daybook.models.wait_for("audit_trail", await daybook.record.end(), 10) == "seen"
        kept = ActiveVersions(daybook.models, daybook.mapper, RetentionScheduleProposed, RetentionScheduleActivated)
        everything = await kept.look()
        parked = await ActiveVersions(
            daybook.models, daybook.mapper, RetentionScheduleProposed, RetentionScheduleActivated
        ).look()
        first = await daybook.record.read_stream(parked[0].stream_id)
        hidden = first[-1].partition, first[-1].position

        async def without_first(models, event_type):
            of = await of_trail(models, event_type)
            of[hidden[0]].remove(hidden[1])
            return of

        monkeypatch.setattr(audit_trail, "positions_of", without_first)
        assert await kept.look() == everything[1:]
        monkeypatch.undo()
        assert await kept.look() == everything
