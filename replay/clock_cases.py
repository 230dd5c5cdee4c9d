"""A complaint as its clocks see it: its events, and whether it is confidential."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from domain import COMPLAINT
from domain.clock_facts import ClockFact, Late, facts_of
from domain.clocks import Catalogue, Clock, clocks_of
from domain.kernel import Event
from domain.matters import Matter
from projections.fact import Fact


@dataclass(frozen=True, slots=True)
class Case:
    """A complaint's events and what they say to clocks. `version` is the stream's."""

    complaint_id: UUID
    version: int
    events: Sequence[tuple[UUID, Event]]
    matter: Matter | None

    def facts(self, late: Late = "claimed") -> list[ClockFact]:
        """What moves its clocks."""
        return facts_of(self.events, late)

    def clocks(
        self, catalogue: Catalogue, moment: datetime, late: Late = "claimed", *, recorded: bool = True
    ) -> tuple[Clock, ...]:
        """Its clocks as they stand at a moment; `recorded` and `late`: see `domain.clocks` and `domain.clock_facts`."""
        return clocks_of(self.facts(late), catalogue, moment, recorded=recorded)


_OF_COMPLAINTS: Final = frozenset(COMPLAINT.events)


def case_of(complaint_id: UUID, facts: Sequence[Fact]) -> Case | None:
    """The case of a stream's events; None: it is no complaint, or its data is disposed of."""
    if not facts or any(type(fact.event) not in _OF_COMPLAINTS for fact in facts):
        return None
    matter: Matter | None = None
    if any(fact.recorded.type.endswith((".marked-confidential", ".declassified")) for fact in facts):
        state = COMPLAINT.initial
        for fact in facts:
            state = COMPLAINT.evolve(state, fact.event)
        matter = COMPLAINT.matter_of(state)
    events = [(fact.recorded.event_id, fact.event) for fact in facts]
    return Case(complaint_id, facts[-1].recorded.version, events, matter)
