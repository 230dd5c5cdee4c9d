"""The profile of a person with several customer ids: what all their profiles say together. Pure.

Lists are put one after the other and each entry names its customer. Counts are added up. Of what a person has one of,
the first customer that says it counts, the one with the smallest id first: it was there first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Final, TypeVar

from domain.person import Person
from projections.profile_query import LastScore, Profile

T = TypeVar("T")

_FIRST_SAID: Final = (
    "kind", "residence_country", "language", "age_band", "region", "branch", "relationship_manager", "name",
    "time_zone",
)  # fmt: skip
_ADDED: Final = ("complaints", "open_complaints", "touches", "responses")
_STATUSES: Final = ("active", "ended", "unregistered")


def combined(person: Person, profiles: Sequence[Profile]) -> Profile:
    """The profile of the person, of the profiles of their customer ids (one at least), in whatever order they come."""
    if not person.merged_ids:
        return profiles[0]
    by_id = sorted(profiles, key=lambda one: one.customer_id)
    first = by_id[0]
    if len(by_id) == 1:
        return replace(
            first, customer_id=person.canonical_id, canonical_id=person.canonical_id, merged_ids=person.merged_ids
        )
    status = min((one.status for one in by_id), key=_STATUSES.index)
    return replace(
        first,
        customer_id=person.canonical_id,
        canonical_id=person.canonical_id,
        merged_ids=person.merged_ids,
        status=status,
        vulnerable=any(one.vulnerable for one in by_id),
        registered_at=_of_all(min, (one.registered_at for one in by_id)),
        segments=tuple(sorted(set(chain.from_iterable(one.segments for one in by_id)))),
        contact_points=tuple(chain.from_iterable(one.contact_points for one in by_id)),
        pending_corrections=tuple(chain.from_iterable(one.pending_corrections for one in by_id)),
        documents=tuple(chain.from_iterable(one.documents for one in by_id)),
        consents=tuple(chain.from_iterable(one.consents for one in by_id)),
        preferences={name: value for one in reversed(by_id) for name, value in one.preferences.items()},
        interactions=_added(by_id),
        scores=_last(by_id),
        last_interaction_at=_of_all(max, (one.last_interaction_at for one in by_id)),
        **{name: _first(getattr(one, name) for one in by_id) for name in _FIRST_SAID},
        **{name: sum(getattr(one, name) for one in by_id) for name in _ADDED},
    )


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _of_all(choose: Callable[[Iterable[datetime]], datetime], values: Iterable[datetime | None]) -> datetime | None:
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _added(profiles: Iterable[Profile]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in profiles:
        for channel, count in one.interactions.items():
            counts[channel] = counts.get(channel, 0) + count
    return counts


def _last(profiles: Iterable[Profile]) -> tuple[LastScore, ...]:
    """The last answer of each metric, of whichever customer."""
    last: dict[str, LastScore] = {}
    for score in chain.from_iterable(one.scores for one in profiles):
        known = last.get(score.metric)
        if known is None or known.answered_at < score.answered_at:
            last[score.metric] = score
    return tuple(last.values())
