"""A small simulated bank: a year of customers, contacts, complaints, campaigns and surveys.

Everything follows from the seed, ids included, so the same bank is never recorded twice. Figures are
made up; the shapes are those of retail banking: most contacts are about servicing, one customer in
ten complains, one touch in eight is answered, who waited long is less content.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from domain.campaign import ApproveCampaign, EndCampaign, LaunchCampaign, PlanCampaign, RecordCampaignCost
from domain.codes import Money
from domain.complaint_handling import AcknowledgeComplaint, AssessComplaint, AssignComplaint, OpenInvestigation
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.customer import AddContactPoint, AssignRelationshipManager, GrantConsent, RegisterCustomer
from domain.interaction_messages import CompleteFollowUp, RecordInteraction, ScheduleFollowUp
from domain.kernel import Command
from domain.survey import AnswerSurvey, ConfirmSurveyDelivery, ExpireSurvey, InviteToSurvey
from domain.touch import ConfirmTouchDelivery, DecideTouch, RecordTouchConversion, RecordTouchResponse
from engine.deciding import Context
from engine.handling import FOR_EVER, Unit
from engine.simulated_cases import HANDLERS, SimulatedCase
from engine.simulated_persons import KnownPerson, registered_twice
from engine.simulated_relations import MANAGERS, Joined, SimulatedRelations
from store.identity import derive_id

START: Final = datetime(2025, 7, 1, 9, tzinfo=UTC)
DAYS: Final = 365
CUSTOMERS: Final = 200
CAMPAIGNS: Final = ("Spring savings", "Card upgrade")

_GIVEN = ("Ana", "Bo", "Chen", "Dana", "Emil", "Fang", "Grace", "Hugo", "Ines", "Jun", "Karin", "Li", "Mei", "Noor")
_FAMILY = ("Almeida", "Berg", "Cheng", "Duarte", "Eriksen", "Fischer", "Gao", "Hansen", "Ito", "Jansen", "Wang", "Zhou")
_PRODUCTS = ("current_account", "savings", "mortgage", "credit_card", "consumer_loan")
_TOPICS = {
    "current_account": ("fees", "transfer", "statement"),
    "savings": ("interest_rate", "maturity"),
    "mortgage": ("repayment", "rate_change", "early_redemption"),
    "credit_card": ("declined_payment", "limit", "lost_card"),
    "consumer_loan": ("instalment", "new_loan"),
}
_CHANNELS = ("phone", "branch", "mobile_app", "web", "email")
_BRANCHES = ("north", "harbour", "old-town")
_AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74")


class SimulatedBank:
    """Yields the bank's commands in units, as its desks would have sent them.

    `key(purpose, *parts)` is a keyed HMAC (the vault's), so that the ids cannot be guessed.
    """

    def __init__(self, key: Callable[..., bytes], *, seed: int = 1, customers: int = CUSTOMERS) -> None:
        self._key = key
        self._seed = seed
        self._customers = customers
        self._random = Random(seed)  # noqa: S311  # a simulation is meant to be repeatable
        self._made = 0
        self._relations = SimulatedRelations(key, seed)
        self._last_complaint: dict[UUID, UUID] = {}
        self._branches: dict[UUID, str] = {}
        self._people: list[KnownPerson] = []

    def units(self) -> Iterator[Unit]:
        """Campaigns first, then customer by customer; some people come twice, and are merged."""
        yield from self._relations.organisation()
        campaigns = [self._id(START) for _ in CAMPAIGNS]
        for campaign_id, title in zip(campaigns, CAMPAIGNS, strict=True):
            yield from self._campaign(campaign_id, title)
        for _ in range(self._customers):
            yield from self._customer(campaigns)
        twice = self._people[: max(2, self._customers // 40)]
        yield from registered_twice(twice, self._id, self._unit)

    # Desks

    def _campaign(self, campaign_id: UUID, title: str) -> Iterator[Unit]:
        planned = START + timedelta(days=20)
        yield self._unit(
            "staff:campaigns",
            PlanCampaign(
                campaign_id=campaign_id, occurred_at=planned, title=title, purpose="marketing", channel="email",
                budget=Money(2_000_000, "EUR"), planned_by="staff:campaigns",
            ),
        )  # fmt: skip
        yield self._unit(
            "staff:head-of-marketing",
            ApproveCampaign(
                campaign_id=campaign_id, occurred_at=planned + timedelta(days=5), approved_by="staff:head-of-marketing"
            ),
            LaunchCampaign(campaign_id=campaign_id, occurred_at=planned + timedelta(days=10)),
            RecordCampaignCost(
                campaign_id=campaign_id, occurred_at=planned + timedelta(days=40), cost_id=self._id(planned),
                kind="media", amount=Money(self._random.randrange(400_000, 900_000), "EUR"),
            ),
            EndCampaign(campaign_id=campaign_id, occurred_at=planned + timedelta(days=120), reason="planned_end"),
        )  # fmt: skip

    def _customer(self, campaigns: Sequence[UUID]) -> Iterator[Unit]:
        random = self._random
        joined = START + timedelta(days=random.randrange(60), minutes=random.randrange(480))
        customer_id = self._id(joined)
        contact_point_id = self._id(joined, customer_id)
        given, family = random.choice(_GIVEN), random.choice(_FAMILY)
        consents = random.random() < 0.6  # noqa: PLR2004  # shares of the simulation
        age_band, branch = random.choice(_AGE_BANDS), random.choice(_BRANCHES)
        self._branches[customer_id] = branch
        person = KnownPerson(
            customer_id, f"{given} {family}", f"{given}.{family}{self._made}@example.org".lower(), joined
        )
        self._people.append(person)
        onboarding: list[Command] = [
            RegisterCustomer(
                customer_id=customer_id, occurred_at=joined, kind="person", name=person.name,
                residence_country="PT", language="pt", age_band=age_band,
                region="PT-11", branch=branch, segment=random.choice(("mass", "affluent")),
            ),
            AddContactPoint(
                customer_id=customer_id, occurred_at=joined, contact_point_id=contact_point_id, kind="email",
                value=person.email,
            ),
        ]  # fmt: skip
        manager = f"staff:rm-{random.randrange(MANAGERS)}"
        onboarding.append(
            AssignRelationshipManager(customer_id=customer_id, occurred_at=joined, relationship_manager=manager)
        )
        if consents:
            onboarding.append(
                GrantConsent(
                    customer_id=customer_id, occurred_at=joined, contact_point_id=contact_point_id, channel="email",
                    purpose="marketing", text_version="2025-01", evidence_channel="branch",
                )
            )  # fmt: skip
        yield self._unit("staff:branch", *onboarding)
        for _ in range(random.randrange(2, 10)):
            yield from self._contact(customer_id, joined)
        for campaign_id in campaigns:
            yield from self._touch(customer_id, campaign_id, consents=consents)
        yield from self._relations.of(Joined(customer_id, joined, manager))

    def _contact(self, customer_id: UUID, joined: datetime) -> Iterator[Unit]:
        random = self._random
        at = joined + timedelta(days=random.randrange(DAYS - 60), minutes=random.randrange(480))
        product = random.choice(_PRODUCTS)
        topic, channel = random.choice(_TOPICS[product]), random.choice(_CHANNELS)
        interaction_id = self._id(at, customer_id)
        contact: list[Command] = [
            RecordInteraction(
                interaction_id=interaction_id, occurred_at=at, customer_id=customer_id, channel=channel,
                direction="inbound", purpose="servicing", topic=topic, product=product, disposition="resolved",
                started_at=at - timedelta(minutes=random.randrange(2, 25)), ended_at=at,
                summary=f"Asked about {topic.replace('_', ' ')} of the {product.replace('_', ' ')}.",
            )
        ]  # fmt: skip
        if random.random() < 0.2:  # noqa: PLR2004
            follow_up_id = self._id(at, customer_id)
            due_at = at + timedelta(days=3)
            contact += [
                ScheduleFollowUp(
                    interaction_id=interaction_id, occurred_at=at, follow_up_id=follow_up_id, kind="call_back",
                    due_at=due_at, assignee="staff:contact-centre",
                ),
                CompleteFollowUp(interaction_id=interaction_id, occurred_at=due_at, follow_up_id=follow_up_id),
            ]  # fmt: skip
        yield self._unit(f"staff:{channel}-desk", *contact)
        unhappy = random.random() < 0.12  # noqa: PLR2004
        if unhappy:
            yield from self._complaint(customer_id, interaction_id, at, product, topic)
        yield from self._survey(customer_id, interaction_id, at, channel, product, unhappy=unhappy)

    def _complaint(
        self, customer_id: UUID, interaction_id: UUID, at: datetime, product: str, issue: str
    ) -> Iterator[Unit]:
        random = self._random
        complaint_id = self._id(at, customer_id)
        yield self._unit(
            "staff:contact-centre",
            ReceiveComplaint(
                complaint_id=complaint_id, occurred_at=at, complainant_id=customer_id, customer_id=customer_id,
                channel="phone", product=product, issue=issue, received_on=at.date(), region="PT-11",
                branch=self._branches[customer_id], service_channel="branch" if product == "mortgage" else "mobile_app",
                interaction_id=interaction_id, description="Says that nobody called back as promised.",
                desired_outcome="An apology and the fee back.",
            ),
            AcknowledgeComplaint(complaint_id=complaint_id, occurred_at=at + timedelta(hours=2)),
        )  # fmt: skip
        assessed = AssessComplaint(
            complaint_id=complaint_id, occurred_at=at + timedelta(days=1), product=product, issue=issue,
            severity=random.choice(("low", "medium", "high")),
        )  # fmt: skip
        handler = f"staff:handler-{random.randrange(HANDLERS)}"
        case = SimulatedCase(
            complaint_id, handler, lambda name: self._of_case(complaint_id, name, at), f"case {self._seed}/{self._made}"
        )
        handling: list[Command] = [
            assessed,
            AssignComplaint(complaint_id=complaint_id, occurred_at=at + timedelta(days=1), handler=handler),
            *case.taken_in(at + timedelta(days=1), product),
            OpenInvestigation(complaint_id=complaint_id, occurred_at=at + timedelta(days=2)),
            *case.looked_into(at + timedelta(days=2)),
        ]
        if random.random() < 0.8:  # noqa: PLR2004
            upheld = random.random() < 0.5  # noqa: PLR2004
            answered = at + timedelta(days=random.randrange(3, 20))
            final = IssueFinalResponse(
                complaint_id=complaint_id, occurred_at=answered, notified_at=answered,
                outcome="upheld" if upheld else "rejected", redress="monetary" if upheld else "none",
                redress_amount=Money(random.randrange(1000, 20_000), "EUR") if upheld else None,
            )  # fmt: skip
            handling += case.answered(final)
        else:
            handling += case.unanswered(at + timedelta(days=6), self._last_complaint.get(customer_id))
        self._last_complaint[customer_id] = complaint_id
        yield self._unit("staff:complaints", *handling)

    def _survey(  # noqa: PLR0913  # what a survey is about
        self, customer_id: UUID, interaction_id: UUID, at: datetime, channel: str, product: str, *, unhappy: bool
    ) -> Iterator[Unit]:
        random = self._random
        metric, low, high = random.choice((("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7)))
        invitation_id = self._id(at, customer_id)
        yield self._unit(
            "system:surveys",
            InviteToSurvey.model_validate(
                {
                    "invitation_id": invitation_id, "occurred_at": at + timedelta(hours=3), "customer_id": customer_id,
                    "survey": f"after-contact-{metric}", "survey_version": 1, "metric": metric, "scale_min": low,
                    "scale_max": high, "channel": channel, "product": product, "interaction_id": interaction_id,
                }
            ),
        )  # fmt: skip
        survey: list[Command] = [
            ConfirmSurveyDelivery(invitation_id=invitation_id, occurred_at=at + timedelta(hours=3))
        ]
        if random.random() < 0.4:  # noqa: PLR2004
            mood = random.betavariate(1.5, 4) if unhappy else random.betavariate(5, 1.5)
            score = low + round(mood * (high - low))
            survey.append(
                AnswerSurvey(
                    invitation_id=invitation_id, occurred_at=at + timedelta(days=1), score=score, verbatim=None
                )
            )
        else:
            survey.append(ExpireSurvey(invitation_id=invitation_id, occurred_at=at + timedelta(days=14)))
        yield self._unit("system:surveys", *survey)

    def _touch(self, customer_id: UUID, campaign_id: UUID, *, consents: bool) -> Iterator[Unit]:
        random = self._random
        at = START + timedelta(days=40 + random.randrange(60), minutes=random.randrange(480))
        touch_id = self._id(at, customer_id)
        touch: list[Command] = [
            DecideTouch(
                touch_id=touch_id, occurred_at=at, customer_id=customer_id, campaign_id=campaign_id, campaign_version=2,
                channel="email", purpose="marketing", decision="send" if consents else "suppress",
                rule="consent", rule_version=1, reason="consent_granted" if consents else "no_consent",
            )
        ]  # fmt: skip
        if consents:
            touch.append(ConfirmTouchDelivery(touch_id=touch_id, occurred_at=at + timedelta(minutes=2)))
        if consents and random.random() < 0.15:  # noqa: PLR2004
            later = at + timedelta(days=2)
            touch.append(
                RecordTouchResponse(
                    touch_id=touch_id, occurred_at=later, response_id=self._id(at, customer_id), response="interested"
                )
            )
            touch.append(
                RecordTouchConversion(
                    touch_id=touch_id, occurred_at=later, conversion_id=self._id(at, customer_id), product="savings",
                    value=Money(random.randrange(10_000, 900_000), "EUR"),
                )
            )  # fmt: skip
        yield self._unit("system:campaigns", *touch)

    # Ids

    def _id(self, at: datetime, beside: UUID | None = None) -> UUID:
        self._made += 1
        return derive_id(self._key("simulation", b"%d/%d" % (self._seed, self._made)), at=at, beside=beside)

    def _of_case(self, complaint_id: UUID, name: str, at: datetime) -> UUID:
        """An id inside a complaint: not counted, so that what a case holds changes no other id."""
        return derive_id(self._key("simulated-case", complaint_id.bytes, name.encode()), at=at, beside=complaint_id)

    def _unit(self, actor: str, *commands: Command) -> Unit:
        stream_id: UUID = getattr(commands[0], commands[0].stream_field)
        command_id = self._id(commands[0].occurred_at, stream_id)
        return Unit(
            commands,
            Context(
                actor=actor, command_id=command_id, request_hmac=self._key("simulated-unit", command_id.bytes),
                correlation_id=command_id, reason="simulated", expires_at=FOR_EVER,
            ),
        )  # fmt: skip
