"""Drawing a period's sample again, from the whole record: was it drawn as the plan says?"""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from domain.interaction_messages import InteractionDrawn, InteractionRecorded
from domain.kernel import Event
from domain.sampling import period_of
from engine.sampling_plans import SamplingPlans, drawn, plan_at
from engine.wiring import Daybook
from store.envelope import RecordedEvent

PAGE: Final = 2000
TYPES: Final = (InteractionRecorded.type, InteractionDrawn.type)


async def drawn_again(daybook: Daybook, period: str) -> dict[str, Any]:
    """Do the drawing of a period again, from the whole record.

    How many `interactions` were in it and how many are `drawn`; ids of those that are `missing`, that should have been
    drawn and were not, and of those that are `extra`.
    """
    plans = await SamplingPlans(daybook.models, daybook.mapper).look()
    wanted: set[UUID] = set()
    found: set[UUID] = set()
    interactions = 0
    for partition in range(daybook.record.partitions):
        async for recorded, event in _told(daybook, partition):
            if isinstance(event, InteractionDrawn):
                if event.period == period:
                    found.add(recorded.stream_id)
            elif isinstance(event, InteractionRecorded):
                plan = plan_at(plans, event.occurred_at)
                if plan is not None and period_of(plan.told.period, plan.told.zone, event.occurred_at) == period:
                    interactions += 1
                    if drawn(daybook.vault, plans, recorded.stream_id, event) is not None:
                        wanted.add(recorded.stream_id)
    missing, extra = (sorted(map(str, of)) for of in (wanted - found, found - wanted))
    return {"period": period, "interactions": interactions, "drawn": len(found), "missing": missing, "extra": extra}


async def _told(daybook: Daybook, partition: int) -> AsyncIterator[tuple[RecordedEvent, Event]]:
    position = 0
    while events := await daybook.record.read_types(partition, TYPES, position, limit=PAGE):
        for one in events:
            yield one, daybook.mapper.fact(one).event
        position = events[-1].position + 1
