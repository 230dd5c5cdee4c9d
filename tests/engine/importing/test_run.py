"""Whole files into a record."""

import asyncio
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.complaint import WithdrawComplaint
from domain.touch import TouchDecided
from engine.deciding import Context
from engine.importing import ImportRefused, ImportSummary, Limits, Quarantine, Verdict, run_import
from engine.importing.cfpb import CfpbImporter
from engine.importing.chunks import Chunk
from engine.importing.identities import Identities
from engine.importing.reading import Origin
from engine.importing.rows import RowReader
from engine.importing.run import Kind
from engine.wiring import Daybook
from projections.fact import Fact
from store.identity import new_id
from tests.engine.importing.made_up import PUBLIC, complaint, contacts_of, csv_of, made_up_hmac
from tests.engine.lookers import LOOKER
from tests.examples import examples

Write = Callable[[str | bytes], Path]
SMALL = Limits(chunk_rows_max=3)


async def run(
    daybook: Daybook, path: Path, kind: Kind = "cfpb", limits: Limits = SMALL
) -> tuple[ImportSummary, list[Verdict]]:
    verdicts: list[Verdict] = []
    summary = await run_import(kind, path, daybook, verdicts=verdicts.extend, limits=limits)
    assert summary.rows == summary.imported + summary.unchanged + summary.quarantined
    assert [verdict.row for verdict in verdicts] == list(range(1, summary.rows + 1))
    assert [verdict.outcome for verdict in verdicts].count("updated") == summary.updated
    return summary, verdicts


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.imported, summary.unchanged, summary.quarantined, summary.events_appended


async def events_of(daybook: Daybook, stream_id: UUID | None) -> list[str]:
    assert stream_id is not None
    return [event.type for event in await daybook.record.read_stream(stream_id)]


async def all_facts(daybook: Daybook) -> list[Fact]:
    return [
        daybook.mapper.fact(event)
        for partition in range(daybook.record.partitions)
        for event in await daybook.record.read_partition(partition, 0, 1000)
    ]


async def test_a_file_is_imported_once(daybook: Daybook, file: Write) -> None:
    path = file(csv_of([complaint(complaint_id=str(number)) for number in range(1, 11)]))
    first, verdicts = await run(daybook, path)
    assert counts(first) == (10, 0, 0, 40)
    assert await events_of(daybook, verdicts[0].stream_id) == [
        "complaint.received",
        "complaint.forwarded",
        "complaint.final-response-issued",
        "complaint.closed",
    ]
    again, _ = await run(daybook, path)
    assert counts(again) == (0, 10, 0, 0)
    assert again.import_id == first.import_id


async def test_the_same_rows_in_other_columns_change_nothing(daybook: Daybook, file: Write) -> None:
    rows = [complaint(complaint_id=str(number)) for number in range(1, 4)]
    await run(daybook, file(csv_of(rows)))
    summary, _ = await run(daybook, file(csv_of(list(reversed(rows)), sorted(PUBLIC))))
    assert counts(summary) == (0, 3, 0, 0)


async def test_events_say_which_row_of_which_import_they_come_from(daybook: Daybook, file: Write) -> None:
    summary, _ = await run(daybook, file(csv_of([complaint(date_sent_to_company="2023-08-01")])))
    facts = await all_facts(daybook)
    assert {fact.recorded.correlation_id for fact in facts} == {summary.import_id}
    assert {fact.recorded.actor for fact in facts} == {"system:importer-cfpb@0.1.0"}
    assert all(b'"reason":"row 1; sent-before-received"' in fact.recorded.meta for fact in facts)
    assert summary.notes == {"sent-before-received": 1}


async def test_personal_data_is_sealed(daybook: Daybook, file: Write) -> None:
    await run(daybook, file(csv_of([complaint(consumer_complaint_narrative="My XXXX story", zip_code="33511")])))
    received = next(fact for fact in await all_facts(daybook) if fact.recorded.type == "complaint.received")
    assert b"story" not in received.recorded.state
    assert b"33511" not in received.recorded.state
    (opened,) = await daybook.opener.open_facts(LOOKER, received.recorded.partition, [received])
    assert opened == {"description": "My XXXX story", "postal_code": "33511"}


