"""A bank's open complaints under the rules that come with the program, as a keeper of clocks finds them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from domain.clock_catalogue import CATALOGUE
from domain.clock_policy import ActivateClockPolicy, ProposeClockPolicy, SignOffClockPolicy
from domain.complaint_handling import ComplaintAcknowledged
from domain.complaint_intake import ComplaintReceived
from domain.kernel import Command, Event
from domain.working_calendar import AdoptCalendar, DraftCalendar
from engine.deciding import Context
from engine.drafting_calendars import PLACES, drafted, last_known_year
from engine.mapping import EventMapper
from engine.wiring import Daybook
from store.envelope import NO_STREAM, AppendRequest, NewEvent
from store.identity import new_id
from store.record import Record

IN_ONE_COPY: Final = 2500
REGIMES: Final = ("cn", "cn", "cn", "uk", "uk.psd")
YOUNG, OLD = timedelta(days=11), timedelta(days=20)
LATE: Final = 0.05
"""The share of complaints between eleven and twenty days old: of these some were escalated or breached."""
FIRST_YEAR: Final = 2024


async def agree(daybook: Daybook) -> None:
    """Put every policy and calendar that comes with the program in force."""

    async def say(kind: type[Command], stream_id: UUID, **facts: Any) -> None:  # noqa: ANN401  # fields of commands
        command = kind.model_validate({kind.stream_field: stream_id, "occurred_at": datetime.now(UTC), **facts})
        command_id = new_id()
        await daybook.handler.handle([command], Context("staff:1", command_id, b"", command_id))

    for regime, seeded in CATALOGUE.items():
        policy_id = new_id()
        facts = {"regime": regime, "policy_version": 1, "in_force_from": seeded.in_force_from, "rules": seeded.rules}
        await say(ProposeClockPolicy, policy_id, **facts, proposed_by="staff:1")
        for one in ("staff:2", "staff:3"):
            await say(SignOffClockPolicy, policy_id, signed_by=one)
        await say(ActivateClockPolicy, policy_id, activated_by="staff:2")
    for name in PLACES:
        calendar_id = new_id()
        facts = drafted(name, FIRST_YEAR, last_known_year(name, datetime.now(UTC).year + 1))
        more = {"calendar_version": 1, "in_force_from": date(FIRST_YEAR, 1, 1), "drafted_by": "staff:1"}
        await say(DraftCalendar, calendar_id, **facts, **more)
        await say(AdoptCalendar, calendar_id, adopted_by="staff:2")


async def receive(record: Record, complaints: int, until: datetime) -> list[UUID]:
    """Append so many complaints, received until a moment and acknowledged; their ids."""
    mapper, random = EventMapper(), Random(1)
    ids: list[UUID] = []
    pending: list[list[AppendRequest]] = [[] for _ in range(record.partitions)]

    async def flush(partition: int) -> None:
        requests, pending[partition] = pending[partition], []
        for outcome in await record.append_copy(partition, requests):
            if isinstance(outcome, Exception):
                raise outcome

    for _ in range(complaints):
        complaint_id = new_id()
        ids.append(complaint_id)
        partition = record.partition_of(complaint_id)
        pending[partition].append(_request(mapper, partition, complaint_id, _life(complaint_id, until, random)))
        if len(pending[partition]) == IN_ONE_COPY:
            await flush(partition)
    for partition in range(record.partitions):
        await flush(partition)
    return ids


def _request(mapper: EventMapper, partition: int, complaint_id: UUID, life: Iterator[Event]) -> AppendRequest:
    events = [
        NewEvent(
            new_id(complaint_id), complaint_id, version, None, event.type, event.class_version, event.occurred_at,
            "staff:desk", complaint_id, None, mapper.data(event), b"{}",
        )
        for version, event in enumerate(life)
    ]  # fmt: skip
    return AppendRequest(partition, events, {complaint_id: NO_STREAM})


def _life(complaint_id: UUID, until: datetime, random: Random) -> Iterator[Event]:
    late = random.random() < LATE
    least, most = (YOUNG, OLD) if late else (timedelta(), YOUNG)
    at = until - least - (most - least) * random.random()
    yield ComplaintReceived.model_validate(
        {
            "occurred_at": at, "complainant_id": new_id(complaint_id), "channel": "phone", "product": "credit_card",
            "issue": "fees", "regime": random.choice(REGIMES), "region": "CN-31",
        }
    )  # fmt: skip
    yield ComplaintAcknowledged(occurred_at=at + timedelta(minutes=5))
