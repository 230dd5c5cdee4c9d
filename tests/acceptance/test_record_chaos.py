"""Lost-event chaos: nothing is missed, told twice, out of order or lost, whatever is killed or cut.

The same checks catch a reader that trusts a sequence.
"""

import asyncio
import contextlib
import shutil
import time
import uuid
from collections.abc import AsyncGenerator, Generator, Iterable
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg
import pytest

from store.embedded import EmbeddedServer
from store.identity import new_id
from store.migrate import migrate
from tests.acceptance.chaos.checking import Seen, check_reader
from tests.acceptance.chaos.troubles import Program, Troubles
from tests.acceptance.chaos.world import PARTITIONS, Command, Journal, Part
from tests.store.made import make_partitions
from tests.store.proxy import Proxy

EVENTS = 4_000
MANY_EVENTS = (25_000, 100_000)
SELDOM = {"unknown outcomes", "leases lost"}
"""They need one moment among many, which a short history may not have."""
WRITERS = 3
COMMANDS_PER_EVENT = 0.528  # two events each on average, and some to spare
DATABASE = "chaos"
PRESENT = "select partition, position, event_id, customer_id, version from record.event order by partition, position"
FOLLOWED = PRESENT.replace("record.event", "read_model.chaos_line_v1")


@pytest.fixture
def own_server(run_dir: Path, postgres_bin) -> Generator[EmbeddedServer]:
    """It is crashed: not for others. With fsync, as in production."""
    place = run_dir / f"chaos-{uuid.uuid4().hex[:8]}"
    server = EmbeddedServer.start(place, postgres_bin(18), settings={"shared_buffers": "128MB"})
    yield server
    server.stop()
    shutil.rmtree(place)


@pytest.fixture
async def proxy(own_server, tmp_path: Path) -> AsyncGenerator[Proxy]:
    own_server.ensure_database(DATABASE)
    await migrate(own_server.admin_dsn(DATABASE))
    await make_partitions(own_server.admin_dsn(DATABASE), PARTITIONS)
    async with Proxy(own_server.dsn(DATABASE, "daybook_app"), tmp_path).listening() as proxy:
        yield proxy


@pytest.mark.parametrize("events", [EVENTS, *(pytest.param(many, marks=pytest.mark.long) for many in MANY_EVENTS)])
async def test_nothing_is_lost_or_told_twice_whatever_is_killed(own_server, proxy, warm, tmp_path: Path, events: int):
    commands = round(events * COMMANDS_PER_EVENT / WRITERS)
    rng = Random(20260301)
    direct = own_server.dsn(DATABASE, "daybook_app")

    def part(name: str, dsn: str, commands: int = 0) -> Part:
        return Part(name, dsn, tmp_path / f"{name}.jsonl", rng.randrange(1 << 30), commands)

    writers = [Program(warm, "writer", part(f"writer-{n}", proxy.dsn, commands)) for n in range(WRITERS)]
    rivals = [Program(warm, "follower", part(f"follower-{n}", direct)) for n in range(2)]
    feed = Program(warm, "feed", part("feed", direct))
    programs = [*writers, *rivals, feed]
    troubles = Troubles(own_server, DATABASE, proxy, rng.randrange(1 << 30))
    try:
        for program in programs:
            await program.start()
        async with _going_wrong(troubles, programs, rng):
            while not all(writer.finished() for writer in writers):  # noqa: ASYNC110  # processes
                await asyncio.sleep(0.1)
        present = await _rows(own_server, PRESENT)
        await _have_read((*rivals, feed), len(present), own_server, tmp_path / "feed.jsonl")
    finally:
        for program in programs:
            await program.kill()

    assert len(present) >= events
    _check_positions(present)
    unknown = _check_writers(present, tmp_path, commands)
    check_reader("the followers", await _rows(own_server, FOLLOWED), present)
    check_reader("the feed", _fed(tmp_path / "feed.jsonl"), present)
    await _check_counts(own_server, present)
    taken = [line[0] for n in range(2) for line in Journal.read(tmp_path / f"follower-{n}.jsonl")]
    told = {
        **troubles.count,
        "kills of writers": sum(writer.kills for writer in writers),
        "kills of readers": sum(program.kills for program in (*rivals, feed)),
        "cuts at commit": len(proxy.made),
        "unknown outcomes": unknown,
        "leases taken": taken.count("took"),
        "leases lost": taken.count("lost"),
    }
    print(len(present), "events;", told)  # noqa: T201  # shown on failure, or with -rP
    wanted = told if events > EVENTS else {name: count for name, count in told.items() if name not in SELDOM}
    assert all(wanted.values()), f"some trouble never came: {told}"


