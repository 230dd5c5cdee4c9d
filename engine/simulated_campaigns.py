"""The simulated bank's campaigns, and what becomes of their touches once the contact policy has decided them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from domain.campaign import (
    ApproveCampaign,
    CampaignTarget,
    EndCampaign,
    LaunchCampaign,
    PlanCampaign,
    RecordCampaignCost,
)
from domain.codes import Money
from domain.customer_messages import WithdrawConsent
from domain.kernel import Command, Event
from domain.touch import (
    ConfirmTouchDelivery,
    ProposeTouch,
    ReconsiderTouch,
    RecordTouchBounce,
    RecordTouchConversion,
    RecordTouchOpening,
    RecordTouchResponse,
    TouchDecided,
    TouchReleased,
)
from engine.handling import Unit
from engine.simulated_course import Course
from engine.simulated_ids import SimulatedIds
from engine.simulated_places import SimulatedPlace

_DAY: Final = timedelta(days=1)
_MORNING, _EVENING = 10 * 60, 21 * 60 + 30
"""Minutes after midnight: when touches are proposed, within and outside contact hours."""


class SimulatedCampaign(NamedTuple):
    """A campaign; days are counted from the first of the bank's year (`ended` None: it runs)."""

    campaign_id: UUID
    title: str
    product: str
    launched: int
    ended: int | None
    holdout_share: int
    proposed: range


_CAMPAIGNS: Final = (
    ("Savings bonus", "savings", 60, 150, 2000, range(62, 120)),
    ("Card upgrade", "credit_card", 100, 240, 2500, range(102, 170)),
    ("Home loans", "mortgage", 335, None, 2000, range(337, 364)),
)


class SimulatedCampaigns:
    """All campaigns with what the bank itself does about them."""

    def __init__(self, ids: SimulatedIds, random: Random, start: datetime) -> None:
        self._ids = ids
        self._random = random
        self._start = start
        self.all = tuple(SimulatedCampaign(ids.new(start), *facts) for facts in _CAMPAIGNS)

    def units(self) -> Iterator[Unit]:
        """Planned, approved by another person, launched, paid for, and ended where it is over."""
        for one in self.all:
            launched = self._start + one.launched * _DAY
            planned, of = launched - 20 * _DAY, {"campaign_id": one.campaign_id}
            target = CampaignTarget(figure="campaign.conversion", value=800)
            plan = PlanCampaign.model_validate(
                {
                    **of, "occurred_at": planned, "title": one.title, "purpose": "marketing", "channel": "email",
                    "budget": Money(2_000_000, "EUR"), "holdout_share": one.holdout_share, "targets": (target,),
                    "planned_by": "staff:campaigns",
                }
            )  # fmt: skip
            approver = "staff:head-of-marketing"
            approve = ApproveCampaign.model_validate({**of, "occurred_at": planned + 5 * _DAY, "approved_by": approver})
            cost = RecordCampaignCost.model_validate(
                {
                    **of, "occurred_at": launched, "cost_id": self._ids.new(planned), "kind": "media",
                    "amount": Money(self._random.randrange(400_000, 900_000), "EUR"),
                }
            )  # fmt: skip
            yield from self._ids.units("staff:campaigns", plan)
            yield from self._ids.units(approver, approve)
            yield from self._ids.units(
                "staff:campaigns", LaunchCampaign.model_validate({**of, "occurred_at": launched}), cost
            )
            if one.ended is not None:
                ended = {**of, "occurred_at": self._start + one.ended * _DAY, "reason": "planned_end"}
                yield from self._ids.units("staff:campaigns", EndCampaign.model_validate(ended))


