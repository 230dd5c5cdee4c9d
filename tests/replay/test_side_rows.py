"""Rows beside events are compared with the events: an edit of any of them is named."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import orjson
import pytest

from replay import side_rows
from replay.side_rows import Difference, Role, compare
from store.canonical import canonical_json
from store.envelope import AppendRequest, NewEvent, Participant, RecordedEvent, StoredAnswer
from store.identity import new_id
from store.record import Record
from tests.store.made import ids_in, in_days, request

OTHER = UUID("01986000-c540-8004-8a7d-e417a0696a0b")


def named_in_data(recorded: RecordedEvent) -> set[Role] | None:
    told = orjson.loads(recorded.state)
    return None if told.get("unknown") else {(UUID(one), role) for one, role in told.get("others", ())}


async def append(record: Record, others: list[Role], **data: object) -> UUID:
    """An event with these participants, and its command's answer; the command's id."""
    (stream,) = ids_in(record, 1, 1)
    command = new_id(beside=stream)
    made = request(
        stream, count=2, partition=1, data=orjson.dumps({"others": [(str(one), role) for one, role in others], **data}),
        meta=b'{"command":"%s"}' % str(command).encode(),
    )  # fmt: skip
    told = canonical_json({"stream": stream, "version": 1, "events": [_answered(one) for one in made.events]})
    answer = StoredAnswer(command, b"hmac", told, in_days(7))
    participants = [Participant(event, *other) for event in range(2) for other in others]
    await record.append(AppendRequest(1, made.events, made.expected, (), answer, (), participants))
    return command


def _answered(event: NewEvent) -> list[object]:
    return [str(event.event_id), str(event.stream_id), event.type, event.version]


@pytest.fixture
async def commands(record: Record, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    monkeypatch.setattr(side_rows, "PAGE", 3)
    made = [await append(record, [(new_id(), "agent")] * (number % 2)) for number in range(8)]
    await append(record, [(OTHER, "agent"), (OTHER, "heir")])
    refused = StoredAnswer(new_id(), b"hmac", b'{"refusal":["a","b",null]}', in_days(7))
    await record.append(AppendRequest(1, answer=refused))
    return made


@asynccontextmanager
async def edited(admin: asyncpg.Connection, sql: str, *arguments: object) -> AsyncGenerator[None]:
    await admin.execute("set session_replication_role = replica")
    await admin.execute(sql, *arguments)
    yield


async def differences(admin: asyncpg.Connection) -> list[Difference]:
    return await compare(admin, 4, named_in_data)


async def test_an_honest_record_has_none(admin, commands) -> None:
    told: list[tuple[int, int]] = []
    assert await compare(admin, 4, named_in_data, progress=lambda *step: told.append(step)) == []
    assert told[-1] == (18, 18)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("delete from record.participant where role = 'heir'", f"heir {OTHER} is missing"),
        ("update record.participant set role = 'witness' where role = 'heir'", f"witness {OTHER} was added"),
        ("update record.participant set position = position - 2 where role = 'heir'", f"heir {OTHER} was added"),
        ("update record.participant set position = position + 99 where role = 'heir'", f"heir {OTHER} was added"),
        (f"insert into record.participant values (1, '{OTHER}', 2, 'agent')", f"agent {OTHER} was added"),
        ("update record.participant set partition = 0 where role = 'heir'", f"heir {OTHER} is missing"),
    ],
)
async def test_an_edited_participant_is_named(record: Record, commands, admin, sql: str, why: str) -> None:
    async with edited(admin, sql):
        assert why in [one.why for one in await differences(admin) if one.what == "participant"]


@pytest.mark.parametrize(
    "answer",
    [
        "''", "'nothing'", "'[]'", "'{\"events\":[[\"x\"]]}'", "answer || ' '::bytea",
        "convert_to(replace(convert_from(answer, 'UTF8'), ',1]', ',2]'), 'UTF8')",
        "convert_to(replace(convert_from(answer, 'UTF8'), 'version\":1', 'version\":7'), 'UTF8')",
        "convert_to(regexp_replace(convert_from(answer, 'UTF8'), '(events\":.)([^\\]]*).,', '\\1'), 'UTF8')",
        "convert_to(regexp_replace(convert_from(answer, 'UTF8'), ',\\[[^\\]]*\\]\\]', ']'), 'UTF8')",
        "convert_to(regexp_replace(convert_from(answer, 'UTF8'), 'thing', 'other'), 'UTF8')",
        "convert_to(translate(convert_from(answer, 'UTF8'), 'bcf', 'BCF'), 'UTF8')",
        "convert_to(regexp_replace(convert_from(answer, 'UTF8'), '([0-9a-f]{8})-', '\\1'), 'UTF8')",
        "convert_to(replace(convert_from(answer, 'UTF8'), ',1]', ',true]'), 'UTF8')",
    ],
)  # fmt: skip
async def test_an_edited_answer_is_named(record: Record, commands, admin, answer: str) -> None:
    async with edited(admin, f"update record.command set answer = {answer} where command_id = $1", commands[4]):
        (found,) = await differences(admin)
    assert (found.what, found.where) == ("command", f"record/1 {commands[4]}")


async def test_an_answer_of_another_command_is_named(record: Record, commands, admin) -> None:
    swap = (
        "update record.command a set answer = b.answer from record.command b "
        "where a.command_id = $1 and b.command_id = $2"
    )
    async with edited(admin, swap, commands[0], commands[1]):
        (found,) = await differences(admin)
    assert found.where == f"record/1 {commands[0]}"


async def test_events_that_nobody_can_read_are_passed_over(record: Record, admin) -> None:
    await append(record, [(OTHER, "agent")], unknown=True)
    async with edited(admin, "delete from record.participant"):
        assert await differences(admin) == []
