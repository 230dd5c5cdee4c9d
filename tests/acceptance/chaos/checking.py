"""What a reader has seen, held against what is in the record."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID


class Seen(NamedTuple):
    """An event as it was seen; `place` is what the reader goes by in its partition."""

    partition: int
    place: int
    event_id: UUID
    customer_id: UUID
    version: int


Present: TypeAlias = Sequence[Seen]


def check_reader(name: str, seen: Sequence[Seen], present: Present) -> None:
    """Fails when an event was missed, seen twice, seen and not there, or out of its customer's order."""
    counts = Counter(one.event_id for one in seen)
    there = {one.event_id for one in present}
    missed = [one for one in present if one.event_id not in counts]
    assert not missed, f"{name} missed {len(missed)} of {len(present)} events, the first: {missed[:3]}"
    twice = [event_id for event_id, count in counts.items() if count > 1]
    assert not twice, f"{name} saw {len(twice)} events twice"
    invented = [one for one in seen if one.event_id not in there]
    assert not invented, f"{name} saw {len(invented)} events that are not in the record"
    late = out_of_order(seen)
    assert not late, f"{name} saw {len(late)} events out of order: {late[:3]}"


def out_of_order(seen: Sequence[Seen]) -> list[Seen]:
    """Events that were not the next of their customer when they were seen."""
    versions: dict[UUID, int] = {}
    late: list[Seen] = []
    for one in seen:
        if one.version != versions.get(one.customer_id, -1) + 1:
            late.append(one)
        versions[one.customer_id] = one.version
    return late
