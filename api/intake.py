"""Many commands in one request: each is judged alone, and each gets its own verdict, in order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from eventsourcing.persistence import OperationalError

from api.bodies import as_object
from api.commands import checked_id
from api.edge import Asked, Edge
from api.failures import EXPECTED, UNREACHABLE, problem_of
from api.headers import KEY_CHARACTERS_MAX, Acting
from api.language import said
from api.operations import operations
from api.problems import FieldError, Problem
from api.validation import nearest
from domain.kernel import Refusal
from engine.access import Viewer
from engine.answers import Answer, CommandReused
from engine.handling import Outcome, Unit
from store.cursor import Cursor
from store.record import Record

ENTRIES_IN_ONE_CHUNK: Final = 2000
SERVER_FAULT: Final = 500

Verdict = Literal["accepted", "repeated", "refused", "invalid", "failed"]


@dataclass(slots=True)
class Entry:
    """One command of many: where it stood, its key, and the command or what is wrong with it."""

    label: dict[str, Any]
    asked: Asked | Problem


class Judged(NamedTuple):
    """What became of an entry; `failed`: repeat it with the same id."""

    label: dict[str, Any]
    verdict: Verdict
    body: dict[str, Any]
    answer: Answer | None = None

    def as_json(self) -> dict[str, Any]:
        """As a line or an element of the answer."""
        return {**self.label, "verdict": self.verdict, **self.body}


class Chunks:
    """Gathers entries. A chunk never holds one command twice: the second is answered like the first."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._command_ids: set[UUID] = set()

    def add(self, entry: Entry) -> list[Entry] | None:
        """Add an entry; the chunk before it if that one is complete."""
        full = None
        asked = entry.asked
        if len(self._entries) >= ENTRIES_IN_ONE_CHUNK or (
            isinstance(asked, Asked) and asked.context.command_id in self._command_ids
        ):
            full = self.take()
        self._entries.append(entry)
        if isinstance(asked, Asked):
            self._command_ids.add(asked.context.command_id)
        return full

    def take(self) -> list[Entry]:
        """What has been gathered."""
        taken, self._entries, self._command_ids = self._entries, [], set()
        return taken


def asked(at: Edge, value: Any, acting: Acting, kind: str | None, key: tuple[str, ...] | None) -> Asked | Problem:  # noqa: ANN401  # any JSON value
    """The command of an entry's fields, the stream's id among them, or the problem with it."""
    try:
        body = as_object(value)
        operation = operations().get(kind or "")
        if operation is None:
            hint = nearest(kind, tuple(operations())) if kind else said("name the command, such as complaint.receive")
            return Problem("command-type-unknown", errors=(FieldError("body", "/command", "is no command", hint),))
        if key is None or not 0 < len(key[-1]) <= KEY_CHARACTERS_MAX:
            reason = said("must be text of 1 to {characters_max} characters", characters_max=KEY_CHARACTERS_MAX)
            hint = said("give each line its own, or send the header Idempotency-Key for all")
            return Problem("validation-failed", errors=(FieldError("body", "/id", reason, hint),))
        if operation.creates:
            return at.asked(operation, None, body, acting, key)
        stream_id = _stream_id(body, operation.stream_field)
        rest = {name: field for name, field in body.items() if name != operation.stream_field}
        return at.asked(operation, stream_id, rest, acting, key)
    except Problem as problem:
        return problem


def one_of_many(at: Edge, label: dict[str, Any], found: Asked | Problem, viewer: Viewer, kind: str) -> Entry:
    """An entry; one that the viewer's roles do not allow is noted, for the whole request is not denied by it."""
    if isinstance(found, Problem) and found.code == "not-allowed":
        at.denials.note(viewer, kind)
    return Entry(label, found)


def _stream_id(body: Mapping[str, Any], name: str) -> str:
    given = body.get(name)
    if isinstance(given, str):
        try:
            return checked_id(given, name)
        except Problem:
            pass
    reason = said("is required" if given is None else "is not a UUID")
    raise Problem("validation-failed", f"/{name} {reason}", (FieldError("body", f"/{name}", reason),))


async def judge(at: Edge, entries: Sequence[Entry], way: str) -> list[Judged]:
    """Handle a chunk; what one partition or entry meets does not touch the others."""
    by_partition: dict[int, dict[int, Asked]] = {}
    judged: dict[int, Judged] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry.asked, Problem):
            judged[index] = _refused(entry.label, entry.asked)
        else:
            by_partition.setdefault(_partition(at.daybook.record, entry.asked), {})[index] = entry.asked

    async def one(commands: Mapping[int, Asked]) -> None:
        outcomes = await _outcomes(at, list(commands.values()))
        for (index, command), outcome in zip(commands.items(), outcomes, strict=True):
            judged[index] = _judged(entries[index].label, command, outcome)

    async with at.bulk_turns:
        await asyncio.gather(*(one(commands) for commands in by_partition.values()))
    in_order = [judged[index] for index in range(len(entries))]
    _count(at, in_order, way)
    return in_order


def _partition(record: Record, of: Asked) -> int:
    return record.partition_of(getattr(of.command, of.operation.stream_field))


async def _outcomes(at: Edge, commands: Sequence[Asked]) -> Sequence[Outcome | Exception]:
    units = [Unit([of.command], of.context, of.operation.creates) for of in commands]
    try:
        return await at.daybook.handler.handle_copy(units)
    except (OperationalError, *UNREACHABLE) as error:
        return [error] * len(units)
    except EXPECTED:  # one of them is at fault: it shall not be the others' fault
        return [await _alone(at, unit) for unit in units]


async def _alone(at: Edge, unit: Unit) -> Outcome | Exception:
    try:
        return await at.daybook.handler.handle(unit.commands, unit.context)
    except EXPECTED as error:
        return error


def _judged(label: dict[str, Any], command: Asked, outcome: Outcome | Exception) -> Judged:
    if not isinstance(outcome, Answer):
        return _refused(label, problem_of(outcome), decided=isinstance(outcome, Refusal | CommandReused))
    body: dict[str, Any] = {"stream_id": outcome.stream_id, "version": outcome.version}
    if (own_id := command.operation.own_id) is not None:
        body[own_id] = getattr(command.command, own_id)
    return Judged(label, "repeated" if outcome.repeated else "accepted", body, outcome)


def _refused(label: dict[str, Any], problem: Problem, *, decided: bool = False) -> Judged:
    if decided:
        verdict: Verdict = "refused"
    elif problem.kind.status >= SERVER_FAULT or problem.code == "version-conflict":
        verdict = "failed"
    else:
        verdict = "invalid"
    return Judged(label, verdict, {"problem": problem.as_json()})


def _count(at: Edge, judged: Sequence[Judged], way: str) -> None:
    counts: dict[Verdict, int] = {}
    events = 0
    for one in judged:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
        if one.verdict == "accepted" and one.answer is not None:
            events += len(one.answer.events)
    for verdict, commands in counts.items():
        at.metrics.command_done(way, verdict, commands=commands, events=events if verdict == "accepted" else 0)


def seen_after(cursor: Cursor, judged: Sequence[Judged]) -> Cursor:
    """The cursor that a read model must have reached to show all that was accepted."""
    positions = list(cursor.next_positions)
    for one in judged:
        if one.answer is not None:
            at = one.answer.partition
            positions[at] = max(positions[at], one.answer.position + 1)
    return Cursor(cursor.incarnation, tuple(positions))
