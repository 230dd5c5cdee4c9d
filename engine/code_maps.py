"""Code maps in force: of each map the highest active version, for what ends on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from domain.code_map import CodeMapActivated, CodeMapProposed
from engine.wiring import Daybook
from projections import audit_trail
from projections.audit_trail import AuditFilter
from projections.seeing import EVERYTHING

ACTIVATED: Final = CodeMapActivated.type
MAPS_MAX: Final = 1000


@dataclass(frozen=True)
class ActiveMap:
    """A version of a map, from the day on which it is in force."""

    map_id: UUID
    since: date
    told: CodeMapProposed

    def codes(self) -> Mapping[str, tuple[str, list[str]]]:
        """By the other's code: its name, and the bank's codes that are told so."""
        found: dict[str, tuple[str, list[str]]] = {}
        for entry in self.told.entries:
            found.setdefault(entry.external, (entry.name, []))[1].append(entry.code)
        return dict(sorted(found.items()))


async def maps_in_force(daybook: Daybook, day: date) -> dict[str, ActiveMap]:
    """By name, the version of each map for a return that ends on this day.

    A version is never in force before the day after its activation, but for the first of its map: so a return that
    was made is made the same again.
    """
    found = await audit_trail.search(daybook.models, AuditFilter(type=ACTIVATED), EVERYTHING, limit=MAPS_MAX)
    versions: dict[str, list[ActiveMap]] = {}
    for entry in sorted(found.entries, key=lambda one: (one.recorded_at, one.stream_id)):
        told = await _proposed(daybook, entry.stream_id)
        of_map = versions.setdefault(told.code_map, [])
        earliest = told.in_force_from if not of_map else _after(entry.recorded_at)
        of_map.append(ActiveMap(entry.stream_id, max(told.in_force_from, earliest), told))
    return {
        name: max(good, key=lambda one: (one.told.map_version, one.map_id))
        for name, of_map in versions.items()
        if (good := [one for one in of_map if one.since <= day])
    }


def _after(moment: datetime) -> date:
    return moment.astimezone(UTC).date() + timedelta(days=1)


async def _proposed(daybook: Daybook, stream_id: UUID) -> CodeMapProposed:
    (first,) = await daybook.record.read_stream(stream_id, -1, 1)
    return cast("CodeMapProposed", daybook.mapper.fact(first).event)
