from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from domain import COMPLAINT
from domain.complaint_case import ComplaintCommand
from engine import demo
from engine.settings import Settings
from engine.simulation import SimulatedBank
from engine.wiring import Databases, Daybook
from projections.persons import person, read_merges


@pytest.fixture
def databases(database) -> Databases:
    return Databases(database.app_dsn, database.admin_dsn, None)


@pytest.fixture
def settings(database, tmp_path) -> Settings:
    return Settings(database_url=database.app_dsn, data_dir=tmp_path)


async def test_it_fills_an_empty_database_and_every_read_model_answers(settings, databases) -> None:
    found = await demo.fill(settings, databases, None)
    assert sum(found.status.positions) > 5000
    assert all(sum(model.lag) == 0 and model.parked == 0 for model in found.status.models)
    assert set(found.tour.answers) == {
        "audit trail", "campaign results", "complaint register", "customer profile", "satisfaction history", "timeline",
    }  # fmt: skip
    assert "none" not in found.tour.answers.values()
    assert "sent" in found.tour.answers["campaign results"]


async def test_a_second_demo_adds_nothing(settings, databases) -> None:
    first = await demo.fill(settings, databases, None)
    again = await demo.fill(settings, databases, None)
    assert again.status.positions == first.status.positions


async def test_what_to_try_names_what_is_there(settings, databases) -> None:
    found = await demo.fill(settings, databases, None)
    text = demo.things_to_try(settings, found.tour)
    assert str(found.tour.customer_id) in text
    assert str(found.tour.complaint_id) in text


async def test_some_people_came_twice_and_are_one_but_for_the_one_who_was_not(settings, databases) -> None:
    await demo.fill(settings, databases, None)
    daybook = await Daybook.open(settings, databases)
    try:
        pages = await daybook.models.fetch_all("customer_profile", "merging", -1, 100)
        known = {row["customer_id"]: read_merges(row["merges"]) for page in pages for row in page}
        people = {one: (await person(daybook.models, one)).customer_ids for one in known}
    finally:
        await daybook.close()
    assert len(known) == 10
    assert sorted(len(ids) for ids in people.values()) == [1, 1, *[2] * 8]
    assert {status for merges in known.values() for _, status, _ in merges.values()} == {"merged", "reversed"}


def test_a_folder_without_files_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(demo.NothingToImport, match=r"cfpb/\*\.csv"):
        demo.importable(tmp_path)


def test_each_kind_of_file_has_a_folder_of_its_own(tmp_path: Path) -> None:
    found = ["cfpb/a.csv", "cfpb/b.csv", "bank-marketing/a.csv", "loans/a.xes", "loans/b.xes.gz"]
    for one in [*found, "loans/notes.txt", "cfpb/a.xes"]:
        (tmp_path / one).parent.mkdir(exist_ok=True)
        (tmp_path / one).touch()
    assert [str(path.relative_to(tmp_path)) for _, path in demo.importable(tmp_path)] == found


def test_one_seed_gives_one_bank() -> None:
    def bank(seed: int) -> list[object]:
        return list(SimulatedBank(lambda *parts: repr(parts).encode(), seed=seed, customers=5).units())

    assert bank(1) == bank(1)
    assert bank(1) != bank(2)


def test_the_same_happens_whatever_key_ids_are_made_with() -> None:
    def course(key: bytes) -> list[list[str]]:
        bank = SimulatedBank(lambda *parts: key + repr(parts).encode(), customers=30)
        return [[command.type for command in unit.commands] for unit in bank.units()]

    assert course(b"one") == course(b"another")


def test_its_complaints_are_in_every_state() -> None:
    """Nothing is refused, and what happens seldom happens too."""
    states, kinds = dict[object, Any](), Counter[str]()
    for unit in SimulatedBank(lambda *parts: repr(parts).encode()).units():
        for command in unit.commands:
            if isinstance(command, ComplaintCommand):
                state = states.get(command.complaint_id, COMPLAINT.initial)
                for event in COMPLAINT.decide(command, state):
                    kinds[event.type.removeprefix("complaint.")] += 1
                    state = COMPLAINT.evolve(state, event)
                states[command.complaint_id] = state
    assert {state.status for state in states.values()} == {"open", "closed", "withdrawn", "merged"}
    assert set(kinds) >= {
        "queued", "counted", "recused", "paused", "resumed", "extension-requested", "extended", "resolution-accepted",
        "summary-resolution-sent", "delivery-recorded", "notified", "review-requested", "review-decided", "referred",
        "quality-checked",
    }  # fmt: skip
