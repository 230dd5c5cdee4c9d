"""Interaction: one contact between the bank and its customer, on any channel, and what is left to do.

Its events and commands are declared in `domain.interaction_messages`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain import attaching, confidential, correcting
from domain.correcting import Correctable
from domain.interaction_messages import (
    AnnotateInteraction,
    ApproveInteractionCorrection,
    AttachToInteraction,
    CompleteFollowUp,
    CorrectInteraction,
    DeclassifyInteraction,
    DrawInteraction,
    FollowUpDone,
    FollowUpMissed,
    FollowUpPlan,
    FollowUpScheduled,
    InteractionAnnotated,
    InteractionAttachmentAdded,
    InteractionCorrected,
    InteractionCorrectionApproved,
    InteractionCorrectionRejected,
    InteractionCorrectionRequested,
    InteractionCorrectionWithdrawn,
    InteractionDeclassificationRequested,
    InteractionDeclassified,
    InteractionDrawn,
    InteractionMarkedConfidential,
    InteractionRecorded,
    InteractionScreened,
    MarkInteractionConfidential,
    MissFollowUp,
    RecordInteraction,
    RejectInteractionCorrection,
    RequestInteractionDeclassification,
    ScheduleFollowUp,
    Screening,
    ScreenInteraction,
    TouchSeen,
    WithdrawInteractionCorrection,
)
from domain.kernel import Aggregate, Command, Event, clear_facts, happened, refusal
from domain.matters import Matter

# State


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One promise and what became of it."""

    plan: tuple[object, ...]
    status: Literal["open", "done", "missed"] = "open"


@dataclass(frozen=True, slots=True)
class Interaction(Correctable):
    """The interaction as decisions see it: its correctable details, its follow-ups, ids seen."""

    customer_id: UUID | None = None
    notes: frozenset[UUID] = frozenset()
    attachments: frozenset[UUID] = frozenset()
    follow_ups: Mapping[UUID, FollowUp] = field(default_factory=dict[UUID, FollowUp])
    draw_id: UUID | None = None
    screenings: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict[UUID, tuple[object, ...]])
    matter: Matter | None = None


# Evolve

_CORRECTABLE: Final = ("channel", "direction", "purpose", "topic", "disposition", "product", "authentication")
_CORRECTING: Final = correcting.course_of(
    "interaction",
    correcting.Steps(
        CorrectInteraction,
        InteractionCorrected,
        InteractionCorrectionRequested,
        ApproveInteractionCorrection,
        InteractionCorrectionApproved,
        RejectInteractionCorrection,
        InteractionCorrectionRejected,
        WithdrawInteractionCorrection,
        InteractionCorrectionWithdrawn,
    ),
    _CORRECTABLE,
    "summary",
)


def _recorded(state: Interaction, event: InteractionRecorded) -> Interaction:
    details = {name: getattr(event, name) for name in _CORRECTABLE}
    return replace(state, customer_id=event.customer_id, details=details)


def _annotated(state: Interaction, event: InteractionAnnotated) -> Interaction:
    return replace(state, notes=state.notes | {event.note_id})


def _drawn(state: Interaction, event: InteractionDrawn) -> Interaction:
    return replace(state, draw_id=event.draw_id)


def _screened(state: Interaction, event: InteractionScreened) -> Interaction:
    known = {**state.screenings, event.screening_id: clear_facts(Screening, event)}
    return replace(state, screenings=known)


def _attachment_added(state: Interaction, event: InteractionAttachmentAdded) -> Interaction:
    return replace(state, attachments=state.attachments | {event.attachment_id})


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


def _marked_confidential(state: Interaction, event: InteractionMarkedConfidential) -> Interaction:
    return replace(state, matter=confidential.as_marked(event))


def _declassification_requested(state: Interaction, event: InteractionDeclassificationRequested) -> Interaction:
    return replace(state, matter=confidential.as_requested(event, state.matter))


def _declassified(state: Interaction, _: InteractionDeclassified) -> Interaction:
    return replace(state, matter=None)


_EVOLVE: Final[dict[type[Event], Callable[..., Interaction]]] = {
    InteractionRecorded: _recorded,
    InteractionAnnotated: _annotated,
    InteractionDrawn: _drawn,
    InteractionScreened: _screened,
    **_CORRECTING.evolve,
    InteractionAttachmentAdded: _attachment_added,
    FollowUpScheduled: _follow_up_scheduled,
    FollowUpDone: _follow_up_settled("done"),
    FollowUpMissed: _follow_up_settled("missed"),
    InteractionMarkedConfidential: _marked_confidential,
    InteractionDeclassificationRequested: _declassification_requested,
    InteractionDeclassified: _declassified,
}


