"""From a trace to an engagement, its offers, tasks and calls."""

import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.codes import Money
from domain.engagement import DecideEngagement, OpenEngagement, SettleEngagementOffer
from domain.interaction_messages import RecordInteraction
from domain.kernel import Command
from domain.task import TaskCommand
from domain.touch import RecordTouchResponse
from engine.importing import ImportSummary, Limits, Quarantine, run_import
from engine.importing.loans import LoanImporter
from engine.importing.reading import Mapped
from engine.importing.rows import Row
from engine.importing.verdict import Unreadable
from engine.wiring import Daybook
from tests.engine.importing.made_up_loans import APPROVED, DECLINED, Event, log_of, trace_of

Write = Callable[[str | bytes], Path]
Read = Callable[..., Mapped]
OFFER: list[Event] = [("O_SELECTED+COMPLETE", "2"), ("O_CREATED+COMPLETE", "2"), ("O_SENT+COMPLETE", "2")]


@pytest.fixture
def read(identities, origin) -> Read:
    importer = LoanImporter((), identities, origin)

    def read_one(events: list[Event], number: str = "173688", amount: str | None = "20000") -> Mapped:
        raw = trace_of(number, events, amount).encode()
        return importer.read(Row(1, 2, [], [raw], None, fallback=False))

    return read_one


def only(mapped: Mapped, kind: type[Command]) -> list[Any]:
    return [one for one in mapped.unit.commands if isinstance(one, kind)]


def told(mapped: Mapped) -> list[str]:
    return [one.type for one in mapped.unit.commands]


def test_an_approved_application(read: Read) -> None:
    mapped = read(APPROVED)
    assert told(mapped) == [
        "engagement.open", "engagement.reach-stage", "engagement.reach-stage",
        "task.schedule", "task.start", "engagement.reach-stage",
        "engagement.make-offer", "engagement.reach-stage", "touch.decide", "touch.release",
        "task.schedule", "task.complete", "task.start", "interaction.record", "task.suspend",
        "task.start", "interaction.record", "touch.record-response", "task.complete",
        "engagement.settle-offer", "touch.record-conversion",
        "engagement.reach-stage", "engagement.decide", "engagement.reach-stage",
    ]  # fmt: skip
    (opened,) = only(mapped, OpenEngagement)
    assert (opened.amount_requested, opened.external_ref) == (Money(2_000_000, "EUR"), "173688")
    (decided,) = only(mapped, DecideEngagement)
    assert (decided.outcome, decided.performed_by) == ("approved", "bpic.2012:10629")
    assert mapped.notes == ("events-without-resource", "equal-timestamps")


def test_a_call_lasts_from_its_start_to_its_completion(read: Read) -> None:
    calls = only(read(APPROVED), RecordInteraction)
    assert [(one.started_at.minute, one.ended_at.minute) for one in calls] == [(30, 32), (30, 32)]
    assert {(one.channel, one.direction, one.topic) for one in calls} == {("phone", "outbound", "w_nabellen_offertes")}
    cut = only(read(APPROVED[:13]), RecordInteraction)
    assert [one.ended_at for one in cut] == [None]


def test_all_that_is_told_is_of_one_partition(read: Read) -> None:
    of = {getattr(one, one.stream_field).bytes[6:8] for one in read(APPROVED).unit.commands}
    assert len({(octets[0] & 15, octets[1]) for octets in of}) == 1


def test_a_new_offer_takes_the_place_of_the_old_one(read: Read) -> None:
    cancelled, accepted = ("O_CANCELLED+COMPLETE", "3"), ("O_ACCEPTED+COMPLETE", "9")
    mapped = read([*DECLINED[:2], *OFFER, cancelled, *OFFER, ("O_SENT_BACK+COMPLETE", "5"), accepted])
    first, second = only(mapped, SettleEngagementOffer)
    assert (first.outcome, second.outcome) == ("cancelled", "accepted")
    assert first.offer_id != second.offer_id
    (responded,) = only(mapped, RecordTouchResponse)
    assert responded.touch_id == second.offer_id


def test_work_that_is_scheduled_again_is_another_task(read: Read) -> None:
    kind = "W_Valideren aanvraag"
    mapped = read([*DECLINED[:2], (f"{kind}+SCHEDULE", "1"), (f"{kind}+START", "2"), (f"{kind}+SCHEDULE", "3"),
                   (f"{kind}+COMPLETE", "4"), (f"{kind}+START", "5"), (f"{kind}+COMPLETE", "6")])  # fmt: skip
    work = [(one.type, one.task_id) for one in only(mapped, TaskCommand)]
    first, second = dict.fromkeys(task for _, task in work)
    assert work == [
        ("task.schedule", first), ("task.start", first), ("task.schedule", second), ("task.complete", first),
        ("task.start", second), ("task.complete", second),
    ]  # fmt: skip


def test_work_that_nobody_scheduled_is_scheduled_when_it_starts(read: Read) -> None:
    kind = "W_Beoordelen fraude"
    assert told(read([DECLINED[0], (f"{kind}+START", "2"), (f"{kind}+COMPLETE", "3")]))[1:] == [
        "task.schedule", "task.start", "task.complete",
    ]  # fmt: skip


