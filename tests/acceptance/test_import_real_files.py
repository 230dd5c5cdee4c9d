"""All real files into one record: every row accounted for, nothing twice, and the figures are those of the files.

The figures are computed a second time here with nothing but the csv module.
"""

import csv
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from domain.complaint_intake import ComplaintReceived
from domain.complaint_letters import FinalResponseIssued, HoldingResponseSent, ResponsePublished
from domain.complaint_review import ComplaintDisputed
from domain.touch import TouchConverted, TouchDecided, TouchDelivered, TouchResponded
from engine.importing import ImportSummary, Quarantine, run_import
from engine.importing.run import Kind
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from projections.fact import Fact

TITLES = {
    "company response": "company response to consumer",
    "public id": "complaint id",
    "consumer narrative": "consumer complaint narrative",
}


@pytest.fixture
async def daybook(database, tmp_path: Path) -> AsyncGenerator[Daybook]:
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    opened = await Daybook.open(Settings(database_url=database.app_dsn, data_dir=tmp_path), databases)
    yield opened
    await opened.close()


def whole_rows(path: Path, delimiter: str = ",") -> tuple[list[dict[str, str]], int]:
    """The rows that have a value for every column, under one spelling of the titles, and how many have not."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter=delimiter)
    titles = [title.lower().replace("_", " ").replace("-", " ").removesuffix("?") for title in header]
    titles = [TITLES.get(title, title) for title in titles]
    whole = [dict(zip(titles, row, strict=True)) for row in rows if len(row) == len(titles)]
    return whole, len(rows) - len(whole)


def distinct(files: list[Path]) -> list[dict[str, str]]:
    """Every complaint once, as the first file tells it that has it."""
    numbered: dict[str, dict[str, str]] = {}
    others: list[dict[str, str]] = []
    for path in files:
        for row in whole_rows(path)[0]:
            if "complaint id" in row:
                numbered.setdefault(row["complaint id"], row)
            else:
                others.append(row)
    return [*numbered.values(), *others]


async def import_all(daybook: Daybook, kind: Kind, files: list[Path]) -> dict[Path, ImportSummary]:
    summaries = {path: await run_import(kind, path, daybook) for path in files}
    for summary in summaries.values():
        assert summary.rows == summary.imported + summary.unchanged + summary.quarantined
    return summaries


async def facts(daybook: Daybook) -> list[Fact]:
    found: list[Fact] = []
    for partition in range(daybook.record.partitions):
        start = 0
        while page := await daybook.record.read_partition(partition, start):
            found.extend(map(daybook.mapper.fact, page))
            start = page[-1].position + 1
    return found


def responses(recorded: list[Fact]) -> Iterator[str | None]:
    for fact in recorded:
        if isinstance(fact.event, FinalResponseIssued | HoldingResponseSent):
            yield fact.event.company_response


def timely(recorded: list[Fact]) -> Iterator[str]:
    """What the source asserts: of a final response in the response, before one in the reason of the row."""
    for fact in recorded:
        if isinstance(fact.event, FinalResponseIssued):
            yield "Yes" if fact.event.timely_asserted else "No"
        elif isinstance(fact.event, ComplaintReceived) and b"timely-asserted-before-final" in fact.recorded.meta:
            yield "Yes" if b"before-final:yes" in fact.recorded.meta else "No"


@pytest.mark.parametrize("left_out", ["complaints-2014.csv", pytest.param(None, marks=pytest.mark.long)])
async def test_complaints(daybook: Daybook, shared_data: Path, left_out: str | None) -> None:
    files = [path for path in sorted((shared_data / "cfpb").glob("*.csv")) if path.name != left_out]
    assert len(files) == (7 if left_out is None else 6)
    summaries = await import_all(daybook, "cfpb", files)
    for path, summary in summaries.items():
        whole, broken = whole_rows(path)
        assert (summary.rows, summary.quarantined) == (len(whole) + broken, broken)

    recorded = await facts(daybook)
    assert len(recorded) == sum(summary.events_appended for summary in summaries.values())
    rows = distinct(files)
    received = [fact.event for fact in recorded if isinstance(fact.event, ComplaintReceived)]
    assert len(received) == len(rows) == sum(summary.imported for summary in summaries.values())
    assert Counter(event.product for event in received) == Counter(row["product"] for row in rows)
    assert Counter(event.sub_issue or "" for event in received) == Counter(row["sub issue"] for row in rows)
    assert Counter(responses(recorded)) == Counter(row["company response to consumer"] for row in rows)
    assert Counter(timely(recorded)) == Counter(row["timely response"] for row in rows)
    disputed = Counter(row["consumer disputed"] for row in rows)
    finals = [fact.event for fact in recorded if isinstance(fact.event, FinalResponseIssued)]
    assert sum(isinstance(fact.event, ComplaintDisputed) for fact in recorded) == disputed["Yes"]
    assert sum(event.disputed_asserted is False for event in finals) == disputed["No"]
    published = sum(isinstance(fact.event, ResponsePublished) for fact in recorded)
    assert published == sum(bool(row.get("company public response")) for row in rows)
    narratives = sum("description" in part.fields for fact in recorded for part in fact.sealed)
    assert narratives == sum(bool(row.get("consumer complaint narrative")) for row in rows)

    again = await import_all(daybook, "cfpb", files)
    assert {summary.events_appended for summary in again.values()} == {0}
    assert [(s.rows, s.imported, s.quarantined) for s in again.values()] == [
        (s.rows, 0, s.quarantined) for s in summaries.values()
    ]
    assert len(await facts(daybook)) == len(recorded)


async def test_rows_that_were_cut_are_kept_as_they_stand(daybook: Daybook, shared_data: Path) -> None:
    path = shared_data / "cfpb" / "complaints-2023-cut.csv"
    summary = await run_import("cfpb", path, daybook)
    quarantine = Quarantine(daybook.record, daybook.vault)
    (row,) = await quarantine.rows(summary.import_id)
    assert [str(reason) for reason in row.reasons] == ["row-cut"]
    assert await quarantine.open(summary.import_id, row.row) == path.read_bytes().splitlines()[-1]


async def test_campaign_results(daybook: Daybook, shared_data: Path) -> None:
    path = shared_data / "bank-marketing" / "bank-additional.csv"
    summary = await run_import("bank-marketing", path, daybook)
    rows, broken = whole_rows(path, ";")
    assert (summary.rows, summary.imported, summary.quarantined) == (len(rows), len(rows), broken)

    recorded = await facts(daybook)
    assert len(recorded) == summary.events_appended
    touches = [fact.event for fact in recorded if isinstance(fact.event, TouchDecided)]
    for title in ("job", "poutcome", "euribor3m", "day of week"):
        name = title.replace(" ", "_")
        assert Counter(touch.attributes[name] for touch in touches) == Counter(row[title] for row in rows)
    assert sum(int(touch.attributes["duration"]) for touch in touches) == sum(int(row["duration"]) for row in rows)
    assert sum("pdays" in touch.attributes for touch in touches) == sum(row["pdays"] != "999" for row in rows)
    accepted = sum(row["y"] == "yes" for row in rows)
    talked = sum(row["duration"] != "0" for row in rows)
    kinds = Counter(type(fact.event) for fact in recorded)
    assert (kinds[TouchDelivered], kinds[TouchResponded], kinds[TouchConverted]) == (talked, talked, accepted)
    assert summary.notes["never-contacted-but-previous-contacts"] == sum(
        row["pdays"] == "999" and row["previous"] != "0" for row in rows
    )

    again = await run_import("bank-marketing", path, daybook)
    assert (again.unchanged, again.events_appended) == (len(rows), 0)
