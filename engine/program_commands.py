"""Commands that the program gives itself: each has an id made from what it says, so given twice it is done once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from uuid import UUID

from domain.kernel import Aggregate, Command, Refusal
from engine.deciding import Context, stream_of
from engine.one_stream import one_stream
from projections.fact import Fact
from store.canonical import canonical_json
from store.envelope import NO_STREAM
from store.identity import derive_id, new_id

if TYPE_CHECKING:
    from engine.wiring import Daybook

S = TypeVar("S")

ACTOR: Final = "daybook:eraser"


@dataclass(frozen=True, slots=True)
class Story(Generic[S]):
    """A stream as it stands in the record: its events, the state they lead to, and the last version (-1: none)."""

    facts: Sequence[Fact]
    state: S

    @property
    def version(self) -> int:
        """The version of the last event."""
        return self.facts[-1].recorded.version if self.facts else NO_STREAM


class Program:
    """Gives commands in the program's own name."""

    def __init__(self, daybook: "Daybook", actor: str = ACTOR) -> None:
        self._daybook = daybook
        self._actor = actor

    async def story(self, aggregate: Aggregate[S], stream_id: UUID) -> Story[S]:
        """Read a stream from the record, whatever is remembered of it."""
        record = self._daybook.record
        found = await record.read_streams(record.partition_of(stream_id), [stream_id])
        facts = [self._daybook.mapper.fact(one) for one in found.get(stream_id, ())]
        state = aggregate.initial
        for fact in facts:
            state = aggregate.evolve(state, fact.event)
        return Story(facts, state)

    async def give(self, command: Command, correlation_id: UUID, after: int) -> None:
        """Give a command to a stream whose last version is `after`.

        Raises:
            Refusal, VersionConflict, PersistenceError, ...: see `engine.handling`.
        """
        stream_id, _ = stream_of(command)
        said: dict[str, Any] = {name: value for name, value in command.__dict__.items() if name != "occurred_at"}
        parts = (command.type.encode(), stream_id.bytes, str(after).encode(), canonical_json(said))
        digest = self._daybook.vault.keyed_hmac("program-command", *parts)
        command_id = derive_id(digest, beside=stream_id)
        await self._daybook.handler.handle([command], Context(self._actor, command_id, digest, correlation_id))

    async def give_now(self, command: Command) -> None:
        """Give a command that nothing else has caused to its stream as it stands.

        Raises:
            Refusal: there is no such stream, or it refuses.
            VersionConflict, PersistenceError, ...: see `engine.handling`.
        """
        stream_id, aggregate = stream_of(command)
        first = await self._daybook.record.read_stream(stream_id, limit=1)
        if not first or first[0].topic.partition(".")[0] != aggregate.name:
            raise Refusal("not-found", f"There is no {aggregate.name} with this id.", command.stream_field)
        await self.give(command, new_id(), (await self.story(aggregate, stream_id)).version)

    def derived(self, purpose: str, *parts: bytes, beside: UUID | None = None) -> UUID:
        """An id that always comes out of these parts."""
        digest = self._daybook.vault.keyed_hmac("program-id", purpose.encode(), *parts)
        return derive_id(digest, beside=beside)

    def one_stream(self, aggregate: Aggregate[Any], *values: object) -> UUID:
        """The stream of which there is one for these values, as the API finds it, too."""
        return one_stream(self._daybook.vault.keyed_hmac, aggregate.name, values)


def now() -> datetime:
    """The time of a command that is given now."""
    return datetime.now(UTC)
