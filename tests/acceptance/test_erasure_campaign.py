"""Erasure campaign: afterwards nobody opens the data again, with any restored store and every key that survives.

A canary stands in every personal field that a customer can have. A control that seals nothing must find its own in the
data directory, and an old key file must open the restored copy, so that finding and opening nothing means something.
"""

import asyncio
import io
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from api.app import create_app
from audit.certificates import issued
from audit.verifying import verify
from domain.kernel import personal_fields
from engine.logs import guard_if_there
from engine.mapping import EventMapper
from engine.settings import Settings
from engine.shredding import open_eraser
from engine.status import caught_up
from engine.wiring import Databases, Daybook, initialise
from tests.api import bearer
from tests.conftest import Database, _scratch_database
from tests.engine.privacy import Bank, personal_names, privacy_bank
from vault.errors import VaultError
from vault.provider import FileKeyProvider
from vault.rotating import Authority, Rotation
from vault.vault import Missing, Reference, Vault

STEPS = ("decided", "requested", "shredded", "completed", "issued", "certified", "finished")
COPIED = (("vault", "data_key"), ("vault", "key_check"), ("record", "sealed"))
CHUNK = 8 << 20
OVERLAP = 200


@pytest.fixture
def second(server, template) -> Iterator[Database]:
    """Another empty, migrated database."""
    with _scratch_database(server, template) as made:
        yield made


class Crash(BaseException):
    """What no handler of errors catches."""


@asynccontextmanager
async def opened_bank(database: Database, data_dir: Path):
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    await initialise(databases, 4, progress=lambda *_: None)
    daybook = await Daybook.open(Settings(database_url=database.app_dsn, data_dir=data_dir), databases)
    try:
        async with privacy_bank(daybook, database) as bank:
            yield bank
    finally:
        await daybook.close()


async def sealed_of(bank: Bank, who: UUID) -> list[tuple[int, Reference]]:
    rows = await bank.daybook.record.pool.fetch("select * from record.sealed where subject_id = $1", who)
    return [(row["partition"], _reference(row)) for row in rows]


def _reference(row: asyncpg.Record) -> Reference:
    named = (row["event_id"], row["subject_id"], row["record_class"], row["key_id"], row["blob"])
    return Reference(*named, sha256(row["blob"]).digest())


async def opens(vault: Vault, parts: list[tuple[int, Reference]]) -> int:
    """How many of the parts this vault opens."""
    opened = 0
    for partition, one in parts:
        try:
            (text,) = await vault.open_many(partition, [one])
        except VaultError:
            continue
        opened += not isinstance(text, Missing)
    return opened


async def copies_of(database: Database) -> dict[tuple[str, str], bytes]:
    """A backup of the keys and blobs."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        found = {}
        for schema, table in COPIED:
            content = io.BytesIO()
            await connection.copy_from_table(table, schema_name=schema, output=content, format="binary")
            found[schema, table] = content.getvalue()
        return found
    finally:
        await connection.close()


async def restore(database: Database, copies: dict[tuple[str, str], bytes]) -> None:
    """Into an empty, migrated database: no tombstone of the old one stands in it."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        await connection.execute("set session_replication_role = replica")
        for (schema, table), content in copies.items():
            await connection.copy_to_table(table, schema_name=schema, source=io.BytesIO(content), format="binary")
    finally:
        await connection.close()


async def rotate_and_forget(bank: Bank) -> None:
    """A new epoch, and the old one gone as after the backup window."""
    daybook = bank.daybook
    async with open_eraser(daybook.settings, daybook.databases) as eraser:
        rotation = Rotation(eraser.pool, FileKeyProvider.load_or_create(daybook.settings.keys), 4)
        authority = Authority("staff:1", "staff:2")
        await rotation.rotate(authority, lambda *_: None)
        await rotation.destroy(1, authority, timedelta(0))


NO_CUSTOMERS = {
    "actor.registered.name": "of who works for the bank; no customer can ask for its erasure",
    "actor.renamed.name": "likewise",
}
"""Personal fields in which no person of the campaign has a canary, and why."""


