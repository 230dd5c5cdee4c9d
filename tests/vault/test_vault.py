"""The facade: what is sealed can be opened until it is erased, and damage is never taken for erasure."""

import hmac
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

import pytest

from vault import (
    EnvelopeCorrupt,
    FileKeyProvider,
    Item,
    KeyDestroyed,
    KeyUnknown,
    Loss,
    Missing,
    Reference,
    Sealed,
    Vault,
)


@pytest.fixture
def vault(pool, provider: FileKeyProvider) -> Vault:
    return Vault(pool, provider)


def items(count: int) -> list[Item]:
    """Every third is another record class of the same subject."""
    subjects = [uuid4() for _ in range(count // 3 + 1)]
    return [
        Item(uuid4(), subjects[n // 3], ("contact", "interaction", "complaint")[n % 3], b"text %d" % n)
        for n in range(count)
    ]


async def destroy(owner, sealed: Sealed) -> None:
    await owner.execute("insert into vault.tombstone (partition, key_id) values (0, $1)", sealed.key_id)


async def test_what_is_sealed_opens_in_order(vault):
    wanted = items(1_234)
    sealed = await vault.seal_many(0, wanted)
    for item, row in zip(wanted, sealed, strict=True):
        assert row[:3] == (item.event_id, item.subject_id, item.record_class)
        assert row.sha256 == sha256(row.blob).digest()
        assert item.plaintext not in row.blob
    assert await vault.open_many(0, sealed) == [item.plaintext for item in wanted]


async def test_another_process_opens_it(vault, pool, provider):
    sealed = await vault.seal_many(0, items(3))
    assert await Vault(pool, provider).open_many(0, [Reference(*row) for row in sealed]) == [
        b"text 0",
        b"text 1",
        b"text 2",
    ]


async def test_a_key_per_subject_and_record_class(vault):
    event_id, subject_id = uuid4(), uuid4()
    sealed = await vault.seal_many(
        0,
        [
            Item(event_id, subject_id, "contact", b""),
            Item(uuid4(), subject_id, "contact", b""),
            Item(event_id, subject_id, "interaction", b""),
            Item(event_id, uuid4(), "contact", b""),
        ],
    )
    assert sealed[0].key_id == sealed[1].key_id
    assert len({row.key_id for row in sealed}) == 3


async def test_nothing_is_sealed_and_opened_for_nothing(vault):
    assert await vault.seal_many(0, []) == []
    assert await vault.open_many(0, []) == []


async def test_what_was_erased_is_missing_and_the_rest_opens(vault, pool, owner):
    sealed = await vault.seal_many(0, items(3))
    await destroy(owner, sealed[1])
    at = await pool.fetchval("select created_at from vault.tombstone")
    expected = [b"text 0", Missing(Loss.ERASED, at), b"text 2"]
    assert isinstance(at, datetime)
    assert await vault.open_many(0, sealed) == expected
    await owner.execute("delete from vault.data_key where key_id = $1", sealed[1].key_id)
    sealed[1] = Reference(*sealed[1])._replace(blob=None)
    assert await vault.open_many(0, sealed) == expected
    sealed[1] = sealed[1]._replace(key_id=None)
    assert await vault.open_many(0, sealed) == expected, "also where nothing tells the key any more"


async def test_a_missing_blob_is_not_called_erased_without_a_tombstone(vault):
    (row,) = await vault.seal_many(0, items(1))
    gone = Reference(*row)._replace(blob=None)
    missing = Missing(Loss.BLOB_MISSING, None)
    assert await vault.open_many(0, [gone, gone._replace(key_id=None)]) == [missing, missing]


async def test_a_key_lost_without_a_tombstone_is_no_erasure(vault, owner):
    sealed = await vault.seal_many(0, items(1))
    await owner.execute("set session_replication_role = replica")  # triggers refuse it to all but a superuser
    await owner.execute("delete from vault.data_key")
    with pytest.raises(KeyUnknown, match=str(sealed[0].key_id)):
        await vault.open_many(0, sealed)


async def test_a_blob_that_the_event_did_not_commit_to_is_refused(vault):
    wanted = items(1)
    (first,) = await vault.seal_many(0, wanted)
    (again,) = await vault.seal_many(0, wanted)
    with pytest.raises(EnvelopeCorrupt, match="not the blob that the event committed to"):
        await vault.open_many(0, [first._replace(blob=again.blob)])


async def test_a_blob_moved_with_its_hash_is_refused(vault):
    one, other, *_ = await vault.seal_many(0, items(6))
    with pytest.raises(EnvelopeCorrupt):
        await vault.open_many(0, [one._replace(blob=other.blob, sha256=other.sha256)])


async def test_nothing_is_sealed_for_a_subject_under_erasure(vault, pool, owner, provider):
    wanted = items(2)
    sealed = await vault.seal_many(0, wanted)
    await destroy(owner, sealed[0])
    with pytest.raises(KeyDestroyed):
        await Vault(pool, provider).seal_many(0, wanted)
    vault.keyring.forget()
    with pytest.raises(KeyDestroyed):
        await vault.seal_many(0, wanted)


async def test_no_repr_tells_a_plaintext(vault):
    (item,) = items(1)
    (sealed,) = await vault.seal_many(0, [item])
    assert "text 0" not in f"{item!r} {item} {sealed!r} {vault!r} {vault.keyring!r}"


async def test_keyed_hmac_is_length_prefixed_and_keyed(vault, provider):
    message = b"\0\0\0\0\0\0\0\x03bob" + bytes(8)
    assert vault.keyed_hmac("command-id", b"bob", b"") == hmac.digest(provider.secret("command-id"), message, "sha256")


async def test_no_two_lists_of_parts_and_no_two_purposes_meet(vault):
    lists = [(), (b"",), (b"", b""), (b"ab",), (b"a", b"b"), (b"", b"ab"), (b"ab", b""), (b"\0" * 8,)]
    made = [vault.keyed_hmac(purpose, *parts) for purpose in ("command-id", "import-row") for parts in lists]
    assert len(set(made)) == len(made)
