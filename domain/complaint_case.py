"""A complaint as decisions see it, and what the topics of a complaint share: field types, guards, the command's class.

Each topic has its events, commands and decisions in a file of its own: intake, handling, letters, redress, time and
review. `domain.complaint` puts them together into one aggregate with one stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.codes import ActorId, Channel, Code, Giving, Label, Text
from domain.kernel import Command, Facts, Personal, clear_facts, refusal
from domain.matters import Matter

Narrative = Annotated[Text | None, Personal("complaint", subject="complainant_id")]
Letter = Annotated[Text | None, Personal("complaint_letter", subject="complainant_id")]
Standing = Literal["open", "responded", "closed", "withdrawn", "merged"]
Status = Literal["absent", "open", "responded", "closed", "withdrawn", "merged"]
Level = Literal["institution", "superior", "head-office"]
"""Where in the bank somebody decides: the institution that handles it, the one above it, the head office."""

TemplateVersion = Annotated[int, Field(ge=1, le=1_000_000)]

ClockMark = tuple[Code, int, int]
"""A clock, its run, and the share of its time that was told to be over; 100 is the breach."""

Terms = tuple[object, ...]
Known = Mapping[UUID, Terms]
"""What was recorded under an id, to tell a repeat from another thing."""


# State


def _known() -> Known:
    return {}


@dataclass(frozen=True, slots=True)
class Redress:
    """One offer and how far it got."""

    terms: Terms
    offered_by: ActorId | None = None
    status: Literal["proposed", "offered", "accepted", "paid"] = "offered"


@dataclass(frozen=True, slots=True)
class Intake:
    """Who complains, in which capacity, by which channel last, and what is still missing of the registration."""

    capacity: str = "own"
    channel: Channel | None = None
    complainants: int = 1
    missing: frozenset[str] = frozenset()
    demanded: frozenset[str] = frozenset()
    supplements: Known = field(default_factory=_known)
    representatives: Mapping[UUID, str] = field(default_factory=dict[UUID, str])


@dataclass(frozen=True, slots=True)
class Handling:
    """Where it lies, who may not touch it, what was checked and decided about it."""

    queue: Code | None = None
    recused: frozenset[ActorId] = frozenset()
    checks: Known = field(default_factory=_known)
    counted: Mapping[Code, Terms] = field(default_factory=dict[Code, Terms])


@dataclass(frozen=True, slots=True)
class Letters:
    """What was sent and told. `sent` are the ids of letters."""

    sent: Known = field(default_factory=_known)
    deliveries: Known = field(default_factory=_known)
    notices: Known = field(default_factory=_known)
    resolution_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Extension:
    """A longer time that somebody asked for. `extended`: another person agreed."""

    terms: Terms
    clock: Code
    requested_by: ActorId
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Backdating:
    """A time that somebody claims for what was recorded later. `confirmed` None: nobody else has looked."""

    given_by: ActorId
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """What pauses, extends, agrees on and restarts clocks; which times are claimed. Of `pauses`: whether it runs."""

    pauses: Mapping[UUID, tuple[Terms, bool]] = field(default_factory=dict[UUID, tuple[Terms, bool]])
    extensions: Mapping[UUID, Extension] = field(default_factory=dict[UUID, Extension])
    agreements: Known = field(default_factory=_known)
    restarts: Known = field(default_factory=_known)
    backdatings: tuple[Backdating, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """Reviews by another instance of the bank, and the matter before a regulator or ombudsman."""

    reviews: Mapping[UUID, tuple[Terms, bool]] = field(default_factory=dict[UUID, tuple[Terms, bool]])
    referrals: Known = field(default_factory=_known)
    rulings: Known = field(default_factory=_known)
    regulator_receipts: Mapping[str, Terms] = field(default_factory=dict[str, Terms])


@dataclass(frozen=True, slots=True)
class Complaint:
    """The complaint as decisions see it: no personal field."""

    status: Status = "absent"
    complainant_id: UUID | None = None
    customer_id: UUID | None = None
    complained_about: frozenset[ActorId] = frozenset()
    acknowledged: bool = False
    assessment: Terms | None = None
    handler: ActorId | None = None
    forwarded: Terms | None = None
    investigating: bool = False
    answered: bool = False
    public_response: Label | None = None
    disputed: bool = False
    root_cause: Code | None = None
    major: bool = False
    reopened: bool = False
    merged_into: UUID | None = None
    attachments: frozenset[UUID] = frozenset()
    matter: Matter | None = None
    redress: Mapping[UUID, Redress] = field(default_factory=dict[UUID, Redress])
    intake: Intake = field(default_factory=Intake)
    handling: Handling = field(default_factory=Handling)
    letters: Letters = field(default_factory=Letters)
    timing: Timing = field(default_factory=Timing)
    review: Review = field(default_factory=Review)
    clocks: frozenset[ClockMark] = frozenset()

    @property
    def ended(self) -> bool:
        """Whether handling is over."""
        return self.status in {"closed", "withdrawn", "merged"}

    def has_interest(self, person: ActorId) -> bool:
        """Whether somebody is complained about, or recused for another interest (2020 No. 3, art. 17)."""
        return person in self.complained_about or person in self.handling.recused


# Commands


class ComplaintCommand(Command):
    """A command to one complaint's stream."""

    stream_field = "complaint_id"

    complaint_id: UUID


