"""The demo: a bank that lives under its rules, recorded once, and asked all over."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from domain.matters import Sight
from domain.organisation_unit import ORGANISATION_UNIT, OpenUnit, UnitName
from engine import demo
from engine.deciding import Context
from engine.lawfulness import lawfulness
from engine.measuring import measured
from engine.one_stream import one_stream
from engine.settings import Settings
from engine.simulated_course import Course
from engine.simulated_ids import SimulatedIds
from engine.simulation import UNTIL, SimulatedBank, is_recorded, recorded
from engine.wiring import Databases, Daybook, initialise
from projections import attribution, campaign_results, clock_board
from projections.kpis import kpi_of
from projections.lift import lift
from projections.measures import Asked
from projections.persons import person, read_merges
from store.identity import new_id

NOBODY = Sight("staff:1")
REGIMES = {"cn", "uk", "uk.psd", "us.cfpb"}


class Filled(NamedTuple):
    """A demo that was made."""

    settings: Settings
    databases: Databases
    summary: demo.DemoSummary


@pytest.fixture(scope="module")
def filled(
    scratch_database: Callable[[], AbstractContextManager[Any]], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Filled]:
    """One demo for all who only look."""
    with scratch_database() as database:
        settings = Settings(database_url=database.app_dsn, data_dir=tmp_path_factory.mktemp("demo"))
        databases = Databases(database.app_dsn, database.admin_dsn, None)
        yield Filled(settings, databases, asyncio.run(demo.fill(settings, databases, None)))


@pytest.fixture
async def bank(filled: Filled) -> AsyncGenerator[Daybook]:
    """The demo's Daybook."""
    opened = await Daybook.open(filled.settings, filled.databases)
    yield opened
    await opened.close()


async def told(bank: Daybook, kind: str) -> list[dict[str, Any]]:
    """What events of a kind tell."""
    rows = await bank.record.pool.fetch("select data from record.event where type = $1", kind)
    return [orjson.loads(row["data"]) for row in rows]


def test_it_fills_an_empty_database_and_every_read_model_answers(filled: Filled) -> None:
    found = filled.summary
    assert sum(found.status.positions) > 5000
    assert all(sum(model.lag) == 0 and model.parked == 0 for model in found.status.models)
    assert set(found.tour.answers) == {
        "audit trail", "campaign results", "complaint board", "complaint register", "customer profile",
        "satisfaction history", "timeline", "touch not sent",
    }  # fmt: skip
    assert "none" not in found.tour.answers.values()
    assert "sent" in found.tour.answers["campaign results"]
    assert "first due" in found.tour.answers["complaint board"]


async def test_a_second_demo_adds_nothing(filled: Filled) -> None:
    again = await demo.fill(filled.settings, filled.databases, None)
    assert again.status.positions == filled.summary.status.positions


def test_what_to_try_names_what_is_there(filled: Filled) -> None:
    text = demo.things_to_try(filled.settings, filled.summary.tour)
    tour = filled.summary.tour
    for one in (tour.customer_id, tour.complaint_id, tour.campaign_id, tour.touch_id):
        assert str(one) in text


async def test_some_people_came_twice_and_are_one_but_for_the_one_who_was_not(bank: Daybook) -> None:
    pages = await bank.models.fetch_all("customer_profile", "merging", -1, 100)
    known = {row["customer_id"]: read_merges(row["merges"]) for page in pages for row in page}
    people = {one: (await person(bank.models, one)).customer_ids for one in known}
    assert len(known) == 10
    assert sorted(len(ids) for ids in people.values()) == [1, 1, *[2] * 8]
    assert {status for merges in known.values() for _, status, _ in merges.values()} == {"merged", "reversed"}


# Complaints


async def test_its_complaints_are_in_every_state(bank: Daybook) -> None:
    rows = await bank.record.pool.fetch("select distinct type from record.event where type like 'complaint.%'")
    assert {row["type"].removeprefix("complaint.") for row in rows} >= {
        "queued", "counted", "recused", "paused", "resumed", "extension-requested", "extended", "resolution-accepted",
        "summary-resolution-sent", "delivery-recorded", "notified", "review-requested", "review-decided", "referred",
        "quality-checked", "forwarded", "holding-response-sent", "closed", "withdrawn", "merged", "clock-escalated",
        "clock-breached",
    }  # fmt: skip
    assert {one["approver_level"] for one in await told(bank, "complaint.extended")} == {"institution", "superior"}


