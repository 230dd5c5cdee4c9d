"""Personal data on its way into the record: sealed beside the events, which keep only references."""

from collections.abc import Sequence

from engine.deciding import Context, Decided, Decision
from engine.indexing import indexed_values
from engine.mapping import EventMapper, PersonalPart
from store.canonical import canonical_json
from store.envelope import NewEvent, SealedBlob
from vault.vault import Item, Sealed, Vault


class Sealer:
    """Turns decisions into events of the record, with all personal data sealed."""

    def __init__(self, mapper: EventMapper, vault: Vault) -> None:
        self._mapper = mapper
        self._vault = vault

    def forget(self) -> None:
        """Ask for every key anew: one that was at hand has been destroyed."""
        self._vault.keyring.forget()

    async def seal(
        self, partition: int, decisions: Sequence[tuple[Decision, Context]]
    ) -> list[tuple[list[NewEvent], list[SealedBlob]]]:
        """The events and blobs of each decision; keys and tokens of all of them are durable when this returns."""
        parts = [[self._mapper.personal(decided.event) for decided in decision.events] for decision, _ in decisions]
        items = [
            Item(decided.event_id, part.subject_id, part.record_class, part.plaintext)
            for (decision, _), of_decision in zip(decisions, parts, strict=True)
            for decided, of_event in zip(decision.events, of_decision, strict=True)
            for part in of_event
        ]
        sealed = await self._vault.seal_many(partition, items) if items else []
        if sealed:
            events = [decided for decision, _ in decisions for decided in decision.events]
            if values := indexed_values(self._vault.index, events, sealed):
                await self._vault.index.put(partition, values)
        blobs = iter(sealed)
        return [
            self._assembled(decision, context, [[(part, next(blobs)) for part in of_event] for of_event in of_decision])
            for (decision, context), of_decision in zip(decisions, parts, strict=True)
        ]

    def clear(self, decision: Decision, context: Context) -> list[NewEvent] | None:
        """The events of a decision without personal data; None: it has some, which must be sealed."""
        for decided in decision.events:
            if self._mapper.has_personal(decided.event):
                return None
        meta = _meta(context)
        return [self._new_event(decided, context, meta, ()) for decided in decision.events]

    def _assembled(
        self, decision: Decision, context: Context, sealed: Sequence[Sequence[tuple[PersonalPart, Sealed]]]
    ) -> tuple[list[NewEvent], list[SealedBlob]]:
        meta = _meta(context)
        events = [
            self._new_event(decided, context, meta, of_event)
            for decided, of_event in zip(decision.events, sealed, strict=True)
        ]
        blobs = [SealedBlob(*blob[:5]) for of_event in sealed for _, blob in of_event]
        return events, blobs

    def _new_event(
        self, decided: Decided, context: Context, meta: bytes, sealed: Sequence[tuple[PersonalPart, Sealed]]
    ) -> NewEvent:
        event_id, stream_id, version, customer_id, event = decided
        return NewEvent(
            event_id, stream_id, version, customer_id, event.type, event.class_version, event.occurred_at,
            context.actor, context.correlation_id, context.causation_id, self._mapper.data(event, sealed), meta,
        )  # fmt: skip


def _meta(context: Context) -> bytes:
    """What else is known of the command: its id and, where one was given, the reason."""
    if context.reason is None:
        return b'{"command":"%s"}' % str(context.command_id).encode()
    return canonical_json({"command": context.command_id, "reason": context.reason})
