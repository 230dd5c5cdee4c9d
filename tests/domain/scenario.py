"""given(aggregate, commands).when(command).then(events): how a domain example reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import pytest

from domain.kernel import Aggregate, Command, Event, Refusal

C = TypeVar("C", bound=Command)
E = TypeVar("E", bound=Event)

WHEN = "2026-11-02T09:00:00Z"
STREAM = UUID("018bcfe5-6800-7abc-8000-000000000001")
ANNA, BO, CHEN = (UUID(int=STREAM.int + n) for n in (16, 17, 18))
ONE, TWO = (UUID(int=STREAM.int + n) for n in (32, 33))


def to(kind: type[C], /, **fields: Any) -> C:
    """Make a command to the one stream of the example."""
    return kind.model_validate({"occurred_at": WHEN, kind.stream_field: STREAM, **fields})


def it(kind: type[E], /, **fields: Any) -> E:
    """Make an event of the example."""
    return kind.model_validate({"occurred_at": WHEN, **fields})


def play(aggregate: Aggregate[Any], events: Sequence[Event]) -> Any:
    """Fold events into a state."""
    state = aggregate.initial
    for event in events:
        state = aggregate.evolve(state, event)
    return state


def history(aggregate: Aggregate[Any], commands: Sequence[Command]) -> list[Event]:
    """Decide commands one after another, none of which may be refused."""
    state, events = aggregate.initial, []
    for command in commands:
        for event in aggregate.decide(command, state):
            state = aggregate.evolve(state, event)
            events.append(event)
    return events


@dataclass(frozen=True)
class Wanted:
    """A command wanted in a state."""

    aggregate: Aggregate[Any]
    state: Any
    command: Command

    def then(self, *events: Event) -> None:
        """Expect exactly these events; none for a command that is true already."""
        assert list(self.aggregate.decide(self.command, self.state)) == list(events)

    def refused(self, code: str, field: str | None = None) -> None:
        """Expect a refusal of this code, at this field."""
        with pytest.raises(Refusal) as caught:
            self.aggregate.decide(self.command, self.state)
        assert (caught.value.code, caught.value.field) == (code, field)


@dataclass(frozen=True)
class Given:
    """What came before."""

    aggregate: Aggregate[Any]
    state: Any

    def when(self, command: Command) -> Wanted:
        """Want something."""
        return Wanted(self.aggregate, self.state, command)


def given(aggregate: Aggregate[Any], *before: Event | Command) -> Given:
    """Start from events, or from commands that were accepted one after another."""
    events = [one for one in before if isinstance(one, Event)]
    commands = [one for one in before if isinstance(one, Command)]
    return Given(aggregate, play(aggregate, events + history(aggregate, commands)))
