"""A large bank's events, twenty a customer, for rebuilding: contacts, touches, surveys, now and then a complaint."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from domain.complaint_handling import ComplaintAcknowledged
from domain.complaint_intake import ComplaintReceived
from domain.customer import ConsentGranted, CustomerRegistered
from domain.interaction_messages import InteractionRecorded
from domain.kernel import Event
from domain.survey import SurveyAnswered, SurveyInvited
from domain.touch import TouchDecided, TouchDelivered
from engine.mapping import EventMapper
from store.envelope import NO_STREAM, AppendRequest, NewEvent
from store.identity import new_id
from store.record import Record

EVENTS_PER_CUSTOMER = 20
CUSTOMERS_IN_ONE_COPY = 250
START = datetime(2025, 1, 1, 9, tzinfo=UTC)
_PRODUCTS = ("current_account", "savings", "mortgage", "credit_card", "consumer_loan")
_CHANNELS = ("phone", "branch", "mobile_app", "web", "email")


async def fill(record: Record, events: int) -> list[UUID]:
    """Append so many events; the customers' ids."""
    mapper, random = EventMapper(), Random(1)
    campaigns = [new_id() for _ in range(20)]
    customers: list[UUID] = []
    pending: list[list[AppendRequest]] = [[] for _ in range(record.partitions)]

    async def flush(partition: int) -> None:
        requests, pending[partition] = pending[partition], []
        for outcome in await record.append_copy(partition, requests):
            if isinstance(outcome, Exception):
                raise outcome

    for _ in range(events // EVENTS_PER_CUSTOMER):
        customer_id = new_id()
        customers.append(customer_id)
        partition = record.partition_of(customer_id)
        pending[partition].append(_request(mapper, partition, customer_id, _life(customer_id, campaigns, random)))
        if len(pending[partition]) == CUSTOMERS_IN_ONE_COPY:
            await flush(partition)
    await asyncio.gather(*(flush(partition) for partition in range(record.partitions)))
    return customers


def _request(
    mapper: EventMapper, partition: int, customer_id: UUID, life: Iterator[tuple[UUID, int, Event]]
) -> AppendRequest:
    events = [
        NewEvent(
            new_id(stream_id), stream_id, version, customer_id, event.type, event.class_version, event.occurred_at,
            "staff:desk", customer_id, None, mapper.data(event), b"{}",
        )
        for stream_id, version, event in life
    ]  # fmt: skip
    return AppendRequest(partition, events, {event.stream_id: NO_STREAM for event in events})


def _life(customer_id: UUID, campaigns: list[UUID], random: Random) -> Iterator[tuple[UUID, int, Event]]:
    at = START + timedelta(minutes=random.randrange(400_000))
    yield customer_id, 0, CustomerRegistered(
        occurred_at=at, customer_id=customer_id, kind="person", residence_country="PT", language="pt",
        age_band="35-44", region="PT-11", branch="harbour", segment="mass",
    )  # fmt: skip
    yield customer_id, 1, ConsentGranted(
        occurred_at=at, customer_id=customer_id, contact_point_id=new_id(customer_id), channel="email",
        purpose="marketing", text_version="2025-01", evidence_channel="branch",
    )  # fmt: skip
    for _ in range(10):
        yield new_id(customer_id), 0, InteractionRecorded.model_validate(
            {
                "occurred_at": at + timedelta(minutes=random.randrange(100_000)), "customer_id": customer_id,
                "channel": random.choice(_CHANNELS), "direction": "inbound", "purpose": "servicing", "topic": "fees",
                "product": random.choice(_PRODUCTS), "disposition": "resolved",
            }
        )  # fmt: skip
    for campaign_id in random.sample(campaigns, 2):
        touch_id = new_id(customer_id)
        yield touch_id, 0, TouchDecided(
            occurred_at=at, customer_id=customer_id, campaign_id=campaign_id, campaign_version=2, channel="email",
            purpose="marketing", decision="send", rule="consent", rule_version=1, reason="consent_granted",
        )  # fmt: skip
        yield touch_id, 1, TouchDelivered(occurred_at=at)
    survey_id, complaint_id = new_id(customer_id), new_id(customer_id)
    instrument = {"survey": "after-contact", "survey_version": 1, "metric": "nps", "scale_min": 0, "scale_max": 10}
    about = {"occurred_at": at, "customer_id": customer_id, "channel": "phone", "product": random.choice(_PRODUCTS)}
    yield survey_id, 0, SurveyInvited.model_validate(about | instrument)
    yield survey_id, 1, SurveyAnswered.model_validate(about | instrument | {"score": random.randrange(11)})
    yield complaint_id, 0, ComplaintReceived(
        occurred_at=at, complainant_id=customer_id, customer_id=customer_id, channel="phone",
        product=random.choice(_PRODUCTS), issue="fees", region="PT-11",
    )  # fmt: skip
    yield complaint_id, 1, ComplaintAcknowledged(occurred_at=at)
