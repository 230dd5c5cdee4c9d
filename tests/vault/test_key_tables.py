"""What the database itself guarantees about keys, whoever asks."""

from uuid import uuid4

import asyncpg
import pytest

TABLES = ["data_key", "tombstone", "key_check", "erasure", "hold", "epoch", "blind_index"]
INSERTED_BY_THE_ERASER = {"tombstone", "erasure", "epoch"}
NEW_KEY = """
    insert into vault.data_key (partition, key_id, subject_id, record_class, epoch, wrapped, commitment)
    values ($1, $2, $3, $4, 1, $5, $6)
"""


async def create(connection, *, partition=0, key_id=None, subject_id=None, record_class="contact"):
    key_id = key_id or uuid4()
    ids = partition, key_id, subject_id or uuid4(), record_class
    await connection.execute(NEW_KEY, *ids, bytes(40), bytes(32))
    return key_id


async def destroy(connection, key_id, partition=0):
    await connection.execute("insert into vault.tombstone (partition, key_id) values ($1, $2)", partition, key_id)


async def test_the_schema_and_its_tables_are_the_owner_s(owner):
    rows = await owner.fetch(
        "select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'vault' "
        "union select tableowner from pg_tables where schemaname = 'vault'"
    )
    assert [row[0] for row in rows] == ["daybook_owner"]


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_carries_partition_and_every_unique_key_contains_it(owner, table):
    keys = await owner.fetch(
        "select i.indexrelid::regclass::text as name, a.attname is not null as partitioned from pg_index i "
        "left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) and a.attname = 'partition' "
        "where i.indisunique and i.indrelid = $1::text::regclass",
        f"vault.{table}",
    )
    assert keys
    assert all(key["partitioned"] for key in keys), keys


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["update vault.{} set partition = 0", "delete from vault.{}", "truncate vault.{}", "drop table vault.{}"],
)
async def test_the_application_can_only_read_and_insert(pool, table, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement.format(table))
    granted = await pool.fetchval(
        "select array_agg(p order by p) from unnest(array['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', "
        "'TRUNCATE', 'UPDATE']) p where has_table_privilege('daybook_app', $1, p)",
        f"vault.{table}",
    )
    assert granted == (["SELECT"] if table in INSERTED_BY_THE_ERASER else ["INSERT", "SELECT"])


async def test_the_application_can_create_nothing_in_the_schema(pool):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("create table vault.copy (key_id uuid)")


@pytest.mark.parametrize("table", ["tombstone", "key_check"])
@pytest.mark.parametrize("statement", ["update vault.{} set created_at = now()", "delete from vault.{}"])
async def test_tombstones_and_checks_are_permanent_for_the_owner_too(owner, table, statement):
    await destroy(owner, uuid4())
    await owner.execute("insert into vault.key_check (partition, name, value) values (0, 'root', '')")
    with pytest.raises(asyncpg.PostgresError, match="is refused") as caught:
        await owner.execute(statement.format(table))
    assert caught.value.sqlstate == "DB005"


@pytest.mark.parametrize("table", TABLES)
async def test_no_table_can_be_truncated_by_the_owner(owner, table):
    with pytest.raises(asyncpg.PostgresError, match="is refused"):
        await owner.execute(f"truncate vault.{table}")


async def test_a_destroyed_key_id_never_comes_back(owner, pool):
    key_id = await create(owner)
    await destroy(owner, key_id)
    await owner.execute("delete from vault.data_key where key_id = $1", key_id)
    for connection in (owner, pool):
        with pytest.raises(asyncpg.PostgresError, match="never come back") as caught:
            await create(connection, key_id=key_id)
        assert caught.value.sqlstate == "DB006"


async def test_a_destroyed_key_id_does_not_come_back_by_copy_or_by_renaming(owner):
    key_id = uuid4()
    await destroy(owner, key_id)
    columns = ["partition", "key_id", "subject_id", "record_class", "epoch", "wrapped", "commitment"]
    row = (0, key_id, uuid4(), "contact", 1, bytes(40), bytes(32))
    with pytest.raises(asyncpg.PostgresError, match="never come back"):
        await owner.copy_records_to_table("data_key", schema_name="vault", columns=columns, records=[row])
    other = await create(owner)
    with pytest.raises(asyncpg.PostgresError, match="never come back"):
        await owner.execute("update vault.data_key set key_id = $1 where key_id = $2", key_id, other)


async def test_a_destroyed_key_s_subject_can_be_given_a_new_one(pool, owner):
    subject_id = uuid4()
    key_id = await create(pool, subject_id=subject_id)
    await destroy(owner, key_id)
    with pytest.raises(asyncpg.UniqueViolationError):
        await create(pool, subject_id=subject_id)
    await owner.execute("delete from vault.data_key where key_id = $1", key_id)
    await create(pool, subject_id=subject_id)


@pytest.mark.parametrize("record_class", ["", "Contact", "9", "a b", "a\n", "ä", "a" * 64])
async def test_a_malformed_record_class_is_refused(pool, record_class):
    with pytest.raises(asyncpg.CheckViolationError):
        await create(pool, record_class=record_class)
