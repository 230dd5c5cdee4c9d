"""Personal data on its way out: opened at the edge, for the one who asks."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from projections.references import SealedAt
from store.record import Record
from vault.vault import Missing, Reference, Vault

if TYPE_CHECKING:
    from projections.fact import Fact


class Opener:
    """Opens sealed personal data. Nothing opened is kept."""

    def __init__(self, record: Record, vault: Vault) -> None:
        self._record = record
        self._vault = vault

    async def open(self, partition: int, parts: Collection[SealedAt]) -> dict[SealedAt, dict[str, Any] | Missing]:
        """The personal fields of each part, by field name; `Missing` says since when it is erased.

        Raises:
            EnvelopeCorrupt: a blob is not the one that its event committed to.
        """
        if not parts:
            return {}
        blobs = {
            (blob.event_id, blob.subject_id, blob.record_class): blob
            for blob in await self._record.read_sealed(partition, {part.event_id for part in parts})
        }
        order = list(parts)
        rows: list[Reference] = []
        for part in order:
            blob = blobs.get(part[:3])
            key_id, content = (blob.key_id, blob.blob) if blob else (None, None)
            rows.append(Reference(*part[:3], key_id, content, bytes.fromhex(part.sha256)))
        opened = await self._vault.open_many(partition, rows)
        return {
            part: text if isinstance(text, Missing) else orjson.loads(text)
            for part, text in zip(order, opened, strict=True)
        }

    async def open_facts(self, partition: int, facts: "Sequence[Fact]") -> list[dict[str, Any]]:
        """Each fact's personal fields by name; a field that is erased is a `Missing`, one never given is absent."""
        parts = [
            [SealedAt(fact.recorded.event_id, ref.subject_id, ref.record_class, ref.sha256) for ref in fact.sealed]
            for fact in facts
        ]
        opened = await self.open(partition, [part for of_fact in parts for part in of_fact])
        answers: list[dict[str, Any]] = []
        for fact, of_fact in zip(facts, parts, strict=True):
            fields: dict[str, Any] = {}
            for ref, part in zip(fact.sealed, of_fact, strict=True):
                text = opened[part]
                fields.update(dict.fromkeys(ref.fields, text) if isinstance(text, Missing) else text)
            answers.append(fields)
        return answers
