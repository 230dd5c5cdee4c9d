"""A confidential matter: what exists only for those who may see its group, and never for those it is withheld from."""

from dataclasses import dataclass
from uuid import UUID

from domain.access_rules import MatterGroup
from domain.codes import ActorId


@dataclass(frozen=True, slots=True)
class Matter:
    """What makes a stream confidential. `declassification_by`: who asked that everybody may see it again."""

    group: MatterGroup
    withheld_from: frozenset[ActorId] = frozenset()
    declassification_by: ActorId | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """Which confidential matters somebody sees: those of some groups, and single ones by their stream's id."""

    actor: ActorId
    groups: frozenset[str] = frozenset()
    matters: frozenset[UUID] = frozenset()

    def sees(self, matter: Matter, stream_id: UUID) -> bool:
        """Whether the matter exists for them."""
        return (matter.group in self.groups or stream_id in self.matters) and self.actor not in matter.withheld_from
