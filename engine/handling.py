"""Handling commands: look the command up, load states, decide, seal, append, answer."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from domain.kernel import Aggregate, Command, Refusal
from engine.answers import Answer, AnsweredEvent, AnswerLookup, CommandReused, accepted, refused, repeated
from engine.deciding import Context, Decision, Judgeable, as_seen, decide, stream_of
from engine.holding import Holds
from engine.indexing import index_approved
from engine.judging import Judges
from engine.mapping import EventMapper
from engine.sealing import Sealer
from engine.states import States, StreamOfAnotherKind, Versioned
from projections.seeing import hidden_streams
from store.envelope import NO_STREAM, Appended, AppendRequest, CustomerCondition, StoredAnswer
from store.errors import CommandAnswered, ConditionFailed, KeyGone, VersionConflict
from store.record import Record
from vault.errors import KeyDestroyed, SubjectErased
from vault.vault import Vault

if TYPE_CHECKING:
    from engine.spanning import Spanning

ATTEMPTS = 3
KEEP_ANSWER = timedelta(days=7)
ERASED = "subject-erased"
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)

Outcome: TypeAlias = Answer | Refusal | CommandReused | PersistenceError


class Unit(NamedTuple):
    """Commands that are accepted together or not at all; all their streams are in one partition.

    `new_stream`: their stream's id was made for them, so it needs no look in the record first; appending
    checks it anyway.
    """

    commands: Sequence[Command]
    context: Context
    new_stream: bool = False


class CommandHandler:
    """The way of every command into the record."""

    def __init__(self, record: Record, vault: Vault, mapper: EventMapper, judges: Judges | None = None) -> None:
        """`judges` judge what is judged; without them no command that needs that is accepted."""
        self._record = record
        self._mapper = mapper
        self._vault = vault
        self._judges = judges
        self._sealer = Sealer(mapper, vault)
        self._holds = Holds(record)
        self._states = States(record, mapper)
        self._answers = AnswerLookup(record)
        self.spanning: Spanning | None = None

    async def handle(
        self,
        commands: Sequence[Command],
        context: Context,
        *,
        expected_version: int | None = None,
        new_stream: bool = False,
    ) -> Answer:
        """Accept all of the commands, or none.

        `expected_version`: that of the first command's stream (If-Match). `new_stream`: its id was
        made for this command, so it needs no look in the record first; appending checks it anyway.

        Raises:
            Refusal: a command cannot be accepted; asked again, the same refusal is answered.
            CommandReused: the command id came with another request before.
            VersionConflict: not at `expected_version`, or changed by others three times in a row.
            ConditionFailed: what it was judged by was changed by others three times in a row.
            SubjectErased, KeyDestroyed: it has personal data of a subject who is erased, or is being.
            LaneFull, RecordUnreachable, OutcomeUnknown, ...: see `store.errors`.
        """
        if not self._spans(commands):
            return await self._handle(commands, context, expected_version, new_stream=new_stream)
        assert self.spanning is not None  # noqa: S101  # or nothing spans
        filled = [await self.spanning.before(command, context) for command in commands]
        try:
            return await self._handle(filled, context, expected_version, new_stream=new_stream)
        finally:
            for command in filled:
                if self.spanning.needs(command):
                    await self.spanning.after(command, context)

    def _spans(self, commands: Sequence[Command]) -> bool:
        return self.spanning is not None and any(map(self.spanning.needs, commands))

    async def _handle(
        self,
        commands: Sequence[Command],
        context: Context,
        expected_version: int | None,
        *,
        new_stream: bool,
    ) -> Answer:
        partition = self._partition(commands)
        found = await self._answers.find(partition, context.command_id)
        if found is not None:
            return repeated(found, context.request_hmac, partition)
        streams = [stream_of(command) for command in commands]
        attempts = ATTEMPTS
        while True:
            if new_stream:
                states = {stream_id: Versioned(NO_STREAM, aggregate.initial) for stream_id, aggregate in streams}
            else:
                states = await self._load(partition, streams, commands, context, expected_version)
            said = await self._judged(commands, states, context)
            given = commands if said is None else (said.command,)
            conditions = () if said is None else said.conditions
            try:
                return await self._attempt(partition, given, context, states, expected_version, conditions)
            except CommandAnswered:
                answers = await self._record.find_answers(partition, [context.command_id])
                return repeated(answers[context.command_id], context.request_hmac, partition)
            except (VersionConflict, ConditionFailed, KeyGone) as conflict:
                if isinstance(conflict, KeyGone):
                    self._sealer.forget()  # sealed anew, or refused if the subject is erased
                self._states.forget(states)
                if self._judges is not None:
                    self._judges.forget(conditions)
                new_stream = False
                attempts -= 1
                if attempts == 0:
                    raise

    async def handle_copy(self, units: Sequence[Unit]) -> list[Outcome]:
        """Handle an import's units by COPY, each with its own outcome, in their order per stream."""
        outcomes: list[Outcome] = []
        for spans, of in groupby(units, key=lambda unit: self._spans(unit.commands)):
            run = list(of)
            if not spans:
                outcomes += await self._copy_all(run)
            elif all(unit.new_stream for unit in run):  # nothing of the one comes before the other
                outcomes += await asyncio.gather(*map(self._alone, run))
            else:
                outcomes += [await self._alone(unit) for unit in run]
        return outcomes

    async def _copy_all(self, units: Sequence[Unit]) -> list[Outcome]:
        by_partition: dict[int, list[int]] = {}
        for index, unit in enumerate(units):
            by_partition.setdefault(self._partition(unit.commands), []).append(index)
        outcomes: dict[int, Outcome] = {}

        async def one(partition: int, indexes: list[int]) -> None:
            of_partition = await self._copy(partition, [units[index] for index in indexes])
            outcomes.update(zip(indexes, of_partition, strict=True))

        await asyncio.gather(*(one(partition, indexes) for partition, indexes in by_partition.items()))
        return [outcomes[index] for index in range(len(units))]

    def token(self, answer: Answer) -> str:
        """The cursor that a read model must have reached to show this answer's outcome."""
        start = self._record.incarnation.start()
        return str(start.advanced(answer.partition, answer.position + 1))

    # One unit

    async def _load(
        self,
        partition: int,
        streams: Sequence[tuple[UUID, Aggregate[Any]]],
        commands: Sequence[Command],
        context: Context,
        expected_version: int | None,
    ) -> dict[UUID, Versioned]:
        try:
            return await self._states.load(partition, streams)
        except StreamOfAnotherKind:
            ids = [one for one, _ in streams]
            if context.sight is not None and await hidden_streams(self._record, context.sight, ids):
                if expected_version is not None:
                    raise VersionConflict(expected_version, NO_STREAM) from None
                decide(commands, context, {one: Versioned(NO_STREAM, kind.initial) for one, kind in streams})
            raise

    async def _judged(
        self, commands: Sequence[Command], states: Mapping[UUID, Versioned], context: Context
    ) -> Judgeable | None:
        """A command with what it is judged by; None: there is nothing to judge."""
        if not any(command.is_judged for command in commands):
            return None
        if self._judges is None:
            raise ValueError("this handler has nobody who judges")
        return await self._judges.judged(commands, states, context)

    async def _judged_all(self, units: Sequence[Unit]) -> dict[UUID, Judgeable] | None:
        """The same of many units, by command; None: something among them can only be judged by itself."""
        asked = {
            unit.context.command_id: unit.commands
            for unit in units
            if any(command.is_judged for command in unit.commands)
        }
        if not asked:
            return {}
        return None if self._judges is None else await self._judges.judged_all(asked)

    async def _attempt(  # noqa: PLR0913, PLR0917  # of what is attempted
        self,
        partition: int,
        commands: Sequence[Command],
        context: Context,
        states: dict[UUID, Versioned],
        expected_version: int | None,
        conditions: Sequence[CustomerCondition] = (),
    ) -> Answer:
        first = stream_of(commands[0])[0]
        found = as_seen(states[first], first, context.sight).version
        if expected_version is not None and found != expected_version:
            raise VersionConflict(expected_version, found)
        try:
            decision = decide(commands, context, states)
        except Refusal as refusal:
            await self._store_refusal(partition, context, states, refusal)
            raise
        request, answer = await self._request(partition, first, decision, context)
        appended = await self._record.append(request._replace(conditions=conditions) if conditions else request)
        if conditions and self._judges is not None:
            self._judges.appended(conditions, decision.events, appended.last)
        return self._accepted(partition, decision, answer, appended)

    async def _request(
        self, partition: int, first: UUID, decision: Decision, context: Context
    ) -> tuple[AppendRequest, Answer]:
        await self._holds.place([decision])
        await index_approved(self._record, self._mapper, self._vault, partition, decision.events)
        ((events, blobs),) = await self._sealer.seal(partition, [(decision, context)])
        answer = _answer(partition, first, decision)
        stored = _stored(context, accepted(first, answer.version, answer.events))
        return AppendRequest(
            partition, events, decision.before, (), stored, blobs, decision.participants, context.cause_recorded_at
        ), answer

    async def _store_refusal(
        self, partition: int, context: Context, states: dict[UUID, Versioned], refusal: Refusal
    ) -> None:
        """Kept like any answer, and like any answer only if it was decided on the newest state."""
        expected = {stream_id: versioned.version for stream_id, versioned in states.items()}
        await self._record.append(AppendRequest(partition, (), expected, (), _stored(context, refused(refusal))))

    def _accepted(self, partition: int, decision: Decision, answer: Answer, appended: Appended) -> Answer:
        for stream_id, versioned in decision.after.items():
            self._states.remember(stream_id, versioned)
        return Answer(answer.stream_id, answer.version, partition, appended.last, answer.events)

    # Many units

    async def _copy(self, partition: int, units: Sequence[Unit]) -> list[Outcome]:
        ids = [unit.context.command_id for unit in units]
        found = await self._record.find_answers(partition, ids)
        try:
            judged = await self._judged_all([one for one in units if one.context.command_id not in found])
            if judged is None:
                return [await self._alone(unit) for unit in units]
            states = await self._states_of([unit for unit in units if unit.context.command_id not in found], partition)
        except StreamOfAnotherKind:
            return [await self._alone(unit) for unit in units]
        outcomes: dict[int, Outcome] = {}
        prepared: dict[int, _Prepared] = {}
        expires_at = datetime.now(UTC) + KEEP_ANSWER
        for index, unit in enumerate(units):
            answered = found.get(unit.context.command_id)
            try:
                if answered is not None:
                    outcomes[index] = repeated(answered, unit.context.request_hmac, partition)
                    continue
                said = judged.get(unit.context.command_id)
                given = unit.commands if said is None else (said.command,)
                decision = decide(given, unit.context, states)
            except (Refusal, CommandReused) as refusal:
                outcomes[index] = refusal
                continue
            states.update(decision.after)
            # At once: a pass of its own over all units for each step would find nothing left in the processor's cache.
            prepared[index] = self._prepared(
                partition, unit, decision, expires_at, () if said is None else said.conditions
            )
        outcomes.update(await self._append_copy(partition, units, prepared))
        return [outcomes[index] for index in range(len(units))]

    def _prepared(
        self,
        partition: int,
        unit: Unit,
        decision: Decision,
        expires_at: datetime,
        conditions: Sequence[CustomerCondition],
    ) -> "_Prepared":
        context = unit.context
        answer = _answer(partition, stream_of(unit.commands[0])[0], decision)
        told = accepted(answer.stream_id, answer.version, answer.events)
        stored = StoredAnswer(context.command_id, context.request_hmac, told, context.expires_at or expires_at)
        events = self._sealer.clear(decision, context)
        request = AppendRequest(partition, events or (), decision.before, conditions, stored, (), decision.participants)
        return _Prepared(decision, answer, request, events is None)

    async def _states_of(self, units: Sequence[Unit], partition: int) -> dict[UUID, Versioned]:
        known: dict[UUID, Aggregate[Any]] = {}
        new: dict[UUID, Aggregate[Any]] = {}
        for unit in units:
            (new if unit.new_stream else known).update(map(stream_of, unit.commands))
        states = await self._states.load(partition, known.items()) if known else {}
        for stream_id, aggregate in new.items():
            if stream_id not in states:
                states[stream_id] = Versioned(NO_STREAM, aggregate.initial)
        return states

    async def _append_copy(
        self, partition: int, units: Sequence[Unit], prepared: dict[int, "_Prepared"]
    ) -> dict[int, Outcome]:
        try:
            await self._seal(partition, units, prepared)
        except (SubjectErased, KeyDestroyed):  # of one or few: the others are not to suffer from it
            self._states.forget({stream for one in prepared.values() for stream in one.decision.before})
            return {index: await self._alone(units[index]) for index in prepared}
        await self._holds.place([one.decision for one in prepared.values()])
        decided = [event for one in prepared.values() for event in one.decision.events]
        await index_approved(self._record, self._mapper, self._vault, partition, decided)
        outcomes: dict[int, Outcome] = {}
        appended = await self._record.append_copy(partition, [one.request for one in prepared.values()])
        for (index, one), outcome in zip(prepared.items(), appended, strict=True):
            if isinstance(outcome, Appended):
                outcomes[index] = self._accepted(partition, one.decision, one.answer, outcome)
            else:  # somebody else was there first: once more, alone and on fresh states
                self._states.forget(one.decision.before)
                outcomes[index] = await self._alone(units[index])
        return outcomes

    async def _seal(self, partition: int, units: Sequence[Unit], prepared: dict[int, "_Prepared"]) -> None:
        """Give the requests of those that have personal data their events; all keys are looked up at once."""
        personal = [index for index, one in prepared.items() if one.personal]
        decided = [(prepared[index].decision, units[index].context) for index in personal]
        for index, (events, blobs) in zip(personal, await self._sealer.seal(partition, decided), strict=True):
            one = prepared[index]
            prepared[index] = one._replace(request=one.request._replace(events=events, sealed=blobs))

    async def _alone(self, unit: Unit) -> Outcome:
        try:
            return await self.handle(unit.commands, unit.context)
        except (Refusal, CommandReused, PersistenceError) as outcome:
            return outcome
        except (SubjectErased, KeyDestroyed):
            return Refusal(ERASED, "What is personal here belongs to somebody whose data is erased.")

    def _partition(self, commands: Sequence[Command]) -> int:
        partition = self._record.partition_of(stream_of(commands[0])[0])
        for command in commands[1:]:
            other = self._record.partition_of(stream_of(command)[0])
            if other != partition:
                raise ValueError(f"commands of one unit must be of one partition, not of {partition} and {other}")
        return partition


class _Prepared(NamedTuple):
    """A decided unit on its way into the record; `personal`: its events are made when they are sealed."""

    decision: Decision
    answer: Answer
    request: AppendRequest
    personal: bool


def _answer(partition: int, first: UUID, decision: Decision) -> Answer:
    events = tuple([AnsweredEvent(d[0], d[1], d.event.type, d[2]) for d in decision.events])
    return Answer(first, decision.after[first].version, partition, -1, events)


def _stored(context: Context, answer: bytes) -> StoredAnswer:
    expires_at = context.expires_at or datetime.now(UTC) + KEEP_ANSWER
    return StoredAnswer(context.command_id, context.request_hmac, answer, expires_at)
