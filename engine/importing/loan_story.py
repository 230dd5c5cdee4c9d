"""What the events of one loan application become, in their order: engagement, offers, tasks, calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.codes import Money
from domain.engagement import (
    DecideEngagement,
    Decision,
    MakeEngagementOffer,
    OfferOutcome,
    OpenEngagement,
    ReachEngagementStage,
    SettleEngagementOffer,
)
from domain.interaction_messages import RecordInteraction
from domain.kernel import Command
from domain.task import CompleteTask, ScheduleTask, StartTask, SuspendTask
from domain.touch import DecideTouch, RecordTouchConversion, RecordTouchResponse, ReleaseTouch
from engine.importing.identities import part_of
from engine.importing.verdict import Reason, Unreadable

SOURCE: Final = "bpic.2012"
PRODUCT: Final = "loan"
CURRENCY: Final = "EUR"
CAMPAIGN_VERSION: Final = 2
"""The campaign's stream version that touches cite: planned, approved, launched."""

OPENS: Final = "A_SUBMITTED"
STAGES: Final = frozenset({
    "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_REGISTERED", "A_ACTIVATED",
})  # fmt: skip
DECISIONS: Final[Mapping[str, Decision]] = {
    "A_APPROVED": "approved",
    "A_DECLINED": "declined",
    "A_CANCELLED": "cancelled",
}
WORK: Final = frozenset({
    "W_Afhandelen leads", "W_Completeren aanvraag", "W_Nabellen offertes", "W_Valideren aanvraag",
    "W_Nabellen incomplete dossiers", "W_Beoordelen fraude", "W_Wijzigen contractgegevens",
})  # fmt: skip
CALLS: Final = "W_Nabellen"


class Step(NamedTuple):
    """One event of the log; `performed_by` is the pseudonym that stands for its resource."""

    name: str
    transition: str
    at: datetime
    performed_by: str | None


@dataclass(frozen=True)
class Application:
    """What all events of a case share; ids derive from `secret`, near the time `near`."""

    number: str
    amount_minor: int | None
    opened_at: datetime
    campaign_id: UUID
    secret: bytes
    near: datetime

    @cached_property
    def applicant_id(self) -> UUID:
        """The person who applied."""
        return part_of(self.secret, b"applicant", at=self.near)

    @cached_property
    def engagement_id(self) -> UUID:
        """The engagement."""
        return self.part(b"engagement")

    def part(self, name: bytes, number: int = 0) -> UUID:
        """The id of one thing in the application, in the partition of the applicant."""
        return part_of(self.secret, b"%s %d" % (name, number), at=self.near, beside=self.applicant_id)


@dataclass(slots=True)
class _Offer:
    offer_id: UUID
    created: bool = False
    sent: bool = False
    returned: bool = False
    settled: bool = False


class _Turn(NamedTuple):
    """Of which task a step is, by its number; whether it is the first or the last that the log tells of it.

    `missing`: the log lacks the start of what it completes, or the completion of what it starts anew.
    """

    task: int
    first: bool
    last: bool
    missing: bool


