"""Correcting what was recorded: one person asks; where one may not decide alone, another approves or rejects it.

Every kind of stream that can be corrected has events and commands of its own, of these facts, and decides by this. What
is personal lies sealed beside the event that it came with, and no decision can read it. So an approval names the
correction only, and puts in force what the request of this correction has sealed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple, TypeVar
from uuid import UUID

from domain.access_rules import CorrectionsAlone
from domain.codes import ActorId, Change, Changes, Code, changes
from domain.four_eyes import require_another
from domain.kernel import Command, Event, Facts, Refusal, happened, refusal

# Facts that events and commands share


class Correcting(Facts):
    """Which correction, why, and what of the clear fields it changes."""

    correction_id: UUID
    reason: Code
    changes: Changes = ()


class Requesting(Correcting):
    """A correction that another person must approve."""

    requested_by: ActorId


class Approving(Facts):
    """Another person agrees: what the request says is in force from now on."""

    correction_id: UUID
    approved_by: ActorId


class Rejecting(Facts):
    """Another person does not agree: what was recorded stays as it is."""

    correction_id: UUID
    reason: Code
    rejected_by: ActorId


class Withdrawing(Facts):
    """Who asked for it has given it up."""

    correction_id: UUID
    withdrawn_by: ActorId


# State


@dataclass(frozen=True, slots=True)
class Correction:
    """What decisions need of a correction; `personal` names the sealed fields that it gives anew."""

    status: Literal["pending", "in-force", "rejected", "withdrawn"]
    requested_by: ActorId | None = None
    changes: tuple[Change, ...] = ()
    personal: tuple[str, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """All that it corrects."""
        return frozenset(one.field for one in self.changes).union(self.personal)


@dataclass(frozen=True, slots=True)
class Correctable:
    """What a stream that can be corrected has among its state.

    `details` are in clear. `given_by` has, of personal fields, the correction that gave the value in force; of one that
    is as it was first recorded it has nothing.
    """

    details: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    given_by: Mapping[str, UUID] = field(default_factory=dict[str, UUID])
    corrections: Mapping[UUID, Correction] = field(default_factory=dict[UUID, Correction])


C = TypeVar("C", bound=Correctable)


class Steps(NamedTuple):
    """The commands of one kind of stream, and the events that they lead to: `corrected` where one person decides."""

    correct: type[Command]
    corrected: type[Event]
    requested: type[Event]
    approve: type[Command]
    approved: type[Event]
    reject: type[Command]
    rejected: type[Event]
    withdraw: type[Command]
    withdrawn: type[Event]


class Course(NamedTuple):
    """What a kind of stream decides by, for its own tables."""

    evolve: dict[type[Event], Callable[..., Any]]
    decide: dict[type[Command], Callable[..., Sequence[Event]]]


_REFUSALS: Final[Mapping[str, str]] = {
    "correction-pending": "A correction of the same waits for another person; approve, reject or withdraw it first.",
    "correction-unknown": "No such correction was asked for.",
    "correction-decided": "This correction is decided already; ask for another one.",
    "correction-second-person-required": "Who asked for a correction cannot decide on it; another person must.",
    "correction-of-another": "Only who asked for a correction can withdraw it; another person rejects it.",
}


def refusals(kind: str) -> dict[str, str]:
    """The refusals of a kind of stream that can be corrected."""
    return {f"{kind}.{code}": message for code, message in _REFUSALS.items()}


def course_of(kind: Literal["customer", "interaction"], steps: Steps, clear: Sequence[str], personal: str) -> Course:
    """How a kind of stream is corrected: its `clear` details, and its one `personal` field."""
    course = _Course(kind, steps, tuple(clear), personal)
    return Course(
        evolve={
            steps.corrected: course.in_force,
            steps.requested: course.requested,
            steps.approved: course.in_force,
            steps.rejected: course.ended("rejected"),
            steps.withdrawn: course.ended("withdrawn"),
        },
        decide={
            steps.correct: course.correct,
            steps.approve: course.approve,
            steps.reject: course.reject,
            steps.withdraw: course.withdraw,
        },
    )


class _Course:
    """`evolve` and `decide` of one kind."""

    def __init__(self, kind: str, steps: Steps, clear: tuple[str, ...], personal: str) -> None:
        self._kind = kind
        self._steps = steps
        self._clear = clear
        self._personal = personal

    # Evolve

    def requested(self, state: C, event: Any) -> C:  # noqa: ANN401  # of one kind
        known = Correction("pending", event.requested_by, event.changes, event.corrected_personal)
        return replace(state, corrections={**state.corrections, event.correction_id: known})

    def in_force(self, state: C, event: Any) -> C:  # noqa: ANN401  # of one kind
        known = state.corrections.get(event.correction_id, Correction("in-force"))
        decided = replace(known, status="in-force", changes=event.changes, personal=event.corrected_personal)
        return replace(
            state,
            details={**state.details, **{change.field: change.after for change in event.changes}},
            given_by={**state.given_by, **dict.fromkeys(event.corrected_personal, event.correction_id)},
            corrections={**state.corrections, event.correction_id: decided},
        )

    def ended(self, status: Literal["rejected", "withdrawn"]) -> Callable[..., Any]:
        def evolve(state: C, event: Any) -> C:  # noqa: ANN401  # of one kind
            known = replace(state.corrections.get(event.correction_id, Correction(status)), status=status)
            return replace(state, corrections={**state.corrections, event.correction_id: known})

        return evolve

    # Decide

    def correct(self, command: Any, state: Any) -> Sequence[Event]:  # noqa: ANN401  # of one kind
        if command.correction_id in state.corrections:
            return []
        given = {name: value for name in self._clear if (value := getattr(command, name)) is not None}
        changed = changes(state.details, given | dict.fromkeys(command.cleared))
        personal = (self._personal,) if getattr(command, self._personal) is not None else ()
        fields = {change.field for change in changed}.union(personal)
        if not fields:
            return []
        if any(one.status == "pending" and not one.fields.isdisjoint(fields) for one in state.corrections.values()):
            raise self._refused("correction-pending")
        facts = {"customer_id": state.customer_id, "changes": changed, "corrected_personal": personal}
        alone: CorrectionsAlone = command.corrections_alone
        by_one = fields.issubset(getattr(alone, self._kind))
        return [happened(self._steps.corrected if by_one else self._steps.requested, command, **facts)]

    def approve(self, command: Any, state: Correctable) -> Sequence[Event]:  # noqa: ANN401  # of one kind
        known = self._known(command, state)
        if known.status == "in-force":
            return []
        self._require_another(known, command, "approved_by")
        return [happened(self._steps.approved, command, changes=known.changes, corrected_personal=known.personal)]

    def reject(self, command: Any, state: Correctable) -> Sequence[Event]:  # noqa: ANN401  # of one kind
        known = self._known(command, state)
        if known.status == "rejected":
            return []
        self._require_another(known, command, "rejected_by")
        return [happened(self._steps.rejected, command)]

    def withdraw(self, command: Any, state: Correctable) -> Sequence[Event]:  # noqa: ANN401  # of one kind
        known = self._known(command, state)
        if known.status == "withdrawn":
            return []
        self._require_pending(known)
        if command.withdrawn_by != known.requested_by:
            raise self._refused("correction-of-another", "withdrawn_by")
        return [happened(self._steps.withdrawn, command)]

    def _known(self, command: Any, state: Correctable) -> Correction:  # noqa: ANN401  # of one kind
        known = state.corrections.get(command.correction_id)
        if known is None:
            raise self._refused("correction-unknown", "correction_id")
        return known

    def _require_pending(self, known: Correction) -> None:
        if known.status != "pending":
            raise self._refused("correction-decided", "correction_id")

    def _require_another(self, known: Correction, command: Any, field: str) -> None:  # noqa: ANN401  # of one kind
        self._require_pending(known)
        refused = self._refused("correction-second-person-required", field)
        require_another(getattr(command, field), [known.requested_by], refused)

    def _refused(self, code: str, field: str | None = None) -> Refusal:
        return refusal(refusals(self._kind), f"{self._kind}.{code}", field)
