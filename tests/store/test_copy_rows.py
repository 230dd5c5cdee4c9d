"""The rows that are written here in COPY's binary format, beside those that asyncpg writes of the same values."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pgproto import pgproto
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store import copy_rows
from store.batch import SALT_BYTES
from store.copy_rows import COMMAND, EVENT, PARTICIPANT, ROWS_IN_ONE_PIECE, SEALED, Written
from store.envelope import AppendRequest, NewEvent, Participant, SealedBlob, StoredAnswer
from store.identity import new_id
from tests.examples import examples
from tests.store.made import OCCURRED, event, request, stored

BIGINT_MAX = (1 << 63) - 1
LAST = datetime(9999, 12, 31, 23, 59, 59, 999998, tzinfo=UTC)  # asyncpg makes `infinity` of the next one

IDS = st.uuids() | st.uuids().map(lambda one: pgproto.UUID(one.bytes))
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
OCTETS = st.binary(max_size=40) | st.just(b"") | st.just(bytes(range(256)) * 300)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.just(LAST) | st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC) | OFFSETS)  # noqa: DTZ001
BIGINTS = st.integers(0, 9) | st.just(BIGINT_MAX)
EVENTS = st.builds(
    NewEvent, IDS, IDS, BIGINTS, st.none() | IDS, TEXTS, st.integers(-(1 << 15), (1 << 15) - 1), TIMES,
    TEXTS, IDS, st.none() | IDS, OCTETS, OCTETS,
)  # fmt: skip
REQUESTS = st.builds(
    AppendRequest,
    st.just(1),
    st.lists(EVENTS, max_size=3),
    answer=st.none() | st.builds(StoredAnswer, IDS, OCTETS, OCTETS, TIMES),
    sealed=st.lists(st.builds(SealedBlob, IDS, IDS, TEXTS, IDS, OCTETS), max_size=2),
    participants=st.lists(st.builds(Participant, st.integers(0, 2), IDS, TEXTS), max_size=2),
)

PLACES = st.builds(Written, st.integers(0, (1 << 15) - 1), st.integers(0, BIGINT_MAX - 100), TIMES)
SALT = bytes(range(SALT_BYTES))


@pytest.fixture
async def twice(admin):
    """A connection with two tables, without rules, in place of each of the record's."""
    for table in ("event", "sealed", "participant", "command"):
        for way in ("ours", "asyncpg"):
            await admin.execute(f"create temp table {way}_{table} (like record.{table})")
    return admin


@given(PLACES, st.lists(REQUESTS, max_size=6))
@example(Written(0, 0, LAST), [AppendRequest(1, [event(new_id())] * 3)] * ROWS_IN_ONE_PIECE)
@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_same_values_are_stored_as_asyncpg_stores(twice, written, requests):
    events = [one for of in requests for one in of.events]
    salts = SALT * len(events)
    await check(twice, "event", EVENT, copy_rows.events(written, events, salts), event_rows(written, events))
    await check(twice, "sealed", SEALED, copy_rows.sealed(written, requests), sealed_rows(written, requests))
    participants = copy_rows.participants(written, requests)
    await check(twice, "participant", PARTICIPANT, participants, participant_rows(written, requests))
    await check(twice, "command", COMMAND, copy_rows.commands(written, requests), command_rows(written, requests))


async def check(
    connection: asyncpg.Connection, table: str, columns: Sequence[str], ours: Iterator[bytes], rows: list[Any]
) -> None:
    pieces = b"".join([copy_rows.BEGIN, *ours, copy_rows.END])
    await connection.copy_to_table(f"ours_{table}", columns=columns, source=BytesIO(pieces), format="binary")
    await connection.copy_records_to_table(f"asyncpg_{table}", columns=columns, records=rows)
    found: list[list[tuple[Any, ...]]] = []
    for way in ("ours", "asyncpg"):
        sql = f"with rows as (delete from {way}_{table} returning *) select * from rows order by rows"
        found.append([tuple(row) for row in await connection.fetch(sql)])
    assert found[0] == found[1]
    assert len(found[0]) == len(rows)


def event_rows(written: Written, events: Sequence[NewEvent]) -> list[Any]:
    partition, base, stamp = written
    return [
        (partition, base + n, *one[:7], stamp, *one[7:10], SALT, *one[10:]) for n, one in enumerate(events)
    ]  # fmt: skip


def sealed_rows(written: Written, requests: Sequence[AppendRequest]) -> list[Any]:
    return [(written.partition, *blob) for of in requests for blob in of.sealed]


def participant_rows(written: Written, requests: Sequence[AppendRequest]) -> list[Any]:
    return [
        (written.partition, one.customer_id, first(written, requests, n) + one.event, one.role)
        for n, of in enumerate(requests)
        for one in of.participants
    ]


def command_rows(written: Written, requests: Sequence[AppendRequest]) -> list[Any]:
    return [
        (
            written.partition, *of.answer[:3],
            first(written, requests, n + 1) - 1 if of.events else written.base - 1, of.answer.expires_at,
        )
        for n, of in enumerate(requests)
        if of.answer is not None
    ]  # fmt: skip


def first(written: Written, requests: Sequence[AppendRequest], count: int) -> int:
    """The position behind the events of the first so many requests."""
    return written.base + sum(len(of.events) for of in requests[:count])


async def test_a_time_without_an_offset_is_taken_for_local_as_in_a_call(record, streams, app):
    local = datetime(2026, 3, 1, 12, 0)  # noqa: DTZ001
    one, two = streams(2)
    await record.append_copy(1, [request(one, partition=1, occurred_at=local)])
    await record.append(request(two, partition=1, occurred_at=local))
    copied, called = await stored(app, "occurred_at")
    assert copied == called


def test_a_row_has_as_many_columns_as_it_says():
    row = b"".join(copy_rows.events(Written(3, 7, OCCURRED), [event(UUID(int=1))], SALT))
    assert int.from_bytes(row[:2], "big") == len(EVENT)
    values, at = 0, 2
    while at < len(row):
        size = int.from_bytes(row[at : at + 4], "big", signed=True)
        at += 4 + max(size, 0)
        values += 1
    assert (values, at) == (len(EVENT), len(row))
