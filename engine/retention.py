"""The retention schedule in force: the highest version that is active in the record; without one nothing is erased."""

from typing import Final, cast
from uuid import UUID

from domain.retention_schedule import RetentionScheduleProposed
from engine.mapping import EventMapper
from projections import audit_trail
from projections.audit_trail import AuditFilter
from projections.models import ReadModels
from projections.seeing import EVERYTHING

ACTIVATED: Final = "retention-schedule.activated"
SCHEDULES_MAX: Final = 500


async def schedule_in_force(models: ReadModels, mapper: EventMapper) -> tuple[UUID, RetentionScheduleProposed] | None:
    """The schedule and its stream; of two with one number everybody takes the same. None: none is active."""
    found = await audit_trail.search(models, AuditFilter(type=ACTIVATED), EVERYTHING, limit=SCHEDULES_MAX)
    proposed: list[tuple[UUID, RetentionScheduleProposed]] = []
    for entry in found.entries:
        (first,) = await models.record.read_stream(entry.stream_id, -1, 1)
        proposed.append((entry.stream_id, cast("RetentionScheduleProposed", mapper.fact(first).event)))
    return max(proposed, key=lambda one: (one[1].schedule_version, one[0]), default=None)
