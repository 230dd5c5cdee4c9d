"""Every KPI over the imported files is the figure that the files themselves give, however it is grouped."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from domain.matters import Sight
from engine.measuring import measured
from engine.wiring import Daybook
from projections.kpi_query import behind, figures
from projections.kpis import KPIS, Kpi, kpi_of
from projections.measures import Asked
from tests.acceptance.files import NO_RELIEF, RELIEF, Imported, Told, by
from tests.acceptance.loans import by_month

NOBODY = Sight("staff:1")
GROUPINGS: dict[str, list[tuple[str, ...]]] = {
    "complaint": [
        (), ("month",), ("product",), ("channel",), ("issue", "sub_issue"), ("respondent",),
        ("product", "sub_product", "month"),
    ],
    "campaign": [(), ("month", "channel")],
    "engagement": [(), ("month",), ("product", "month")],
    "satisfaction": [()],
    "customer": [],
}  # fmt: skip
NOTHING: Counter[Any] = Counter()
Expected = dict[str, tuple[Counter[Any], Counter[Any] | None]]
"""By basis: numerators and denominators by group, none of them 0."""


def _timely(files: Imported, names: Sequence[str]) -> Expected:
    said = [one for one in files.complaints if one.answered and one.row["timely response"]]
    yes = [one for one in said if one.row["timely response"] == "Yes"]
    return {"asserted": (by(yes, names), by(said, names)), "clock": (NOTHING, NOTHING)}


def _answered(files: Imported, names: Sequence[str]) -> Expected:
    """No file has a day of the answer: as of closing, the day on which it went to the company stands for it."""
    answered = [one for one in files.complaints if one.answered]
    return {"recorded": (by(answered, ["answered month" if name == "month" else name for name in names]), None)}


def _open(files: Imported, names: Sequence[str]) -> Expected:
    return {"recorded": (by([one for one in files.complaints if one.closed is None], names), None)}


def _relief(files: Imported, names: Sequence[str]) -> Expected:
    stated = [one for one in files.complaints if one.response in RELIEF | NO_RELIEF]
    return {"recorded": (by([one for one in stated if one.response in RELIEF], names), by(stated, names))}


def _resolution(files: Imported, names: Sequence[str]) -> Expected:
    closed = [one for one in files.complaints if one.closed is not None]
    of_closing = ["closed month" if name == "month" else name for name in names]
    told = (by(closed, of_closing, days_of), by(closed, of_closing))
    return {"imported": told, "recorded": (NOTHING, NOTHING)}


def _touches(files: Imported, names: Sequence[str], *, only: str = "") -> Counter[Any]:
    """Contacts have neither months nor customers: all stand at their first month. Offers have the month of sending."""
    rows = [row for row in files.contacts if only in ("", row["y"])]
    found = Counter({("2008-05", "phone")[: len(names)]: len(rows)})
    sent = chain.from_iterable(one.offers_sent(taken=bool(only)) for one in files.applications)
    return found + by_month(list(sent), names, channel="other")


def _touched(files: Imported, names: Sequence[str]) -> Counter[Any]:
    """Every contact is somebody else's; of an application's offers each month's count once."""
    found = Counter({("2008-05", "phone")[: len(names)]: len(files.contacts)})
    for one in files.applications:
        found += Counter(dict.fromkeys(by_month(one.offers_sent(), names, channel="other"), 1))
    return found


def _loans(times: Iterable[datetime], names: Sequence[str]) -> Counter[Any]:
    return by_month(list(times), names, product="loan")


def _approval(files: Imported, names: Sequence[str]) -> Expected:
    decided = [one.decided for one in files.applications if one.decided]
    approved = _loans((at for outcome, at in decided if outcome == "approved"), names)
    return {"recorded": (approved, _loans((at for _, at in decided), names))}


def _acceptance(files: Imported, names: Sequence[str]) -> Expected:
    offered = [one for one in files.applications if one.times("O_SELECTED")]
    taken = _loans((one.opened for one in offered if one.times("O_ACCEPTED")), names)
    return {"recorded": (taken, _loans((one.opened for one in offered), names))}


def _decision(files: Imported, names: Sequence[str]) -> Expected:
    days: Counter[Any] = Counter()
    decided = [(one.opened, one.decided[1]) for one in files.applications if one.decided]
    for opened, at in decided:
        for group in _loans([at], names):
            days[group] += (at.date() - opened.date()).days
    return {"recorded": (days, _loans((at for _, at in decided), names))}