class SimulatedTouches:
    """One customer's touches: proposed, and gone on with as they were decided."""

    def __init__(  # noqa: PLR0913, PLR0917  # of whom, where, and how
        self,
        customer_id: UUID,
        consent: WithdrawConsent | None,
        place: SimulatedPlace,
        course: Course,
        ids: SimulatedIds,
        random: Random,
    ) -> None:
        """`consent`: how the customer would take theirs back; None: they have given none."""
        self._customer_id = customer_id
        self._consent = consent
        self._place = place
        self._course = course
        self._ids = ids
        self._random = random
        self._held: dict[UUID, tuple[SimulatedCampaign, datetime]] = {}

    def of(self, campaign: SimulatedCampaign, start: datetime) -> None:
        """Propose one touch, some of them in a batch of the evening."""
        day = start + self._random.choice(campaign.proposed) * _DAY
        evening = self._is(0.12)
        self._propose(campaign, self._place.local(day, _EVENING if evening else _MORNING + self._random.randrange(360)))

    def look_again(self, at: datetime) -> None:
        """Have held touches looked at after something happened to the customer that the policy reads."""
        for touch_id in tuple(self._held):
            self._reconsider(touch_id, at)

    def take_back(self, at: datetime) -> None:
        """The customer takes their consent back, and what is held for them is looked at."""
        if self._consent is not None:
            taken_back = self._consent.model_copy(update={"occurred_at": at})
            self._consent = None
            self._course.add([self._ids.unit("staff:contact-centre", taken_back)])
            self._course.look(at + timedelta(minutes=1), lambda: self.look_again(at + timedelta(minutes=1)))

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _propose(self, campaign: SimulatedCampaign, at: datetime, *, reminds: bool = False) -> None:
        touch_id = self._ids.new(at, self._customer_id)
        proposal = ProposeTouch(
            touch_id=touch_id, occurred_at=at, customer_id=self._customer_id, campaign_id=campaign.campaign_id
        )

        def decided(events: Sequence[Event]) -> None:
            (event,) = events
            if not isinstance(event, TouchDecided):
                raise TypeError(event.type)
            if event.decision == "send":
                self._sent(touch_id, campaign, at)
                if not reminds and self._is(0.25):
                    self._propose(campaign, self._place.local(at + 3 * _DAY, _MORNING), reminds=True)
            elif event.decision == "hold" and event.held_until and event.expires_at:
                self._held[touch_id] = (campaign, event.expires_at)
                if event.rule == "hours" and self._is(0.2):
                    self.take_back(at + timedelta(hours=1))
                self._later(touch_id, event.held_until)
            elif event.group == "holdout" and self._is(0.08):
                self._taken_up(touch_id, campaign, at + self._random.randrange(2, 12) * _DAY)

        self._course.ask(self._ids.unit("system:campaigns", proposal), decided)

    def _later(self, touch_id: UUID, at: datetime) -> None:
        self._course.look(at, lambda: self._reconsider(touch_id, at))

    def _reconsider(self, touch_id: UUID, at: datetime) -> None:
        if touch_id not in self._held:
            return
        campaign, expires_at = self._held[touch_id]

        def settled(events: Sequence[Event]) -> None:
            if not events:  # still held: the next morning, or when it is given up
                self._later(touch_id, min(self._place.local(at + _DAY, _MORNING), max(expires_at, at + _DAY)))
                return
            self._held.pop(touch_id, None)
            if isinstance(events[0], TouchReleased):
                self._sent(touch_id, campaign, at)

        command = ReconsiderTouch(touch_id=touch_id, occurred_at=at)
        self._course.ask(self._ids.unit("daybook:contact", command), settled)

    def _sent(self, touch_id: UUID, campaign: SimulatedCampaign, at: datetime) -> None:
        random, of = self._random, {"touch_id": touch_id}
        arrived = {**of, "occurred_at": at + timedelta(minutes=2)}
        if self._is(0.03):
            bounce = RecordTouchBounce.model_validate({**arrived, "reason": "mailbox-full"})
            self._course.add([self._ids.unit("system:campaigns", bounce)])
            return
        commands: list[Command] = [ConfirmTouchDelivery.model_validate(arrived)]
        if self._is(0.45):
            opened = at + timedelta(minutes=random.randrange(5, 2000))
            commands.append(RecordTouchOpening.model_validate({**of, "occurred_at": opened}))
        later = at + random.randrange(1, 9) * _DAY
        if self._is(0.15):
            response = {"response_id": self._ids.new(later, self._customer_id), "response": "interested"}
            commands.append(RecordTouchResponse.model_validate({**of, "occurred_at": later, **response}))
        self._course.add(self._ids.units("system:campaigns", *commands))
        if self._is(0.12):
            self._taken_up(touch_id, campaign, later + _DAY)

    def _taken_up(self, touch_id: UUID, campaign: SimulatedCampaign, at: datetime) -> None:
        value = Money(self._random.randrange(10_000, 900_000), self._place.currency)
        conversion = RecordTouchConversion(
            touch_id=touch_id, occurred_at=at, conversion_id=self._ids.new(at, self._customer_id),
            product=campaign.product, value=value,
        )  # fmt: skip
        self._course.add([self._ids.unit("system:core-banking", conversion)])
