"""One customer of the simulated bank: joins, gets in touch, complains, is asked and is written to."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from domain.complaint import CloseComplaint, MergeComplaint, WithdrawComplaint
from domain.complaint_handling import AcknowledgeComplaint, ForwardComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.customer import (
    AddContactPoint,
    AssignRelationshipManager,
    DenyConsent,
    GrantConsent,
    RegisterCustomer,
    WithdrawConsent,
)
from domain.customer_messages import NoteVulnerability, SetPreference
from domain.interaction_messages import CompleteFollowUp, RecordInteraction, ScheduleFollowUp
from domain.kernel import Command
from engine.contact_judging import held_out
from engine.simulated_campaigns import SimulatedCampaign, SimulatedTouches
from engine.simulated_cases import SimulatedCase
from engine.simulated_course import Course
from engine.simulated_ids import SimulatedIds
from engine.simulated_persons import KnownPerson
from engine.simulated_places import PLACES, SimulatedPlace
from engine.simulated_relations import MANAGERS, Joined
from engine.simulated_rules import CES, CSAT, NPS
from engine.simulated_surveys import SimulatedSurveys
from store.identity import derive_id

_GIVEN: Final = (
    "Ana",
    "Bo",
    "Chen",
    "Dana",
    "Emil",
    "Fang",
    "Grace",
    "Hugo",
    "Ines",
    "Jun",
    "Karin",
    "Li",
    "Mei",
    "Noor",
)
_FAMILY: Final = (
    "Almeida",
    "Berg",
    "Cheng",
    "Duarte",
    "Eriksen",
    "Fischer",
    "Gao",
    "Hansen",
    "Ito",
    "Jansen",
    "Wang",
    "Zhou",
)
_TOPICS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "current_account": ("fees", "transfer", "statement"),
        "savings": ("interest_rate", "maturity"),
        "mortgage": ("repayment", "rate_change", "early_redemption"),
        "credit_card": ("declined_payment", "limit", "lost_card"),
        "consumer_loan": ("instalment", "new_loan"),
    }
)
_CHANNELS: Final = ("phone", "branch", "mobile_app", "web", "email")
_DIGITAL: Final = frozenset({"mobile_app", "web"})
_AGE_BANDS: Final = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74")
_DAY: Final = timedelta(days=1)
_OVER: Final = (CloseComplaint, MergeComplaint, WithdrawComplaint)


class SimulatedYear(NamedTuple):
    """From when until when the bank is simulated, and the campaigns of that time."""

    start: datetime
    until: datetime
    campaigns: tuple[SimulatedCampaign, ...]


class SimulatedCustomer:
    """Puts what happens with the customer of this number into their course."""

    def __init__(self, key: Callable[..., bytes], seed: int, number: int, year: SimulatedYear) -> None:
        self._seed = f"{seed}/{number}"
        self._number = number
        self._random = random = Random(self._seed)  # noqa: S311  # a simulation is meant to be repeatable
        self._ids = SimulatedIds(key, self._seed)
        self._year = year
        self.place: SimulatedPlace = PLACES[number % len(PLACES)]
        self.course = Course(year.until)
        joined = self.place.local(year.start + random.randrange(1, 60) * _DAY, 9 * 60 + random.randrange(480))
        wished = {one.campaign_id: random.random() * 10_000 < one.holdout_share for one in year.campaigns}
        customer_id = next(self._ids_held_out_as(wished, joined))
        name = f"{random.choice(_GIVEN)} {random.choice(_FAMILY)}"
        email = f"{name.replace(' ', '.')}{number}@example.org".lower()
        self.person = KnownPerson(customer_id, name, email, joined)
        place = number % len(PLACES)
        self.joined = Joined(customer_id, joined, f"staff:rm-{random.choice(_managers(place))}", self.place)
        self._point = self._ids.new(joined, customer_id)
        self._surveys = SimulatedSurveys(customer_id, self.place.branch, self.course, self._ids, random)
        consent = self._onboarding()
        self._touches = SimulatedTouches(customer_id, consent, self.place, self.course, self._ids, random)
        self._last_complaint: UUID | None = None

    def live(self) -> None:
        """Fill the course with what the customer and the bank begin; the rest follows from it."""
        random, (start, until, campaigns) = self._random, self._year
        joined = self.person.joined
        days = sorted(random.randrange(1, (until - joined).days) for _ in range(random.randrange(2, 10)))
        for day in days:
            self._contact(self.place.local(joined + day * _DAY, 9 * 60 + random.randrange(480)))
        if self._number % 8 == 0:  # the app was down
            day = until - (1 + 5 * self._number // 8 % 23) * _DAY
            self._contact(self.place.local(day, 9 * 60 + random.randrange(480)), about="mobile_app")
        if self._is(0.5):
            asked = self.place.local(joined + random.randrange(60, 300) * _DAY, 11 * 60)
            self._surveys.ask(NPS, asked, channel="email", mood=random.betavariate(4, 2))
        for campaign in campaigns:
            self._touches.of(campaign, start)
        if self._is(0.12):
            at = self.place.local(joined + random.randrange(40, 300) * _DAY, 12 * 60)
            self.course.look(at, lambda: self._touches.take_back(at))

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _ids_held_out_as(self, wished: Mapping[UUID, bool], at: datetime) -> Iterator[UUID]:
        """Ids that are drawn into those holdouts: so the same happens whatever key ids and holdouts are made with."""
        key = self._ids.key
        shares = {one.campaign_id: one.holdout_share for one in self._year.campaigns}
        for drawn in count():
            found = derive_id(key("simulated-customer", f"{self._seed}/{drawn}".encode()), at=at)
            if all(held_out(key, one, found, shares[one]) is kept for one, kept in wished.items()):
                yield found

    def _onboarding(self) -> WithdrawConsent | None:
        """Joining, with what the customer says of being written to; how they would take a consent back."""
        random, place, person = self._random, self.place, self.person
        of = {"customer_id": person.customer_id, "occurred_at": person.joined}
        scope = {
            **of, "contact_point_id": self._point, "channel": "email", "purpose": "marketing",
            "text_version": "2025-01", "evidence_channel": "branch",
        }  # fmt: skip
        commands: list[Command] = [
            RegisterCustomer.model_validate(
                {
                    **of, "kind": "person", "name": person.name, "residence_country": place.country,
                    "language": place.language, "age_band": random.choice(_AGE_BANDS), "region": place.region,
                    "time_zone": place.zone, "branch": place.branch, "segment": random.choice(("mass", "affluent")),
                }
            ),
            AddContactPoint.model_validate(
                {**of, "contact_point_id": self._point, "kind": "email", "value": person.email}
            ),
            AssignRelationshipManager.model_validate({**of, "relationship_manager": self.joined.manager}),
        ]  # fmt: skip
        said = random.random()
        consents = said < 0.68  # noqa: PLR2004  # shares of the simulation
        if consents:
            commands.append(GrantConsent.model_validate(scope))
        elif said < 0.82:  # noqa: PLR2004
            commands.append(DenyConsent.model_validate(scope))
        later = {**of, "occurred_at": self.place.local(person.joined + random.randrange(2, 200) * _DAY, 13 * 60)}
        if self._is(0.05):
            commands.append(NoteVulnerability.model_validate({**later, "basis": "told-by-customer"}))
        elif self._is(0.05):
            wish = {"preference": "contact_frequency", "value": "never"}
            commands.append(SetPreference.model_validate({**later, **wish}))
        self.course.add(self._ids.units("staff:branch", *commands))
        return WithdrawConsent.model_validate({**scope, "evidence_channel": "phone"}) if consents else None

    def _contact(self, at: datetime, about: str | None = None) -> None:
        """The customer gets in touch; `about`: the channel in which something has gone wrong."""
        random, customer_id = self._random, self.person.customer_id
        product = random.choice(tuple(_TOPICS)) if about is None else random.choice(("current_account", "credit_card"))
        topic, channel = random.choice(_TOPICS[product]), random.choice(_CHANNELS)
        interaction_id = self._ids.new(at, customer_id)
        commands: list[Command] = [
            RecordInteraction.model_validate(
                {
                    "interaction_id": interaction_id, "occurred_at": at, "customer_id": customer_id, "channel": channel,
                    "direction": "inbound", "purpose": "servicing", "topic": topic, "product": product,
                    "disposition": "resolved", "started_at": at - timedelta(minutes=random.randrange(2, 25)),
                    "ended_at": at,
                    "summary": f"Asked about {topic.replace('_', ' ')} of the {product.replace('_', ' ')}.",
                }
            )
        ]  # fmt: skip
        if self._is(0.2):
            follow_up, due_at = (
                {"interaction_id": interaction_id, "follow_up_id": self._ids.new(at, customer_id)},
                at + 3 * _DAY,
            )
            commands += [
                ScheduleFollowUp.model_validate(
                    {**follow_up, "occurred_at": at, "kind": "call_back", "due_at": due_at,
                     "assignee": "staff:contact-centre"}
                ),
                CompleteFollowUp.model_validate({**follow_up, "occurred_at": due_at}),
            ]  # fmt: skip
        self.course.add(self._ids.units(f"staff:{channel}-desk", *commands))
        unhappy = about is not None or self._is(0.12)
        if unhappy:
            self._complain(interaction_id, at, product, topic)
        mood = random.betavariate(1.5, 4) if unhappy else random.betavariate(5, 1.5)
        ask = partial(self._surveys.ask, channel=channel, mood=mood, product=product, interaction_id=interaction_id)
        ask(CSAT, at + timedelta(hours=3))
        if channel in _DIGITAL:
            ask(CES, at + timedelta(hours=4))

    def _complain(self, interaction_id: UUID, at: datetime, product: str, issue: str) -> None:
        random, place, customer_id = self._random, self.place, self.person.customer_id
        complaint_id, regime = self._ids.new(at, customer_id), place.regime_of(issue)
        channel = "web" if regime == "us.cfpb" else "phone"
        commands: list[Command] = [
            ReceiveComplaint.model_validate(
                {
                    "complaint_id": complaint_id, "occurred_at": at, "complainant_id": customer_id,
                    "customer_id": customer_id, "channel": channel, "product": product, "issue": issue,
                    "received_on": None, "region": place.region, "branch": place.branch, "regime": regime,
                    "service_channel": "branch" if product == "mortgage" else "mobile_app",
                    "interaction_id": interaction_id, "description": "Says that nobody called back as promised.",
                    "desired_outcome": "An apology and the fee back.",
                }
            ),
            AcknowledgeComplaint(complaint_id=complaint_id, occurred_at=at + timedelta(hours=2)),
        ]  # fmt: skip
        if regime == "us.cfpb":
            commands.append(
                ForwardComplaint(
                    complaint_id=complaint_id, occurred_at=at + timedelta(hours=3), respondent="Sample Bank"
                )
            )
        case = SimulatedCase(
            complaint_id, regime, place.currency, lambda name: self._of_case(complaint_id, name, at),
            f"case {self._seed}/{random.random()}", self._last_complaint,
        )  # fmt: skip
        self._last_complaint = complaint_id
        self.course.add(self._ids.units("staff:contact-centre", *commands))
        handling = list(case.handled(at, product, issue))
        self.course.add(self._ids.units("staff:complaints", *handling))
        for over in (one.occurred_at for one in handling if isinstance(one, _OVER)):
            self.course.look(over + timedelta(minutes=1), self._look_again_at(over + timedelta(minutes=1)))

    def _look_again_at(self, at: datetime) -> Callable[[], None]:
        return lambda: self._touches.look_again(at)

    def _of_case(self, complaint_id: UUID, name: str, at: datetime) -> UUID:
        """An id inside a complaint: not counted, so that what a case holds changes no other id."""
        return derive_id(self._ids.key("simulated-case", complaint_id.bytes, name.encode()), at=at, beside=complaint_id)


def _managers(place: int) -> tuple[int, ...]:
    """The relationship managers of a branch, and those of the team that advises for all."""
    team = len(PLACES)
    return tuple(one for one in range(MANAGERS) if one % (team + 1) in {place, team})