async def test_clocks_of_every_regime_are_waited_for_and_some_are_due_soon(bank: Daybook) -> None:
    lines = (await clock_board.board(bank.models, None, NOBODY, limit=1000)).lines
    assert {one.detail["regime"] for one in lines} == REGIMES
    assert {one.detail["state"] for one in lines} == {"breached", "paused", "running"}
    soon = datetime.now(UTC) + timedelta(days=10)
    clocks = {one.clock for one in lines if one.detail["state"] == "running" and one.due_at < soon}
    assert clocks >= {"cn.decide", "us.cfpb.respond"}
    assert any(one.detail["escalated"] for one in lines)
    assert any(one.detail["extension"] for one in lines)


async def test_most_but_not_all_are_answered_in_time_under_every_regime_of_answers(bank: Daybook) -> None:
    whole = await measured(bank, kpi_of("complaint.timely_rate"), Asked(by=("regime",)), NOBODY)
    cells = {one["group"]["regime"]: one for one in whole["cells"]}
    assert set(cells) == REGIMES
    assert all(50 < one["value"] <= 100 for one in cells.values())
    assert sum(one["numerator"] for one in cells.values()) < sum(one["denominator"] for one in cells.values())


# Touches


async def test_touches_are_decided_in_every_way_and_for_many_reasons(bank: Daybook) -> None:
    decided = await told(bank, "touch.decided")
    reasons = Counter((one["decision"], one["rule"]) for one in decided)
    assert {rule for decision, rule in reasons if decision == "suppress"} >= {
        "consent", "holdout", "preference", "vulnerability",
    }  # fmt: skip
    assert {rule for decision, rule in reasons if decision == "hold"} == {"complaint", "hours", "window"}
    assert reasons["send", "allowed"] > 100
    assert {one["reason"] for one in decided} >= {"consent-denied", "consent-unset", "consent-withdrawn"}
    for ended in ("touch.released", "touch.suppressed", "touch.expired"):
        assert await told(bank, ended), ended


async def test_each_decision_is_what_the_policy_of_the_bank_says_of_the_record(bank: Daybook) -> None:
    """Also afterwards: by the version that two others have signed, and what was recorded before."""
    (activated,) = await told(bank, "contact-policy.activated")
    (proposed,) = await told(bank, "contact-policy.proposed")
    signed = {one["signed_by"] for one in await told(bank, "contact-policy.signed-off")}
    assert len(signed) == 2
    assert proposed["proposed_by"] not in {*signed, activated["activated_by"]}
    rows = await bank.record.pool.fetch(
        "select distinct on (stream_id) stream_id from record.event where type like 'touch.%' order by stream_id"
    )
    for row in rows[::25]:
        found = await lawfulness(bank, row["stream_id"])
        assert found is not None
        assert (found.agrees, found.decided_here) == (True, True)
        assert found.policy is not None
        assert found.policy.version == activated["policy_version"]
        assert found.answer != "unlawful"


async def test_lift_and_attribution_have_figures(bank: Daybook) -> None:
    campaigns = (await campaign_results.campaigns(bank.models, limit=10)).campaigns
    found = [await lift(bank.models, one.campaign_id) for one in campaigns]
    assert all(one.treated.converted and one.holdout.customers > 10 for one in found)
    assert all(one.difference_interval is not None for one in found)
    year = datetime.now(UTC) - timedelta(days=400), datetime.now(UTC)
    credited = await attribution.attribution(bank.models, *year, timedelta(days=90))
    assert len(credited.credits) == len(campaigns)


# Surveys


async def test_both_caps_of_the_survey_plan_bind(bank: Daybook) -> None:
    suppressed = Counter(one["suppressed"] for one in await told(bank, "survey.suppressed"))
    assert set(suppressed) == {"asked-often-by-survey", "asked-often-over-all"}
    invited = await told(bank, "survey.invited")
    assert len(invited) > suppressed.total()
    assert {one["metric"] for one in invited} == {"ces", "csat", "nps"}
    assert {one.get("plan_version") for one in invited} == {1}
    assert {one.get("interaction_id") is None for one in invited} == {True, False}
    assert await told(bank, "survey.answered")
    assert await told(bank, "survey.expired")


# The same for everybody


