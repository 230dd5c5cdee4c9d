"""Connections lost at every moment: nothing twice, nothing lost, and everyone is told what became of theirs."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from store import connecting
from store.envelope import Appended, AppendRequest, StoredAnswer
from store.errors import CommandAnswered, OutcomeUnknown, RecordUnreachable, VersionConflict
from store.lane import LaneLimits
from store.record import Record
from tests.store.made import answer, event, ids_in, outcomes, request, stored
from tests.store.proxy import Cut, Moment, Proxy

NEEDLE = b"clerk-to-be-cut-off"
MODES = ("call", "copy")


@pytest.fixture
async def proxy(database, tmp_path: Path) -> AsyncGenerator[Proxy]:
    async with Proxy(database.app_dsn, tmp_path).listening() as proxy:
        yield proxy


@pytest.fixture
async def cut_off(open_record, proxy) -> Record:
    """A record behind the proxy."""
    return await open_record(proxy.dsn, limits=LaneLimits(reach_s=30))


def marked(stream, number: int, after: int = -1) -> AppendRequest:
    """A request with a command, whose event the proxy knows."""
    return AppendRequest(
        1, [event(stream, after + 1, actor=NEEDLE.decode())], {stream: after}, (), answer(f"c{number}")
    )


def cut(moment: Moment, mode: str) -> Cut:
    return Cut(moment, NEEDLE if mode == "call" else b"COMMIT")


async def write(record: Record, requests: list[AppendRequest], mode: str) -> list[Any]:
    if mode == "copy":
        return [*await record.append_copy(1, requests)]
    return await asyncio.gather(*map(record.append, requests), return_exceptions=True)


async def head_wanted(app: asyncpg.Connection, count: int = 1) -> list[int]:
    """Wait until so many backends wait for a lock of this database; their pids."""
    while True:
        rows = await app.fetch(
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        if len(rows) >= count:
            return [row[0] for row in rows]
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("moment", [m for m in Moment if m is not Moment.LATE_CALL], ids=lambda m: m.name.lower())
async def test_a_lost_batch_is_settled(cut_off, proxy, streams, app, moment, mode):
    wanted = streams(40)
    await write(cut_off, [request(s, partition=1) for s in wanted[::5]], "copy")
    proxy.cuts.append(cut(moment, mode))
    results = await write(cut_off, [marked(s, n) for n, s in enumerate(wanted)], mode)
    assert proxy.made == [moment]
    assert outcomes(results) == {"VersionConflict": 8, "Appended": 32}
    rows = await stored(app, "position, stream_id, recorded_at")
    assert [row[0] for row in rows] == list(range(40))
    at = {row[1]: row for row in rows}
    for n, (stream, result) in enumerate(zip(wanted, results, strict=True)):
        if n % 5 == 0:
            assert isinstance(result, VersionConflict)
            assert (result.stream_id, result.found) == (stream, 0)
        else:
            assert (result.position, result.count, result.recorded_at) == (at[stream][0], 1, at[stream][2])
    found = await cut_off.find_answers(1, [answer(f"c{n}").command_id for n in range(40)])
    assert {i: a.position for i, a in found.items()} == {
        answer(f"c{n}").command_id: results[n].last for n in range(40) if n % 5
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("moment", [Moment.BEFORE_CALL, Moment.BEFORE_ANSWER], ids=lambda m: m.name.lower())
async def test_answers_without_events_are_settled(cut_off, proxy, streams, app, moment, mode):
    await cut_off.append(request(streams(1)[0], count=3, partition=1))
    answers = [StoredAnswer(*answer(f"c{n}")[:2], NEEDLE, answer("c")[3]) for n in range(5)]
    proxy.cuts.append(cut(moment, mode))
    results = await write(cut_off, [AppendRequest(1, answer=a) for a in answers], mode)
    assert proxy.made == [moment]
    assert [(r.position, r.count, r.last) for r in results] == [(3, 0, 2)] * 5
    assert await app.fetchval("select count(*) from record.command") == 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("refused", [False, True], ids=["all good", "some refused"])
async def test_a_call_that_comes_late_is_told_from_others(cut_off, proxy, streams, app, mode, refused):
    """It commits after settling has found nothing, and before the call is sent again."""
    wanted = streams(10)
    if refused:
        await cut_off.append(request(wanted[0], partition=1))
    proxy.cuts.append(cut(Moment.LATE_CALL, mode))
    proxy.before = NEEDLE if mode == "call" else b"record.next_position"
    if mode == "copy":  # its transaction is open and holds the head: it is lost with the connection
        proxy.late.set()
    results = await write(cut_off, [marked(s, n) for n, s in enumerate(wanted)], mode)
    assert proxy.made == [Moment.LATE_CALL]
    expected = {"Appended": 9, "VersionConflict": 1} if refused else {"Appended": 10}
    assert outcomes(results) == expected
    assert [row[0] for row in await stored(app, "position")] == list(range(10))
    assert {r.position for r in results if isinstance(r, Appended)} == set(range(refused, 10))


async def test_a_call_that_comes_after_all_is_over_changes_nothing(cut_off, proxy, streams, app):
    wanted = streams(10)
    proxy.cuts.append(cut(Moment.LATE_CALL, "call"))
    results = await write(cut_off, [marked(s, n) for n, s in enumerate(wanted)], "call")
    assert outcomes(results) == {"Appended": 10}
    before = await stored(app, "*")
    proxy.late.set()
    await proxy.late_done.wait()
    assert await stored(app, "*") == before


@pytest.mark.parametrize("same", [True, False], ids=["repeat", "another request"])
async def test_what_somebody_else_wrote_meanwhile_is_not_ours(cut_off, open_record, proxy, streams, same):
    """The call is lost before it arrives, and the command is answered by another process."""
    other = await open_record()
    await cut_off.append(AppendRequest(1, answer=answer("connects")))
    (stream, elsewhere) = streams(2)
    ours = marked(stream, 1)
    theirs = ours if same else AppendRequest(1, [event(elsewhere)], {elsewhere: -1}, (), answer("c1", hmac=b"other"))
    proxy.cuts.append(cut(Moment.BEFORE_CALL, "call"))
    proxy.away = True
    writing = cut_off.append(ours)
    await proxy.cutting.wait()
    assert (await other.append(theirs)).position == 0
    proxy.away = False
    with pytest.raises(CommandAnswered):
        await writing
    assert await other.next_position(1) == 1


@pytest.mark.parametrize("moment", [Moment.BEFORE_CALL, Moment.BEFORE_ANSWER], ids=lambda m: m.name.lower())
async def test_when_the_server_stays_away_the_outcome_is_unknown(open_record, proxy, streams, moment):
    record = await open_record(proxy.dsn, limits=LaneLimits(reach_s=0.3, requests=5))
    wanted = streams(12)
    await record.append(request(wanted.pop(), partition=1))
    proxy.cuts.append(cut(moment, "call"))
    proxy.away = True
    requests = [marked(s, n) for n, s in enumerate(wanted)]
    writing = [record.append(r) for r in requests]
    copying = asyncio.ensure_future(record.append_copy(1, [request(s, partition=1) for s in streams(3)]))
    results = await asyncio.gather(*writing, return_exceptions=True)
    assert [type(r) for r in results] == [OutcomeUnknown] * 5 + [RecordUnreachable] * 6
    assert outcomes(await copying) == {"RecordUnreachable": 3}
    with pytest.raises(RecordUnreachable):
        await record.append(requests[0])
    proxy.away = False
    again = await asyncio.gather(*map(record.append, requests), return_exceptions=True)
    came = moment is Moment.BEFORE_ANSWER
    assert [type(r) for r in again] == [CommandAnswered if came else Appended] * 5 + [Appended] * 6
    found = await record.find_answers(1, [r.answer.command_id for r in requests if r.answer])
    assert sorted(a.position for a in found.values()) == list(range(1, 12))


async def test_a_backend_that_is_terminated_while_it_waits_for_the_head(record, streams, app, admin):
    async with app.transaction():
        await app.fetchval("select record.lock_head(1::smallint)")
        writing = [record.append(marked(s, n)) for n, s in enumerate(streams(20))]
        for _ in range(3):
            (pid,) = await head_wanted(admin)
            assert await admin.fetchval("select pg_terminate_backend($1, 5000)", pid)
    results = await asyncio.gather(*writing)
    assert [r.position for r in results] == list(range(20))
    assert len(await stored(app, "position")) == 20


async def test_a_backend_that_is_terminated_while_idle(record, streams, admin):
    for stream in streams(5):
        await admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert await record.append(request(stream, partition=1))
    assert await record.next_position(1) == 5


async def test_settling_waits_for_the_call_that_is_at_work(cut_off, proxy, streams, app, admin):
    async with app.transaction():
        await app.fetchval("select record.lock_head(1::smallint)")
        proxy.cuts.append(cut(Moment.AFTER_CALL, "call"))
        writing = [cut_off.append(marked(s, n)) for n, s in enumerate(streams(10))]
        await head_wanted(admin, 2)  # the lost call, and the settling behind it
    assert [r.position for r in await asyncio.gather(*writing)] == list(range(10))
    assert len(await stored(app, "position")) == 10


async def test_settling_tries_again_when_it_does_not_get_the_lock(proxy, open_record, streams, app, admin, monkeypatch):
    """A lock timeout while settling says nothing of the batch."""
    monkeypatch.setitem(connecting.SESSION, "lock_timeout", "100ms")
    record = await open_record(proxy.dsn)
    proxy.cuts.append(cut(Moment.BEFORE_ANSWER, "call"))
    monkeypatch.setattr(record, "_recognise", _hold_the_head(app, record._recognise))
    writing = [record.append(marked(s, n)) for n, s in enumerate(streams(10))]
    await head_wanted(admin)
    await asyncio.sleep(0.4)
    await app.execute("rollback")
    assert [r.position for r in await asyncio.gather(*writing)] == list(range(10))


def _hold_the_head(app: asyncpg.Connection, recognise: Callable[..., Any]) -> Callable[..., Any]:
    """From the second connection of the lane on, that is after the cut."""
    connections: list[asyncpg.Connection] = []

    async def hold(connection: asyncpg.Connection) -> None:
        await recognise(connection)
        connections.append(connection)
        if len(connections) == 2:
            await app.execute("begin; select record.lock_head(1::smallint)")

    return hold


async def test_a_lock_that_is_not_had_in_time_refuses_the_batch(open_record, streams, app, monkeypatch):
    monkeypatch.setitem(connecting.SESSION, "lock_timeout", "50ms")
    record = await open_record()
    async with app.transaction():
        await app.fetchval("select record.lock_head(1::smallint)")
        results = await write(record, [request(s, partition=1) for s in streams(3)], "call")
        assert outcomes(results) == {"OperationalError": 3}
    assert await record.next_position(1) == 0


async def test_a_server_that_goes_silent_is_left_and_asked_again(proxy, open_record, streams, app, monkeypatch):
    monkeypatch.setitem(connecting.CONNECTING, "command_timeout", 0.3)
    monkeypatch.setitem(connecting.CONNECTING, "timeout", 0.3)
    record = await open_record(proxy.dsn)
    await record.append(request(streams(1)[0], partition=1))
    proxy.silent = True
    writing = [record.append(marked(s, n)) for n, s in enumerate(streams(10))]
    await asyncio.sleep(0.5)
    proxy.silent = False
    assert [r.position for r in await asyncio.gather(*writing)] == list(range(1, 11))
    assert len(await stored(app, "position")) == 11


async def test_reading_goes_on_when_all_connections_were_ended(record, streams, admin):
    (stream,) = streams(1)
    await record.append(request(stream, count=3, partition=1))
    for _ in range(3):
        await asyncio.gather(*(record.read_stream(stream) for _ in range(8)))
        await admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        found = await asyncio.gather(*(record.read_stream(stream) for _ in range(8)))
        assert [len(events) for events in found] == [3] * 8


async def test_reading_without_a_server_says_so(cut_off, proxy, streams):
    proxy.away = True
    proxy.cut_all()
    for reading in (cut_off.read_partition(1, 0), cut_off.read_stream(streams(1)[0]), cut_off.end()):
        with pytest.raises(RecordUnreachable, match="cannot be read"):
            await reading
    proxy.away = False
    assert await cut_off.read_partition(1, 0) == []


@pytest.mark.parametrize("mode", MODES)
async def test_many_cuts_at_any_moment(cut_off, proxy, app, mode):
    rng = random.Random(7)
    wanted = ids_in(cut_off, 1, 30)
    versions = dict.fromkeys(wanted, -1)
    sent = 0
    for _ in range(25):
        moments = [m for m in Moment if m is not Moment.LATE_CALL]
        proxy.cuts = [cut(rng.choice(moments), mode) for _ in range(rng.randrange(3))]
        chosen = rng.sample(wanted, 10)
        requests = [marked(s, sent + n, versions[s] + (n % 4 == 3)) for n, s in enumerate(chosen)]
        results = await write(cut_off, requests, mode)
        sent += 10
        for n, (stream, result) in enumerate(zip(chosen, results, strict=True)):
            assert isinstance(result, VersionConflict if n % 4 == 3 else Appended), result
            versions[stream] += n % 4 != 3
    rows = await stored(app, "position, stream_id, version")
    assert [row[0] for row in rows] == list(range(25 * 8))
    for stream in wanted:
        assert [row[2] for row in rows if row[1] == stream] == list(range(versions[stream] + 1))
    assert len(proxy.made) > 10
