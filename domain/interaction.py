"""Interaction: one contact between the bank and its customer, on any channel, and what is left to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.dataclasses import dataclass as value

from domain.codes import (
    ActorId,
    Authentication,
    Changes,
    Channel,
    Code,
    Direction,
    Purpose,
    Reference,
    Text,
    changes,
)
from domain.kernel import Aggregate, Command, Event, Facts, Personal, clear_facts, happened, refusal

Summary = Annotated[Text | None, Personal("interaction")]
Detail = Literal["topic", "disposition", "product", "authentication"]

# Facts that events and commands share


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Participant:
    """Another customer who took part, and as what: `joint_holder`, `agent`, `heir`."""

    customer_id: UUID
    role: Code


class Recording(Facts):
    """One contact as it went."""

    customer_id: UUID
    channel: Channel
    direction: Direction
    purpose: Purpose
    topic: Code | None = None
    disposition: Code | None = None
    participants: Annotated[tuple[Participant, ...], Field(max_length=20)] = ()
    authentication: Authentication | None = None
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    product: Code | None = None
    external_ref: Reference | None = None
    summary: Summary = None


class FollowUpPlan(Facts):
    """Something promised, by when and by whom."""

    follow_up_id: UUID
    kind: Code
    due_at: AwareDatetime
    assignee: ActorId | None = None


# Events


class InteractionRecorded(Recording, Event, name="interaction.recorded"):
    """The bank and a customer were in contact."""


class InteractionAnnotated(Event, name="interaction.annotated"):
    """Somebody added a note."""

    note_id: UUID
    customer_id: UUID
    note: Annotated[Text | None, Personal("interaction")] = None


class InteractionCorrected(Event, name="interaction.corrected"):
    """What was recorded was wrong; `corrected_personal` names sealed fields given anew."""

    correction_id: UUID
    customer_id: UUID
    reason: Code
    changes: Changes = ()
    corrected_personal: Annotated[tuple[Literal["summary"], ...], Field(max_length=10)] = ()
    summary: Summary = None


class FollowUpScheduled(FollowUpPlan, Event, name="interaction.follow-up-scheduled"):
    """Something was promised."""


class FollowUpDone(Event, name="interaction.follow-up-done"):
    """The promise was kept."""

    follow_up_id: UUID


class FollowUpMissed(Event, name="interaction.follow-up-missed"):
    """The promise was not kept in time."""

    follow_up_id: UUID


# State


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One promise and what became of it."""

    plan: tuple[object, ...]
    status: Literal["open", "done", "missed"] = "open"


@dataclass(frozen=True, slots=True)
class Interaction:
    """The interaction as decisions see it: its correctable details, its follow-ups, ids seen."""

    customer_id: UUID | None = None
    details: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    notes: frozenset[UUID] = frozenset()
    corrections: frozenset[UUID] = frozenset()
    follow_ups: Mapping[UUID, FollowUp] = field(default_factory=dict[UUID, FollowUp])


# Evolve

_CORRECTABLE: Final = ("channel", "direction", "purpose", "topic", "disposition", "product", "authentication")


def _recorded(state: Interaction, event: InteractionRecorded) -> Interaction:
    details = {name: getattr(event, name) for name in _CORRECTABLE}
    return replace(state, customer_id=event.customer_id, details=details)


def _annotated(state: Interaction, event: InteractionAnnotated) -> Interaction:
    return replace(state, notes=state.notes | {event.note_id})


def _corrected(state: Interaction, event: InteractionCorrected) -> Interaction:
    corrected = {change.field: change.after for change in event.changes}
    return replace(
        state,
        details={**state.details, **corrected},
        corrections=state.corrections | {event.correction_id},
    )


def _follow_up_scheduled(state: Interaction, event: FollowUpScheduled) -> Interaction:
    follow_up = FollowUp(clear_facts(FollowUpPlan, event))
    return replace(state, follow_ups={**state.follow_ups, event.follow_up_id: follow_up})


def _follow_up_settled(
    status: Literal["done", "missed"],
) -> Callable[[Interaction, FollowUpDone | FollowUpMissed], Interaction]:
    def evolve_follow_up(state: Interaction, event: FollowUpDone | FollowUpMissed) -> Interaction:
        known = state.follow_ups.get(event.follow_up_id)
        if known is None:
            return state
        return replace(state, follow_ups={**state.follow_ups, event.follow_up_id: replace(known, status=status)})

    return evolve_follow_up


_EVOLVE: Final[dict[type[Event], Callable[..., Interaction]]] = {
    InteractionRecorded: _recorded,
    InteractionAnnotated: _annotated,
    InteractionCorrected: _corrected,
    FollowUpScheduled: _follow_up_scheduled,
    FollowUpDone: _follow_up_settled("done"),
    FollowUpMissed: _follow_up_settled("missed"),
}