def test_two_installations_make_the_same_bank_but_for_the_ids(scratch_database, tmp_path: Path) -> None:
    """Also what follows from decisions, though holdouts are drawn with other keys; and also where it was stopped."""

    async def course(database: Any, folder: Path, stops: int) -> Counter[tuple[str, datetime, str]]:
        databases = Databases(database.app_dsn, database.admin_dsn, None)
        await initialise(databases, 4, progress=lambda *_: None)
        daybook = await Daybook.open(Settings(database_url=database.app_dsn, data_dir=folder), databases)
        try:
            for last in (stops, sys.maxsize):
                bank = SimulatedBank(daybook.vault.keyed_hmac, customers=12)
                assert not await is_recorded(daybook, bank)
                async for done in recorded(daybook, bank):
                    if done > last:
                        break
            assert await is_recorded(daybook, bank)
            rows = await daybook.record.pool.fetch("select type, occurred_at, actor from record.event")
            return Counter((row["type"], min(row["occurred_at"], UNTIL), row["actor"]) for row in rows)
        finally:
            await daybook.close()

    with scratch_database() as one, scratch_database() as other:
        whole = asyncio.run(course(one, tmp_path / "one", 0))
        assert whole == asyncio.run(course(other, tmp_path / "other", 300))


def test_another_seed_is_another_bank() -> None:
    def people(seed: int) -> list[object]:
        bank = SimulatedBank(lambda *parts: sha256(repr(parts).encode()).digest(), seed=seed, customers=5)
        return [one.person for one in bank.customers]

    assert people(1) == people(1)
    assert people(1) != people(2)


def test_a_course_goes_on_in_the_order_of_time_and_as_far_as_what_is_judged() -> None:
    ids = SimulatedIds(lambda *parts: repr(parts).encode(), "test")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(days=9)
    course = Course(end)
    bank = SimulatedBank(lambda *parts: repr(parts).encode(), customers=0)
    (unit, *_) = bank.opening()

    def at(day: int):
        commands = [one.model_copy(update={"occurred_at": start + timedelta(days=day)}) for one in unit.commands]
        return ids.unit("staff:1", *commands)

    one, two, three, late = at(1), at(2), at(3), at(9)
    course.add([three, one, late])
    course.ask(two, lambda _: course.add([late]))
    assert [of.unit for of in course.step(end)] == [one, two]
    assert [of.unit for of in course.step(start + timedelta(days=3))] == []
    assert [of.unit for of in course.step(end + timedelta(days=9))] == [three]
    assert course.step(end + timedelta(days=9)) == []


async def test_beside_another_bank_nothing_is_simulated(daybook: Daybook) -> None:
    unit_id = one_stream(daybook.vault.keyed_hmac, ORGANISATION_UNIT.name, ("bank",))
    command = OpenUnit(
        unit_id=unit_id, occurred_at=UNTIL, code="bank", unit_kind="bank", names=(UnitName(language="en", name="Ours"),)
    )
    await daybook.handler.handle([command], Context("staff:1", new_id(beside=unit_id), b"r", new_id()))
    before = await daybook.record.end()
    with pytest.raises(demo.AnotherBank, match="DAYBOOK_DATA_DIR"):
        await demo.fill(daybook.settings, daybook.databases, None)
    assert await daybook.record.end() == before


async def test_read_models_of_an_earlier_version_are_made_anew(daybook: Daybook, admin, shared_data, tmp_path) -> None:
    (tmp_path / "files" / "cfpb").mkdir(parents=True)
    (tmp_path / "files" / "cfpb" / "some.csv").symlink_to(shared_data / "cfpb" / "official-v2-public.csv")
    first = await demo.fill(daybook.settings, daybook.databases, tmp_path / "files")
    await admin.execute("update read_model.version set code = code - 1 where projection = 'complaint_register'")
    again = await demo.fill(daybook.settings, daybook.databases, tmp_path / "files")
    assert again.status.positions == first.status.positions
    assert again.tour.answers == first.tour.answers
    assert {one.name for one in again.status.models if one.version > 1} == {"complaint_register"}


def test_a_folder_without_files_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(demo.NothingToImport, match=r"cfpb/\*\.csv"):
        demo.importable(tmp_path)


def test_each_kind_of_file_has_a_folder_of_its_own(tmp_path: Path) -> None:
    found = ["cfpb/a.csv", "cfpb/b.csv", "bank-marketing/a.csv", "loans/a.xes", "loans/b.xes.gz"]
    for one in [*found, "loans/notes.txt", "cfpb/a.xes"]:
        (tmp_path / one).parent.mkdir(exist_ok=True)
        (tmp_path / one).touch()
    assert [str(path.relative_to(tmp_path)) for _, path in demo.importable(tmp_path)] == found
