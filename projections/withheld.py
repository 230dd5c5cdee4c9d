"""What may not be shown of a person now: what is being erased, and what is restricted. Read from the record itself.

A read model would lag behind; nobody is shown what is to be erased from the moment that the record says so.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain.erasure import ErasureAbandoned, ErasureCompleted, ErasureRequested
from domain.privacy_messages import PrivacyRequestDecided, ProcessingRestrictionLifted
from projections.fact import Fact
from projections.projection import Decode
from projections.statements import statement
from store.envelope import recorded
from store.record import Record

Reason = Literal["erasure-requested", "restricted"]


class Withheld(NamedTuple):
    """Why data is not shown, since when, and until which day (None: until somebody decides)."""

    reason: Reason
    since: datetime
    until: date | None = None


Withholding: TypeAlias = Mapping[tuple[UUID, str], Withheld]
"""By subject and record class."""


async def withheld(record: Record, decode: Decode, subjects: Collection[UUID]) -> Withholding:
    """What is withheld of these people as of now; of most people nothing."""
    facts = await _facts(record, decode, subjects)
    return _withholding(facts) if facts else {}


async def erased(record: Record, decode: Decode, subjects: Collection[UUID], record_class: str) -> set[UUID]:
    """Those of these people whose data of a class was ever erased, or is to be."""
    orders: dict[UUID, UUID] = {}
    for fact in await _facts(record, decode, subjects):
        if isinstance(fact.event, ErasureRequested) and record_class in fact.event.record_classes:
            orders[fact.recorded.stream_id] = fact.event.customer_id
        elif isinstance(fact.event, ErasureAbandoned):
            orders.pop(fact.recorded.stream_id, None)
    return set(orders.values())


async def _facts(record: Record, decode: Decode, subjects: Collection[UUID]) -> list[Fact]:
    """What was decided of these people's data, in the order of each partition."""
    pages = await asyncio.gather(
        *(
            record.pool.fetch(statement("withheld"), partition, of)
            for partition, of in record.by_partition(subjects).items()
        )
    )
    return [decode(recorded(row)) for page in pages for row in sorted(page, key=itemgetter("position"))]


def _withholding(facts: Iterable[Fact]) -> Withholding:
    restricted: dict[tuple[UUID, str], Withheld] = {}
    erasing: dict[UUID, dict[tuple[UUID, str], Withheld]] = {}
    for fact in facts:
        since, stream_id = fact.recorded.recorded_at, fact.recorded.stream_id
        match fact.event:
            case ErasureRequested(customer_id=subject_id, record_classes=classes):
                erasing[stream_id] = {(subject_id, one): Withheld("erasure-requested", since) for one in classes}
            case ErasureCompleted() | ErasureAbandoned():
                erasing.pop(stream_id, None)
            case PrivacyRequestDecided(customer_id=subject_id, decisions=decisions):
                for one in decisions:
                    restricted.pop((subject_id, one.record_class), None)
                    if one.outcome == "restricted":
                        restricted[subject_id, one.record_class] = Withheld("restricted", since, one.until)
            case ProcessingRestrictionLifted(customer_id=subject_id, record_classes=classes):
                for name in classes:
                    restricted.pop((subject_id, name), None)
            case _:
                pass
    for parts in erasing.values():
        restricted.update(parts)
    return restricted