async def test_a_canary_stands_in_every_personal_field_or_it_is_said_why_not(database, tmp_path):
    async with opened_bank(database, tmp_path) as bank:
        who = await bank.person()
        opened = await bank.opened(who)
        assert personal_names() == opened.keys() | NO_CUSTOMERS.keys()
        assert opened.keys().isdisjoint(NO_CUSTOMERS)
        assert sorted(opened.values()) == sorted(bank.canaries[who])


async def test_no_restored_store_with_any_surviving_key_opens_what_was_erased(database, second, tmp_path):
    async with opened_bank(database, tmp_path / "data") as bank:
        await bank.schedule()
        who, other = await bank.person(), await bank.person()
        parts, others = await sealed_of(bank, who), await sealed_of(bank, other)
        assert len(parts) == len(others) > 8
        assert await opens(bank.daybook.vault, parts) == len(parts)
        copies = await copies_of(database)
        keys = bank.daybook.settings.keys
        shutil.copytree(keys, tmp_path / "old-keys")
        request = await bank.request(who)
        assert (await bank.run()).requests == [request]
        assert await sealed_of(bank, who) == []
        assert await opens(bank.daybook.vault, parts) == 0  # the blobs from the backup, the keys of now
        await rotate_and_forget(bank)
        await restore(second, copies)
        async with asyncpg.create_pool(second.admin_dsn, min_size=0, max_size=2) as pool:
            surviving = FileKeyProvider.load_or_create(keys)
            assert await opens(Vault(pool, surviving), parts) == 0
            assert await opens(Vault(pool, surviving), others) == 0  # that copy is over its window for everybody
            old = FileKeyProvider.load_or_create(tmp_path / "old-keys")
            assert await opens(Vault(pool, old), parts) == len(parts), "else the copy was no copy"
        assert await opens(Vault(bank.daybook.record.pool, surviving), await sealed_of(bank, other)) == len(others)
        assert set((await bank.opened(other)).values()) == set(bank.canaries[other])


# What is on the disk


class Unsealed(EventMapper):
    """Seals nothing: the control of the scan."""

    def personal(self, event):  # noqa: ARG002  # whatever it is
        return []

    def data(self, event, sealed=()):
        personal = [name for name, _ in personal_fields(type(event))]
        given = {name: value for name in personal if (value := getattr(event, name)) is not None}
        clear = super().data(event, sealed)
        if not given:
            return clear
        return clear[:-1] + b"," + b",".join(f'"{name}":"{value}"'.encode() for name, value in given.items()) + b"}"


def found_in(folder: Path, wanted: re.Pattern[bytes]) -> set[str]:
    """All that fits in any file under a folder: heap, TOAST, WAL, statistics, logs."""
    found: set[str] = set()
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)  # passes over what is gone
    for path in (path for path in files if path.is_file() and not path.is_symlink()):
        try:
            for part in _parts(path):
                found.update(match.decode() for match in wanted.findall(part))
        except FileNotFoundError:
            continue  # a file of the server's that is gone meanwhile
    return found


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        tail = b""
        while content := file.read(CHUNK):
            yield tail + content
            tail = content[-OVERLAP:]


async def test_a_scan_of_the_disk_finds_what_is_not_sealed_and_nothing_that_is(database, second, server, tmp_path):
    async with (
        opened_bank(database, tmp_path / "data") as bank,
        opened_bank(second, tmp_path / "control") as open_bank,
    ):
        await bank.schedule()
        who = await bank.person()
        await bank.person()
        open_bank.daybook.handler._sealer._mapper = Unsealed()
        await open_bank.person()
        await bank.opened(who)
        await caught_up(bank.daybook)
        await bank.request(who)
        assert (await bank.run()).troubles == {}
        admin = await asyncpg.connect(server.admin_dsn())
        try:
            await admin.execute("checkpoint")
        finally:
            await admin.close()
        known = {canary for one in (bank, open_bank) for of in one.canaries.values() for canary in of}
        text, number, file = (
            b"canary-[0-9a-f]{12}-[a-z-]+-[0-9a-f]{32}",
            b"CANARY[0-9A-F]{34}",
            b"Y2FuYXJ5L[\\w+/]+={0,2}",
        )
        wanted = re.compile(b"|".join((text, number, file)))
        found = found_in(server.data_dir, wanted) | found_in(tmp_path, wanted)
        clear = {canary for of in open_bank.canaries.values() for canary in of}
        assert found & known == clear, "all of the control and none of the sealed"


