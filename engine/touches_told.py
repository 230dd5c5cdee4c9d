"""Touches as they are told, over the API and on the command line: each with the ruling that stands.

Lists say which touches there are, and the stream of each what was decided; what was disposed of is left out.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Literal, cast
from uuid import UUID

from domain.kernel import Event
from domain.touch import Standing, Touch, evolve
from domain.touch_messages import Ruling, TouchDecided, TouchExpired
from engine.wiring import Daybook
from projections.campaign_touches import campaign_touches
from projections.seeing import EVERYTHING
from projections.timeline import timeline
from store.record import MAX_POSITION


@dataclass(frozen=True, slots=True)
class ToldTouch:
    """A touch with the ruling that stands: that by which it was decided, or a held one was let go or given up.

    `decision` is the first one, `at` the moment of the ruling; `held_until` None: it is not held, or until something
    happens.
    """

    touch_id: UUID
    customer_id: UUID
    campaign_id: UUID
    campaign_version: int
    channel: str
    purpose: str
    status: Standing
    decision: Literal["send", "suppress", "hold"]
    rule: str
    rule_version: int
    reason: str
    held_until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class TouchPage:
    """`next` continues; None: there is no more."""

    touches: tuple[ToldTouch, ...]
    next: str | None


async def touches_of_customer(
    daybook: Daybook, customer_id: UUID, *, after: str | None = None, limit: int = 50
) -> TouchPage:
    """A customer's touches, last recorded first.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this record as it is now.
    """
    page = await timeline(daybook.models, customer_id, EVERYTHING, types=[TouchDecided.type], after=after, limit=limit)
    positions = {one.recorded.stream_id: MAX_POSITION for one in page.entries}
    return TouchPage(await _told(daybook, positions), page.next)


async def touches_of_campaign(
    daybook: Daybook, campaign_id: UUID, status: Standing | None = None, *, after: str | None = None, limit: int = 50
) -> TouchPage:
    """A campaign's touches, last decided first; of those that stand in one way if given.

    Each is told as it stood when the read model last changed its row, so that what is asked for is what is shown.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    page = await campaign_touches(daybook.models, campaign_id, status, after=after, limit=limit)
    return TouchPage(await _told(daybook, page.positions), page.next)


async def _told(daybook: Daybook, positions: Mapping[UUID, int]) -> tuple[ToldTouch, ...]:
    """These touches in their order, each by its events up to a position."""
    record, by_partition = daybook.record, daybook.record.by_partition(positions)
    pages = await asyncio.gather(*(record.read_streams(partition, ids) for partition, ids in by_partition.items()))
    told = {
        touch_id: _touch(
            touch_id, [daybook.mapper.fact(one).event for one in of if one.position <= positions[touch_id]]
        )
        for page in pages
        for touch_id, of in page.items()
    }
    return tuple(touch for touch_id in positions if (touch := told[touch_id]) is not None)


def _touch(touch_id: UUID, events: Sequence[Event]) -> ToldTouch | None:
    """The touch that its events tell; None: their data is disposed of."""
    decided = events[0]
    if not isinstance(decided, TouchDecided):
        return None
    status = cast("Standing", reduce(evolve, events, Touch()).status)
    ruling = next(one for one in reversed(events) if isinstance(one, Ruling))
    expired = next((one.reason for one in events if isinstance(one, TouchExpired)), None)
    return ToldTouch(
        touch_id=touch_id,
        customer_id=decided.customer_id,
        campaign_id=decided.campaign_id,
        campaign_version=decided.campaign_version,
        channel=decided.channel,
        purpose=decided.purpose,
        status=status,
        decision=decided.decision,
        rule=ruling.rule,
        rule_version=ruling.rule_version,
        reason=expired or ruling.reason,
        held_until=decided.held_until if status == "held" else None,
        at=ruling.occurred_at,
    )
