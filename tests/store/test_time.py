"""recorded_at, the clock and closed cuts."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from store.envelope import AppendRequest
from store.errors import ClockBehind, CutInFuture
from tests.store.made import answer, event, ids_in, request, stored


def caused(stream, at: datetime) -> AppendRequest:
    return AppendRequest(1, [event(stream)], {stream: -1}, cause_recorded_at=at)


async def clock(app) -> datetime:
    return await app.fetchval("select clock_timestamp()")


async def test_recorded_at_never_falls_and_is_the_databases_clock(record, streams, app):
    before = await clock(app)
    for stream in streams(30):
        await record.append(request(stream, partition=1))
    times = [row[0] for row in await stored(app, "recorded_at")]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= await clock(app)


async def test_an_event_is_not_recorded_before_its_cause(record, streams, app):
    ahead = await clock(app) + timedelta(milliseconds=500)
    one, two, three = streams(3)
    assert (await record.append(caused(one, ahead))).recorded_at == ahead
    # The last event is half a second ahead of the clock, which is let pass; time does not go back.
    assert (await record.append(request(two, partition=1))).recorded_at >= ahead
    past = ahead - timedelta(days=1)
    assert (await record.append(caused(three, past))).recorded_at >= ahead


async def test_nothing_is_appended_while_the_clock_is_behind(record, streams, app):
    one, two, three = streams(3)
    await record.append(caused(one, await clock(app) + timedelta(seconds=60)))
    with pytest.raises(ClockBehind, match="more than a second behind"):
        await record.append(request(two, partition=1))
    outcomes = await record.append_copy(1, [request(three, partition=1)])
    assert [type(outcome) for outcome in outcomes] == [ClockBehind]
    assert await record.next_position(1) == 1
    (elsewhere,) = ids_in(record, 2, 1)
    assert (await record.append(request(elsewhere, partition=2))).position == 0


async def test_a_cut_tells_what_was_recorded_until_then(record, app):
    cuts = []
    for _ in range(5):
        for partition in (0, 2):
            for stream in ids_in(record, partition, 3):
                await record.append(request(stream, partition=partition))
        cuts.append(await clock(app))
    for n, cut in enumerate(cuts, 1):
        assert (await record.recorded_at(cut)).next_positions == (3 * n, 0, 3 * n, 0)
    assert (await record.recorded_at(cuts[0] - timedelta(days=1))).next_positions == (0, 0, 0, 0)


async def test_a_cut_is_exact_to_the_microsecond(record, streams, app):
    for stream in streams(10):
        await record.append(request(stream, partition=1))
    times = [row[0] for row in await stored(app, "recorded_at")]
    for position, at in enumerate(times):
        assert (await record.recorded_at(at)).next_positions[1] == position + 1
        just_before = (await record.recorded_at(at - timedelta(microseconds=1))).next_positions[1]
        assert just_before == sum(other < at for other in times)


async def test_events_of_one_batch_are_all_before_or_all_after_a_cut(record, streams):
    (stream,) = streams(1)
    appended = await record.append(request(stream, count=50, partition=1))
    assert (await record.recorded_at(appended.recorded_at)).next_positions[1] == 50
    assert (await record.recorded_at(appended.recorded_at - timedelta(microseconds=1))).next_positions[1] == 0


async def test_a_closed_cut_stays_closed(record, streams, app, admin):
    """Also when the clock was set back: simulated by a cut that lies half a second ahead."""
    one, two = streams(2)
    await record.append(request(one, partition=1))
    ahead = await clock(app) + timedelta(milliseconds=500)
    await admin.execute("insert into record.closed_cut values (1, $1, 1)", ahead)
    appended = await record.append(request(two, partition=1))
    assert appended.recorded_at == ahead + timedelta(microseconds=1)
    assert await app.fetchval("select record.close_cut(1::smallint, $1)", ahead) == 1


async def test_nothing_is_appended_while_the_clock_is_behind_a_cut(record, streams, app, admin):
    ahead = await clock(app) + timedelta(seconds=60)
    await admin.execute("insert into record.closed_cut values (1, $1, 0)", ahead)
    with pytest.raises(ClockBehind):
        await record.append(request(streams(1)[0], partition=1))


async def test_asking_again_gives_the_same(record, streams, app):
    one, two = streams(2)
    await record.append(request(one, partition=1))
    cut = await clock(app)
    first = await record.recorded_at(cut)
    await record.append(request(two, partition=1))
    assert await record.recorded_at(cut) == first
    assert await app.fetchval("select count(*) from record.closed_cut") == 4


async def test_a_cut_in_the_future_is_refused(record, app):
    with pytest.raises(CutInFuture, match="future"):
        await record.recorded_at(datetime.now(UTC) + timedelta(minutes=1))
    assert await app.fetchval("select count(*) from record.closed_cut") == 0


async def test_a_cut_waits_for_the_append_under_way(record, database, app):
    """Its recorded_at may be set already, and it is not to be seen yet."""
    (stream,) = ids_in(record, 1, 1)
    writer = await asyncpg.connect(database.app_dsn)
    async with writer.transaction():
        stamp = await writer.fetchval("select stamp from record.next_position(1::smallint, null)")
        await writer.execute(
            "insert into record.event select 1, 0, $1, $1, 0, null, 't', 1, now(), $2, 'a', $1, null, '', '', ''",
            stream, stamp,
        )  # fmt: skip
        await app.execute("set lock_timeout = '50ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await app.fetchval("select record.close_cut(1::smallint, $1)", stamp)
    await writer.close()
    assert (await record.recorded_at(stamp)).next_positions == (0, 1, 0, 0)


async def test_an_answer_without_events_closes_nothing(record, streams):
    appended = await record.append(AppendRequest(1, answer=answer("c")))
    assert (await record.recorded_at(appended.recorded_at)).next_positions == (0, 0, 0, 0)
