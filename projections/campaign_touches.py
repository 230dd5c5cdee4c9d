"""Which touches a campaign has, page by page. What was decided of each the record tells: see `engine.touches_told`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, get_args
from uuid import UUID

from domain.touch import Standing
from projections.campaign_results import NAME
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.models import ReadModels

STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)


@dataclass(frozen=True, slots=True)
class TouchPlaces:
    """Touches, last decided first, each with the position of the event that last changed its row.

    `next` continues; None: there is no more.
    """

    positions: Mapping[UUID, int]
    next: str | None


async def campaign_touches(
    models: ReadModels, campaign_id: UUID, status: Standing | None = None, *, after: str | None = None, limit: int = 50
) -> TouchPlaces:
    """Touches of a campaign, of those that stand in one way if given.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    ways = list(STANDINGS) if status is None else [status]
    pages = await models.fetch_all(NAME, "campaign_touches", campaign_id, before, before_id, ways, wanted + 1)
    rows, more = first_of(pages, wanted, lambda row: (row["decided_at"], row["touch_id"]))
    last = rows[-1] if more else None
    mark = write_mark(models.record.incarnation, last["decided_at"], last["touch_id"]) if last else None
    return TouchPlaces(MappingProxyType({row["touch_id"]: row["position"] for row in rows}), mark)