@contextlib.asynccontextmanager
async def _going_wrong(troubles: Troubles, programs: list[Program], rng: Random) -> AsyncGenerator[None]:
    async def kill() -> None:
        await rng.choice(programs).replace()

    going = [
        asyncio.create_task(troubles.every(pause_s, name, trouble))
        for pause_s, name, trouble in (
            (0.1, "rollbacks", troubles.roll_back),
            (1.0, "kills", kill),
            (0.3, "cuts", troubles.cut),
            (0.7, "terminations", troubles.terminate),
            (3.0, "times away", troubles.go_away),
            (4.0, "crashes", troubles.crash),
        )
    ]
    try:
        yield
    finally:
        troubles.end()
        await asyncio.gather(*going)


async def _rows(server: EmbeddedServer, sql: str) -> list[Seen]:
    while True:
        try:
            connection = await asyncpg.connect(server.admin_dsn(DATABASE))
            break
        except (asyncpg.CannotConnectNowError, OSError):
            await asyncio.sleep(0.1)
    rows = await connection.fetch(sql)
    await connection.close()
    return [Seen(*row) for row in rows]


async def _have_read(readers: Iterable[Program], count: int, server: EmbeddedServer, journal: Path) -> None:
    until = time.monotonic() + 60
    while (read := (len(await _rows(server, FOLLOWED)), len(_fed(journal)))) != (count, count):
        assert not any(reader.finished() for reader in readers), "readers go on for ever"
        assert time.monotonic() < until, f"followers and feed have read {read} of {count} events"
        await asyncio.sleep(0.2)


def _fed(journal: Path) -> list[Seen]:
    return [
        Seen(partition, position, UUID(event_id), UUID(stream_id), version)
        for _cursor, events in Journal.read(journal)
        for partition, position, event_id, stream_id, version in events
    ]


def _check_positions(present: list[Seen]) -> None:
    """Dense in each partition, and each stream in order."""
    for partition in range(PARTITIONS):
        places = [one.place for one in present if one.partition == partition]
        assert places == list(range(len(places)))
    check_reader("the record", present, present)


def _check_writers(present: list[Seen], journals: Path, commands: int) -> int:
    """Each command is done once and is where its writer was told; how many outcomes were unknown for a while."""
    at = {(one.partition, one.place): one.event_id for one in present}
    unknown = events = 0
    for writer in range(WRITERS):
        told: dict[int, list[int]] = {}
        for kind, number, *where in Journal.read(journals / f"writer-{writer}.jsonl"):
            if kind == "unknown":
                unknown += 1
                continue
            assert number not in told
            told[number] = where[:2] if kind == "done" else [where[0], where[1] + 1 - len(_events(writer, number))]
        assert sorted(told) == list(range(commands)), "every command has been told of"
        for number, (partition, position) in told.items():
            for n, event_id in enumerate(_events(writer, number)):
                assert at[partition, position + n] == event_id
                events += 1
    assert events == len(present), "nothing else is in the record"
    return unknown


def _events(writer: int, number: int) -> tuple[UUID, ...]:
    return Command.of(f"writer-{writer}", number).event_ids


async def _check_counts(server: EmbeddedServer, present: list[Seen]) -> None:
    connection = await asyncpg.connect(server.admin_dsn(DATABASE))
    rows = await connection.fetch("select customer_id, sum(events)::int from read_model.chaos_count_v1 group by 1")
    assert await connection.fetchval("select count(*) from read_model.parked") == 0
    await connection.close()
    expected: dict[UUID, int] = {}
    for one in present:
        expected[one.customer_id] = expected.get(one.customer_id, 0) + 1
    assert {row[0]: row[1] for row in rows} == expected


async def test_a_reader_that_trusts_a_sequence_loses_events(empty_database):
    """The same checks fail where positions come from a sequence and the reader takes what is past its last one."""
    admin = await asyncpg.connect(empty_database.admin_dsn)
    await admin.execute("create table naive (id bigserial primary key, event_id uuid, customer_id uuid, version int)")
    rng = Random(20260301)
    writing = [asyncio.create_task(_write_naively(empty_database.admin_dsn, rng, 150)) for _ in range(8)]
    seen: list[Seen] = []
    while True:
        over = all(task.done() for task in writing)
        after = seen[-1].place if seen else 0
        rows = await admin.fetch("select 0, * from naive where id > $1 order by id", after)
        seen += [Seen(*row) for row in rows]
        if over and not rows:
            break
        await asyncio.sleep(0.001)
    await asyncio.gather(*writing)
    present = [Seen(*row) for row in await admin.fetch("select 0, * from naive order by id")]
    await admin.close()
    with pytest.raises(AssertionError, match=r"missed [1-9]"):
        check_reader("the naive reader", seen, present)


async def _write_naively(dsn: str, rng: Random, count: int) -> None:
    """Transactions that take a moment, of which one in ten is rolled back."""
    connection = await asyncpg.connect(dsn)
    customer_id = new_id()
    version = 0
    while version < count:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "insert into naive (event_id, customer_id, version) values ($1, $2, $3)", new_id(), customer_id, version
        )
        await asyncio.sleep(rng.random() * 0.01)
        if rng.random() < 0.1:
            await transaction.rollback()
        else:
            await transaction.commit()
            version += 1
    await connection.close()
