"""Erasure: personal data of one customer is made unreadable for good, step by step; what came of it is certified.

From `erasure.requested` on nobody is shown the data, whatever the keys still open. The program gives these commands;
people record only whom they have told (GDPR art. 19).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as value

from domain.codes import ActorId, Channel, Code, Count, Label, Sha256
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal
from domain.privacy_rules import RecordClass, RecordClasses

Status = Literal["absent", "requested", "completed", "abandoned"]
Cause = Literal["privacy-request", "disposal"]

StoreName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9._-]*$")]

KEYS_MAX: Final = 100_000

_STRICT: Final = ConfigDict(extra="forbid")


@value(frozen=True, slots=True, config=_STRICT)
class Recipient:
    """Somebody outside who was given the data, by the disclosure that recorded it."""

    disclosure_id: UUID
    recipient: Label


@value(frozen=True, slots=True, config=_STRICT)
class DestroyedKey:
    """A data key that is gone: its id, its commitment (hex; None: not known), its class and partition."""

    commitment: Sha256 | None
    key_id: UUID
    partition: Annotated[int, Field(ge=0, le=1023)]
    record_class: RecordClass


# Facts that events and commands share


class ErasureOrder(Facts):
    """Whose data of which classes, why, under which keys it is, and who outside has it too.

    `final`: nothing of these classes may be recorded of the customer any more, for they are a customer no more.
    """

    customer_id: UUID
    cause: Cause
    cause_id: UUID
    record_classes: RecordClasses
    key_ids: Annotated[tuple[UUID, ...], Field(max_length=KEYS_MAX)] = ()
    final: bool = False
    recipients: Annotated[tuple[Recipient, ...], Field(max_length=1000)] = ()


class Destroyed(Facts):
    """What is gone: keys with their tombstones, and how many blobs and index entries."""

    keys: Annotated[tuple[DestroyedKey, ...], Field(max_length=KEYS_MAX)]
    blobs: Count
    indexes: Count = 0


# Events


class ErasureRequested(ErasureOrder, Event, name="erasure.requested"):
    """The data is to be erased; readers mask it from here on."""


class ErasureAttemptFailed(Event, name="erasure.attempt-failed"):
    """Some stores could not be reached, so keys may still be there; it is tried again."""

    stores: Annotated[tuple[StoreName, ...], Field(max_length=50)]
    reason: Code


class ErasureAbandoned(Event, name="erasure.abandoned"):
    """A legal hold came before any key was destroyed: the data stays, and is decided anew."""

    holds: Annotated[tuple[UUID, ...], Field(max_length=1000)]


class ErasureCompleted(Destroyed, Event, name="erasure.completed"):
    """Keys, blobs and indexes are gone from every store."""

    customer_id: UUID
    record_classes: RecordClasses


class ErasureCertified(Event, name="erasure.certified"):
    """A signed certificate says what is gone; `sha256` is of its note."""

    sha256: Sha256


class RecipientNotified(Event, name="erasure.recipient-notified"):
    """A recipient was told to erase it too; or why that was not done."""

    disclosure_id: UUID
    notice: Literal["sent", "impossible", "disproportionate"]
    channel: Channel
    notified_by: ActorId


# State


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure as decisions see it; `telling` are disclosures whose recipients are still to be told."""

    status: Status = "absent"
    customer_id: UUID | None = None
    record_classes: tuple[RecordClass, ...] = ()
    recipients: frozenset[UUID] = frozenset()
    telling: frozenset[UUID] = frozenset()
    failing: frozenset[str] = frozenset()
    certified: Sha256 | None = None


# Evolve


def _requested(state: Erasure, event: ErasureRequested) -> Erasure:
    recipients = frozenset(one.disclosure_id for one in event.recipients)
    return replace(
        state,
        status="requested",
        customer_id=event.customer_id,
        record_classes=event.record_classes,
        recipients=recipients,
        telling=recipients,
    )


def _attempt_failed(state: Erasure, event: ErasureAttemptFailed) -> Erasure:
    return replace(state, failing=frozenset(event.stores))


def _abandoned(state: Erasure, _: ErasureAbandoned) -> Erasure:
    return replace(state, status="abandoned", telling=frozenset())


def _completed(state: Erasure, _: ErasureCompleted) -> Erasure:
    return replace(state, status="completed", failing=frozenset())


def _certified(state: Erasure, event: ErasureCertified) -> Erasure:
    return replace(state, certified=event.sha256)


