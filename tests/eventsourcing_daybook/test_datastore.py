"""Threads, connections and their ends."""

import asyncio
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import asyncpg
import pytest
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment

from eventsourcing_daybook import DaybookFactory

OURS = "from pg_stat_activity where application_name = 'eventsourcing_daybook' and datname = current_database()"
CUT_OFF = f"select pg_terminate_backend(pid) {OURS}"
PATIENCE_S = 10


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "daybook"]


def connections(sql) -> int:
    return sql(f"select count(*) {OURS}")[0][0]


def assert_ended(sql) -> None:
    """No thread; and no connection once the server has noticed."""
    assert threads() == []
    deadline = time.monotonic() + PATIENCE_S
    while connections(sql):
        assert time.monotonic() < deadline, "connections left behind"


def test_a_factory_has_one_thread_whatever_it_constructs(factory):
    factory.application_recorder()
    factory.aggregate_recorder(purpose="snapshots")
    factory.process_recorder().subscribe()
    assert threads() == ["daybook"]


def test_closing_ends_the_thread_and_the_connections(factory, sql):
    recorder = factory.application_recorder()
    recorder.insert_events([StoredEvent(uuid4(), 0, "opened", b"{}")])
    assert connections(sql) == 2
    factory.close()
    assert_ended(sql)


def test_so_does_forgetting_it(sql):
    # The library's projection runner drops the factory of its view.
    recorder = DaybookFactory(Environment("", dict(os.environ))).application_recorder()
    recorder.insert_events([StoredEvent(uuid4(), 0, "opened", b"{}")])
    assert threads() == ["daybook"]
    del recorder
    gc.collect()
    assert_ended(sql)


def test_after_a_fork_it_says_so_instead_of_waiting_for_ever(factory, monkeypatch):
    recorder = factory.application_recorder()
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: -1)
        with pytest.raises(InterfaceError, match="forked"):
            recorder.max_notification_id()
        with pytest.raises(InterfaceError, match="forked"):
            recorder.insert_events([StoredEvent(uuid4(), 0, "opened", b"{}")])


def test_what_was_handed_over_before_the_end_is_written(make_factory, factory):
    doomed = make_factory()
    recorder = doomed.application_recorder()
    written: list[int] = []

    def insert_until_closed() -> None:
        try:
            while True:
                written.extend(recorder.insert_events([StoredEvent(uuid4(), 0, "opened", b"{}")]))
        except InterfaceError:
            return

    with ThreadPoolExecutor(4) as pool:
        inserting = [pool.submit(insert_until_closed) for _ in range(4)]
        while len(written) < 40:
            pass
        doomed.close()
        for each in inserting:
            each.result()
    assert factory.application_recorder().max_notification_id() == len(written)


def test_connections_that_are_cut_off_lose_and_repeat_nothing(factory, sql):
    recorder = factory.application_recorder()
    done = threading.Event()

    def insert(_: int) -> list[int]:
        account, ids = uuid4(), []
        while not done.is_set():
            ids.extend(recorder.insert_events([StoredEvent(account, len(ids), "credited", b"{}")]))
        return ids

    with ThreadPoolExecutor(8) as pool:
        inserting = [pool.submit(insert, number) for number in range(8)]
        for _ in range(10):
            sql(CUT_OFF)
        done.set()
        ids = [number for each in inserting for number in each.result()]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    assert recorder.max_notification_id() == len(ids)


def test_reading_goes_on_after_connections_were_cut_off(factory, sql):
    recorder = factory.process_recorder()
    for number in range(1, 6):
        recorder.insert_tracking(Tracking("bank", number))
        sql(CUT_OFF)
        assert recorder.max_tracking_id("bank") == number


def test_a_database_that_is_not_there_is_told_at_once(make_factory):
    with pytest.raises(OperationalError):
        make_factory(DAYBOOK_DATABASE_URL="postgresql://nobody@/none?host=/nowhere").application_recorder()


def test_a_lock_that_another_holds_too_long_is_an_error_of_operation(make_factory, database):
    recorder = make_factory(DAYBOOK_LOCK_TIMEOUT="0.1").application_recorder()

    async def hold() -> None:
        connection = await asyncpg.connect(database.admin_dsn)
        try:
            async with connection.transaction(isolation="read_committed"):
                await connection.execute("select eventsourcing.lock_head(0::smallint)")
                with pytest.raises(OperationalError, match="lock timeout"):
                    await asyncio.to_thread(recorder.insert_events, [StoredEvent(uuid4(), 0, "opened", b"{}")])
        finally:
            await connection.close()

    asyncio.run(hold())
    assert recorder.insert_events([StoredEvent(uuid4(), 0, "opened", b"{}")]) == [1]


def test_errors_of_a_view_are_the_librarys(factory):
    view = factory.tracking_recorder()
    view.execute(None, (f"create table {view.view_schema}.balance (account uuid primary key, amount bigint)",))
    row = (f"insert into {view.view_schema}.balance values ($1, $2)", uuid4())
    view.execute(Tracking("bank", 1), (*row, 5))
    with pytest.raises(IntegrityError):
        view.execute(Tracking("bank", 2), (*row, 6))
    with pytest.raises(DataError):
        view.execute(Tracking("bank", 2), (*row, "six"))
    with pytest.raises(ProgrammingError):
        view.fetch(f"select * from {view.view_schema}.balances")
    with pytest.raises(ProgrammingError):
        view.fetch(f"select * from {view.view_schema}.balance where account = $1")
    assert view.max_tracking_id("bank") == 1
    assert view.fetch(f"select amount from {view.view_schema}.balance")[0]["amount"] == 5