async def test_a_later_file_adds_what_is_new(daybook: Daybook, file: Write) -> None:
    open_, closed, disputed = (
        complaint(company_response_to_consumer="In progress"),
        complaint(),
        complaint(consumer_disputed="Yes", company_public_response="We acted well"),
    )
    _, (verdict,) = await run(daybook, file(csv_of([open_])))
    second, _ = await run(daybook, file(csv_of([closed])))
    assert (second.imported, second.updated, second.events_appended) == (1, 1, 2)
    third, _ = await run(daybook, file(csv_of([disputed])))
    assert (third.imported, third.updated, third.events_appended) == (1, 1, 2)
    assert await events_of(daybook, verdict.stream_id) == [
        "complaint.received",
        "complaint.forwarded",
        "complaint.holding-response-sent",
        "complaint.final-response-issued",
        "complaint.closed",
        "complaint.response-published",
        "complaint.disputed",
    ]
    for row in (open_, closed, disputed):
        summary, _ = await run(daybook, file(csv_of([row])))
        assert counts(summary) == (0, 1, 0, 0)


async def test_an_older_file_after_a_newer_one_changes_nothing(daybook: Daybook, file: Write) -> None:
    await run(daybook, file(csv_of([complaint(consumer_disputed="Yes")])))
    older = complaint(company_response_to_consumer="In progress", consumer_disputed="")
    summary, (verdict,) = await run(daybook, file(csv_of([older])))
    assert counts(summary) == (0, 1, 0, 0)
    assert verdict.notes == ("timely-asserted-before-final:yes", "state-older")


async def test_conflicting_facts_are_noted_and_the_first_stay(daybook: Daybook, file: Write) -> None:
    await run(daybook, file(csv_of([complaint(sub_issue="", zip_code="")])))
    other = complaint(
        product="Mortgage", sub_issue="New", zip_code="33511", date_received="2023-08-24", timely_response="No",
        consumer_complaint_narrative="Published later", consumer_disputed="No",
    )  # fmt: skip
    summary, (verdict,) = await run(daybook, file(csv_of([other])))
    assert counts(summary) == (0, 1, 0, 0)
    assert set(verdict.notes) == {
        "differs:product",
        "differs:received_on",
        "differs:timely_asserted",
        "not-recorded:description",
        "not-recorded:disputed_asserted",
        "not-recorded:postal_code",
        "not-recorded:postal_prefix",
        "not-recorded:sub_issue",
    }


async def test_one_complaint_in_several_rows_of_a_file(daybook: Daybook, file: Write) -> None:
    rows = [
        complaint(company_response_to_consumer="In progress"),
        complaint(company_response_to_consumer="In progress"),
        complaint(),
        complaint(consumer_disputed="Yes"),
        complaint(),
    ]
    path = file(csv_of(rows))
    summary, verdicts = await run(daybook, path, limits=Limits())
    assert [verdict.outcome for verdict in verdicts] == ["imported", "unchanged", "updated", "updated", "unchanged"]
    assert summary.events_appended == 3 + 2 + 1
    again, _ = await run(daybook, path, limits=Limits())
    assert counts(again) == (0, 5, 0, 0)


async def test_equal_rows_without_numbers_are_complaints_of_their_own(daybook: Daybook, file: Write) -> None:
    path = file(csv_of([complaint(), complaint(), complaint(product="Mortgage")], PUBLIC[:-1]))
    summary, verdicts = await run(daybook, path)
    assert counts(summary) == (3, 0, 0, 12)
    assert len({verdict.stream_id for verdict in verdicts}) == 3
    assert any("no complaint numbers" in sentence for sentence in summary.inferred)
    again, _ = await run(daybook, path)
    assert counts(again) == (0, 3, 0, 0)


