"""Code maps in force: of each map the highest active version, for what ends on a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from domain.code_map import CodeMapActivated, CodeMapProposed
from engine.rule_versions import ActiveVersions, in_force_since
from engine.wiring import Daybook
from projections.errors import MeasureRefused


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

    def as_json(self) -> Mapping[str, Any]:
        """Which version it is, for whoever reads figures told by it."""
        return {
            "map_id": self.map_id,
            "code_map": self.told.code_map,
            "map_version": self.told.map_version,
            "in_force_from": self.since,
            "provisional": self.told.provisional,
            "source": self.told.source,
        }


async def map_of(daybook: Daybook, name: str, version: int | None, day: date) -> ActiveMap:
    """A map by name: the version that is asked for, once activated, else the one in force on the day.

    Raises:
        MeasureRefused: there is none.
    """
    if version is None:
        found = (await maps_in_force(daybook, day)).get(name)
    else:
        numbered = [one for one in (await _versions(daybook)).get(name, ()) if one.told.map_version == version]
        found = max(numbered, key=lambda one: one.map_id, default=None)
    if found is None:
        raise MeasureRefused("no version of a code map {name} is in force", name=name)
    return found


async def maps_in_force(daybook: Daybook, day: date) -> dict[str, ActiveMap]:
    """By name, the version of each map for a return that ends on this day.

    A version is never in force before the day after its activation, but for the first of its map: so a return that
    was made is made the same again.
    """
    return {
        name: max(good, key=lambda one: (one.told.map_version, one.map_id))
        for name, of_map in (await _versions(daybook)).items()
        if (good := [one for one in of_map if one.since <= day])
    }


async def _versions(daybook: Daybook) -> dict[str, list[ActiveMap]]:
    """By name, all versions that were activated."""
    versions: dict[str, list[ActiveMap]] = {}
    for one in await ActiveVersions(daybook.models, daybook.mapper, CodeMapProposed, CodeMapActivated).look():
        told = one.proposed
        of_map = versions.setdefault(told.code_map, [])
        since = in_force_since(told.in_force_from, one.activated_at, first=not of_map)
        of_map.append(ActiveMap(one.stream_id, since, told))
    return versions