def test_work_that_is_started_twice_was_put_down_in_between(read: Read) -> None:
    kind = "W_Afhandelen leads"
    assert told(read([DECLINED[0], (f"{kind}+START", "2"), (f"{kind}+START", "3"), (f"{kind}+COMPLETE", "4")]))[1:] == [
        "task.schedule", "task.start", "task.suspend", "task.start", "task.complete",
    ]  # fmt: skip


def test_a_call_that_nobody_started_has_an_end_only(read: Read) -> None:
    kind = "W_Nabellen offertes"
    mapped = read([DECLINED[0], (f"{kind}+SCHEDULE", "1"), (f"{kind}+COMPLETE", "3"), (f"{kind}+COMPLETE", "4")])
    assert told(mapped)[2:] == [
        "task.start", "interaction.record", "task.suspend", "task.start", "interaction.record", "task.complete",
    ]  # fmt: skip
    assert [(one.started_at, one.ended_at.minute) for one in only(mapped, RecordInteraction)] == [(None, 3), (None, 4)]


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "value-missing:event"),
        (DECLINED[1:], "opening-missing:concept:name"),
        ([DECLINED[0], ("A_DANCED+COMPLETE", "1")], "word-unknown:concept:name"),
        ([DECLINED[0], ("A_DECLINED+START", "1")], "word-unknown:lifecycle:transition"),
        ([DECLINED[0], ("A_DECLINED+PI_ABORT", "1")], "word-unknown:lifecycle:transition"),
        ([("A_SUBMITTED+COMPLETE", "0", "me")], "number-unreadable:org:resource"),
        ([DECLINED[0], ("O_SENT+COMPLETE", "1")], "offer-unknown:concept:name"),
        ([DECLINED[0], ("O_ACCEPTED+COMPLETE", "1")], "offer-unknown:concept:name"),
    ],
)
def test_what_no_application_does_says_why(read: Read, events: list[Event], reason: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(events)
    assert [str(found) for found in unreadable.value.reasons] == [reason]


@pytest.mark.parametrize(
    ("number", "amount", "reason"),
    [("", "1", "value-missing:concept:name"), ("a b", "1", "text-unreadable:concept:name"),
     ("1", "many", "number-unreadable:AMOUNT_REQ")],
)  # fmt: skip
def test_values_that_cannot_be_read(read: Read, number: str, amount: str, reason: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(DECLINED, number, amount)
    assert [str(found) for found in unreadable.value.reasons] == [reason]


async def run(daybook: Daybook, path: Path) -> ImportSummary:
    return await run_import("loans", path, daybook, limits=Limits(chunk_rows_max=3))


async def types(daybook: Daybook) -> Counter[str]:
    record = daybook.record
    pages = [await record.read_partition(partition, 0, 1000) for partition in range(record.partitions)]
    return Counter(event.type for page in pages for event in page)


async def test_a_log_is_imported_once_packed_or_not(daybook: Daybook, file: Write) -> None:
    log = log_of(*(trace_of(str(number), DECLINED if number % 2 else APPROVED) for number in range(7)))
    first = await run(daybook, file(log))
    assert (first.rows, first.imported, first.quarantined) == (7, 7, 0)
    found = await types(daybook)
    assert (found["engagement.opened"], found["engagement.decided"], found["touch.released"]) == (7, 7, 4)
    assert first.events_appended == found.total()
    again = await run(daybook, file(gzip.compress(log.encode())))
    assert (again.unchanged, again.events_appended) == (7, 0)
    assert await types(daybook) == found


async def test_what_is_broken_is_put_aside_as_it_stands_and_the_rest_goes_on(daybook: Daybook, file: Write) -> None:
    bad = trace_of("9", DECLINED).replace("</event>", "", 1)
    summary = await run(daybook, file(log_of(trace_of("1", DECLINED), bad, trace_of("2", [*APPROVED, *OFFER[2:]]),
                                             trace_of("3", DECLINED))))  # fmt: skip
    assert (summary.imported, summary.quarantined) == (2, 2)
    assert summary.reasons == {"offer-unknown:concept:name": 1, "xml-malformed": 1}
    quarantine = Quarantine(daybook.record, daybook.vault)
    first, second = await quarantine.rows(summary.import_id)
    assert (first.row, second.row) == (2, 3)
    assert await quarantine.open(summary.import_id, 2) == bad.strip().encode()


async def test_an_application_is_told_once(daybook: Daybook, file: Write) -> None:
    twice = await run(daybook, file(log_of(trace_of("1", DECLINED), trace_of("1", DECLINED))))
    assert (twice.imported, twice.unchanged, twice.quarantined) == (1, 1, 0)
    other = await run(daybook, file(log_of(trace_of("1", APPROVED))))
    assert (other.imported, other.quarantined) == (0, 1)
    assert other.reasons == {"application-told-otherwise": 1}


async def test_an_application_that_stands_twice_and_is_told_otherwise(daybook: Daybook, file: Write) -> None:
    found = await run(daybook, file(log_of(*[trace_of("1", DECLINED)] * 5, trace_of("1", APPROVED))))
    assert (found.imported, found.unchanged, found.quarantined) == (1, 4, 1)