def evolve(state: Interaction, event: Event) -> Interaction:
    """Fold one event into the interaction."""
    return _EVOLVE[type(event)](state, event)


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "interaction.already-recorded": "This interaction is recorded already; correct it instead.",
        "interaction.not-recorded": "There is no such interaction; record it first.",
        "interaction.follow-up-unknown": "The interaction has no such follow-up; schedule it first.",
        "interaction.follow-up-id-reused": "This follow-up id names another follow-up.",
        "interaction.follow-up-settled": "This follow-up is done or missed already; schedule a new one.",
        "interaction.complaint-not-named": "A complaint that was found is named, and where none was, none is.",
        "interaction.already-drawn": "The interaction was drawn already; it is drawn once.",
        "interaction.draw-unknown": "The interaction was not drawn so; leave the drawing out, or name the right one.",
        "interaction.screening-id-reused": "This screening id names another screening.",
        "interaction.touch-unknown": "The customer has no such touch; leave it out, or name the right one.",
        "interaction.touch-not-sent": "The touch was not sent, so nobody can have carried it out; leave it out.",
        "interaction.touch-unfit": "A touch is carried out by an outbound contact on its own channel.",
        "interaction.touch-carried-out": "Another interaction carried this touch out; leave it out, or name another.",
        **attaching.refusals("interaction"),
        **correcting.refusals("interaction"),
        **confidential.refusals("interaction"),
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _record(command: RecordInteraction, state: Interaction) -> Sequence[Event]:
    if state.customer_id is not None:
        raise _refuse("interaction.already-recorded", "interaction_id")
    if command.touch_id is not None:
        _require_carried_out(command, command.touch_seen)
    recorded = happened(InteractionRecorded, command)
    if command.confidential is None:
        return [recorded]
    # A second event, for the record finds what is confidential by the types of events alone.
    marked = InteractionMarkedConfidential(
        occurred_at=command.occurred_at,
        group=command.confidential,
        withheld_from=command.withheld_from,
        channel=command.channel,
    )
    return [recorded, marked]


def _require_carried_out(command: RecordInteraction, seen: TouchSeen | None) -> None:
    if seen is None or seen.customer_id != command.customer_id:
        raise _refuse("interaction.touch-unknown", "touch_id")
    if not seen.sent:
        raise _refuse("interaction.touch-not-sent", "touch_id")
    if (command.direction, command.channel) != ("outbound", seen.channel):
        raise _refuse("interaction.touch-unfit", "touch_id")
    if seen.carried_out_by is not None:
        raise _refuse("interaction.touch-carried-out", "touch_id")


def _annotate(command: AnnotateInteraction, state: Interaction) -> Sequence[Event]:
    if command.note_id in state.notes:
        return []
    return [happened(InteractionAnnotated, command, customer_id=state.customer_id)]


def _draw(command: DrawInteraction, state: Interaction) -> Sequence[Event]:
    if state.draw_id is None:
        return [happened(InteractionDrawn, command)]
    if state.draw_id != command.draw_id:
        raise _refuse("interaction.already-drawn", "draw_id")
    return []


def _screen(command: ScreenInteraction, state: Interaction) -> Sequence[Event]:
    if command.draw_id not in {None, state.draw_id}:
        raise _refuse("interaction.draw-unknown", "draw_id")
    if (command.finding == "no-complaint") != (command.complaint_id is None):
        raise _refuse("interaction.complaint-not-named", "complaint_id")
    known = state.screenings.get(command.screening_id)
    if known is None:
        return [happened(InteractionScreened, command)]
    if known != clear_facts(Screening, command):
        raise _refuse("interaction.screening-id-reused", "screening_id")
    return []


def _attach(command: AttachToInteraction, state: Interaction) -> Sequence[Event]:
    attaching.require_new(command, state.attachments, "interaction")
    return [happened(InteractionAttachmentAdded, command, customer_id=state.customer_id)]


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


def _mark_confidential(command: MarkInteractionConfidential, state: Interaction) -> Sequence[Event]:
    withheld = confidential.marks(command, state.matter, "interaction")
    return (
        []
        if withheld is None
        else [happened(InteractionMarkedConfidential, command, channel=state.details["channel"], **withheld)]
    )


def _request_declassification(command: RequestInteractionDeclassification, state: Interaction) -> Sequence[Event]:
    wanted = confidential.requests(state.matter, "interaction")
    return [happened(InteractionDeclassificationRequested, command)] if wanted else []


def _declassify(command: DeclassifyInteraction, state: Interaction) -> Sequence[Event]:
    confidential.require_declassifiable(command, state.matter, "interaction")
    return [happened(InteractionDeclassified, command, channel=state.details["channel"])]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RecordInteraction: _record,
    AnnotateInteraction: _annotate,
    DrawInteraction: _draw,
    ScreenInteraction: _screen,
    **_CORRECTING.decide,
    AttachToInteraction: _attach,
    ScheduleFollowUp: _schedule,
    CompleteFollowUp: _settles("done", FollowUpDone),
    MissFollowUp: _settles("missed", FollowUpMissed),
    MarkInteractionConfidential: _mark_confidential,
    RequestInteractionDeclassification: _request_declassification,
    DeclassifyInteraction: _declassify,
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
    matter_of=attrgetter("matter"),
    refusals=REFUSALS,
)