class Story:
    """Tells the steps of one application as commands, in their order."""

    def __init__(self, of: Application, steps: Sequence[Step]) -> None:
        """Take in the steps; work is known by all that comes later.

        Raises:
            Unreadable: no application goes like this.
        """
        self._of = of
        self._steps = steps
        self._turns = _turns(steps)
        self._offers: list[_Offer] = []
        self._told: list[Command] = []
        self._open(steps[0])
        for place, step in enumerate(steps[1:], 1):
            self._tell(place, step)
        self.commands = tuple(self._told)

    def _tell(self, place: int, step: Step) -> None:
        if step.name in WORK:
            self._work(place, step)
        elif step.transition != "COMPLETE":
            raise Unreadable(Reason("word-unknown", "lifecycle:transition"))
        elif step.name in STAGES:
            self._say(ReachEngagementStage, step, **self._engaged(step), stage=_code(step.name))
        elif step.name in DECISIONS:
            self._say(DecideEngagement, step, **self._engaged(step), outcome=DECISIONS[step.name])
        elif step.name in _ABOUT_OFFERS:
            _ABOUT_OFFERS[step.name](self, step)
        else:
            raise Unreadable(Reason("word-unknown", "concept:name"))

    def _open(self, step: Step) -> None:
        if step.name != OPENS:
            raise Unreadable(Reason("opening-missing", "concept:name"))
        of = self._of
        self._say(
            OpenEngagement,
            step,
            engagement_id=of.engagement_id,
            customer_id=of.applicant_id,
            kind=PRODUCT,
            product=PRODUCT,
            amount_requested=None if of.amount_minor is None else Money(of.amount_minor, CURRENCY),
            source=SOURCE,
            external_ref=of.number,
        )

    # Offers

    def select(self, step: Step) -> None:
        """O_SELECTED: the bank chose what to offer."""
        offer = _Offer(self._of.part(b"offer", len(self._offers)))
        self._offers.append(offer)
        facts = {"offer_id": offer.offer_id, "touch_id": offer.offer_id}
        self._say(MakeEngagementOffer, step, **self._engaged(step), **facts)

    def create(self, step: Step) -> None:
        """O_CREATED: the oldest that was chosen is written, and held until it is sent."""
        offer = _first(self._offers, lambda one: not one.created)
        offer.created = True
        self._say(
            DecideTouch,
            step,
            touch_id=offer.offer_id,
            customer_id=self._of.applicant_id,
            campaign_id=self._of.campaign_id,
            campaign_version=CAMPAIGN_VERSION,
            channel="other",
            purpose="servicing",
            decision="hold",
            rule=SOURCE,
            rule_version=1,
            reason="offer-created",
        )

    def send(self, step: Step) -> None:
        """O_SENT: the oldest that is written goes out."""
        offer = _first(self._offers, lambda one: one.created and not one.sent)
        offer.sent = True
        ruling = {"rule": SOURCE, "rule_version": 1, "reason": "offer-sent"}
        self._say(ReleaseTouch, step, touch_id=offer.offer_id, **ruling)

    def take_back(self, step: Step) -> None:
        """O_SENT_BACK: the customer has returned the newest that is out."""
        offer = _first(self._newest, lambda one: one.sent and not one.returned and not one.settled)
        offer.returned = True
        response_id = self._of.part(b"response", self._offers.index(offer))
        self._say(RecordTouchResponse, step, touch_id=offer.offer_id, response_id=response_id, response="returned")

    def accept(self, step: Step) -> None:
        """O_ACCEPTED: the newest that is out is agreed upon."""
        offer = self._settle(step, "accepted", self._newest)
        conversion_id = self._of.part(b"conversion", self._offers.index(offer))
        self._say(RecordTouchConversion, step, touch_id=offer.offer_id, conversion_id=conversion_id, product=PRODUCT)

    def decline(self, step: Step) -> None:
        """O_DECLINED: the newest that is out is refused."""
        self._settle(step, "declined", self._newest)

    def cancel(self, step: Step) -> None:
        """O_CANCELLED: the oldest that is out gives way."""
        self._settle(step, "cancelled", self._offers)

    def _settle(self, step: Step, outcome: OfferOutcome, offers: Iterable[_Offer]) -> _Offer:
        offer = _first(offers, lambda one: one.sent and not one.settled)
        offer.settled = True
        self._say(SettleEngagementOffer, step, **self._engaged(step), offer_id=offer.offer_id, outcome=outcome)
        return offer

    @property
    def _newest(self) -> Iterable[_Offer]:
        return reversed(self._offers)

    # Work

    def _work(self, place: int, step: Step) -> None:
        turn = self._turns[place]
        task_id = self._of.part(b"task", turn.task)
        if turn.first:
            self._say(
                ScheduleTask,
                step,
                task_id=task_id,
                customer_id=self._of.applicant_id,
                kind=_code(step.name),
                engagement_id=self._of.engagement_id,
            )
        if step.transition == "START" and turn.missing:
            self._say(SuspendTask, step, task_id=task_id)
        if step.transition == "START" or (step.transition == "COMPLETE" and turn.missing):
            self._say(StartTask, step, task_id=task_id, performed_by=step.performed_by)
            if step.name.startswith(CALLS):
                self._call(place, step)
        if step.transition == "COMPLETE":
            ends = CompleteTask if turn.last else SuspendTask
            self._say(ends, step, task_id=task_id, performed_by=step.performed_by)

    def _call(self, place: int, step: Step) -> None:
        later = (one for one in self._steps[place:] if one.name == step.name)
        ended = next((one for one in later if one.transition == "COMPLETE"), None)
        self._say(
            RecordInteraction,
            step,
            interaction_id=self._of.part(b"call", place),
            customer_id=self._of.applicant_id,
            channel="phone",
            direction="outbound",
            purpose="servicing",
            topic=_code(step.name),
            started_at=step.at if step.transition == "START" else None,
            ended_at=None if ended is None else ended.at,
            product=PRODUCT,
        )

    # Telling

    def _say(self, command: type[Command], step: Step, **facts: Any) -> None:  # noqa: ANN401  # checked by the command
        self._told.append(command(occurred_at=step.at, **facts))

    def _engaged(self, step: Step) -> dict[str, Any]:
        return {"engagement_id": self._of.engagement_id, "performed_by": step.performed_by}


def _turns(steps: Sequence[Step]) -> dict[int, _Turn]:
    """Of which task each step of work is: a task is scheduled, and what follows of its kind is the newest's.

    While somebody is at an older one, the completion is that one's.
    """
    newest: dict[str, int] = {}
    working: dict[str, int] = {}
    owners: dict[int, int] = {}
    missing = set[int]()
    tasks = 0
    for place, step in enumerate(steps):
        if step.name not in WORK:
            continue
        if step.transition == "SCHEDULE" or step.name not in newest:
            newest[step.name] = tasks
            tasks += 1
        owner = newest[step.name]
        if step.transition == "START":
            if working.get(step.name) == owner:
                missing.add(place)
            working[step.name] = owner
        elif step.transition == "COMPLETE":
            if step.name not in working:
                missing.add(place)
            owner = working.pop(step.name, owner)
        owners[place] = owner
    firsts = {task: place for place, task in reversed(owners.items())}
    lasts = {task: place for place, task in owners.items()}
    return {
        place: _Turn(task, firsts[task] == place, lasts[task] == place, place in missing)
        for place, task in owners.items()
    }


def _first(offers: Iterable[_Offer], fits: Callable[[_Offer], bool]) -> _Offer:
    found = next(filter(fits, offers), None)
    if found is None:
        raise Unreadable(Reason("offer-unknown", "concept:name"))
    return found


def _code(name: str) -> str:
    return name.lower().replace(" ", "_")


_ABOUT_OFFERS: Final[Mapping[str, Callable[[Story, Step], None]]] = {
    "O_SELECTED": Story.select,
    "O_CREATED": Story.create,
    "O_SENT": Story.send,
    "O_SENT_BACK": Story.take_back,
    "O_ACCEPTED": Story.accept,
    "O_DECLINED": Story.decline,
    "O_CANCELLED": Story.cancel,
}
