"""Bringing chunks of mapped rows into the record, and finding out what became of each row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.kernel import Refusal
from engine.answers import Answer
from engine.deciding import Context
from engine.handling import Unit
from engine.importing.chunks import Chunk
from engine.importing.identities import Identities, command_key
from engine.importing.quarantine import File, Quarantine
from engine.importing.reading import Importer, Mapped, Origin
from engine.importing.rows import Row
from engine.importing.verdict import ImportRefused, Reason, Unreadable, Verdict

if TYPE_CHECKING:
    from uuid import UUID

    from engine.handling import Outcome as Handled
    from engine.wiring import Daybook
    from projections.fact import Fact
    from store.envelope import RecordedEvent


class Committer:
    """Commits the chunks of one file."""

    def __init__(
        self, daybook: "Daybook", importer: Importer, origin: Origin, file: File, identities: Identities
    ) -> None:
        self._daybook = daybook
        self._importer = importer
        self._origin = origin
        self._file = file
        self._identities = identities
        self._quarantine = Quarantine(daybook.record, daybook.vault)

    async def preface(self) -> int:
        """Commit what must be there before the first row; the number of events that took.

        Raises:
            ImportRefused: the domain does not accept it.
        """
        events = 0
        for unit in self._importer.preface():
            (outcome,) = await self._daybook.handler.handle_copy([unit])
            if isinstance(outcome, Refusal):
                raise ImportRefused(outcome.code, f"What the rows belong to cannot be recorded: {outcome}")
            answer = _answer(outcome)
            events += 0 if answer.repeated else len(answer.events)
        return events

    async def commit(self, chunk: Chunk) -> list[Verdict]:
        """Commit a chunk; each row's verdict, in the order of the file.

        Raises:
            PersistenceError: the record cannot be written. What is committed stays, and the same
                import again goes on behind it.
        """
        verdicts: list[Verdict] = []
        unreadable = list(chunk.unreadable)
        known: list[Mapped] = []
        for mapped, outcome in zip(chunk.mapped, await self._handle([m.unit for m in chunk.mapped]), strict=True):
            if not isinstance(outcome, Refusal):
                verdicts.append(_verdict(mapped, _answer(outcome)))
            elif outcome.code == self._importer.revisable:
                known.append(mapped)
            else:
                unreadable.append((mapped.row, (_reason(outcome),)))
        for turn in _turns(known):
            verdicts.extend(await self._revise(turn, unreadable))
        verdicts.extend(await self._put_aside(unreadable))
        return sorted(verdicts)

    async def _handle(self, units: Sequence[Unit]) -> "Sequence[Handled]":
        return await self._daybook.handler.handle_copy(units) if units else ()

    async def _revise(self, rows: Sequence[Mapped], unreadable: list[tuple[Row, tuple[Reason, ...]]]) -> list[Verdict]:
        """Append what rows of known streams say beyond what is recorded; one row for each stream."""
        facts = await self._facts([mapped.stream_id for mapped in rows])
        verdicts: list[Verdict] = []
        units: list[Unit] = []
        changed: list[tuple[Mapped, tuple[str, ...]]] = []
        for mapped in rows:
            recorded = facts[mapped.stream_id]
            try:
                revision = self._importer.revise(mapped, recorded)
            except Unreadable as otherwise:
                unreadable.append((mapped.row, otherwise.reasons))
                continue
            notes = (*mapped.notes, *revision.notes)
            if revision.commands:
                units.append(Unit(revision.commands, self._revision_context(mapped, recorded[-1], notes)))
                changed.append((mapped, notes))
            else:
                verdicts.append(_unchanged(mapped, notes))
        for (mapped, notes), outcome in zip(changed, await self._handle(units), strict=True):
            if isinstance(outcome, Refusal):
                unreadable.append((mapped.row, (_reason(outcome),)))
            else:
                verdicts.append(_updated(mapped, _answer(outcome), notes))
        return verdicts

    def _revision_context(self, mapped: Mapped, last: "Fact", notes: Sequence[str]) -> Context:
        """A command of its own: what it adds depends on how far the stream was."""
        content = mapped.content + b"\x1frevision" + last.recorded.version.to_bytes(8, "big")
        key = command_key(mapped.secret, content, at=mapped.unit.commands[0].occurred_at)
        return self._origin.context(key, mapped.row, notes)

    async def _facts(self, stream_ids: "Sequence[UUID]") -> "dict[UUID, list[Fact]]":
        record, mapper = self._daybook.record, self._daybook.mapper
        events: dict[UUID, list[RecordedEvent]] = {}
        for partition, streams in record.by_partition(stream_ids).items():
            events.update(await record.read_streams(partition, streams))
        return {stream_id: [mapper.fact(event) for event in of_stream] for stream_id, of_stream in events.items()}

    async def _put_aside(self, unreadable: Sequence[tuple[Row, tuple[Reason, ...]]]) -> list[Verdict]:
        if unreadable:
            await self._quarantine.keep(self._file, unreadable, self._identities)
        return [Verdict(row.number, row.line, "quarantined", None, 0, (), reasons) for row, reasons in unreadable]


def _turns(rows: Sequence[Mapped]) -> list[list[Mapped]]:
    """Rows of one stream come one after the other, each on what the one before it led to."""
    turns: list[list[Mapped]] = []
    seen: dict[UUID, int] = {}
    for mapped in rows:
        turn = seen.get(mapped.stream_id, 0)
        seen[mapped.stream_id] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(mapped)
    return turns


def _answer(outcome: "Handled") -> Answer:
    """The answer, or the fault that ends the import."""
    if isinstance(outcome, Answer):
        return outcome
    raise outcome


def _verdict(mapped: Mapped, answer: Answer) -> Verdict:
    if answer.repeated or not answer.events:
        return _unchanged(mapped, mapped.notes)
    row = mapped.row
    return Verdict(row.number, row.line, "imported", mapped.stream_id, len(answer.events), mapped.notes, ())


def _updated(mapped: Mapped, answer: Answer, notes: tuple[str, ...]) -> Verdict:
    if answer.repeated or not answer.events:
        return _unchanged(mapped, notes)
    return Verdict(mapped.row.number, mapped.row.line, "updated", mapped.stream_id, len(answer.events), notes, ())


def _unchanged(mapped: Mapped, notes: tuple[str, ...]) -> Verdict:
    return Verdict(mapped.row.number, mapped.row.line, "unchanged", mapped.stream_id, 0, notes, ())


def _reason(refusal: Refusal) -> Reason:
    return Reason(refusal.code, refusal.field or "")
