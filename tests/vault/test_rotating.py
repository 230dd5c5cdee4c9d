"""Epochs: everything living is wrapped anew, stopped anywhere it goes on, and an old backup opens nothing."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from vault import EpochUnknown, FileKeyProvider, Item, Keyring, KeyStoreMismatch, Vault, key_file
from vault.errors import EpochKept
from vault.rotating import Authority, Rotation, SecondPersonRequired

AUTHORITY = Authority("staff:ops-1", "staff:ops-2")
AT_ONCE, WINDOW = timedelta(0), timedelta(days=35)


@pytest.fixture
async def eraser(database) -> AsyncGenerator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        database.app_dsn.replace("daybook_app", "daybook_eraser"), min_size=1, max_size=2
    ) as pool:
        yield pool


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
async def vault(pool, directory) -> Vault:
    """A running process: it has read the key file at its start."""
    vault = Vault(pool, FileKeyProvider.load_or_create(directory))
    await vault.keyring.check()
    return vault


@pytest.fixture
def rotation(eraser, directory, vault) -> Rotation:
    assert vault
    return Rotation(eraser, FileKeyProvider.load(directory), 2)


async def filled(vault: Vault, count: int = 5):
    return {
        n: await vault.seal_many(n, [Item(uuid4(), uuid4(), "contact", b"secret") for _ in range(count)])
        for n in (0, 1)
    }


async def opens(vault: Vault, rows) -> bool:
    return [await vault.open_many(n, of) for n, of in rows.items()] == [[b"secret"] * len(of) for of in rows.values()]


async def test_all_keys_are_wrapped_anew_and_running_processes_go_on(vault, pool, directory, rotation):
    rows = await filled(vault)
    told: list[tuple[int, int | None]] = []
    done = await rotation.rotate(AUTHORITY, lambda *step: told.append(step))
    assert done == (2, 10, False)
    assert told[-1] == (10, 10)
    assert await pool.fetch("select distinct epoch from vault.data_key") == [(2,)]
    vault.keyring.forget()
    assert await opens(vault, rows), "a process that was running takes the epoch up when it meets it"
    more = await filled(vault)
    assert await pool.fetch("select distinct epoch from vault.data_key") == [(2,)]
    assert await opens(Vault(pool, FileKeyProvider.load(directory)), {**rows, 1: more[1]})
    assert [(one.epoch, one.keys, one.held) for one in await rotation.epochs()] == [(1, 0, True), (2, 20, True)]


async def test_an_old_backup_opens_nothing_once_its_epoch_is_destroyed(vault, pool, owner, directory, rotation):
    rows = await filled(vault)
    backup = await owner.fetch("select * from vault.data_key")
    old_file = (directory / key_file.FILE_NAME).read_bytes()
    await rotation.rotate(AUTHORITY)
    with pytest.raises(EpochKept, match=r"backups of the last 35 days need it, for 35\.0 days more"):
        await rotation.destroy(1, AUTHORITY, WINDOW)
    await rotation.destroy(1, AUTHORITY, AT_ONCE)
    await rotation.destroy(1, AUTHORITY, AT_ONCE)
    assert [path.name for path in directory.iterdir()] == [key_file.FILE_NAME]
    await vault.keyring.check()
    assert await opens(Vault(pool, FileKeyProvider.load(directory)), rows)
    await owner.execute("set session_replication_role = replica")
    await owner.execute("delete from vault.data_key")
    for row in backup:
        await owner.execute("insert into vault.data_key select ($1::vault.data_key).*", tuple(row.values()))
    with pytest.raises(EpochUnknown):
        await opens(Vault(pool, FileKeyProvider.load(directory)), rows)
    (directory / key_file.FILE_NAME).write_bytes(old_file)
    with pytest.raises(KeyStoreMismatch, match="destroy-epoch 1"):
        await Keyring(pool, FileKeyProvider.load(directory)).check()


async def test_a_key_store_older_than_the_newest_epoch_is_refused(vault, pool, directory, rotation):
    old_file = (directory / key_file.FILE_NAME).read_bytes()
    await rotation.rotate(AUTHORITY)
    (directory / key_file.FILE_NAME).write_bytes(old_file)
    with pytest.raises(KeyStoreMismatch, match="epoch-2 is missing"):
        await Keyring(pool, FileKeyProvider.load(directory)).check()
    assert vault


@pytest.mark.parametrize("stopped_at", ["note", "rewrap", "emptied"])
async def test_a_rotation_that_was_stopped_is_finished_and_makes_no_second_epoch(
    vault, pool, directory, eraser, rotation, monkeypatch, stopped_at
):
    rows = await filled(vault)
    note, rewrap = Rotation._note, Rotation._rewrap

    async def stops_noting(self, partition, epoch, change, authority):
        if (stopped_at, change) in {("note", "made"), ("emptied", "emptied")} and partition == 1:
            raise ConnectionResetError
        await note(self, partition, epoch, change, authority)

    async def stops_rewrapping(self, partition, *rest):
        if stopped_at == "rewrap" and partition == 1:
            raise ConnectionResetError
        return await rewrap(self, partition, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Rotation, "_note", stops_noting)
        patch.setattr(Rotation, "_rewrap", stops_rewrapping)
        with pytest.raises(ConnectionResetError):
            await rotation.rotate(AUTHORITY)
    assert await opens(Vault(pool, FileKeyProvider.load(directory)), rows), "half way all opens"
    again = Rotation(eraser, FileKeyProvider.load(directory), 2)
    if stopped_at == "emptied":
        with pytest.raises(EpochKept, match="keys rotate"):
            await again.destroy(1, AUTHORITY, AT_ONCE)
    done = await again.rotate(AUTHORITY)
    assert (done.epoch, done.resumed) == (2, True)
    await again.destroy(1, AUTHORITY, AT_ONCE)
    assert await opens(Vault(pool, FileKeyProvider.load(directory)), rows)


async def test_what_is_used_or_newest_is_never_destroyed(vault, owner, eraser, directory, rotation):
    await filled(vault)
    for epoch in (1, 2):
        with pytest.raises(EpochKept, match="newest"):
            await rotation.destroy(epoch, AUTHORITY, AT_ONCE)
    provider = FileKeyProvider.load(directory)
    provider.make_epoch()
    with pytest.raises(EpochKept, match="wrapped under it when last looked"):
        await Rotation(eraser, provider, 2).destroy(1, AUTHORITY, AT_ONCE)
    for connection in (eraser, owner):
        with pytest.raises(asyncpg.PostgresError, match="still wraps") as caught:
            await connection.execute("insert into vault.epoch values (0, 1, 'destroyed', 'a', 'b')")
        assert caught.value.sqlstate == "DB010"


async def test_nothing_is_wrapped_under_an_epoch_that_is_over(vault, pool, rotation, monkeypatch):
    """A process that looks for new epochs too early is refused by the database, looks again and goes on."""
    provider = vault._provider
    refresh, calls = provider.refresh, []
    monkeypatch.setattr(provider, "refresh", lambda: refresh() if calls else calls.append(1))
    await rotation.rotate(AUTHORITY)
    await filled(vault)
    assert await pool.fetch("select distinct epoch from vault.data_key") == [(2,)]


def test_nobody_approves_their_own():
    for actor, approver in (("a", "a"), ("a", " a"), ("a", ""), ("", "a")):
        with pytest.raises(SecondPersonRequired):
            Authority(actor, approver)


def test_what_a_crash_has_left_of_a_destroyed_key_goes(directory):
    FileKeyProvider.load_or_create(directory).make_epoch()
    old = directory / key_file.OLD_NAME
    old.hardlink_to(directory / key_file.FILE_NAME)
    provider = FileKeyProvider.load(directory)
    provider.destroy_epoch(1)
    assert not old.exists()
    old.write_bytes(b"the file before")
    provider.destroy_epoch(1)
    assert [path.name for path in directory.iterdir()] == [key_file.FILE_NAME]
    with pytest.raises(ValueError, match="newest"):
        provider.destroy_epoch(2)
