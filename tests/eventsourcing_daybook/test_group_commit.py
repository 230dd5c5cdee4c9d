"""What threads insert at the same time is written together."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

THREADS = 16
INSERTS = 60


def test_threads_share_transactions(factory, sql):
    recorder = factory.application_recorder()
    start = threading.Barrier(THREADS)

    def insert(_: int) -> list[int]:
        account = uuid4()
        start.wait()
        return [recorder.insert_events([StoredEvent(account, n, "credited", b"{}")])[0] for n in range(INSERTS)]

    with ThreadPoolExecutor(THREADS) as threads:
        ids = [number for of_thread in threads.map(insert, range(THREADS)) for number in of_thread]

    assert sorted(ids) == list(range(1, THREADS * INSERTS + 1))
    # Events of one transaction have one recorded_at, those of two never: it is set under the lock, from the clock.
    (row,) = sql(
        "select count(distinct recorded_at) as commits, count(distinct xmin::text) as xids from eventsourcing.event"
    )
    assert row["commits"] == row["xids"] < THREADS * INSERTS / 2


def test_an_insert_is_one_transaction_and_in_order(factory, sql):
    recorder = factory.application_recorder()
    account = uuid4()
    recorder.insert_events([StoredEvent(account, n, "credited", b"{}") for n in range(300)])
    rows = sql("select version, recorded_at, xmin::text as xid from eventsourcing.event order by position")
    assert [row["version"] for row in rows] == list(range(300))
    assert len({(row["recorded_at"], row["xid"]) for row in rows}) == 1
