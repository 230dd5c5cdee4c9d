"""The daily report: signed whatever it finds, missing days are told, and sealing makes it by itself."""

import asyncio
from datetime import timedelta

import pytest

from audit.certificate import read
from audit.certificates import certificate_keys, find
from audit.exporting import export
from audit.offline import main as offline
from engine.certificates import certifier_of
from engine.daily_report import DailyReport
from engine.logs import guard_of
from engine.status import status
from engine.verification_report import report_status, verification_report
from projections.registry import PROJECTIONS
from tests.engine.yesterday import YESTERDAY, follow_and_seal, record_yesterday


@pytest.fixture
async def bank(daybook, database, tmp_path):
    await record_yesterday(daybook, database, tmp_path)
    await follow_and_seal(daybook, database)
    return daybook


async def made(bank):
    certifier = await certifier_of(bank.settings, bank.record.pool)
    return await verification_report(bank.models, certifier, guard_of(bank.settings), YESTERDAY)


async def content(bank) -> dict:
    kept = await find(bank.record.pool, "verification-report/1", str(YESTERDAY))
    assert kept is not None
    return read(kept.note, *await certificate_keys(bank.record.pool)).content


async def test_a_clean_day(bank):
    before = await report_status(bank.record.pool)
    assert before is not None
    assert "is missing" in (before.trouble or "")
    assert "is missing" in (await status(bank)).text()
    assert (await made(bank)).findings == ()
    told = await content(bank)
    assert (told["ok"], told["findings"], told["fork_guard"]) == (True, [], True)
    assert all(one["sha256"] for one in told["no_miss"])
    assert sum(one["size"] for one in told["verified"]) > 24
    assert {one["events"] for one in told["unsealed"]} == {0}
    after = await report_status(bank.record.pool)
    assert after is not None
    assert (after.trouble, after.findings) == (None, 0)
    assert "no findings" in (await status(bank)).text()


async def test_a_bad_day_is_signed_and_says_so(bank, admin):
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update record.event set actor = 'x' where position = 1")
    await admin.execute("update read_model.tally set sum = sum + 1 where projection = 'audit_trail'")
    found = (await made(bank)).findings
    told = await content(bank)
    assert told["ok"] is False
    assert told["findings_total"] == len(found) > 1
    assert {one["what"] for one in told["findings"]} >= {"event"}
    assert any(one["sha256"] is None for one in told["no_miss"])
    after = await report_status(bank.record.pool)
    assert after is not None
    assert f"{len(found)} findings" in (after.trouble or "")


async def test_a_record_without_a_past_needs_no_report(daybook, database, tmp_path):
    assert await report_status(daybook.record.pool) is None
    assert "erification report" not in (await status(daybook)).text()


async def test_an_export_has_the_certificates_and_the_offline_verifier_takes_them(bank, tmp_path, capsys):
    await made(bank)
    written = await export(bank.record.pool, tmp_path / "out")
    assert written["certificates"] > 24
    again = await export(bank.record.pool, tmp_path / "out")
    assert "certificates" not in again
    rows = await bank.record.pool.fetch("select vkey from seal.log union all select vkey from seal.certificate_key")
    policy = tmp_path / "policy"
    policy.write_text("".join(f"log {row['vkey']}\n" for row in rows) + "quorum none\n", encoding="utf-8")
    assert offline([str(tmp_path / "out"), "--policy", str(policy)]) == 0
    said = capsys.readouterr().out
    assert "verification-report/1" in said
    filled = await bank.record.pool.fetchval("select count(distinct partition) from record.event")
    assert f"{len(PROJECTIONS) * filled} certificates have the leaves of these logs" in said
    (file,) = (tmp_path / "out" / "certificates" / "verification-report").iterdir()
    file.write_text(file.read_text(encoding="utf-8").replace('"ok":true', '"ok":false'), encoding="utf-8")
    assert offline([str(tmp_path / "out"), "--policy", str(policy)]) == 1


async def test_sealing_makes_the_report_that_is_missing(bank):
    async with DailyReport(bank.settings, bank.record, bank.models, check_s=0.2):
        async with asyncio.timeout(60):
            while (found := await report_status(bank.record.pool)) is None or found.issued_at is None:  # noqa: ASYNC110  # no one is told
                await asyncio.sleep(0.1)
    told = await content(bank)
    assert (told["ok"], told["day"]) == (True, str(YESTERDAY))
    assert await find(bank.record.pool, "verification-report/1", str(YESTERDAY - timedelta(days=1))) is None