def evolve(state: Interaction, event: Event) -> Interaction:
    """Fold one event into the interaction."""
    return _EVOLVE[type(event)](state, event)


# Commands


class InteractionCommand(Command):
    """A command to one interaction's stream."""

    stream_field = "interaction_id"

    interaction_id: UUID


class RecordInteraction(Recording, InteractionCommand, name="interaction.record"):
    """Record a contact."""


class AnnotateInteraction(InteractionCommand, name="interaction.annotate"):
    """Add a note."""

    note_id: UUID
    note: Annotated[Text, Personal("interaction")]


class CorrectInteraction(InteractionCommand, name="interaction.correct"):
    """Correct what is given; `cleared` names details that are not known after all."""

    correction_id: UUID
    reason: Code
    channel: Channel | None = None
    direction: Direction | None = None
    purpose: Purpose | None = None
    topic: Code | None = None
    disposition: Code | None = None
    product: Code | None = None
    authentication: Authentication | None = None
    cleared: Annotated[tuple[Detail, ...], Field(max_length=10)] = ()
    summary: Summary = None


class ScheduleFollowUp(FollowUpPlan, InteractionCommand, name="interaction.schedule-follow-up"):
    """Promise something."""


class CompleteFollowUp(InteractionCommand, name="interaction.complete-follow-up"):
    """Record that the promise was kept."""

    follow_up_id: UUID


class MissFollowUp(InteractionCommand, name="interaction.miss-follow-up"):
    """Record that the promise was not kept in time."""

    follow_up_id: UUID


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "interaction.already-recorded": "This interaction is recorded already; correct it instead.",
        "interaction.not-recorded": "There is no such interaction; record it first.",
        "interaction.follow-up-unknown": "The interaction has no such follow-up; schedule it first.",
        "interaction.follow-up-id-reused": "This follow-up id names another follow-up.",
        "interaction.follow-up-settled": "This follow-up is done or missed already; schedule a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _record(command: RecordInteraction, state: Interaction) -> Sequence[Event]:
    if state.customer_id is not None:
        raise _refuse("interaction.already-recorded", "interaction_id")
    return [happened(InteractionRecorded, command)]


def _annotate(command: AnnotateInteraction, state: Interaction) -> Sequence[Event]:
    if command.note_id in state.notes:
        return []
    return [happened(InteractionAnnotated, command, customer_id=state.customer_id)]


def _correct(command: CorrectInteraction, state: Interaction) -> Sequence[Event]:
    if command.correction_id in state.corrections:
        return []
    given = {name: getattr(command, name) for name in _CORRECTABLE}
    wanted = {name: value for name, value in given.items() if value is not None}
    changed = changes(state.details, wanted | dict.fromkeys(command.cleared))
    personal = ("summary",) if command.summary is not None else ()
    if not changed and not personal:
        return []
    facts = {"customer_id": state.customer_id, "changes": changed, "corrected_personal": personal}
    return [happened(InteractionCorrected, command, **facts)]


def _schedule(command: ScheduleFollowUp, state: Interaction) -> Sequence[Event]:
    known = state.follow_ups.get(command.follow_up_id)
    if known is None:
        return [happened(FollowUpScheduled, command)]
    if known.plan != clear_facts(FollowUpPlan, command):
        raise _refuse("interaction.follow-up-id-reused", "follow_up_id")
    return []


def _settles(
    status: Literal["done", "missed"], event: type[Event]
) -> Callable[[CompleteFollowUp | MissFollowUp, Interaction], Sequence[Event]]:
    def settle(command: CompleteFollowUp | MissFollowUp, state: Interaction) -> Sequence[Event]:
        known = state.follow_ups.get(command.follow_up_id)
        if known is None:
            raise _refuse("interaction.follow-up-unknown", "follow_up_id")
        if known.status == status:
            return []
        if known.status != "open":
            raise _refuse("interaction.follow-up-settled", "follow_up_id")
        return [happened(event, command)]

    return settle


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RecordInteraction: _record,
    AnnotateInteraction: _annotate,
    CorrectInteraction: _correct,
    ScheduleFollowUp: _schedule,
    CompleteFollowUp: _settles("done", FollowUpDone),
    MissFollowUp: _settles("missed", FollowUpMissed),
}


def decide(command: Command, state: Interaction) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.customer_id is None and type(command) is not RecordInteraction:
        raise _refuse("interaction.not-recorded", "interaction_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Interaction) -> bool:
    return state.customer_id is not None and all(known.status != "open" for known in state.follow_ups.values())


def _participants_of(event: Event) -> Sequence[tuple[UUID, str]]:
    if not isinstance(event, InteractionRecorded):
        return ()
    roles = {other.customer_id: other.role for other in reversed(event.participants)}
    roles.pop(event.customer_id, None)
    return list(roles.items())


INTERACTION: Final = Aggregate(
    name="interaction",
    initial=Interaction(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    participants_of=_participants_of,
    refusals=REFUSALS,
)
