"""From commands and states to the events they lead to: pure, so that it can be done again on conflict."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain import AGGREGATES, aggregate_of
from domain.kernel import Aggregate, Command, Event
from domain.matters import Sight
from engine.states import StreamOfAnotherKind, Versioned
from store.envelope import NO_STREAM, CustomerCondition, Participant
from store.identity import derive_id


class Context(NamedTuple):
    """Who commands, and under which ids.

    `command_id` is an HMAC of (actor, Idempotency-Key), or derives from the causing event or the
    import row; `request_hmac` tells whether a repeat is the same request. `expires_at`: until when
    the answer is kept (None: a week; imports keep it for ever). `sight`: the confidential matters
    that exist for who commands (None: all of them, for the program itself).
    """

    actor: str
    command_id: UUID
    request_hmac: bytes
    correlation_id: UUID
    causation_id: UUID | None = None
    cause_recorded_at: datetime | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    sight: Sight | None = None


class Judgeable(NamedTuple):
    """A command with what a policy or plan says of it, and the conditions under which that holds."""

    command: Command
    conditions: tuple[CustomerCondition, ...]


class Decided(NamedTuple):
    """An event that is about to be appended."""

    event_id: UUID
    stream_id: UUID
    version: int
    customer_id: UUID | None
    event: Event


class Decision(NamedTuple):
    """What a unit of commands leads to: events in order, and each touched stream before and after."""

    events: tuple[Decided, ...]
    participants: tuple[Participant, ...]
    before: Mapping[UUID, int]
    after: Mapping[UUID, Versioned]


def stream_of(command: Command) -> tuple[UUID, Aggregate[Any]]:
    """The stream that a command is for, and its kind."""
    return getattr(command, command.stream_field), aggregate_of(type(command))


def as_seen(versioned: Versioned, stream_id: UUID, sight: Sight | None) -> Versioned:
    """The stream as it is for who commands: a confidential one that is not in sight does not exist."""
    if sight is None or versioned.version == NO_STREAM:
        return versioned
    aggregate = _KINDS[type(versioned.state)]
    matter = aggregate.matter_of(versioned.state)
    if matter is None or sight.sees(matter, stream_id):
        return versioned
    return Versioned(NO_STREAM, aggregate.initial)


_KINDS: Final[Mapping[type, Aggregate[Any]]] = {type(one.initial): one for one in AGGREGATES}


def decide(commands: Sequence[Command], context: Context, states: Mapping[UUID, Versioned]) -> Decision:
    """Decide the commands in order, each on the state that those before it lead to.

    Raises:
        Refusal: one cannot be accepted, so none is.
    """
    after: dict[UUID, Versioned] = {}
    events: list[Decided] = []
    participants: list[Participant] = []
    before: dict[UUID, int] = {}
    for command in commands:
        stream_id, aggregate = stream_of(command)
        versioned = after.get(stream_id) or as_seen(states[stream_id], stream_id, context.sight)
        if versioned.version == NO_STREAM:
            versioned = Versioned(NO_STREAM, aggregate.initial)
        if type(versioned.state) is not type(aggregate.initial):
            raise StreamOfAnotherKind(stream_id, aggregate.name, type(versioned.state).__name__.lower())
        before.setdefault(stream_id, versioned.version)
        state, version = versioned.state, versioned.version
        for event in aggregate.decide(command, state):
            state, version = aggregate.evolve(state, event), version + 1
            event_id = derive_id(
                context.command_id.bytes + len(events).to_bytes(4, "big"), at=event.occurred_at, beside=stream_id
            )
            for customer_id, role in set(aggregate.participants_of(event)):
                participants.append(Participant(len(events), customer_id, role))
            events.append(Decided(event_id, stream_id, version, aggregate.customer_of(state), event))
        after[stream_id] = Versioned(version, state)
    return Decision(tuple(events), tuple(participants), before, after)
