"""Marking a stream confidential, and making it visible to everybody again, which takes two people.

Every kind of stream that can be confidential has its own events and commands of these names, and decides by this.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field

from domain.access_rules import MatterGroup
from domain.codes import ActorId, Code
from domain.four_eyes import require_another
from domain.kernel import Facts, refusal
from domain.matters import Matter

WITHHELD_MAX: Final = 20
"""So many a matter is withheld from at most, named at once or one after the other."""
Actors = Annotated[tuple[ActorId, ...], Field(max_length=WITHHELD_MAX)]


class Confidentiality(Facts):
    """Who may know of it: the roles that the access table gives the group, but never those it is withheld from."""

    group: MatterGroup
    withheld_from: Actors = ()


class DeclassificationRequest(Facts):
    """Somebody wants that everybody may see it again."""

    reason: Code
    requested_by: ActorId


class Declassification(Facts):
    """Another person agrees."""

    declassified_by: ActorId


_REFUSALS: Final[Mapping[str, str]] = {
    "already-confidential": "It is confidential under another group; declassify it first.",
    "declassification-not-requested": "Somebody else must ask for it first.",
    "declassifier-not-another": "Who asked that everybody may see it cannot decide that alone.",
    "not-confidential": "It is not confidential.",
    "withheld-from-too-many": "It would be withheld from more than 20 people, with those of before; choose a group.",
}


def refusals(kind: str) -> dict[str, str]:
    """The refusals of a kind of stream that can be confidential."""
    return {f"{kind}.{code}": message for code, message in _REFUSALS.items()}


def as_marked(facts: Confidentiality) -> Matter:
    """The matter after it was marked."""
    return Matter(facts.group, frozenset(facts.withheld_from))


def as_requested(facts: DeclassificationRequest, before: Matter | None) -> Matter | None:
    """The matter after somebody asked that everybody may see it."""
    return None if before is None else replace(before, declassification_by=facts.requested_by)


def marks(facts: Confidentiality, state: Matter | None, kind: str) -> Mapping[str, tuple[ActorId, ...]] | None:
    """What marking makes it, of everybody whom it is or was withheld from; None: that is so already."""
    if state is None:
        return {"withheld_from": facts.withheld_from}
    if state.group != facts.group:
        raise refusal(refusals(kind), f"{kind}.already-confidential", "group")
    if state.withheld_from.issuperset(facts.withheld_from):
        return None
    withheld_from = state.withheld_from.union(facts.withheld_from)
    if len(withheld_from) > WITHHELD_MAX:
        raise refusal(refusals(kind), f"{kind}.withheld-from-too-many", "withheld_from")
    return {"withheld_from": tuple(sorted(withheld_from))}


def requests(state: Matter | None, kind: str) -> bool:
    """Whether asking for declassification changes anything."""
    return _matter(state, kind).declassification_by is None


def require_declassifiable(facts: Declassification, state: Matter | None, kind: str) -> None:
    """Refuse unless another person asked for it."""
    asked_by = _matter(state, kind).declassification_by
    if asked_by is None:
        raise refusal(refusals(kind), f"{kind}.declassification-not-requested")
    refused = refusal(refusals(kind), f"{kind}.declassifier-not-another", "declassified_by")
    require_another(facts.declassified_by, [asked_by], refused)


def _matter(state: Matter | None, kind: str) -> Matter:
    if state is None:
        raise refusal(refusals(kind), f"{kind}.not-confidential")
    return state
