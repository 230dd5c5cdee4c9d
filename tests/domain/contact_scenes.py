"""A customer's facts told by events, and a touch judged on them: how an example of the contact policy reads."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.campaign import Campaign
from domain.contact_catalogue import FIRST_RULES
from domain.contact_counting import Wanted
from domain.contact_facts import ContactFacts
from domain.contact_judging import CampaignSeen, Judged, judge
from domain.contact_rules import ContactRules
from domain.customer_messages import ConsentGranted, ContactPointAdded, CustomerRegistered
from domain.interaction_messages import InteractionRecorded
from domain.kernel import Event
from domain.shared_points import SharedSeen
from domain.touch_messages import TouchDecided, TouchDelivered

BASE = 0x018BCFE5_6800_7000_8000_000000000000
ANNA, EMAIL, MOBILE, DEBT, OTHER_DEBT, CAMPAIGN = (UUID(int=BASE + n) for n in range(1, 7))
NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)
"""A Wednesday; in Lisbon it is noon as well."""
RUNNING = Campaign(status="running", purpose="marketing", channel="email")
AT: dict[str, Any] = {"occurred_at": NOON - timedelta(days=400)}
SCOPE: dict[str, Any] = {"customer_id": ANNA, "contact_point_id": EMAIL, "channel": "email", "purpose": "marketing"}


def registered(**fields: Any) -> CustomerRegistered:
    return CustomerRegistered(**AT, customer_id=ANNA, kind="person", time_zone="Europe/Lisbon", **fields)


def point(contact_point_id: UUID = EMAIL, kind: Any = "email") -> ContactPointAdded:
    return ContactPointAdded(**AT, customer_id=ANNA, contact_point_id=contact_point_id, kind=kind)


def said(kind: Any, **fields: Any) -> Any:
    """A word on the consent to marketing by e-mail, unless the fields say otherwise."""
    evidence = {} if kind.__name__ == "ConsentExpired" else {"evidence_channel": "web"}
    return kind(**{**AT, **SCOPE, "text_version": "v1", **evidence, **fields})


CONSENTED = (registered(), point(), said(ConsentGranted))
CALLED = (registered(), point(MOBILE, "mobile"))


class Life:
    """A customer's events one after the other; each has an id by its number."""

    def __init__(self, *events: Event) -> None:
        self.facts = ContactFacts()
        self.told = 0
        for event in events:
            self.take(event)

    def take(self, event: Event, stream_id: UUID = ANNA) -> UUID:
        self.told += 1
        event_id = UUID(int=BASE + 1000 + self.told)
        self.facts.take(event, stream_id, event_id)
        return event_id

    def sent(self, at: datetime, *, number: int, delivered: bool = False, **fields: Any) -> UUID:
        touch = touch_of(number)
        told: dict[str, Any] = {"purpose": "marketing", "channel": "email", **fields}
        decided = TouchDecided(
            occurred_at=at, customer_id=ANNA, campaign_id=CAMPAIGN, campaign_version=2, decision="send", rule="allowed",
            rule_version=0, reason="all-rules-pass", judged_at=at, **told,
        )  # fmt: skip
        event_id = self.take(decided, touch)
        return self.take(TouchDelivered(occurred_at=at), touch) if delivered else event_id

    def recorded(self, at: datetime, *, number: int, **fields: Any) -> UUID:
        """Record an outbound interaction."""
        told: dict[str, Any] = {"purpose": "marketing", "channel": "email", "direction": "outbound", **fields}
        return self.take(InteractionRecorded(occurred_at=at, customer_id=ANNA, **told), interaction(number))

    def judged(
        self,
        moment: datetime = NOON,
        policy: ContactRules = FIRST_RULES,
        *,
        campaign: Campaign = RUNNING,
        held_out: bool = False,
        shared: SharedSeen | None = None,
        **wanted: Any,
    ) -> Judged:
        wish: dict[str, Any] = {
            "purpose": "marketing",
            "channel": "email",
            "topic": "any",
            **wanted,
        }
        seen = CampaignSeen(2, campaign, held_out)
        return judge(policy, self.facts, Wanted(UUID(int=BASE + 9), **wish), seen, moment, shared=shared)


def touch_of(number: int) -> UUID:
    return UUID(int=BASE + 5000 + number)


def interaction(number: int) -> UUID:
    return UUID(int=BASE + 7000 + number)


def with_purpose(purpose: str, **changes: Any) -> ContactRules:
    """The first policy with other rules for a purpose."""
    purposes = tuple(replace(one, **changes) if one.purpose == purpose else one for one in FIRST_RULES.purposes)
    return replace(FIRST_RULES, purposes=purposes)


def verdict(found: Judged) -> tuple[str, str, str]:
    """What was decided, by which rule, and why."""
    return found.decision, found.rule, found.reason
