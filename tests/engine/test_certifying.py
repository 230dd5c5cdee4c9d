"""Certifying and checking certificates, over a bank's own read models."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from audit.certificate import read
from audit.certificates import certificate_keys, issued
from engine.certificates import certifier_of
from engine.certifying import certify_no_miss, check_certificate
from projections.registry import PROJECTIONS
from tests.engine.yesterday import YESTERDAY, follow_and_seal, record_yesterday

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def bank(daybook, database, tmp_path):
    await record_yesterday(daybook, database, tmp_path)
    await follow_and_seal(daybook, database)
    return daybook


@pytest.fixture
def cli(bank, database, tmp_path, warm):
    """Runs the command line; its exit code, and what it says on stdout and stderr."""
    environment = {**os.environ, "DAYBOOK_DATABASE_URL": database.app_dsn, "DAYBOOK_DATA_DIR": str(tmp_path)}

    async def run(*arguments: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            *warm, "engine", *arguments, env=environment, cwd=ROOT, stdout=-1, stderr=-1
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    return run


async def test_every_read_model_and_partition_is_certified_once(bank):
    pool = bank.record.pool
    certifier = await certifier_of(bank.settings, pool)
    found = await certify_no_miss(bank.models, certifier, YESTERDAY)
    assert [finding for one in found for finding in one.findings] == []
    assert len(found) == len(PROJECTIONS) * 4
    kept = [one async for one in issued(pool)]
    assert {one.sha256 for one in kept} == {one.certificate and one.certificate.sha256 for one in found}
    again = await certify_no_miss(bank.models, certifier, YESTERDAY, ["complaint_register"])
    assert {one.certificate for one in again} <= {one.certificate for one in found}, "nothing has changed"
    keys = await certificate_keys(pool)
    contents = [read(one.note, *keys) for one in kept]
    assert sum(one.content["folded"]["events"] for one in contents) > 24
    for one in contents:
        assert await check_certificate(bank.models, one) == []
    empty = await certify_no_miss(bank.models, certifier, YESTERDAY - timedelta(days=1), ["complaint_register"])
    assert all(one.certificate is not None for one in empty)


async def test_on_the_command_line(bank, cli, admin, tmp_path):
    code, out, _ = await cli("certify", "no-miss", "--day", str(YESTERDAY), "--model", "complaint_register", "--json")
    told = json.loads(out.splitlines()[-1])
    assert (code, len(told["certificates"]), told["findings"]) == (0, 4, [])
    told_of = "select max(partition) from read_model.tally where projection = 'complaint_register'"
    partition = await admin.fetchval(told_of)  # there may be none in one, and one is seldom the first
    subject = told["certificates"][partition]["subject"]
    code, note, err = await cli("certificates", "show", "no-miss/1", subject)
    assert code == 0, err
    file = tmp_path / "one.note"
    file.write_text(note, encoding="utf-8")
    assert (await cli("verify", "certificate", str(file)))[:2] == (0, "Signed: no-miss/1. 0 findings.\n")
    await admin.execute("update read_model.tally set sum = sum + 1 where projection = 'complaint_register'")
    code, out, _ = await cli("verify", "certificate", str(file), "--json")
    assert (code, json.loads(out)["findings"][0]["what"]) == (1, "tally")
    code, out, _ = await cli("certify", "no-miss", "--day", str(YESTERDAY), "--model", "complaint_register")
    assert code == 1
    assert "4 of 4 certified" not in out  # a partition where nothing happened that day has no tally to edit
    assert "tally complaint_register/" in out
    file.write_text(note.replace(f'"partition":{partition}', '"partition":9'), encoding="utf-8")
    code, _, err = await cli("verify", "certificate", str(file))
    assert code == 1
    assert "does not fit the text" in err


async def test_edits_of_rows_are_found_on_the_command_line(bank, cli, admin):
    clean = await cli("verify", "read-models", "--model", "complaint_register", "--processes", "1")
    assert clean[0] == 0, clean
    assert "0 rows differ" in clean[1]
    await admin.execute("update read_model.complaint_v1 set status = 'closed ' where ctid = '(0,1)'")
    code, out, _ = await cli("verify", "read-models", "--model", "complaint_register", "--processes", "1", "--json")
    (found,) = json.loads(out)["findings"]
    assert (code, found["table"], found["what"], found["columns"]) == (1, "complaint", "changed", ["status"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--day", "2999-01-01"], "not over"),
        (["--day", "yesterday"], "does not match"),
        (["--day", "2020-01-01", "--model", "x"], "no read model"),
    ],
)
async def test_bad_input_is_told(cli, arguments, told):
    code, _, err = await cli("certify", "no-miss", *arguments)
    assert code == 2
    assert told in err
