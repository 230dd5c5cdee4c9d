"""What the library's cases leave open."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import DataError, IntegrityError, InterfaceError, StoredEvent, Tracking

from eventsourcing_daybook import DaybookApplicationRecorder, DaybookFactory
from store.identity import new_id


@pytest.fixture
def recorder(factory: DaybookFactory) -> DaybookApplicationRecorder:
    return factory.application_recorder()


def event(originator_id: UUID | str, version: int, topic: str = "opened", state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(originator_id, version, topic, state)


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What each of so many threads got, started together: a result or an error."""
    start = threading.Barrier(count)

    def run(number: int) -> object:
        start.wait()
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001 - the outcome is what is asked for
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


@pytest.mark.parametrize("version", [0, 1, 2])
def test_one_of_many_threads_wins_a_version(recorder, version):
    account = uuid4()
    if version:
        recorder.insert_events([event(account, number) for number in range(version)])
    outcomes = at_once(8, lambda number: recorder.insert_events([event(account, version, state=b"%d" % number)]))
    assert outcomes.count([version + 1]) == 1
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 7
    assert [stored.originator_version for stored in recorder.select_events(account)] == list(range(version + 1))


def test_each_of_two_processes_sees_what_the_other_recorded(make_factory):
    ours, theirs = make_factory("bank").application_recorder(), make_factory("Bank").application_recorder()
    account = uuid4()
    assert ours.insert_events([event(account, 0)]) == [1]
    assert theirs.insert_events([event(account, 1)]) == [2]
    with pytest.raises(IntegrityError):
        ours.insert_events([event(account, 1)])
    assert ours.max_notification_id() == theirs.max_notification_id() == 2


def test_applications_are_apart(make_factory):
    account = uuid4()
    for name in ("payments", "cards"):
        assert make_factory(name).application_recorder().insert_events([event(account, 0)]) == [1]


def test_versions_may_have_gaps_which_may_be_filled(recorder):
    account = uuid4()
    for expected_id, version in enumerate([3, 7, 5, 12, 11], 1):
        assert recorder.insert_events([event(account, version)]) == [expected_id]
    for version in (3, 5, 12):
        with pytest.raises(IntegrityError):
            recorder.insert_events([event(account, version)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([event(account, 12), event(account, 13)])
    assert [stored.originator_version for stored in recorder.select_events(account)] == [3, 5, 7, 11, 12]


def test_events_of_many_aggregates_are_inserted_together_or_not_at_all(recorder):
    taken, fresh = uuid4(), uuid4()
    assert recorder.insert_events([event(taken, 0), event(fresh, 0), event(taken, 1)]) == [1, 2, 3]
    other = uuid4()
    with pytest.raises(IntegrityError):
        recorder.insert_events([event(other, 0), event(taken, 1)])
    assert recorder.select_events(other) == []
    assert recorder.insert_events([event(other, 0), event(taken, 2)]) == [4, 5]


def test_any_bytes_and_any_text_come_back(recorder):
    account, state = uuid4(), bytes(range(256)) * 40
    recorder.insert_events([event(account, 0, "módulo:Évènement 事件", state), event(account, 1, "", b"")])
    assert recorder.select_events(account) == [
        event(account, 0, "módulo:Évènement 事件", state),
        event(account, 1, "", b""),
    ]
    assert [stored.state for stored in recorder.select_notifications(None, 10)] == [state, b""]


def test_ids_that_come_back_are_those_of_the_standard_library(recorder):
    # The record's own ids are of asyncpg's faster class, which the library's JSON transcoder does not know.
    recorder.insert_events([event(new_id(), 0)])
    assert type(recorder.select_notifications(None, 1)[0].originator_id) is UUID


def test_text_ids_come_back_as_they_were(recorder):
    account = uuid4()
    names = ["kunde-1", "客户-1", "", str(account), "a" * 5000]
    recorder.insert_events([event(name, 0) for name in [*names, account]])
    assert [stored.originator_id for stored in recorder.select_notifications(None, 10)] == [*names, account]
    for name in [*names, account]:
        assert recorder.select_events(name) == [event(name, 0)]
    with pytest.raises(IntegrityError):
        recorder.insert_events([event("kunde-1", 0)])


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (event(uuid4(), 0, "a\0b"), "0x00"),
        (event(uuid4(), 1 << 63), "int64"),
        (event(uuid4(), -1), "version"),
        (event("\ud800", 0), "not Unicode"),
        (event(7, 0), "UUID or a str"),  # pyright: ignore[reportArgumentType]
        (event(uuid4(), 0, state="text"), "bytes"),  # pyright: ignore[reportArgumentType]
    ],
    ids=["topic", "version too large", "negative version", "surrogate", "number as id", "state"],
)
def test_a_bad_value_is_refused_and_its_neighbours_are_not(recorder, bad, words):
    outcomes = at_once(4, lambda number: recorder.insert_events([bad if number == 2 else event(uuid4(), 0)]))
    assert isinstance(outcomes[2], (DataError, IntegrityError))
    assert words in str(outcomes[2])
    del outcomes[2]
    assert sorted(outcomes, key=str) == [[1], [2], [3]]


def test_tracking_and_events_commit_together_or_not_at_all(factory):
    recorder = factory.process_recorder()
    account = uuid4()
    assert recorder.insert_events([event(account, 0)], tracking=Tracking("bank", 5)) == [1]
    with pytest.raises(IntegrityError, match="processed"):
        recorder.insert_events([event(account, 1)], tracking=Tracking("bank", 5))
    assert recorder.max_notification_id() == 1
    with pytest.raises(IntegrityError):
        recorder.insert_events([event(account, 0)], tracking=Tracking("bank", 6))
    assert recorder.max_tracking_id("bank") == 5
    assert recorder.insert_events([event(account, 1)], tracking=Tracking("bank", 6)) == [2]
    assert recorder.insert_events([event(account, 2)]) == [3]


def test_a_notification_is_processed_by_one_of_many(factory):
    recorder = factory.process_recorder()
    outcomes = at_once(6, lambda _: recorder.insert_events([event(uuid4(), 0)], tracking=Tracking("bank", 1)))
    assert outcomes.count([1]) == 1
    assert recorder.max_notification_id() == 1


def test_snapshots_repeat_the_versions_of_events(factory):
    events, snapshots = factory.application_recorder(), factory.aggregate_recorder(purpose="snapshots")
    account = uuid4()
    events.insert_events([event(account, version) for version in range(1, 5)])
    for version in (2, 4):
        assert snapshots.insert_events([event(account, version, "snapshot")]) is None
    assert [stored.topic for stored in snapshots.select_events(account, lte=3, desc=True, limit=1)] == ["snapshot"]
    assert len(events.select_events(account)) == 4


def test_after_close_there_is_a_clear_error(factory):
    recorder = factory.application_recorder()
    factory.close()
    factory.close()
    for use in (lambda: recorder.insert_events([event(uuid4(), 0)]), recorder.max_notification_id):
        with pytest.raises(InterfaceError, match="closed"):
            use()
