"""Shredding: tombstones, then keys in every store, then blobs; stopped anywhere it goes on, held it does nothing."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from vault import (
    Item,
    KeyDestroyed,
    Keyring,
    KeyTable,
    KeyUnknown,
    Loss,
    Missing,
    Shredder,
    SubjectErased,
    Tombstone,
    TombstoneFile,
    TombstonesNotReplayed,
    Vault,
)
from vault.holds import ALL_CLASSES, holds_of, place_hold, release_hold
from vault.replaying import replay, replay_due

CONTACT, INTERACTION = "contact", "interaction"


class Blobs:
    """A store of blobs whose disk may be out of reach."""

    name = "blobs"

    def __init__(self) -> None:
        self.deleted: list[UUID] = []
        self.broken = False

    async def delete(self, partition: int, tombstones: Sequence[Tombstone]) -> int:
        if self.broken:
            raise OSError("disk out of reach")
        assert partition == 0
        self.deleted += [tombstone.key_id for tombstone in tombstones]
        return len(tombstones)

    async def left(self, partition: int) -> int:
        return partition * 0


class Copy:
    """A second key store, as of a stand-by site."""

    name = "copy"

    def __init__(self, keys: Collection[UUID]) -> None:
        self.keys = set(keys)
        self.broken = self.forgetful = False

    async def destroy(self, partition: int, key_ids: Collection[UUID]) -> None:
        assert partition == 0
        if self.broken:
            raise ConnectionRefusedError("the site is down")
        if not self.forgetful:
            self.keys -= set(key_ids)

    async def holding(self, partition: int, key_ids: Collection[UUID]) -> set[UUID]:
        assert partition == 0
        return self.keys & set(key_ids)


@pytest.fixture
async def eraser(database) -> AsyncGenerator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        database.app_dsn.replace("daybook_app", "daybook_eraser"), min_size=1, max_size=2
    ) as pool:
        yield pool


@pytest.fixture
def vault(pool, provider) -> Vault:
    return Vault(pool, provider)


@pytest.fixture
def journal(tmp_path) -> TombstoneFile:
    return TombstoneFile(tmp_path)


async def sealed_for(vault: Vault, subject: UUID):
    return await vault.seal_many(0, [Item(uuid4(), subject, name, b"secret") for name in (CONTACT, INTERACTION)])


async def test_what_was_shredded_is_erased_for_everybody_and_the_rest_opens(vault, pool, provider, eraser, journal):
    subject, blobs = uuid4(), Blobs()
    contact, interaction = await sealed_for(vault, subject)
    commitment = await pool.fetchval("select commitment from vault.data_key where key_id = $1", contact.key_id)
    shredder = Shredder(eraser, [KeyTable(eraser)], [blobs], journals=[journal], forget=vault.keyring.forget)
    done = await shredder.shred(0, subject, [CONTACT])
    at = await pool.fetchval("select created_at from vault.tombstone")
    (outcome,) = done.classes
    assert done.complete
    assert outcome == (CONTACT, "erased", (Tombstone(contact.key_id, subject, CONTACT, commitment, at),))
    assert [one[:2] for one in done.keys] == [("vault.data_key", 1)]
    assert blobs.deleted == [contact.key_id]
    for of in (vault, Vault(pool, provider)):
        assert await of.open_many(0, [contact, interaction]) == [Missing(Loss.ERASED, at), b"secret"]
        with pytest.raises(SubjectErased):
            await of.seal_many(0, [Item(uuid4(), subject, CONTACT, b"new")])
    assert await shredder.shred(0, subject, [CONTACT]) == done, "again it changes nothing and answers the same"


async def test_after_a_retention_period_later_data_gets_a_new_key(vault, eraser):
    subject = uuid4()
    old = (await sealed_for(vault, subject))[0]
    shredder = Shredder(eraser, [KeyTable(eraser)], [], forget=vault.keyring.forget)
    assert (await shredder.shred(0, subject, [CONTACT], final=False)).classes[0].verdict == "erased"
    (new,) = await vault.seal_many(0, [Item(uuid4(), subject, CONTACT, b"new")])
    assert new.key_id != old.key_id
    assert await vault.open_many(0, [new]) == [b"new"]
    assert len((await shredder.shred(0, subject, [CONTACT])).classes[0].tombstones) == 2


async def test_a_subject_without_keys_gets_none_any_more(vault, eraser):
    subject = uuid4()
    done = await Shredder(eraser, [KeyTable(eraser)], []).shred(0, subject, [CONTACT])
    assert done.classes == ((CONTACT, "nothing", ()),)
    with pytest.raises(SubjectErased):
        await vault.seal_many(0, [Item(uuid4(), subject, CONTACT, b"new")])


async def test_all_stores_are_tried_and_the_incomplete_one_is_told_until_it_is_done(vault, eraser):
    subject, blobs = uuid4(), Blobs()
    (contact, _) = await sealed_for(vault, subject)
    down, forgetful = Copy([contact.key_id]), Copy([contact.key_id])
    down.broken = forgetful.forgetful = blobs.broken = True
    shredder = Shredder(eraser, [down, forgetful, KeyTable(eraser)], [blobs])
    done = await shredder.shred(0, subject, [CONTACT])
    assert not done.complete
    assert done.classes[0].verdict == "incomplete"
    assert [one.error for one in done.keys] == [
        "ConnectionRefusedError: the site is down", "1 keys are still there", None,
    ]  # fmt: skip
    assert done.blobs[0].error == "OSError: disk out of reach"
    assert await eraser.fetchval("select count(*) from vault.data_key where key_id = $1", contact.key_id) == 0
    down.broken = forgetful.forgetful = blobs.broken = False
    done = await shredder.shred(0, subject, [CONTACT])
    assert done.complete
    assert done.classes[0].verdict == "erased"
    assert down.keys == forgetful.keys == set()


@pytest.mark.parametrize("held", [CONTACT, ALL_CLASSES])
async def test_what_is_held_stays_until_it_is_released(vault, pool, eraser, held):
    subject, hold = uuid4(), uuid4()
    rows = await sealed_for(vault, subject)
    await place_hold(pool, 2, hold, subject, [held])
    await place_hold(pool, 2, hold, subject, [held])
    assert [one.record_class for one in await holds_of(pool, 0, subject)] == [held]
    shredder = Shredder(eraser, [KeyTable(eraser)], [])
    verdicts = {
        one.record_class: one.verdict for one in (await shredder.shred(0, subject, [CONTACT, INTERACTION])).classes
    }
    assert verdicts == {CONTACT: "held", INTERACTION: "erased" if held == CONTACT else "held"}
    assert (await vault.open_many(0, rows))[0] == b"secret"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await release_hold(pool, 2, hold, subject)
    await release_hold(eraser, 2, hold, subject)
    assert (await shredder.shred(0, subject, [CONTACT])).classes[0].verdict == "erased"


async def test_a_hold_placed_half_way_stops_what_follows(vault, pool, eraser):
    subject = uuid4()
    (contact, _) = await sealed_for(vault, subject)
    down = Copy([contact.key_id])
    await eraser.execute("insert into vault.tombstone (partition, key_id) values (0, $1)", contact.key_id)
    await place_hold(pool, 1, uuid4(), subject, [CONTACT])
    done = await Shredder(eraser, [down, KeyTable(eraser)], []).shred(0, subject, [CONTACT])
    assert done.classes[0].verdict == "held"
    assert down.keys == {contact.key_id}
    with pytest.raises(asyncpg.PostgresError, match="legal hold") as caught:
        await KeyTable(eraser).destroy(0, [contact.key_id])
    assert caught.value.sqlstate == "DB007"


async def test_a_key_made_at_the_same_time_is_found_or_refused(pool, provider, eraser):
    """Whoever asks for keys of a subject while it is erased gets one that has a tombstone now, or none."""
    subject = uuid4()
    rings = [Keyring(pool, provider) for _ in range(8)]
    shredder = Shredder(eraser, [KeyTable(eraser)], [])
    results = await asyncio.gather(
        *(ring.ensure(0, [(subject, CONTACT)]) for ring in rings[:4]),
        shredder.shred(0, subject, [CONTACT]),
        *(ring.ensure(0, [(subject, CONTACT)]) for ring in rings[4:]),
        return_exceptions=True,
    )
    for result in results[:4] + results[5:]:
        if isinstance(result, dict):
            (key,) = result.values()
            assert isinstance((await rings[0].find(0, [key.key_id]))[key.key_id], KeyDestroyed)
        else:
            assert isinstance(result, SubjectErased | KeyDestroyed)
    assert await pool.fetchval("select count(*) from vault.data_key") == 0


async def test_tombstones_are_set_again_after_a_restore(vault, pool, owner, provider, eraser, journal):
    subject, blobs = uuid4(), Blobs()
    (contact, _) = await sealed_for(vault, subject)
    backup = await owner.fetchrow("select * from vault.data_key where key_id = $1", contact.key_id)
    shredder = Shredder(eraser, [KeyTable(eraser)], [blobs], journals=[journal])
    before = await shredder.shred(0, subject, [CONTACT])
    await owner.execute("set session_replication_role = replica")  # as a restore from before the erasure would
    await owner.execute("truncate vault.tombstone, vault.erasure")
    await owner.execute(
        "insert into vault.data_key select ($1::vault.data_key).*",
        tuple(backup.values()),
    )
    assert await Vault(pool, provider).open_many(0, [contact]) == [b"secret"]
    noted = journal.read()
    assert tuple(await replay_due(pool, 2, noted, [blobs])) == (1, 1, 0, 0)
    assert await replay(eraser, shredder, 2, noted) == []
    assert not await replay_due(pool, 2, noted, [blobs])
    assert isinstance((await Vault(pool, provider).open_many(0, [contact]))[0], Missing)
    assert await shredder.shred(0, subject, [CONTACT]) == before
    assert journal.read() == noted


async def test_a_restored_hold_is_told_and_not_passed_over(vault, pool, owner, eraser, journal):
    subject = uuid4()
    await sealed_for(vault, subject)
    shredder = Shredder(eraser, [KeyTable(eraser)], [], journals=[journal])
    await shredder.shred(0, subject, [CONTACT])
    await owner.execute("set session_replication_role = replica")
    await owner.execute("truncate vault.tombstone")
    await place_hold(pool, 1, uuid4(), subject, [ALL_CLASSES])
    with pytest.raises(TombstonesNotReplayed, match="legal hold"):
        await replay(eraser, shredder, 1, journal.read())


async def test_a_line_that_was_torn_by_a_crash_is_written_anew(journal, tmp_path):
    first, second = (Tombstone(uuid4(), uuid4(), CONTACT, b"c" * 32, datetime.now(UTC)) for _ in range(2))
    await journal.add(0, [first], [])
    path = tmp_path / "tombstones.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at":"2026-')
    assert set(journal.read()[0].tombstones) == {first.key_id}
    await journal.add(0, [first, second], [])
    assert list(journal.read()[0].tombstones.values()) == [first, second]
    assert path.stat().st_mode & 0o077 == 0


async def test_a_key_that_vanished_without_a_tombstone_is_still_no_erasure(vault, owner):
    rows = await sealed_for(vault, uuid4())
    await owner.execute("set session_replication_role = replica")
    await owner.execute("delete from vault.data_key")
    with pytest.raises(KeyUnknown):
        await vault.open_many(0, rows)
