"""The retention schedule in force: the highest version that is active in the record; without one nothing is erased."""

from uuid import UUID

from domain.retention_schedule import RetentionScheduleActivated, RetentionScheduleProposed
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions
from projections.models import ReadModels


async def schedule_in_force(models: ReadModels, mapper: EventMapper) -> tuple[UUID, RetentionScheduleProposed] | None:
    """The schedule and its stream; of two with one number everybody takes the same. None: none is active."""
    found = await ActiveVersions(models, mapper, RetentionScheduleProposed, RetentionScheduleActivated).look()
    highest = max(found, key=lambda one: (one.proposed.schedule_version, one.stream_id), default=None)
    return None if highest is None else (highest.stream_id, highest.proposed)
