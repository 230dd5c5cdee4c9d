"""Random requests, in batches by call and by COPY, against a model of the record in forty lines."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.envelope import Appended, AppendRequest, CustomerCondition
from store.errors import CommandAnswered, ConditionFailed, EventExists, VersionConflict
from store.identity import new_id
from tests.store.made import answer, event, ids_in

STREAMS, CUSTOMERS, COMMANDS, TYPES = 4, 3, 6, ("t0", "t1")


class Drawn(NamedTuple):
    """A request in terms of the small worlds above."""

    streams: tuple[tuple[int, int, int], ...]  # (which, expected version by how much off, events)
    customer: int | None
    type: str
    command: int | None
    condition: tuple[int, frozenset[str], int] | None  # (customer, types, positions back)
    repeats_event: bool


DRAWN = st.builds(
    Drawn,
    st.lists(
        st.tuples(st.integers(0, STREAMS - 1), st.sampled_from((0, 0, 0, 0, -1, 1)), st.integers(0, 3)),
        max_size=3,
        unique_by=lambda one: one[0],
    ).map(tuple),
    st.none() | st.integers(0, CUSTOMERS - 1),
    st.sampled_from(TYPES),
    st.none() | st.integers(0, COMMANDS - 1),
    st.none()
    | st.tuples(st.integers(0, CUSTOMERS - 1), st.frozensets(st.sampled_from(TYPES), min_size=1), st.integers(0, 20)),
    st.sampled_from((False, False, False, True)),
)


@dataclass
class Model:
    """What the record must hold, and say."""

    base: int
    events: list[tuple[UUID, UUID, int, UUID | None, str]] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)
    commands: dict[UUID, int] = field(default_factory=dict)

    def append_all(self, requests: Sequence[AppendRequest]) -> dict[int, set[Any]]:
        """Possible outcomes by index; of requests that come in at once, those that touch each other take turns."""
        outcomes: dict[int, set[Any]] = {}
        waiting = list(enumerate(requests))
        while waiting:
            taken: set[UUID] = set()
            written: set[UUID | None] = set()
            later, before, base = [], Model(self.base, [*self.events], {**self.versions}, {**self.commands}), self.end
            for index, request in waiting:
                keys = {e.event_id for e in request.events} | {e.stream_id for e in request.events}
                keys |= {*request.expected, *([request.answer.command_id] if request.answer else [])}
                waits = keys & taken or any(c.customer_id in written for c in request.conditions)
                taken |= keys
                if waits:
                    later.append((index, request))
                    continue
                written |= {e.customer_id for e in request.events}
                outcomes[index] = before.refusals(request) or {self._write(request, base)}
            waiting = later
        return outcomes

    @property
    def end(self) -> int:
        return self.base + len(self.events)

    def refusals(self, request: AppendRequest) -> set[type[Exception]]:
        """The reasons any of which may be given: a command answered before is always told as that."""
        if request.answer and request.answer.command_id in self.commands:
            return {CommandAnswered}
        reasons: set[type[Exception]] = set()
        if any(self.versions.get(stream, -1) != version for stream, version in request.expected.items()):
            reasons.add(VersionConflict)
        for condition in request.conditions:
            later = self.events[max(condition.after + 1 - self.base, 0) :]
            if any(e[3] == condition.customer_id and e[4] in condition.types for e in later):
                reasons.add(ConditionFailed)
        ids = {e[0] for e in self.events}
        return reasons or {EventExists for e in request.events if e.event_id in ids}

    def _write(self, request: AppendRequest, base: int) -> tuple[int, int]:
        position = self.end if request.events else base
        for e in request.events:
            self.events.append((e.event_id, e.stream_id, e.version, e.customer_id, e.type))
            self.versions[e.stream_id] = e.version
        if request.answer:
            self.commands[request.answer.command_id] = position + len(request.events) - 1
        return position, len(request.events)


@dataclass
class World:
    """Ids of one example."""

    model: Model
    streams: list[UUID]
    customers: list[UUID]
    name: str

    def request(self, drawn: Drawn, versions: dict[UUID, int]) -> AppendRequest:
        """Expects what the streams will be at if all before it in its batch is good; notes what it adds."""
        events, expected = [], {}
        for which, off, count in drawn.streams:
            stream = self.streams[which]
            expected[stream] = max(versions.get(stream, -1) + off, -1)
            customer = None if drawn.customer is None else self.customers[drawn.customer]
            after = expected[stream] + 1
            events += [event(stream, after + n, customer_id=customer, type=drawn.type) for n in range(count)]
            if off == 0:
                versions[stream] = expected[stream] + count
        if drawn.repeats_event and events and self.model.events:
            events[0] = events[0]._replace(event_id=self.model.events[-1][0])
        conditions = []
        if drawn.condition is not None:
            customer, types, back = drawn.condition
            conditions.append(CustomerCondition(self.customers[customer], types, self.model.end - 1 - back))
        stored = None if drawn.command is None else answer(f"{self.name} {drawn.command}")
        return AppendRequest(1, events, expected, conditions, stored)


STEPS = st.lists(st.tuples(st.booleans(), st.lists(DRAWN, min_size=1, max_size=12)), min_size=1, max_size=6)


@given(STEPS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_request_has_the_outcome_that_the_model_gives_it(open_record, steps):
    await run_beside_the_model(open_record, steps)


@pytest.mark.long
@given(STEPS)
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_of_many_requests_has_the_outcome_that_the_model_gives_it(open_record, steps):
    await run_beside_the_model(open_record, steps)


async def run_beside_the_model(open_record, steps):
    """Append each step, alone or all at once, and compare outcomes and what is read with the model's."""
    async with await open_record() as record:  # closed before the next example
        model = Model(await record.next_position(1))
        world = World(model, ids_in(record, 1, STREAMS), [new_id() for _ in range(CUSTOMERS)], str(new_id()))
        for copied, drawn in steps:
            versions = dict(model.versions)
            requests = [world.request(one, versions) for one in drawn]
            expected = model.append_all(requests)
            if copied:
                results: Sequence[Any] = await record.append_copy(1, requests)
            else:
                results = await asyncio.gather(*map(record.append, requests), return_exceptions=True)
            told = {n: _told(result) for n, result in enumerate(results)}
            assert told == {n: told[n] if told[n] in possible else possible for n, possible in expected.items()}
        rows = await record.read_partition(1, model.base)
        assert [row.position for row in rows] == list(range(model.base, model.end))
        assert [(e.event_id, e.stream_id, e.version, e.customer_id, e.type) for e in rows] == model.events
        found = await record.find_answers(1, list(model.commands))
        assert {command: one.position for command, one in found.items()} == model.commands


def _told(result: Any) -> Any:
    return (result.position, result.count) if isinstance(result, Appended) else type(result)
