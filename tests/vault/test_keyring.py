"""Data keys: found or created, once for everybody, durable before they are used."""

import asyncio
import re
import subprocess
import sys
from uuid import UUID, uuid4

import asyncpg
import pytest

from vault import (
    DataKey,
    EpochUnknown,
    FileKeyProvider,
    KeyCorrupt,
    KeyDestroyed,
    Keyring,
    KeyStoreMismatch,
)
from vault.key_file import Epoch, KeyFile
from vault.statements import statement

CREATE_2000_KEYS = """
import asyncio, asyncpg, sys
from pathlib import Path
from uuid import UUID
from vault import FileKeyProvider, Keyring

async def main():
    async with asyncpg.create_pool(sys.argv[1], min_size=1, max_size=1) as pool:
        keyring = Keyring(pool, FileKeyProvider.load_or_create(Path(sys.argv[2])))
        print("ready", flush=True)
        sys.stdin.read(1)
        for first in range(0, 2000, 50):
            keys = await keyring.ensure(0, [(UUID(int=n), "contact") for n in range(first, first + 50)])
            print(*(keys[name].secret.hex() for name in sorted(keys)))

asyncio.run(main())
"""


class CountingPool:
    """Passes everything on and notes which statements were sent."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.sent: list[str] = []

    async def fetch(self, sql: str, *arguments):
        self.sent.append(sql)
        return await self._pool.fetch(sql, *arguments)


@pytest.fixture
def counted(pool) -> CountingPool:
    return CountingPool(pool)


def names(count: int, record_class: str = "contact") -> list[tuple[UUID, str]]:
    return [(uuid4(), record_class) for _ in range(count)]


def secrets(keys: dict) -> dict:
    return {name: (key.key_id, key.secret) for name, key in keys.items()}


async def destroy(owner: asyncpg.Connection, key: DataKey, partition: int = 0) -> None:
    await owner.execute("insert into vault.tombstone (partition, key_id) values ($1, $2)", partition, key.key_id)


async def test_keys_are_created_once_and_found_again(pool, provider, keyring):
    wanted = [*names(3), (uuid4(), "interaction")]
    created = await keyring.ensure(0, wanted)
    assert set(created) == set(wanted)
    assert len({key.key_id for key in created.values()}) == 4
    assert secrets(await keyring.ensure(0, wanted)) == secrets(created)
    assert secrets(await Keyring(pool, provider).ensure(0, wanted)) == secrets(created)


async def test_a_key_s_names_are_subject_class_and_partition(keyring):
    subject = uuid4()
    keys = [
        *(await keyring.ensure(0, [(subject, "contact"), (subject, "interaction")])).values(),
        *(await keyring.ensure(1, [(subject, "contact")])).values(),
    ]
    assert len({key.secret for key in keys}) == 3


async def test_a_key_is_committed_when_it_is_given(keyring, owner):
    (key,) = (await keyring.ensure(0, names(1))).values()
    row = await owner.fetchrow("select * from vault.data_key where key_id = $1", key.key_id)
    assert row["commitment"] == key.commitment
    assert key.secret not in row["wrapped"]


async def test_nothing_wanted_asks_nothing(counted, provider):
    keyring = Keyring(counted, provider)
    assert await keyring.ensure(0, []) == {}
    assert await keyring.find(0, []) == {}
    assert counted.sent == []


async def test_known_keys_cost_one_statement_and_cached_ones_none(pool, counted, provider, keyring):
    wanted = names(2_000)
    await keyring.ensure(0, wanted)
    other = Keyring(counted, provider)
    await other.ensure(0, wanted)
    await other.ensure(0, wanted)
    assert counted.sent == [statement("ensure_keys")]


async def test_thousands_of_new_keys_cost_one_statement(counted, provider):
    assert len(await Keyring(counted, provider).ensure(0, names(5_000))) == 5_000
    assert counted.sent == [statement("ensure_keys")]


async def test_callers_at_once_share_statements(counted, provider):
    keyring = Keyring(counted, provider)
    wanted = names(256)
    found = await asyncio.gather(*(keyring.ensure(0, [name]) for name in wanted))
    assert [set(keys) for keys in found] == [{name} for name in wanted]
    assert len(counted.sent) <= 4


async def test_callers_at_once_for_one_subject_get_one_key(keyring):
    wanted = names(3)
    found = await asyncio.gather(*(keyring.ensure(0, wanted) for _ in range(50)))
    assert all(secrets(keys) == secrets(found[0]) for keys in found)


async def test_keyrings_that_create_the_same_keys_at_once_agree(pool, provider):
    wanted = names(200)
    found = await asyncio.gather(
        *(Keyring(pool, provider).ensure(0, wanted[:: 1 if turn % 2 else -1]) for turn in range(8))
    )
    assert all(secrets(keys) == secrets(found[0]) for keys in found)
    assert await pool.fetchval("select count(*) from vault.data_key") == 200


async def test_processes_that_create_the_same_keys_at_once_agree(database, pool, tmp_path):
    command = [sys.executable, "-c", CREATE_2000_KEYS, database.app_dsn, str(tmp_path / "keys")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: ASYNC220 - two starts, nobody waits
    for process in processes:
        assert process.stdout
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    answers = await asyncio.gather(*(asyncio.to_thread(process.communicate, "!") for process in processes))
    assert len(answers[0][0].split()) == 2_000
    assert answers[0] == answers[1]
    assert await pool.fetchval("select count(*) from vault.data_key") == 2_000


async def test_the_cache_is_bounded_and_the_keys_outlive_it(pool, provider):
    keyring = Keyring(pool, provider, cache_keys_max=10)
    wanted = names(50)
    created = await keyring.ensure(0, wanted)
    assert len(keyring._live) == 10
    assert secrets(await keyring.ensure(0, wanted)) == secrets(created)


async def test_a_destroyed_key_seals_no_more_once_the_cache_is_old(pool, provider, owner):
    now = [0.0]
    keyring = Keyring(pool, provider, cache_age_s_max=60, clock=lambda: now[0])
    (name,) = wanted = names(1)
    await destroy(owner, (await keyring.ensure(0, wanted))[name])
    now[0] = 60.0
    with pytest.raises(KeyDestroyed):
        await keyring.ensure(0, wanted)


async def test_a_destroyed_key_fails_only_who_wants_it(pool, provider, keyring, owner):
    (gone, *others) = names(3)
    await destroy(owner, (await keyring.ensure(0, [gone]))[gone])
    fresh = Keyring(pool, provider)
    outcomes = await asyncio.gather(*(fresh.ensure(0, [name]) for name in (*others, gone)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [dict, dict, KeyDestroyed]


async def test_a_subject_whose_key_row_is_gone_gets_a_new_key(pool, owner, provider, keyring):
    (name,) = wanted = names(1)
    old = (await keyring.ensure(0, wanted))[name]
    await destroy(owner, old)
    await owner.execute("delete from vault.data_key")
    assert (await Keyring(pool, provider).ensure(0, wanted))[name].key_id != old.key_id


async def test_keys_are_found_by_id_in_one_statement(pool, counted, provider, keyring, owner):
    created = [*(await keyring.ensure(0, names(3))).values()]
    await destroy(owner, created[1])
    found = await Keyring(counted, provider).find(0, [*(key.key_id for key in created), uuid4()])
    assert counted.sent == [statement("keys_by_id")]
    assert set(found) == {key.key_id for key in created}
    assert isinstance(found[created[1].key_id], KeyDestroyed)
    intact = found[created[2].key_id]
    assert isinstance(intact, DataKey)
    assert intact.secret == created[2].secret


async def test_a_key_is_found_in_its_own_partition_only(keyring):
    (key,) = (await keyring.ensure(0, names(1))).values()
    assert await keyring.find(1, [key.key_id]) == {}


async def test_a_tombstone_is_seen_at_once_however_fresh_the_cache(pool, keyring, owner):
    (key,) = (await keyring.ensure(0, names(1))).values()
    await keyring.find(0, [key.key_id])
    await destroy(owner, key)
    (found,) = (await keyring.find(0, [key.key_id])).values()
    assert isinstance(found, KeyDestroyed)


async def test_a_tombstone_outlives_the_key_row(pool, owner, keyring):
    (key,) = (await keyring.ensure(0, names(1))).values()
    await destroy(owner, key)
    await owner.execute("delete from vault.data_key")
    (found,) = (await keyring.find(0, [key.key_id])).values()
    assert isinstance(found, KeyDestroyed)
    assert found.at == await pool.fetchval("select created_at from vault.tombstone")


@pytest.mark.parametrize(
    "swapped", ["wrapped = b.wrapped", "wrapped = b.wrapped, commitment = b.commitment", "commitment = b.commitment"]
)
async def test_a_key_moved_to_another_row_is_refused(pool, owner, provider, keyring, swapped):
    one, other = wanted = names(2)
    keys = await keyring.ensure(0, wanted)
    await owner.execute("set session_replication_role = replica")  # triggers refuse it to all but a superuser
    await owner.execute(
        f"update vault.data_key a set {swapped} from vault.data_key b where a.key_id = $1 and b.key_id = $2",
        keys[one].key_id,
        keys[other].key_id,
    )
    fresh = Keyring(pool, provider)
    with pytest.raises(KeyCorrupt):
        await fresh.ensure(0, [one])
    with pytest.raises(KeyCorrupt):
        await fresh.find(0, [keys[one].key_id])
    assert secrets(await fresh.ensure(0, [other])) == secrets({other: keys[other]})


async def test_a_key_of_an_epoch_that_the_key_store_lacks_is_refused(pool, key_file, keyring):
    wanted = names(1)
    await keyring.ensure(0, wanted)
    later = Epoch(2, key_file.epochs[0].created, b"\x03" * 32)
    with pytest.raises(EpochUnknown):
        await Keyring(pool, FileKeyProvider(KeyFile((later,), key_file.root))).ensure(0, wanted)


@pytest.mark.parametrize("record_class", ["", "Contact", "a b", "a\n", "ä", "a" * 64])
async def test_a_malformed_record_class_is_refused_before_it_harms_others(keyring, record_class):
    (good,) = names(1)
    outcomes = await asyncio.gather(
        keyring.ensure(0, [(uuid4(), record_class)]), keyring.ensure(0, [good]), return_exceptions=True
    )
    assert isinstance(outcomes[0], ValueError)
    assert "record class" in str(outcomes[0])
    assert set(outcomes[1]) == {good}


async def test_a_lost_database_reaches_every_caller(pool, provider):
    keyring = Keyring(pool, provider)
    await pool.close()
    outcomes = await asyncio.gather(*(keyring.ensure(0, names(1)) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncpg.InterfaceError] * 5


async def test_the_check_accepts_the_key_store_it_began_with_and_its_later_epochs(pool, key_file, provider, keyring):
    await asyncio.gather(*(keyring.check() for _ in range(3)))
    grown = KeyFile((*key_file.epochs, Epoch(2, key_file.epochs[0].created, b"\x03" * 32)), key_file.root)
    await Keyring(pool, FileKeyProvider(grown)).check()
    with pytest.raises(KeyStoreMismatch, match="epoch-2 is missing"):
        await Keyring(pool, provider).check()


@pytest.mark.parametrize("part", ["root", "epoch-1"])
async def test_the_check_refuses_another_key_store(pool, key_file, keyring, part):
    await keyring.check()
    epoch = Epoch(1, key_file.epochs[0].created, b"\x09" * 32)
    other = KeyFile(key_file.epochs, b"\x09" * 32) if part == "root" else KeyFile((epoch,), key_file.root)
    with pytest.raises(KeyStoreMismatch, match=f"{part} is another key"):
        await Keyring(pool, FileKeyProvider(other)).check()


@pytest.mark.parametrize(
    ("name", "arguments", "index"),
    [
        ("ensure_keys", "0, '{}', '{}', '{}', '{}', '{}', '{}'", "data_key_partition_subject_id_record_class_key"),
        ("keys_by_id", "0, array[]::uuid[]", "data_key_pkey"),
    ],
)
async def test_hot_queries_use_their_index_even_in_a_plan_made_when_the_table_was_empty(owner, name, arguments, index):
    ensure = "smallint, uuid[], text[], uuid[], integer[], bytea[], bytea[]"
    types = ensure if name == "ensure_keys" else "smallint, uuid[]"
    await owner.execute("set plan_cache_mode = force_generic_plan")
    await owner.execute(f"prepare hot ({types}) as {statement(name)}")
    plan = "\n".join(row[0] for row in await owner.fetch(f"explain execute hot ({arguments})"))
    assert set(re.findall(r"data_key_\w+", plan)) == {index}
    assert "Seq Scan" not in plan


async def test_every_statement_can_be_prepared(pool):
    async with pool.acquire() as connection:
        for name in ("ensure_keys", "keys_by_id", "key_checks", "record_key_checks"):
            assert await connection.prepare(statement(name))
