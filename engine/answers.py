"""What a command is answered, and how the answer is stored beside its events."""

from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from domain.kernel import Refusal
from store.canonical import canonical_json
from store.envelope import FoundAnswer
from store.record import Record
from vault.lane import Lanes

AT_ONCE: Final = 500
"""So many answers are looked up with one statement."""


class AnsweredEvent(NamedTuple):
    """An event that a command led to."""

    event_id: UUID
    stream_id: UUID
    type: str
    version: int


class Answer(NamedTuple):
    """The outcome of an accepted command.

    `version` is that of the first command's stream afterwards; `position` what a read model must
    have seen to show the outcome (-1: nothing); `repeated`: the command had been answered before.
    """

    stream_id: UUID
    version: int
    partition: int
    position: int
    events: tuple[AnsweredEvent, ...]
    repeated: bool = False


class CommandReused(Exception):  # an answer, not a fault
    """The same command id came with another request before."""


def accepted(stream_id: UUID, version: int, events: tuple[AnsweredEvent, ...]) -> bytes:
    """The stored form of an accepted command's answer; its position is stored beside it."""
    told = [(event_id, stream, type_, of) for event_id, stream, type_, of in events]
    return canonical_json({"stream": stream_id, "version": version, "events": told})


def refused(refusal: Refusal) -> bytes:
    """The stored form of a refusal."""
    return canonical_json({"refusal": [refusal.code, refusal.message, refusal.field]})


def repeated(found: FoundAnswer, request_hmac: bytes, partition: int) -> Answer:
    """The stored answer of a command that came again.

    Raises:
        CommandReused: it was another request then.
        Refusal: it was refused then.
    """
    if found.request_hmac != request_hmac:
        raise CommandReused("this command id was used for another request; use a new Idempotency-Key")
    stored: dict[str, Any] = orjson.loads(found.answer)
    if "refusal" in stored:
        raise Refusal(*stored["refusal"])
    events = tuple(AnsweredEvent(UUID(e), UUID(s), type_, version) for e, s, type_, version in stored["events"])
    return Answer(UUID(stored["stream"]), stored["version"], partition, found.position, events, repeated=True)


class AnswerLookup:
    """Whether a command was answered before; who asks at the same time shares a statement."""

    def __init__(self, record: Record) -> None:
        self._lanes = Lanes(record.find_answers, AT_ONCE)

    async def find(self, partition: int, command_id: UUID) -> FoundAnswer | None:
        """The answer stored under this id; None: there is none."""
        return (await self._lanes.get(partition, [command_id])).get(command_id)
