"""Every return over the imported files has the numbers that the files themselves give, each with its complaints."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.matters import Sight
from engine.access import Viewer
from engine.cfpb_export import FIELDS, cfpb_rows
from engine.looking import Looker
from engine.returns import Cell, Wanted, behind_return, make_return
from engine.wiring import Daybook
from projections.kpi_query import CountedPage
from store.identity import new_id
from tests.acceptance.files import Imported, Told, by, letters

NOBODY = Sight("staff:1")
NO_STATES = {"", "AA", "AE", "AP", "FM", "MH", "PW"}


def period(imported: Imported) -> tuple[date, date]:
    """From somewhere in the middle to the end."""
    days = sorted(one.received for one in imported.complaints)
    return days[len(days) // 3], date(2026, 12, 31)


def amounts(made: dict[str, Any], table: str, column: str) -> Counter[str]:
    (found,) = (one for one in made["tables"] if one["name"] == table)
    assert found["total"][column] == sum(row["amounts"][column] for row in found["rows"])
    return Counter({row["code"]: row["amounts"][column] for row in found["rows"] if row["amounts"][column]})


def told_by(rows: Iterable[Told], dimension: str) -> Counter[str]:
    return Counter({group[0]: amount for group, amount in by(rows, (dimension,)).items()})


def is_soon(one: Told) -> bool:
    """Closed no later than on the third weekday after the day of receipt: no calendar is adopted here."""
    assert one.closed is not None
    after = (one.received + timedelta(days=n + 1) for n in range(9))
    return one.closed <= [day for day in after if day.isoweekday() < 6][2]


def lasted(one: Told) -> int:
    assert one.closed is not None
    return (one.closed - one.received).days


def region(one: Told) -> str:
    state = one.row["state"].strip().upper()
    return "" if state in NO_STATES else f"US-{'UM' if state.startswith('UNITED') else state}"


async def test_the_return_of_disp(asked: Daybook, imported: Imported) -> None:
    first, last = period(imported)
    made = await make_return(asked, Wanted("fca-disp", first, last), NOBODY)
    told = imported.complaints
    outstanding = [one for one in told if one.received < first and (one.closed is None or one.closed >= first)]
    opened = [one for one in told if first <= one.received <= last]
    closed = [one for one in told if one.closed is not None and first <= one.closed <= last]
    assert [one["amount"] for one in made["figures"]] == [len(outstanding), len(opened)]
    assert len(outstanding) > 0
    soon = [one for one in closed if is_soon(one)]
    expected = {
        "opened": opened,
        "closed": closed,
        "closed-3-days": soon,
        "closed-8-weeks": [one for one in closed if not is_soon(one) and lasted(one) <= 56],
        "closed-later": [one for one in closed if lasted(one) > 56],
        "upheld": [],
        "redress": [],
    }
    for column, rows in expected.items():
        assert amounts(made, "1", column) == told_by(rows, "product"), column
    assert amounts(made, "2", "opened") == Counter({"": len(opened)}), "the files have no causes"
    assert (made["quarantined"], made["parked"]) == ({"us.cfpb": imported.broken}, 0)


async def test_the_statistics_of_jrt_0169(asked: Daybook, imported: Imported) -> None:
    first, last = period(imported)
    made = await make_return(asked, Wanted("jrt-0169", first, last), NOBODY)
    opened = [one for one in imported.complaints if first <= one.received <= last]
    assert [one["amount"] for one in made["figures"]] == [len(opened)]
    assert amounts(made, "A", "opened") == Counter({"": len(opened)}), "no file tells where the business was done"
    assert amounts(made, "B", "opened") == told_by(opened, "product")
    assert amounts(made, "C", "opened") == Counter({"": len(opened)})


async def test_the_disclosure(asked: Daybook, imported: Imported) -> None:
    first, last = period(imported)
    made = await make_return(asked, Wanted("cn-disclosure", first, last), NOBODY)
    told = imported.complaints
    opened = [one for one in told if first <= one.received <= last]
    closed = [one for one in told if one.closed is not None and first <= one.closed <= last]
    standing = [one for one in told if one.closed is None]
    assert [one["amount"] for one in made["figures"]] == [len(opened), len(closed), len(standing), 0]
    assert amounts(made, "business", "received") == told_by(opened, "product")
    assert amounts(made, "business", "closed") == told_by(closed, "product")
    assert amounts(made, "region", "received") == Counter(map(region, opened))


async def test_the_return_of_2027(asked: Daybook, imported: Imported) -> None:
    """No file reaches 2027; what one entity has outstanding then is what it never closed."""
    entity = Counter(one.value("respondent") for one in imported.complaints if one.closed is None).most_common(1)[0][0]
    made = await make_return(asked, Wanted("fca-2027", date(2027, 1, 1), date(2027, 6, 30), entity), NOBODY)
    of_entity = [one for one in imported.complaints if one.value("respondent") == entity]
    figures = {one["code"]: one["amount"] for one in made["figures"]}
    assert figures.pop("outstanding") == sum(one.closed is None for one in of_entity) > 0
    assert set(figures.values()) == {0}


@pytest.mark.parametrize(
    "cell",
    [
        Cell(figure="3"),
        Cell(table="1", column="closed-8-weeks"),
        Cell(table="1", column="opened", row="Mortgage"),
    ],
)
async def test_every_number_leads_to_its_complaints(asked: Daybook, imported: Imported, cell: Cell) -> None:
    wanted = Wanted("fca-disp", *period(imported))
    made = await make_return(asked, wanted, NOBODY)
    if cell.figure is not None:
        (amount,) = (one["amount"] for one in made["figures"] if one["code"] == cell.figure)
    else:
        (table,) = (one for one in made["tables"] if one["name"] == cell.table)
        rows = {None: table["total"], **{row["code"]: row["amounts"] for row in table["rows"]}}
        amount = rows[cell.row][cell.column]
    ids: set[Any] = set()
    after: str | None = None
    while True:
        page: CountedPage = await behind_return(asked, wanted, cell, NOBODY, after=after, limit=500)
        assert all(one.events for one in page.counted)
        ids |= {one.id for one in page.counted}
        after = page.next
        if after is None:
            break
    assert len(ids) == amount > 0


def _expected(one: Told) -> dict[str, str]:
    """The fields of the export, from the file; those that the import makes coarser are left out."""
    row = {title: letters(text.strip()) for title, text in one.row.items()}
    timely = row["timely response"] if one.answered else ""
    disputed = row["consumer disputed"] if one.answered and row["consumer disputed"] in {"Yes", "No"} else "N/A"
    told = row.get("consumer consent provided", "")
    tags = ", ".join(filter(None, (*map(str.strip, row.get("tags", "").split(",")), row.get("event tag", ""))))
    return {
        "Date received": one.received.isoformat(),
        "Product": row["product"],
        "Sub-product": row["sub product"],
        "Issue": row["issue"],
        "Sub-issue": row["sub issue"],
        "Consumer complaint narrative": row.get("consumer complaint narrative", "")
        if told == "Consent provided"
        else "",
        "Company public response": row.get("company public response", ""),
        "Company": row["company"],
        "State": region(one).removeprefix("US-"),
        "Tags": tags,
        "Consumer consent provided?": told,
        "Submitted via": row["submitted via"].replace("Web Referral", "Referral"),
        "Date sent to company": "" if one.sent is None else one.sent.isoformat(),
        "Company response to consumer": one.response or "In progress",
        "Timely response?": timely,
        "Consumer disputed?": disputed,
    }


async def test_the_18_fields_of_the_cfpb(asked: Daybook, imported: Imported) -> None:
    await asked.access.look()
    viewer = Viewer("staff:7", frozenset({"compliance-auditor"}), "audit")
    looker = Looker(viewer, asked.access.table, "return_cfpb", new_id())
    exported: list[dict[str, str]] = []
    after: str | None = None
    while True:
        wanted = Wanted("cfpb", date(2000, 1, 1), date(2026, 12, 31))
        page = await cfpb_rows(asked, wanted, NOBODY, looker=looker, after=after)
        exported += [dict[str, str](zip(FIELDS, one.values, strict=True)) for one in page.rows]
        after = page.next
        if after is None:
            break
    files = {one.number: one for one in imported.complaints if one.number is not None}
    assert len(exported) == len(imported.complaints)
    seen: Counter[tuple[str, ...]] = Counter()
    for row in exported:
        number, postal_code = row.pop("Complaint ID"), row.pop("ZIP code")
        told = files.get(number)
        if told is None:
            seen[tuple(row.values())] += 1
            continue
        assert row == _expected(told), number
        assert postal_code == "" or postal_code[3:] == "XX"
    without = [one for one in imported.complaints if one.number is None]
    assert seen == Counter(tuple(_expected(one).values()) for one in without)