class ClockMoving(Facts):
    """Of a command whose `occurred_at` moves a clock: who gave it and when, and why its time is so far back.

    `given` is filled by the edge. None: the time is a source's assertion, of an import.
    """

    given_field: ClassVar[str | None] = "given"

    given: Giving | None = None
    backdating_reason: Code | None = None


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.already-received": "This complaint is recorded already.",
        "complaint.not-received": "There is no such complaint; receive it first.",
        "complaint.already-answered": "The final response was issued; reopen the complaint to answer anew.",
        "complaint.already-closed": "The complaint is closed; reopen it first.",
        "complaint.already-withdrawn": "The complaint was withdrawn; reopen it first.",
        "complaint.already-merged": "The complaint was merged into another one; handle that one, or reopen this.",
        "complaint.no-final-response": "The final response must be issued first.",
        "complaint.representative-unknown": "Nobody of this id represents the complainants.",
        "complaint.redress-amount-mismatch": "Monetary redress needs an amount, and only monetary redress has one.",
        "complaint.id-reused": "This id names something else of this complaint; make a new one.",
        "complaint.handler-has-interest": "Who is complained about or has another interest cannot handle or judge it.",
        "complaint.second-person-required": "Another person must decide this than the one who asked or handled it.",
    }
)
refuse: Final = partial(refusal, REFUSALS)


def require_not_ended(state: Complaint) -> None:
    """Refuse what belongs into handling when handling is over."""
    if state.ended:
        raise refuse(f"complaint.already-{state.status}")


def require_unanswered(state: Complaint) -> None:
    """Refuse what comes before the final response when that was issued."""
    require_not_ended(state)
    if state.answered:
        raise refuse("complaint.already-answered")


def require_answered(state: Complaint) -> None:
    """Refuse what needs a final response."""
    if not state.answered:
        raise refuse("complaint.no-final-response")


def require_no_interest(person: ActorId, state: Complaint, at: str) -> None:
    """Refuse a person who may have no hand in the complaint."""
    if state.has_interest(person):
        raise refuse("complaint.handler-has-interest", at)


def is_recorded(known: Known, one: UUID, terms: Terms, at: str) -> bool:
    """Whether this very thing is recorded already; an id that names something else is refused."""
    if one not in known:
        return False
    if known[one] != terms:
        raise refuse("complaint.id-reused", at)
    return True


def with_one(known: Known, one: UUID, facts: type[Facts], message: object) -> Known:
    """What is known after one more thing."""
    return {**known, one: clear_facts(facts, message)}  # pyright: ignore[reportArgumentType]
