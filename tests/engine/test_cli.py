import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def daybook_cli(empty_database, tmp_path, warm):
    """Runs the command line in a process of its own, on an empty database."""
    settings = {
        "DAYBOOK_DATABASE_URL": empty_database.app_dsn,
        "DAYBOOK_MIGRATE_URL": empty_database.admin_dsn,
        "DAYBOOK_DATA_DIR": str(tmp_path),
    }

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*warm, "engine", *arguments],
            env={**os.environ, **settings, **environment}, capture_output=True, text=True, cwd=ROOT, timeout=120,
            check=False,
        )  # fmt: skip

    run.eraser = empty_database.app_dsn.replace("daybook_app", "daybook_eraser")  # pyright: ignore[reportFunctionMemberAccess]
    return run


def last_line(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_program_starts_as_it_is_installed() -> None:
    """The other tests start it warm."""
    for command in ([Path(sys.executable).with_name("daybook")], [sys.executable, "-m", "engine"]):
        told = subprocess.run([*command, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
        assert "every customer interaction" in told.stdout


def test_from_nothing_to_status(daybook_cli) -> None:
    assert last_line(daybook_cli("init", "--partitions", "2", "--json")) == {"partitions": 2}
    assert last_line(daybook_cli("migrate", "--json")) == {"applied": []}
    status = last_line(daybook_cli("status", "--json"))
    assert status["positions"] == [0, 0]
    assert {model["name"] for model in status["models"]} >= {"customer_profile", "audit_trail"}
    assert "up to date" in daybook_cli("status").stdout


def test_keys_are_rotated_by_two_people_and_an_old_epoch_goes(daybook_cli) -> None:
    daybook_cli("init", "--partitions", "2")
    assert daybook_cli("status").returncode == 0
    eraser = {"DAYBOOK_BACKUP_WINDOW_DAYS": "0"}
    alone = daybook_cli("keys", "rotate", "--actor", "a", "--approved-by", "a", **eraser)
    assert alone.returncode == 1
    assert "another person" in alone.stderr
    without = daybook_cli("keys", "list", **eraser)
    assert "DAYBOOK_ERASER_URL" in without.stderr
    by = "--actor", "a", "--approved-by", "b", "--json"
    eraser["DAYBOOK_ERASER_URL"] = daybook_cli.eraser
    assert last_line(daybook_cli("keys", "rotate", *by, **eraser)) == {"epoch": 2, "rewrapped": 0, "resumed": False}
    assert last_line(daybook_cli("keys", "destroy-epoch", "1", *by, **eraser)) == {"epoch": 1, "destroyed": True}
    told = last_line(daybook_cli("keys", "list", "--json", **eraser))
    assert [(one["epoch"], one["held"]) for one in told["epochs"]] == [(1, False), (2, True)]
    assert daybook_cli("status").returncode == 0


def test_a_record_keeps_its_number_of_partitions(daybook_cli) -> None:
    daybook_cli("init", "--partitions", "2")
    again = daybook_cli("init", "--partitions", "3")
    assert again.returncode == 1
    assert "2 partitions" in again.stderr
    other = daybook_cli("status", DAYBOOK_PARTITIONS="3")
    assert other.returncode == 1
    assert "Traceback" not in other.stderr


def test_before_init_it_says_what_to_do(daybook_cli) -> None:
    early = daybook_cli("status")
    assert early.returncode == 1
    assert "daybook init" in early.stderr
    assert "Traceback" not in early.stderr


def test_an_import_reports_its_counts_on_the_last_line(daybook_cli, tmp_path) -> None:
    daybook_cli("init")
    file = tmp_path / "complaints.csv"
    header = "Complaint ID,Product,Sub-product,Issue,Sub-issue,State,ZIP code,Submitted via,Date received,"
    header += "Date sent to company,Company,Company response,Timely response?,Consumer disputed?"
    row = "1,Mortgage,,Fees,,FL,33000,Web,11/13/2014,11/14/2014,Made-up Bank,Closed with explanation,Yes,No"
    file.write_text(f"{header}\n{row}\nnot,a,row\n", encoding="utf-8")
    first = last_line(daybook_cli("import", "cfpb", str(file), "--json"))
    assert {name: first[name] for name in ("rows", "imported", "unchanged", "quarantined")} == {
        "rows": 2, "imported": 1, "unchanged": 0, "quarantined": 1,
    }  # fmt: skip
    assert first["events_appended"] > 0
    again = last_line(daybook_cli("import", "cfpb", str(file), "--json"))
    assert (again["unchanged"], again["events_appended"]) == (1, 0)


def test_a_file_of_another_kind_is_refused_in_one_line(daybook_cli, tmp_path) -> None:
    daybook_cli("init")
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    refused = daybook_cli("import", "cfpb", str(file))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr


def test_rebuild_reports_what_it_did(daybook_cli) -> None:
    daybook_cli("demo", "--check")
    done = last_line(daybook_cli("rebuild", "--processes", "2", "--json"))
    assert done["events"] > 5000
    status = last_line(daybook_cli("status", "--json"))
    assert {model["version"] for model in status["models"]} == {2}


def test_demo_check_ends_well_and_shows_every_read_model(daybook_cli) -> None:
    found = last_line(daybook_cli("demo", "--check", "--json"))
    assert found["events"] > 5000
    assert len(found["read_models"]) == 8


def test_it_listens_on_loopback_only(daybook_cli) -> None:
    refused = daybook_cli("serve", DAYBOOK_HOST="0.0.0.0")  # noqa: S104  # what is refused
    assert refused.returncode != 0
    assert "other hosts" in refused.stderr


@pytest.mark.parametrize("command", ["serve", "demo", "migrate", "init", "status", "rebuild", "import cfpb"])
def test_every_command_has_help_with_an_example(daybook_cli, command: str) -> None:
    told = daybook_cli(*command.split(), "--help")
    assert told.returncode == 0
    assert f"Example: daybook {command}" in told.stdout


def test_following_in_a_process_of_its_own(daybook_cli, tmp_path, empty_database, warm) -> None:
    daybook_cli("init", "--partitions", "1")
    file = tmp_path / "complaints.csv"
    header = "Complaint ID,Product,Sub-product,Issue,Sub-issue,State,ZIP code,Submitted via,Date received,"
    header += "Date sent to company,Company,Company response,Timely response?,Consumer disputed?"
    row = "1,Mortgage,,Fees,,FL,33000,Web,11/13/2014,11/14/2014,Made-up Bank,Closed with explanation,Yes,No"
    file.write_text(f"{header}\n{row}\n", encoding="utf-8")
    daybook_cli("import", "cfpb", str(file))
    environment = {**os.environ, "DAYBOOK_DATABASE_URL": empty_database.app_dsn, "DAYBOOK_DATA_DIR": str(tmp_path)}
    follower = subprocess.Popen([*warm, "engine", "follow"], env=environment, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while "up to date" not in daybook_cli("status").stdout:
            assert time.monotonic() < deadline
            assert follower.poll() is None
    finally:
        follower.terminate()
    assert follower.wait(30) == 0


def test_a_kpi_and_the_way_down(daybook_cli) -> None:
    daybook_cli("demo", "--check")
    period = "--from", "2020-01-01", "--to", "2029-12-31"
    told = last_line(daybook_cli("kpi", "complaint.count", *period, "--by", "product", "--json"))
    total = sum(cell["numerator"] for cell in told["cells"])
    assert (told["kpi"]["version"], told["parked"]) == (1, 0)
    assert total > len(told["cells"]) > 1
    product, first = told["cells"][0]["group"]["product"], told["cells"][0]["numerator"]
    of = "--where", f"product={product}", "--events", "numerator", "--limit", "1000", "--json"
    page = last_line(daybook_cli("kpi", "complaint.count", *period, *of))
    assert (len(page["counted"]), page["next"]) == (first, None)
    assert "complaints" in daybook_cli("kpi", "complaint.count", *period).stdout
    for wrong in (("--by", "colour"), ("--where", "product"), ("--events", "both")):
        refused = daybook_cli("kpi", "complaint.count", *period, *wrong)
        assert refused.returncode > 0
        assert "Traceback" not in refused.stderr