async def test_what_cannot_be_read_is_in_quarantine_once(daybook: Daybook, file: Write) -> None:
    good = csv_of([complaint()])
    cut = '2023-08-25,"Jane Doe cut'
    path = file(good + "only,three,fields\n" + csv_of([complaint(state="Mars")]).splitlines()[1] + "\n" + cut)
    summary, verdicts = await run(daybook, path)
    assert counts(summary) == (1, 0, 3, 4)
    assert summary.reasons == {"row-cut": 1, "too-few-fields": 1, "word-unknown:state": 1}
    assert [[str(reason) for reason in verdict.reasons] for verdict in verdicts[1:]] == [
        ["too-few-fields"],
        ["word-unknown:state"],
        ["row-cut"],
    ]
    again, _ = await run(daybook, path)
    assert counts(again) == (0, 1, 3, 0)

    quarantine = Quarantine(daybook.record, daybook.vault)
    (kept,) = await quarantine.imports()
    assert (kept.import_id, kept.rows, kept.source) == (summary.import_id, 3, "us.cfpb")
    assert kept.file_sha256 == summary.file_sha256
    rows = await quarantine.rows(summary.import_id)
    assert [(row.row, row.line, row.reasons) for row in rows] == [
        (verdict.row, verdict.line, verdict.reasons) for verdict in verdicts[1:]
    ]
    assert [row.row for row in await quarantine.rows(summary.import_id, after=2, limit=1)] == [3]
    assert await quarantine.open(summary.import_id, 4) == cut.encode()
    assert await quarantine.open(summary.import_id, 1) is None


async def test_quarantine_holds_no_personal_data_in_clear(daybook: Daybook, file: Write, app) -> None:
    await run(daybook, file(csv_of([complaint(state="Jane Doe, 1 High Street")])))
    (row,) = await app.fetch("select q::text from intake.quarantine q")
    assert "Jane" not in row[0]
    assert b"Jane".hex() not in row[0]


async def test_what_the_domain_refuses_is_in_quarantine(daybook: Daybook, file: Write) -> None:
    _, (verdict,) = await run(daybook, file(csv_of([complaint(company_response_to_consumer="In progress")])))
    assert verdict.stream_id is not None
    withdraw = WithdrawComplaint(complaint_id=verdict.stream_id, occurred_at=datetime(2023, 9, 1, tzinfo=UTC))
    await daybook.handler.handle([withdraw], Context("staff:1", new_id(), b"request", new_id()))
    summary, (refused,) = await run(daybook, file(csv_of([complaint()])))
    assert counts(summary) == (0, 0, 1, 0)
    assert [reason.code for reason in refused.reasons] == ["complaint.already-withdrawn"]


async def test_rows_in_latin_1_are_read_and_counted(daybook: Daybook, file: Write) -> None:
    content = csv_of([complaint(complaint_id=str(number), company="CAFÉ BANK") for number in (1, 2)])
    lines = content.splitlines(keepends=True)
    path = file((lines[0] + lines[1]).encode() + lines[2].encode("latin-1"))
    summary, _ = await run(daybook, path)
    assert summary.encoding == "utf-8; 1 rows that are not, as latin-1"
    facts = await all_facts(daybook)
    assert {getattr(fact.event, "respondent", "CAFÉ BANK") for fact in facts} == {"CAFÉ BANK"}


async def test_a_file_with_the_wrong_columns_is_refused_and_changes_nothing(daybook: Daybook, file: Write) -> None:
    with pytest.raises(ImportRefused, match="lacks 'Date received'"):
        await run(daybook, file("a,b\n1,2\n"))
    with pytest.raises(ImportRefused, match="lacks 'age'"):
        await run(daybook, file(csv_of([complaint()])), "bank-marketing")
    assert await all_facts(daybook) == []


async def test_columns_nobody_knows_are_named(daybook: Daybook, file: Write) -> None:
    summary, _ = await run(daybook, file(csv_of([complaint(Mood="bad")], [*PUBLIC, "Mood"])))
    assert summary.ignored_columns == ("Mood",)
    assert counts(summary) == (1, 0, 0, 4)


