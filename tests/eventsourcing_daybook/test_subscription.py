import threading
import time
from uuid import uuid4

import pytest
from eventsourcing.persistence import InterfaceError, ProgrammingError, StoredEvent

from eventsourcing_daybook import DaybookApplicationRecorder, DaybookFactory
from eventsourcing_daybook.subscription import PAGE


@pytest.fixture
def recorder(factory: DaybookFactory) -> DaybookApplicationRecorder:
    return factory.application_recorder()


def insert(recorder, *topics: str) -> None:
    recorder.insert_events([StoredEvent(uuid4(), 0, topic, b"{}") for topic in topics])


def take(subscription, count: int) -> list[int]:
    return [next(subscription).id for _ in range(count)]


def test_a_subscription_resumes_where_the_last_one_was(recorder):
    insert(recorder, *["opened"] * (PAGE + 5))
    with recorder.subscribe() as first:
        assert take(first, PAGE + 2) == list(range(1, PAGE + 3))
    insert(recorder, "opened")
    with recorder.subscribe(gt=PAGE + 2) as second:
        assert take(second, 4) == list(range(PAGE + 3, PAGE + 7))


def test_only_the_topics_asked_for(recorder):
    insert(recorder, *["opened"] * (PAGE + 5), "closed", "opened")
    with recorder.subscribe(topics=["closed"]) as subscription:
        assert take(subscription, 1) == [PAGE + 6]
        writer = threading.Timer(0.1, insert, (recorder, "opened", "closed"))
        writer.start()
        assert take(subscription, 1) == [PAGE + 9]
        writer.join()


def test_topics_that_fill_a_page_lose_nothing(recorder):
    insert(recorder, *["opened", "closed"] * (PAGE + 3))
    with recorder.subscribe(topics=["closed"]) as subscription:
        assert take(subscription, PAGE + 3) == list(range(2, 2 * PAGE + 7, 2))


def test_another_thread_stops_it_while_it_waits(recorder):
    with recorder.subscribe() as subscription:
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.extend(each.id for each in subscription))
        reader.start()
        insert(recorder, "opened")
        while not seen:
            time.sleep(0.01)
        subscription.stop()
        reader.join()
    assert seen == [1]


def test_what_is_written_meanwhile_comes_in_order_and_once(recorder, make_factory):
    writers = [threading.Thread(target=lambda: [insert(recorder, "opened") for _ in range(50)]) for _ in range(4)]
    with make_factory().application_recorder().subscribe() as subscription:
        for writer in writers:
            writer.start()
        assert take(subscription, 200) == list(range(1, 201))
    for writer in writers:
        writer.join()


def test_it_is_entered_once(recorder):
    subscription = recorder.subscribe()
    with subscription, pytest.raises(ProgrammingError):
        subscription.__enter__()


def test_when_the_factory_is_closed_the_reader_is_told(factory, recorder):
    with recorder.subscribe() as subscription:
        factory.close()
        with pytest.raises(InterfaceError, match="closed"):
            next(subscription)
