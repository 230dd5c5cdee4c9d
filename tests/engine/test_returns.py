"""Returns over a small record: maps by version, many to many, half-years, entities, and the way down."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.code_map import ActivateCodeMap, MapEntry, ProposeCodeMap
from domain.complaint import CloseComplaint, WithdrawComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.matters import Sight
from engine.code_maps import maps_in_force
from engine.deciding import Context
from engine.following import Following
from engine.return_templates import templates
from engine.returns import Cell, Wanted, behind_return, make_return
from engine.status import caught_up
from engine.wiring import Daybook
from projections.counts import count
from projections.errors import MeasureRefused
from projections.kpi_query import behind, figures
from projections.kpis import kpi_of
from projections.measures import Asked
from projections.return_measures import MEASURES
from store.identity import new_id

NOBODY = Sight("staff:1")
JUNE = date(2026, 6, 1)
YEAR = Wanted("jrt-0169", date(2026, 1, 1), date(2026, 12, 31))


class Telling:
    """Gives commands to a record."""

    def __init__(self, daybook: Daybook) -> None:
        self.daybook = daybook

    async def say(self, *commands: Any) -> None:
        await self.daybook.handler.handle(list(commands), Context("staff:1", new_id(), b"", new_id()))

    async def complain(self, received: datetime, **facts: Any) -> Any:
        one = new_id()
        given: dict[str, Any] = {"complainant_id": new_id(), "channel": "phone", "product": "loan", **facts}
        await self.say(ReceiveComplaint(complaint_id=one, occurred_at=received, **given))
        return one

    async def close(self, one: Any, at: datetime, outcome: Any = "upheld") -> None:
        await self.say(
            IssueFinalResponse(complaint_id=one, occurred_at=at, outcome=outcome, redress="none", letter="So."),
            CloseComplaint(complaint_id=one, occurred_at=at),
        )

    async def map(self, name: str, version: int, entries: Any, *, since: date = JUNE, active: bool = True) -> None:
        map_id = new_id()
        now = datetime(2026, 1, 1, tzinfo=UTC)
        told = tuple(MapEntry(code=code, external=external, name=external.lower()) for code, external in entries)
        await self.say(
            ProposeCodeMap(
                map_id=map_id, occurred_at=now, code_map=name, map_version=version, dimension="product",
                in_force_from=since, source="by hand", entries=told, proposed_by="staff:1",
            )
        )  # fmt: skip
        if active:
            await self.say(ActivateCodeMap(map_id=map_id, occurred_at=now, activated_by="staff:2"))

    async def follow(self) -> None:
        async with await Following.start(self.daybook.models):
            await caught_up(self.daybook)


@pytest.fixture
def bank(daybook: Daybook) -> Telling:
    return Telling(daybook)


def rows(made: dict[str, Any], table: str) -> dict[str, dict[str, int]]:
    (found,) = (one for one in made["tables"] if one["name"] == table)
    return {row["code"]: row["amounts"] for row in found["rows"]}


async def test_a_map_tells_many_to_many_and_never_relabels(bank: Telling) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for product in ("loan", "loan", "card", "gold", None):
        await bank.complain(at, product=product)
    await bank.map("jrt-0169.business", 1, [("loan", "B.2"), ("card", "B.3"), ("card", "B.2")], since=JUNE)
    await bank.map("jrt-0169.business", 2, [("loan", "B.9")], since=date(2020, 1, 1))
    await bank.map("jrt-0169.business", 3, [("loan", "B.8")], active=False)
    await bank.follow()
    made = await make_return(bank.daybook, YEAR, NOBODY)
    (table,) = (one for one in made["tables"] if one["name"] == "B")
    before = await maps_in_force(bank.daybook, JUNE - timedelta(days=1))
    assert before == {}
    on_june = await maps_in_force(bank.daybook, JUNE)
    assert on_june["jrt-0169.business"].told.map_version == 1, "the second was activated later than it says"
    assert table["map"] is None or table["map"]["map_version"] in {1, 2}
    half = Wanted("jrt-0169", date(2026, 1, 1), JUNE)
    found = rows(await make_return(bank.daybook, half, NOBODY), "B")
    assert found == {"B.2": {"opened": 3}, "B.3": {"opened": 1}, "": {"opened": 2}}
    (total,) = (one["total"] for one in (await make_return(bank.daybook, half, NOBODY))["tables"] if one["name"] == "B")
    assert total == {"opened": 5}, "each complaint once, however many codes it is told as"
    for row, amount in (("B.2", 3), ("B.3", 1), ("", 2), (None, 5)):
        page = await behind_return(bank.daybook, half, Cell(table="B", row=row, column="opened"), NOBODY)
        assert len(page.counted) == amount
        assert all(one.events[0].type == "complaint.received" for one in page.counted)
    early = Wanted("jrt-0169", date(2026, 1, 1), JUNE - timedelta(days=1))
    assert set(rows(await make_return(bank.daybook, early, NOBODY), "B")) == {"", "card", "gold", "loan"}


async def test_when_complaints_were_closed_and_what_stood(bank: Telling) -> None:
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    lasted = (0, 3, 4, 30, 56, 57)
    for days in lasted:
        await bank.close(
            await bank.complain(monday), monday + timedelta(days=days), "upheld" if days > 3 else "rejected"
        )
    withdrawn = await bank.complain(monday)
    await bank.say(WithdrawComplaint(complaint_id=withdrawn, occurred_at=monday + timedelta(days=40)))
    await bank.complain(monday)
    await bank.follow()
    wanted = Wanted("fca-disp", monday.date() + timedelta(days=20), monday.date() + timedelta(days=60))
    made = await make_return(bank.daybook, wanted, NOBODY)
    assert [one["amount"] for one in made["figures"]] == [5, 0]
    assert rows(made, "1")["loan"] == {
        "opened": 0, "closed-3-days": 0, "closed-8-weeks": 2, "closed-later": 1, "closed": 3, "upheld": 3, "redress": 0,
    }  # fmt: skip
    year = await make_return(bank.daybook, Wanted("fca-disp", date(2026, 1, 1), date(2026, 12, 31)), NOBODY)
    assert [one["amount"] for one in year["figures"]] == [0, 8]
    assert rows(year, "1")["loan"]["closed-3-days"] == 2
    standing = await count(bank.daybook.models, MEASURES["outstanding"], Asked(last=date(2026, 12, 31)), NOBODY)
    assert standing[()].total == 1
    for figure, amount in (("3", 5), ("49", 0)):
        assert len((await behind_return(bank.daybook, wanted, Cell(figure=figure), NOBODY)).counted) == amount


async def test_the_third_weekday_is_counted_right_from_every_day(bank: Telling) -> None:
    expected = 0
    for weekday in range(7):
        received = datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=weekday)
        for days in range(8):
            await bank.close(await bank.complain(received), received + timedelta(days=days))
            after = (received + timedelta(days=n + 1) for n in range(9))
            third = [day for day in after if day.isoweekday() < 6][2]
            expected += received + timedelta(days=days) <= third
    await bank.follow()
    found = await count(bank.daybook.models, MEASURES["closed-within-3-business-days"], Asked(), NOBODY)
    assert found[()].total == expected
    assert (await figures(bank.daybook.models, kpi_of("complaint.count"), Asked(), NOBODY)).cells[0].numerator == 56


async def test_the_half_years_of_one_entity(bank: Telling) -> None:
    at = datetime(2027, 2, 1, tzinfo=UTC)
    for entity, tags in (("Bank A", ("vulnerable-customer",)), ("Bank A", ()), ("Bank B", ("vulnerability-failure",))):
        await bank.complain(at, respondent=entity, tags=tags)
    await bank.follow()
    half = (date(2027, 1, 1), date(2027, 6, 30))
    made = await make_return(bank.daybook, Wanted("fca-2027", *half, "Bank A"), NOBODY)
    assert {one["code"]: one["amount"] for one in made["figures"]} == {
        "outstanding": 0, "opened": 2, "closed": 0, "vulnerable-customer": 1, "vulnerability-failure": 0,
    }  # fmt: skip
    for wrong, says in (
        (Wanted("fca-2027", *half), "one legal entity"),
        (Wanted("fca-2027", date(2027, 1, 1), date(2027, 12, 31), "A"), "half-years"),
        (Wanted("fca-2027", date(2026, 7, 1), date(2026, 12, 31), "A"), "half-years"),
        (Wanted("fca-2027", date(2027, 7, 1), date(2028, 12, 31), "A"), "half-years"),
        (Wanted("sung", *half), "there is no return"),
    ):
        with pytest.raises(MeasureRefused, match=says):
            await make_return(bank.daybook, wrong, NOBODY)
    for cell in (Cell(figure="sung"), Cell(table="sung"), Cell(table="product", column="sung"),
                 Cell(table="product", column="opened", row="sung")):  # fmt: skip
        with pytest.raises(MeasureRefused):
            await behind_return(bank.daybook, Wanted("fca-2027", *half, "Bank A"), cell, NOBODY)


async def test_every_measure_leads_down(bank: Telling) -> None:
    one = await bank.complain(datetime(2026, 3, 2, tzinfo=UTC), tags=("vulnerable-customer", "vulnerability-failure"))
    await bank.close(one, datetime(2026, 3, 9, tzinfo=UTC))
    await bank.follow()
    for name, measure in MEASURES.items():
        found = (await count(bank.daybook.models, measure, Asked(), NOBODY)).get(())
        page = await behind(bank.daybook.models, measure, Asked(), NOBODY)
        assert (0 if found is None else found.total) == sum(one.amount for one in page.counted), name


def test_a_bank_has_templates_of_its_own(tmp_path: Any) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[fca-disp]\ntitle = "Ours"\nversion = 2\nprovisional = false\n'
        'figures = [{ code = "1", says = "Opened", measure = "opened" }]\n',
        encoding="utf-8",
    )
    assert templates(own)["fca-disp"].title == "Ours"
    assert set(templates(own)) == set(templates(None)) == {"fca-disp", "fca-2027", "jrt-0169", "cn-disclosure"}
    wrong_version = '[fca]\ntitle = "x"\nversion = 0\nprovisional = true'
    for wrong, says in ((wrong_version, "own.toml: fca.version"), ("[", "no TOML"), ('[a]\nsung = "x"', "own.toml: a")):
        own.write_text(wrong, encoding="utf-8")
        with pytest.raises(MeasureRefused, match=says):
            templates(own)