async def test_progress_ends_at_all_rows(daybook: Daybook, file: Write) -> None:
    said: list[tuple[int, int]] = []
    rows = [complaint(complaint_id=str(number), consumer_complaint_narrative="a\nb") for number in range(1, 8)]
    path = file(csv_of(rows))
    await run_import("cfpb", path, daybook, progress=lambda done, of: said.append((done, of)), limits=SMALL)
    assert said == [(3, 7), (6, 7), (7, 7)]


async def test_an_interrupted_import_goes_on(daybook: Daybook, file: Write) -> None:
    path = file(csv_of([complaint(complaint_id=str(number)) for number in range(1, 31)]))
    task: asyncio.Task[ImportSummary]

    def interrupt(done: int, _: int) -> None:
        if done >= 9:
            task.cancel()

    task = asyncio.create_task(run_import("cfpb", path, daybook, progress=interrupt, limits=SMALL))
    with pytest.raises(asyncio.CancelledError):
        await task
    summary, _ = await run(daybook, path)
    assert summary.unchanged >= 9
    assert summary.imported + summary.unchanged == 30
    assert len(await all_facts(daybook)) == 120


async def test_two_imports_of_one_file_at_once(daybook: Daybook, file: Write) -> None:
    path = file(csv_of([complaint(complaint_id=str(number)) for number in range(1, 21)]))
    summaries = await asyncio.gather(*(run_import("cfpb", path, daybook, limits=SMALL) for _ in range(2)))
    assert sum(summary.imported for summary in summaries) == 20
    assert sum(summary.unchanged for summary in summaries) == 20
    assert len(await all_facts(daybook)) == 80


async def test_contacts_of_a_campaign(daybook: Daybook, file: Write) -> None:
    rows: Sequence[dict[str, str]] = [{}, {}, {"y": "yes"}, {"duration": "0"}, {"y": "perhaps"}]
    path = file(contacts_of(rows))
    summary, verdicts = await run(daybook, path, "bank-marketing")
    assert counts(summary) == (4, 0, 1, 3 + 3 + 3 + 4 + 1)
    assert await events_of(daybook, verdicts[2].stream_id) == [
        "touch.decided",
        "touch.delivered",
        "touch.responded",
        "touch.converted",
    ]
    facts = await all_facts(daybook)
    (campaign_id,) = {fact.event.campaign_id for fact in facts if isinstance(fact.event, TouchDecided)}
    assert await events_of(daybook, campaign_id) == ["campaign.planned", "campaign.approved", "campaign.launched"]
    again, _ = await run(daybook, path, "bank-marketing")
    assert counts(again) == (0, 4, 1, 0)


ODD = st.sampled_from(['"', ",", "\n", "\r\n", "\r", "\0", "ÿ", "x", csv_of([complaint()]).splitlines()[1] + "\n"])


@given(st.lists(ODD.map(str.encode) | st.binary(max_size=9), max_size=40).map(b"".join))
def test_whatever_the_bytes_are_every_row_is_mapped_or_unreadable(content: bytes) -> None:
    header = ",".join(PUBLIC).encode() + b"\n"
    reader = RowReader(io.BytesIO(header + content), delimiter=",", limits=Limits())
    importer = CfpbImporter(reader.header, Identities(made_up_hmac, "test"), Origin("import:test", new_id()))
    chunk = Chunk()
    for row in reader:
        chunk.add(row, importer)
    assert chunk.rows == len(chunk.mapped) + len(chunk.unreadable)
    assert all(reasons for _, reasons in chunk.unreadable)


@settings(max_examples=examples(9), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.lists(ODD.map(str.encode) | st.binary(max_size=9), max_size=40).map(b"".join))
async def test_whatever_the_bytes_are_the_counts_add_up_and_stay(daybook: Daybook, file: Write, content: bytes) -> None:
    path = file(",".join(PUBLIC).encode() + b"\n" + content)
    first, _ = await run(daybook, path)
    again, _ = await run(daybook, path)
    assert (again.rows, again.imported, again.events_appended) == (first.rows, 0, 0)
    assert again.quarantined == first.quarantined
    kept = await Quarantine(daybook.record, daybook.vault).rows(first.import_id, limit=1000)
    assert len(kept) == first.quarantined
