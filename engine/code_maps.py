"""Code maps in force: of each map the highest active version, for what ends on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from domain.code_map import CodeMapActivated, CodeMapProposed
from engine.rule_versions import ActiveVersions, in_force_since
from engine.wiring import Daybook


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
    versions: dict[str, list[ActiveMap]] = {}
    for one in await ActiveVersions(daybook.models, daybook.mapper, CodeMapProposed, CodeMapActivated).look():
        told = one.proposed
        of_map = versions.setdefault(told.code_map, [])
        since = in_force_since(told.in_force_from, one.activated_at, first=not of_map)
        of_map.append(ActiveMap(one.stream_id, since, told))
    return {
        name: max(good, key=lambda one: (one.told.map_version, one.map_id))
        for name, of_map in versions.items()
        if (good := [one for one in of_map if one.since <= day])
    }