# Crashes


async def test_after_a_crash_at_any_step_the_next_run_converges(database, tmp_path):
    async with opened_bank(database, tmp_path) as bank:
        await bank.schedule()
        other = await bank.person()
        for step in STEPS:
            who = await bank.person()
            request = await bank.request(who)

            def crash(reached: str, at: str = step) -> None:
                if reached == at:
                    raise Crash

            with pytest.raises(Crash):
                await bank.run(crash)
            assert (await bank.run()).troubles == {}
            await erased_once(bank, who, request)
        assert set((await bank.opened(other)).values()) == set(bank.canaries[other])
        kept = [one async for one in issued(bank.daybook.record.pool, "erasure/1")]
        assert len(kept) == len(STEPS)
        findings = await proofs_after(bank)
        assert findings == ()


async def erased_once(bank: Bank, who: UUID, request: UUID) -> None:
    assert all(isinstance(value, Missing) for value in (await bank.opened(who)).values())
    assert (await bank.types(request))[-2:] == ["privacy-request.decided", "privacy-request.completed"]
    types = [one.type for one in await bank.daybook.record.read_customer(who)]
    for name in ("erasure.requested", "erasure.completed", "erasure.certified"):
        assert types.count(name) == 1, name


async def proofs_after(bank: Bank) -> tuple:
    """What a verification finds, once all is sealed: the events of who was erased are proved like any other."""
    pool, settings = bank.daybook.record.pool, bank.daybook.settings
    end = sum((await bank.daybook.record.end()).next_positions)
    found = await verify(pool, guard_if_there(settings))
    for _ in range(600):
        found = await verify(pool, guard_if_there(settings))
        sealed = sum(size for origin, size in found.sizes.items() if re.search(r"/x/\d+/\d+$", origin))
        if sealed >= end:
            return tuple(found.findings)
        await asyncio.sleep(0.1)
    raise AssertionError(f"not sealed: {dict(found.sizes)}")


KILLED = """
import asyncio, os, signal, sys
from engine.carrying_out import CarryingOut
from engine.settings import Settings
from engine.wiring import Daybook, Databases

def reached(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    settings = Settings()
    daybook = await Daybook.open(settings, Databases(settings.database_url, settings.database_url, None))
    async with CarryingOut.open(daybook) as carrying:
        carrying._reached = carrying._erasing._reached = reached
        print(await carrying.run())

asyncio.run(main())
"""


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
async def test_a_process_killed_at_any_step_leaves_what_the_next_one_ends(database, tmp_path, step):
    async with opened_bank(database, tmp_path) as bank:
        await bank.schedule()
        who = await bank.person()
        request = await bank.request(who)
        settings = bank.daybook.settings
        environ = {
            "DAYBOOK_DATABASE_URL": database.app_dsn,
            "DAYBOOK_ERASER_URL": str(settings.eraser_url),
            "DAYBOOK_DATA_DIR": str(tmp_path),
        }
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, step, env={**os.environ, **environ}, cwd=Path(__file__).parents[2]
        )
        assert await killed.wait() == -signal.SIGKILL
        assert (await bank.run()).troubles == {}
        await erased_once(bank, who, request)


async def test_read_models_show_since_when_it_is_erased(database, tmp_path):
    async with opened_bank(database, tmp_path) as bank:
        bearer.install(tmp_path)
        await bank.schedule()
        who = await bank.person()
        await bank.request(who)
        assert (await bank.run()).troubles == {}
        await caught_up(bank.daybook)
        made = create_app(bank.daybook)
        async with made.router.lifespan_context(made):
            transport = httpx.ASGITransport(made, client=("127.0.0.1", 50000))
            async with bearer.Client(transport=transport, base_url="http://127.0.0.1:8000") as client:
                profile = (await client.get(f"/customers/{who}")).json()
                assert profile["name"]["erased_on"]
                assert profile["contact_points"][0]["value"]["erased_on"]
                timeline = await client.get(f"/customers/{who}/timeline")
                assert "canary" not in timeline.text
                # Not there: two files, who had to look, and two fields of a matter in which they speak for another.
                elsewhere = 5
                assert timeline.text.count("erased_on") == len(bank.canaries[who]) - elsewhere
