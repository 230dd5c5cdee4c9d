"""What the bank has on one person: every event that concerns them, and what decides how long each class stays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from domain import aggregate_of
from domain.customer_messages import RelationshipEnded
from domain.disclosure import DisclosureRecorded, DisclosureRetracted
from domain.erasure import Recipient
from domain.privacy_rules import ClassHeld
from engine.persons import ids_known, ids_of_person
from engine.wiring import Daybook
from projections.concerning import concerning
from projections.fact import Fact
from projections.timeline import Entry
from vault.holds import ALL_CLASSES, holds_of
from vault.subjects import classes_of


@dataclass(frozen=True, slots=True)
class Dossier:
    """All events that concern a customer, by partition and position; `classes`: ids of their keys by record class."""

    customer_id: UUID
    entries: tuple[Entry, ...]
    classes: Mapping[str, frozenset[UUID]]
    held: tuple[ClassHeld, ...]
    disclosures: Mapping[UUID, DisclosureRecorded]

    @property
    def relationship_ended(self) -> bool:
        """Whether they are a customer no more."""
        return any(isinstance(fact.event, RelationshipEnded) for fact in facts(self.entries))

    def recipients(self, record_classes: Iterable[str]) -> tuple[Recipient, ...]:
        """Whom data of these classes was disclosed to."""
        wanted = set(record_classes)
        return tuple(
            Recipient(disclosure_id, event.recipient)
            for disclosure_id, event in self.disclosures.items()
            if wanted.intersection(event.record_classes)
        )

    def blobs(self, record_classes: Iterable[str]) -> int:
        """How many blobs of these classes the events refer to."""
        wanted = set(record_classes)
        return sum(
            ref.subject_id == self.customer_id and ref.record_class in wanted
            for fact in facts(self.entries)
            for ref in fact.sealed
        )


async def dossier_of(daybook: Daybook, customer_id: UUID) -> Dossier:
    """Read all that concerns one customer id.

    What keeps data counts for the whole person: a legal hold on any of their customer ids, and a relationship that has
    not ended under all of them.
    """
    record, pool = daybook.record, daybook.record.pool
    _, *others = await ids_known(daybook.models, customer_id)
    entries = [one async for one in concerning(record, daybook.mapper.fact, customer_id)]
    classes = await classes_of(pool, record.partitions, customer_id)
    holds: dict[str, set[UUID]] = {}
    for partition in range(record.partitions):
        for one in (customer_id, *others):
            for hold in await holds_of(pool, partition, one):
                holds.setdefault(hold.record_class, set()).add(hold.hold_id)
    held = [await _held(daybook, customer_id, name, entries, holds) for name in sorted(classes)]
    if others:
        ended = await _relationship_ended_on(daybook, entries, others)
        held = [replace(of, relationship_ended_on=ended) for of in held]
    return Dossier(
        customer_id,
        tuple(entries),
        {name: frozenset(of) for name, of in classes.items()},
        tuple(held),
        _disclosures(entries),
    )


async def dossiers_of_person(daybook: Daybook, customer_id: UUID) -> list[Dossier]:
    """A dossier for each customer id of the person."""
    return [await dossier_of(daybook, one) for one in await ids_of_person(daybook.models, customer_id)]


async def _relationship_ended_on(daybook: Daybook, entries: Iterable[Entry], others: Iterable[UUID]) -> date | None:
    """The day on which the last of a person's relationships ended; None while one has not."""
    days = [_last_ended(facts(entries))]
    for one in others:
        found = await daybook.record.read_streams(daybook.record.partition_of(one), [one])
        days.append(_last_ended([daybook.mapper.fact(event) for event in found.get(one, ())]))
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None


def _last_ended(of: Iterable[Fact]) -> date | None:
    return max((_day(fact) for fact in of if isinstance(fact.event, RelationshipEnded)), default=None)


def facts(entries: Iterable[Entry]) -> list[Fact]:
    """What this program can read of the events."""
    return [one.fact for one in entries if one.fact is not None]


async def _held(
    daybook: Daybook, subject_id: UUID, name: str, entries: Iterable[Entry], holds: Mapping[str, set[UUID]]
) -> ClassHeld:
    mine = [
        fact
        for fact in facts(entries)
        if any(ref.subject_id == subject_id and ref.record_class == name for ref in fact.sealed)
    ]
    standing = sorted(holds.get(name, set()) | holds.get(ALL_CLASSES, set()))
    return ClassHeld(
        holds=tuple(standing),
        last_recorded_on=max((_day(fact) for fact in mine), default=None),
        matter_ended_on=await _matters_ended(daybook, {fact.recorded.stream_id for fact in mine}),
        record_class=name,
        relationship_ended_on=_last_ended(facts(entries)),
    )


async def _matters_ended(daybook: Daybook, streams: Iterable[UUID]) -> date | None:
    """The day on which the last of the matters ended; None while one of them has not."""
    last: date | None = None
    for stream_id in streams:
        ended = await _matter_ended(daybook, stream_id)
        if ended is None:
            return None
        last = ended if last is None else max(last, ended)
    return last


async def _matter_ended(daybook: Daybook, stream_id: UUID) -> date | None:
    record = daybook.record
    found = await record.read_streams(record.partition_of(stream_id), [stream_id])
    story = [daybook.mapper.fact(one) for one in found[stream_id]]
    aggregate = aggregate_of(type(story[0].event))
    state = aggregate.initial
    for fact in story:
        state = aggregate.evolve(state, fact.event)
    return _day(story[-1]) if aggregate.ended(state) else None


def _day(fact: Fact) -> date:
    return fact.event.occurred_at.date()


def _disclosures(entries: Iterable[Entry]) -> dict[UUID, DisclosureRecorded]:
    found: dict[UUID, DisclosureRecorded] = {}
    for fact in facts(entries):
        if isinstance(fact.event, DisclosureRecorded):
            found[fact.recorded.stream_id] = fact.event
        elif isinstance(fact.event, DisclosureRetracted):
            found.pop(fact.recorded.stream_id, None)
    return found