EXPECTED: dict[str, Callable[[Imported, Sequence[str]], Expected]] = {
    "complaint.count": lambda files, names: {"recorded": (by(files.complaints, names), None)},
    "complaint.timely_rate": _timely,
    "complaint.open": _open,
    "complaint.repeat_rate": lambda files, names: {"recorded": (NOTHING, by(files.complaints, names))},
    "complaint.answered": _answered,
    "complaint.upheld_rate": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "complaint.redress_offered": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "complaint.redress_accepted": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "complaint.redress_paid": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "complaint.relief_rate": _relief,
    "complaint.rate": lambda files, names: {"recorded": (by(files.complaints, names), NOTHING)},
    "complaint.resolution_days": _resolution,
    "campaign.touches": lambda files, names: {"recorded": (_touches(files, names), None)},
    "campaign.touches_per_customer": lambda files, names: {
        "recorded": (_touches(files, names), _touched(files, names))
    },
    "campaign.acquisition_cost": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "engagement.count": lambda files, names: {
        "recorded": (_loans((one.opened for one in files.applications), names), None)
    },
    "engagement.approval_rate": _approval,
    "engagement.acceptance_rate": _acceptance,
    "engagement.decision_days": _decision,
    "campaign.conversion_rate": lambda files, names: {
        "recorded": (_touches(files, names, only="yes"), _touches(files, names))
    },
    "satisfaction.csat": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "satisfaction.nps": lambda *_: {"recorded": (NOTHING, NOTHING)},
    "satisfaction.response_rate": lambda *_: {"recorded": (NOTHING, NOTHING)},
}


def days_of(one: Told) -> int:
    assert one.closed is not None
    return (one.closed - one.received).days


async def cells(daybook: Daybook, name: str, asked: Asked, basis: str = "recorded") -> dict[tuple[str, ...], Any]:
    found = await figures(daybook.models, kpi_of(name), asked, NOBODY)
    return {tuple(value or "" for value in one.group.values()): one for one in found.cells if one.basis == basis}


def parts(found: dict[tuple[str, ...], Any], part: str) -> Counter[Any]:
    return Counter({group: figure for group, one in found.items() if (figure := getattr(one, part))})


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.name)
async def test_a_kpi_is_what_the_files_say(asked: Daybook, imported: Imported, kpi: Kpi) -> None:
    for grouping in GROUPINGS[kpi.name.partition(".")[0]]:
        names = grouping
        if kpi.only_within is not None:
            names = (*names[:2], kpi.only_within)
        if not set(names) <= set(kpi.dimensions):
            continue
        expected = EXPECTED[kpi.name](imported, names)
        assert set(expected) == {basis.name for basis in kpi.bases}
        for basis, (numerators, denominators) in expected.items():
            found = await cells(asked, kpi.name, Asked(by=names), basis)
            assert parts(found, "numerator") == numerators, names
            if denominators is None:
                assert all(one.value == one.numerator for one in found.values())
                continue
            assert parts(found, "denominator") == denominators, names
            for group, one in found.items():
                below = denominators[group]
                assert one.value == (round(kpi.scale * numerators[group] / below, 4) if below else None)


async def test_how_often_each_number_of_days_came(asked: Daybook, imported: Imported) -> None:
    found = await cells(asked, "complaint.resolution_days", Asked(by=("product",)), "imported")
    spread = Counter(chain.from_iterable(Counter(one.spread).elements() for one in found.values()))
    assert spread == Counter(days_of(one) for one in imported.complaints if one.closed is not None)


async def test_periods_are_whole_days(asked: Daybook, imported: Imported) -> None:
    days = sorted(one.received for one in imported.complaints)
    first, last = days[len(days) // 4], days[3 * len(days) // 4]
    within = [one for one in imported.complaints if first <= one.received <= last]
    for names in ((), ("month", "product")):
        found = await cells(asked, "complaint.count", Asked(first, last, names))
        assert parts(found, "numerator") == by(within, names)
    before = await cells(asked, "complaint.count", Asked(None, first - timedelta(days=1)))
    after = await cells(asked, "complaint.count", Asked(last + timedelta(days=1), None))
    assert before[()].numerator + len(within) + after[()].numerator == len(imported.complaints)


async def test_what_is_left_out_is_said(asked: Daybook, imported: Imported) -> None:
    told = await measured(asked, kpi_of("complaint.count"), Asked(), NOBODY)
    assert (told["quarantined"], told["parked"]) == ({"us.cfpb": imported.broken}, 0)
    assert imported.broken > 0
    assert (await measured(asked, kpi_of("campaign.touches"), Asked(), NOBODY))["quarantined"] == {}


async def test_behind_every_figure_stand_the_complaints_of_the_files(asked: Daybook, imported: Imported) -> None:
    numbers = await _numbers(asked)
    told = [one for one in imported.complaints if one.number is not None]
    product = Counter(one.value("product") for one in told).most_common(1)[0][0]
    for name, basis, chosen in (
        ("complaint.count", None, told),
        ("complaint.relief_rate", None, [one for one in told if one.response in RELIEF]),
        ("complaint.resolution_days", "imported", [one for one in told if one.closed is not None]),
    ):
        measure, found, after = kpi_of(name).basis(basis).numerator, set[str](), None
        while True:
            of = Asked(where={"product": product})
            page = await behind(asked.models, measure, of, NOBODY, after=after, limit=500)
            found |= {numbers[one.id] for one in page.counted if one.id in numbers}
            assert {event.type for one in page.counted for event in one.events} == set(measure.events)
            after = page.next
            if after is None:
                break
        assert found == {one.number for one in chosen if one.value("product") == product}


async def _numbers(daybook: Daybook) -> dict[Any, str]:
    version = await daybook.models.version("complaint_register")
    sql = f"select complaint_id, external_ref from read_model.complaint_v{version} where external_ref is not null"
    return {row["complaint_id"]: row["external_ref"] for row in await daybook.record.pool.fetch(sql)}
