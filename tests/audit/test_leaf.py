"""The leaf against the generic canonical JSON, and against what PostgreSQL makes of the same row."""

import base64
import uuid
from datetime import UTC, datetime
from hashlib import sha256

import asyncpg
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.leaf import Row, entry, header, leaf_hashes
from audit.statements import statement
from tests.audit.made import append

FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  # the strategy adds the zone
TIMES = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
IDS = st.uuids()
ROWS = st.builds(
    Row,
    st.integers(0, 1023), st.integers(0, 2**53), IDS, IDS, st.integers(0, 2**53), st.none() | IDS, TEXTS,
    st.integers(0, 2**15 - 1), TIMES, TIMES, TEXTS, IDS, st.none() | IDS, st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32),
)  # fmt: skip


def canonical(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def text(value: object) -> str | None:
    return None if value is None else str(value)


def rfc3339(value: datetime) -> str:
    return value.strftime("%Y").zfill(4) + value.strftime("-%m-%dT%H:%M:%S.%fZ")


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@given(ROWS)
def test_header_and_entry_are_canonical_json(row: Row) -> None:
    expected = canonical(
        {
            "event_id": text(row.event_id), "stream_id": text(row.stream_id), "version": row.version,
            "customer_id": text(row.customer_id), "type": row.type, "schema": row.schema,
            "occurred_at": rfc3339(row.occurred_at), "actor": row.actor, "correlation_id": text(row.correlation_id),
            "causation_id": text(row.causation_id), "data_sha256": b64(row.data_sha256),
            "meta_sha256": b64(row.meta_sha256), "salt": b64(row.salt),
        }
    )  # fmt: skip
    assert header(row) == expected
    assert entry(row) == canonical(
        {
            "h": b64(sha256(expected).digest()),
            "n": row.position,
            "p": row.partition,
            "r": rfc3339(row.recorded_at),
            "v": 1,
        }
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actor=TEXTS.filter(bool), type_=TEXTS.filter(bool), link=st.sampled_from(["customer_id", "causation_id"]))
async def test_postgresql_makes_the_same_leaf(record, hands, actor: str, type_: str, link: str) -> None:
    start = await record.next_position(1)
    await append(record, 1, 2, actor=actor, type=type_, **{link: uuid.uuid4()})
    rows = await hands.pool.fetch(statement("read_leaves"), 1, start, 10)
    assert len(rows) == 2
    assert await hands.pool.fetchval(statement("leaf_hashes"), 1, start, start + 2) == b"".join(leaf_hashes(rows))


async def test_every_column_of_an_event_is_in_the_leaf(admin: asyncpg.Connection) -> None:
    columns = await admin.fetch(
        "select column_name from information_schema.columns where table_schema = 'record' and table_name = 'event'"
    )
    known = {name.removesuffix("_sha256") for name in Row._fields}
    of_disposal = {"data_sha256", "disposal_id", "disposed_at"}  # null while there is data, or the leaf is another
    assert {row[0] for row in columns} == known | of_disposal
