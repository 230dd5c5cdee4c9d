"""Disposing of clear data: what is not personal of ended matters, once the personal data beside it is erased.

Whole streams go, their hashes stay, and the erasure's event of the same partition says why (`store.disposing`).
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from domain import aggregate_of
from domain.privacy_rules import ClassHeld, RetentionRule, judge
from engine.dossier import dossier_of
from engine.program_commands import now
from engine.wiring import Daybook
from projections.fact import Disposed, Fact
from store.disposing import dispose_of_stream
from store.errors import DisposalRefused

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]

KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "attachment": ("complaint", "interaction"),
        "complaint": ("complaint",),
        "complaint_letter": ("complaint",),
        "interaction": ("interaction",),
        "survey": ("survey",),
        "touch": ("touch",),
    }
)
"""The kinds of streams that are over with a record class; the customer, and what accounts for erasing, stay."""


class ClearData(NamedTuple):
    """A record class of a customer, and the erasure by which its personal data went."""

    customer_id: UUID
    record_class: str
    erasure_id: UUID


async def dispose_of_clear_data(daybook: Daybook, pool: "Pool", of: ClearData, rules: Iterable[RetentionRule]) -> int:
    """Dispose of the ended matters of a class whose time is over; how many streams are disposed of by now.

    A stream stays that has other personal data beside it or over which a hold stands (the database refuses both), that
    has not ended, or whose last event is younger than the class is kept. `pool`: as the eraser.
    """
    record = daybook.record
    partition = record.partition_of(of.customer_id)
    why = (await record.read_streams(partition, [of.erasure_id]))[of.erasure_id][0]
    kinds = tuple(f"{kind}." for kind in KINDS.get(of.record_class, ()))
    dossier = await dossier_of(daybook, of.customer_id)
    mine = [one.recorded for one in dossier.entries if one.recorded.customer_id == of.customer_id]
    gone = 0
    for stream_id in dict.fromkeys(one.stream_id for one in mine if one.type.startswith(kinds)):
        story = [daybook.mapper.fact(one) for one in (await record.read_streams(partition, [stream_id]))[stream_id]]
        if isinstance(story[0].event, Disposed):
            gone += 1
        elif _is_over(story, of.record_class, list(rules)):
            with suppress(DisposalRefused):
                gone += await dispose_of_stream(pool, partition, stream_id, why.event_id) > 0
    return gone


def _is_over(story: list[Fact], record_class: str, rules: Iterable[RetentionRule]) -> bool:
    """Whether a stream has ended, and nothing asks to keep it any more."""
    aggregate = aggregate_of(type(story[0].event))
    state = aggregate.initial
    for fact in story:
        state = aggregate.evolve(state, fact.event)
    if not aggregate.ended(state):
        return False
    last = max(fact.event.occurred_at for fact in story).date()
    held = ClassHeld(
        holds=(), last_recorded_on=last, matter_ended_on=last, record_class=record_class, relationship_ended_on=last
    )
    return judge(held, rules, now().date(), "retention-end").outcome == "erased"
