"""Deciding on a correction from the command line: which kind of stream it is of, and the command to give."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain import CUSTOMER, INTERACTION
from domain.customer_messages import ApproveCustomerCorrection, RejectCustomerCorrection
from domain.interaction_messages import ApproveInteractionCorrection, RejectInteractionCorrection
from domain.kernel import Aggregate, Command, Refusal
from domain.matters import Sight
from engine.program_commands import Program, now
from engine.wiring import Daybook
from projections.seeing import hidden_streams

Decision: TypeAlias = Literal["approve", "reject"]


class Decide(NamedTuple):
    """What to decide of which customer or interaction; `facts` are the command's own, the acting person among them."""

    decision: Decision
    stream_id: UUID
    facts: Mapping[str, Any]


class _Kind(NamedTuple):
    aggregate: Aggregate[Any]
    commands: Mapping[Decision, type[Command]]


_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "customer": _Kind(CUSTOMER, {"approve": ApproveCustomerCorrection, "reject": RejectCustomerCorrection}),
        "interaction": _Kind(
            INTERACTION, {"approve": ApproveInteractionCorrection, "reject": RejectInteractionCorrection}
        ),
    }
)


async def decide(daybook: Daybook, wanted: Decide, sight: Sight) -> None:
    """Approve or reject a correction.

    Raises:
        Refusal: it is no customer or interaction in sight, or its stream refuses, as to the one who asked.
        VersionConflict, PersistenceError, ...: see `engine.handling`.
    """
    stream_id = wanted.stream_id
    first = await daybook.record.read_stream(stream_id, limit=1)
    kind = _KINDS.get(first[0].topic.partition(".")[0]) if first else None
    if kind is None or await hidden_streams(daybook.record, sight, [stream_id]):
        raise Refusal("not-found", "There is no customer or interaction with this id.")
    of = kind.commands[wanted.decision]
    command = of.model_validate({of.stream_field: stream_id, "occurred_at": now(), **wanted.facts})
    await Program(daybook, wanted.facts[str(of.actor_field)]).give_now(command)