def _recipient_notified(state: Erasure, event: RecipientNotified) -> Erasure:
    return replace(state, telling=state.telling - {event.disclosure_id})


_EVOLVE: Final[dict[type[Event], Callable[..., Erasure]]] = {
    ErasureRequested: _requested,
    ErasureAttemptFailed: _attempt_failed,
    ErasureAbandoned: _abandoned,
    ErasureCompleted: _completed,
    ErasureCertified: _certified,
    RecipientNotified: _recipient_notified,
}


def evolve(state: Erasure, event: Event) -> Erasure:
    """Fold one event into the erasure."""
    return _EVOLVE[type(event)](state, event)


# Commands


class ErasureCommand(Command):
    """A command to one erasure's stream."""

    stream_field = "erasure_id"

    erasure_id: UUID


class RequestErasure(ErasureOrder, ErasureCommand, name="erasure.request"):
    """Begin to erase what was decided to be erased."""

    internal = True


class ReportErasureAttempt(ErasureCommand, name="erasure.report-attempt"):
    """Say which stores could not be reached."""

    internal = True

    stores: Annotated[tuple[StoreName, ...], Field(min_length=1, max_length=50)]
    reason: Code


class AbandonErasure(ErasureCommand, name="erasure.abandon"):
    """Give it up because of a legal hold; only before any key is destroyed."""

    internal = True

    holds: Annotated[tuple[UUID, ...], Field(max_length=1000)]


class CompleteErasure(Destroyed, ErasureCommand, name="erasure.complete"):
    """Say what is gone, after every store was seen to."""

    internal = True


class CertifyErasure(ErasureCommand, name="erasure.certify"):
    """Say which certificate tells of it."""

    internal = True

    sha256: Sha256


class RecordRecipientNotice(ErasureCommand, name="erasure.record-notice"):
    """Record that a recipient was told to erase the data too, or why that was not done."""

    actor_field = "notified_by"

    disclosure_id: UUID
    notice: Literal["sent", "impossible", "disproportionate"]
    channel: Channel
    notified_by: ActorId


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "erasure.already-requested": "This erasure was begun already.",
        "erasure.not-requested": "There is no such erasure.",
        "erasure.already-ended": "The erasure was completed or abandoned.",
        "erasure.not-completed": "Only what is completed can be certified.",
        "erasure.recipient-unknown": "This erasure names no such disclosure.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _request(command: RequestErasure, state: Erasure) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("erasure.already-requested", "erasure_id")
    return [happened(ErasureRequested, command)]


def _report_attempt(command: ReportErasureAttempt, state: Erasure) -> Sequence[Event]:
    _require_running(state)
    return [] if state.failing == frozenset(command.stores) else [happened(ErasureAttemptFailed, command)]


def _abandon(command: AbandonErasure, state: Erasure) -> Sequence[Event]:
    if state.status == "abandoned":
        return []
    _require_running(state)
    return [happened(ErasureAbandoned, command)]


def _complete(command: CompleteErasure, state: Erasure) -> Sequence[Event]:
    if state.status == "completed":
        return []
    _require_running(state)
    whose = {"customer_id": state.customer_id, "record_classes": state.record_classes}
    return [happened(ErasureCompleted, command, **whose)]


def _certify(command: CertifyErasure, state: Erasure) -> Sequence[Event]:
    if state.certified is not None:
        return []
    if state.status != "completed":
        raise _refuse("erasure.not-completed")
    return [happened(ErasureCertified, command)]


def _record_notice(command: RecordRecipientNotice, state: Erasure) -> Sequence[Event]:
    if command.disclosure_id not in state.recipients:
        raise _refuse("erasure.recipient-unknown", "disclosure_id")
    if command.disclosure_id not in state.telling:
        return []
    return [happened(RecipientNotified, command)]


def _require_running(state: Erasure) -> None:
    if state.status != "requested":
        raise _refuse("erasure.already-ended")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RequestErasure: _request,
    ReportErasureAttempt: _report_attempt,
    AbandonErasure: _abandon,
    CompleteErasure: _complete,
    CertifyErasure: _certify,
    RecordRecipientNotice: _record_notice,
}


def decide(command: Command, state: Erasure) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not RequestErasure:
        raise _refuse("erasure.not-requested", "erasure_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Erasure) -> bool:
    return state.status == "abandoned" or (state.certified is not None and not state.telling)


ERASURE: Final = Aggregate(
    name="erasure",
    initial=Erasure(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
