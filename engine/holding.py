"""Legal holds between record and vault: the database refuses before the record says so, and gives way after it.

A hold whose event was never appended stands all the same: rather one too many than one too few.
"""

from collections.abc import Iterable

from domain.legal_hold import LegalHoldPlaced
from engine.deciding import Decision
from store.record import Record
from vault.holds import ALL_CLASSES, place_hold


class Holds:
    """Places the holds that decisions are about to record."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def place(self, decisions: Iterable[Decision]) -> None:
        """Let the database refuse to erase what is to be held; nothing to hold costs nothing."""
        for decision in decisions:
            for decided in decision.events:
                if isinstance(decided.event, LegalHoldPlaced):
                    event = decided.event
                    await place_hold(
                        self._record.pool,
                        self._record.partitions,
                        decided.stream_id,
                        event.customer_id,
                        event.record_classes or (ALL_CLASSES,),
                    )
