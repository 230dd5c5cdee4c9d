from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from asyncpg.pgproto import pgproto
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store.identity import SLICES, derive_id, new_id, partition_of, slice_of

# (id, slice, partition of 4, partition of 64). Fixed for ever: events lie where these say.
GOLDEN = (
    ("018f3c2a-5b6d-7000-8000-000000000000", 0x000, 0, 0),
    ("018f3c2a-5b6d-7abc-9def-0123456789ab", 0xABC, 0, 60),
    ("018f3c2a-5b6d-7fff-bfff-ffffffffffff", 0xFFF, 3, 63),
    ("018f3c2a-5b6d-8123-8123-456789abcdef", 0x123, 3, 35),
    ("00000000-0000-8001-a000-000000000000", 0x001, 1, 1),
    # From outside: no version 7 or 8, or not the variant of RFC 9562.
    ("00000000-0000-0000-0000-000000000000", 0x374, 0, 52),
    ("ffffffff-ffff-ffff-ffff-ffffffffffff", 0x5AC, 0, 44),
    ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", 0x4EB, 3, 43),
    ("f47ac10b-58cc-4372-a567-0e02b2c3d479", 0xBDD, 1, 29),
    ("886313e1-3b8a-5372-9b90-0c9aee199e5d", 0xC4C, 0, 12),
    ("018f3c2a-5b6d-7abc-0def-0123456789ab", 0x207, 3, 7),
    ("018f3c2a-5b6d-7abc-cdef-0123456789ab", 0x098, 0, 24),
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DERIVED = (
    (b"key", NOON, None, "019ca945-0a00-86f9-a279-f427c7b38e73"),
    (b"key", datetime(1960, 3, 1, tzinfo=UTC), None, "00000000-0000-86f9-a279-f427c7b38e73"),
    (b"key", NOON, "018f3c2a-5b6d-7abc-9def-0123456789ab", "019ca945-0a00-8abc-a279-f427c7b38e73"),
    (b"", NOON, "f47ac10b-58cc-4372-a567-0e02b2c3d479", "019ca945-0a00-8bdd-9afb-f4c8996fb924"),
)


@pytest.mark.parametrize(("text", "in_slice", "of_4", "of_64"), GOLDEN)
def test_golden_slices(text, in_slice, of_4, of_64):
    for identifier in (UUID(text), pgproto.UUID(text)):
        assert slice_of(identifier) == in_slice
        assert partition_of(identifier, 4) == of_4
        assert partition_of(identifier, 64) == of_64


async def test_golden_slices_in_sql(app):
    rows = await app.fetch(
        "select id::text, record.slice_of(id) as in_slice from unnest($1::uuid[]) id", [row[0] for row in GOLDEN]
    )
    assert {row["id"]: row["in_slice"] for row in rows} == {row[0]: row[1] for row in GOLDEN}


@pytest.mark.parametrize(("key", "at", "beside", "text"), DERIVED)
def test_golden_derived_ids(key, at, beside, text):
    assert str(derive_id(key, at=at, beside=beside and UUID(beside))) == text


@given(
    st.lists(
        st.one_of(
            st.uuids(),
            st.uuids(version=4),
            st.builds(new_id),
            st.builds(derive_id, st.binary(), at=st.datetimes(timezones=st.just(UTC))),
            st.binary(min_size=16, max_size=16).map(lambda octets: UUID(bytes=octets)),
        ),
        max_size=200,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_python_and_sql_agree(app, identifiers):
    rows = await app.fetch(
        "select record.slice_of(id) from unnest($1::uuid[]) with ordinality u(id, n) order by n", identifiers
    )
    assert [row[0] for row in rows] == [slice_of(identifier) for identifier in identifiers]


@given(st.uuids(), st.binary())
def test_an_id_beside_another_lies_in_its_slice(beside, key):
    assert slice_of(new_id(beside)) == slice_of(beside)
    assert slice_of(derive_id(key, at=NOON, beside=beside)) == slice_of(beside)


@given(st.binary(), st.datetimes(timezones=st.just(UTC)))
@example(b"", datetime.min.replace(tzinfo=UTC))
@example(b"", datetime.max.replace(tzinfo=UTC))
def test_derived_ids_are_uuids_of_version_8(key, at):
    derived = derive_id(key, at=at)
    assert (derived.version, derived.variant) == (8, uuid4().variant)
    assert derived == derive_id(key, at=at)
    assert derived != derive_id(key + b"x", at=at)
    assert derive_id(key).bytes == bytes(6) + derived.bytes[6:], "without a time it lies at 1970"


def test_fresh_ids_are_uuids_of_version_7_in_order_of_time():
    fresh = [new_id() for _ in range(2000)]
    assert {(one.version, one.variant) for one in fresh} == {(7, uuid4().variant)}
    assert [one.bytes[:6] for one in fresh] == sorted(one.bytes[:6] for one in fresh)
    assert len({slice_of(one) for one in fresh}) > SLICES // 8


def test_an_id_tells_its_time():
    derived = derive_id(b"key", at=NOON + timedelta(microseconds=1999))
    assert int.from_bytes(derived.bytes[:6], "big") == int(NOON.timestamp() * 1000) + 1
