"""Tokens tell nobody a value, are erased with the key of what they stand for, and never come back."""

import hmac
from collections.abc import AsyncGenerator
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest

from vault import FileKeyProvider, IndexedTokens, IndexedValue, Item, KeyTable, Shredder, Vault
from vault.key_file import Epoch, KeyFile
from vault.replaying import replay, replay_due

ZERO = UUID(int=0)


@pytest.fixture
async def eraser(database) -> AsyncGenerator[asyncpg.Pool]:
    dsn = database.app_dsn.replace("daybook_app", "daybook_eraser")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
def vault(pool, provider) -> Vault:
    return Vault(pool, provider)


async def indexed(vault: Vault, subject: UUID, text: str = "wang fang") -> IndexedValue:
    (sealed,) = await vault.seal_many(0, [Item(uuid4(), subject, "identity", b"{}")])
    value = IndexedValue(sealed.event_id, "name", vault.index.token("name", text), subject, sealed.key_id)
    await vault.index.put(0, [value])
    return value


async def found(vault: Vault, text: str = "wang fang", field: str = "name") -> list[UUID]:
    return await vault.index.find(0, field, vault.index.token(field, text), after=ZERO, limit=10)


async def test_whose_value_it_is_is_found_in_order_and_by_pages(vault):
    subjects = sorted(uuid4() for _ in range(3))
    for subject in (*subjects, subjects[0]):
        await indexed(vault, subject)
    await indexed(vault, uuid4(), "somebody else")
    assert await found(vault) == subjects
    assert await vault.index.find(0, "name", vault.index.token("name", "wang fang"), after=subjects[0], limit=1) == [
        subjects[1]
    ]
    assert await found(vault, field="email") == []


async def test_the_table_holds_no_value_and_is_of_no_use_without_the_root_secret(vault, pool, provider, key_file):
    await indexed(vault, uuid4(), "13800000000")
    (token,) = [row["token"] for row in await pool.fetch("select token from vault.blind_index")]
    assert len(token) == 16
    dumped = await pool.fetchval("select string_agg(b::text, '') from vault.blind_index b")
    assert "13800000000" not in dumped
    assert b"13800000000".hex() not in dumped
    other = FileKeyProvider(KeyFile((Epoch(1, key_file.epochs[0].created, b"\x01" * 32),), b"\x03" * 32))
    guesses = {
        sha256(b"13800000000").digest()[:16],
        hmac.digest(key_file.epochs[0].key, b"13800000000", "sha256")[:16],
        Vault(pool, other).index.token("name", "13800000000"),
        vault.index.token("phone", "13800000000"),
    }
    assert token not in guesses
    assert token == Vault(pool, FileKeyProvider(key_file)).index.token("name", "13800000000")
    assert provider.secret("blind-index/name") != provider.secret("blind-index/phone")


async def test_tokens_go_with_the_key_and_the_outcome_says_how_many(vault, eraser):
    who, other = uuid4(), uuid4()
    for subject in (who, who, other):
        await indexed(vault, subject)
    shredder = Shredder(eraser, [KeyTable(eraser)], [IndexedTokens(eraser)], forget=vault.keyring.forget)
    done = await shredder.shred(0, who, ["identity"])
    assert [tuple(one) for one in done.blobs] == [("vault.blind_index", 2, None)]
    assert await found(vault) == [other]
    again = await shredder.shred(0, who, ["identity"])
    assert again.complete
    assert [one.removed for one in again.blobs] == [0]


async def test_nothing_is_put_under_a_destroyed_key_and_the_rest_of_the_batch_is(vault, eraser, pool):
    gone, other = uuid4(), uuid4()
    value = await indexed(vault, gone)
    await Shredder(eraser, [KeyTable(eraser)], [IndexedTokens(eraser)]).shred(0, gone, ["identity"])
    living = await indexed(vault, other)
    await vault.index.put(0, [value, living._replace(event_id=uuid4())])
    assert await found(vault) == [other]
    with pytest.raises(asyncpg.PostgresError, match="was destroyed"):
        await pool.execute(
            "insert into vault.blind_index (partition, event_id, field, token, subject_id, key_id) "
            "values (0, $1, $2, $3, $4, $5)",
            *value,
        )


async def test_what_a_restore_brings_back_goes_again(vault, eraser, owner):
    who = uuid4()
    await indexed(vault, who)
    rows = await owner.fetch("select * from vault.blind_index")
    shredder = Shredder(eraser, [KeyTable(eraser)], [IndexedTokens(eraser)], forget=vault.keyring.forget)
    await shredder.shred(0, who, ["identity"])
    await owner.execute("alter table vault.blind_index disable trigger user")
    await owner.copy_records_to_table("blind_index", schema_name="vault", records=[tuple(row) for row in rows])
    await owner.execute("alter table vault.blind_index enable trigger user")
    assert (await replay_due(eraser, 1, {}, [IndexedTokens(eraser)])).blobs == 1
    assert await replay(eraser, shredder, 1, {}) == []
    assert not await replay_due(eraser, 1, {}, [IndexedTokens(eraser)])
    assert await found(vault) == []


async def test_the_database_refuses_to_delete_a_token_of_a_living_key_or_to_change_any(vault, eraser, owner, pool):
    await indexed(vault, uuid4())
    with pytest.raises(asyncpg.PostgresError, match="has no tombstone"):
        await eraser.execute("delete from vault.blind_index")
    with pytest.raises(asyncpg.PostgresError, match="refused"):
        await owner.execute("update vault.blind_index set field = 'other'")
    for statement in ("delete from vault.blind_index", "update vault.blind_index set field = 'other'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await eraser.execute("update vault.blind_index set field = 'other'")
