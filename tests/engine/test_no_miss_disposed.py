"""No-miss certificates over events whose data was disposed of: made before or after, also by a rebuilt read model."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from audit import offline
from audit.certificate import Certificate, read
from audit.certificates import certificate_keys, issued
from audit.exporting import export
from audit.logs import read_logs
from engine.certificates import certifier_of
from engine.certifying import certify_no_miss, check_certificate
from engine.mapping import EventMapper
from projections.registry import PROJECTIONS
from replay.rebuild import rebuild
from store.disposing import dispose_of_stream
from tests.audit.made import as_superuser
from tests.engine.yesterday import YESTERDAY, follow_and_seal, record_yesterday

NAME = "complaint_register"


def setup():
    return EventMapper().fact, PROJECTIONS


@pytest.fixture
async def eraser(database):
    dsn = database.app_dsn.replace("daybook_app", "daybook_eraser")
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        yield pool


@pytest.fixture
async def bank(daybook, database, tmp_path):
    await record_yesterday(daybook, database, tmp_path, complaints=12)
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=1) as pool:
        await as_superuser(pool, "delete from record.sealed")  # as after erasures: nothing personal is beside them
    await follow_and_seal(daybook, database)
    return daybook


async def complaints(bank) -> list[tuple[int, UUID]]:
    """Partition and id of every complaint; first those of the partition that has most."""
    sql = """select partition, stream_id from record.event e where type = 'complaint.received'
             order by count(*) over (partition by partition) desc, partition, position"""
    return [(row["partition"], row["stream_id"]) for row in await bank.record.pool.fetch(sql)]


async def dispose(bank, eraser, partition: int, stream_id: UUID) -> None:
    others = "select event_id from record.event where partition = $1 and stream_id <> $2 and data is not null limit 1"
    why = await bank.record.pool.fetchval(others, partition, stream_id)
    assert await dispose_of_stream(eraser, partition, stream_id, why) > 0


async def certified(bank) -> list[Certificate]:
    found = await certify_no_miss(bank.models, await certifier_of(bank.settings, bank.record.pool), YESTERDAY)
    assert [finding for one in found for finding in one.findings] == []
    keys = await certificate_keys(bank.record.pool)
    return [read(one.note, *keys) async for one in issued(bank.record.pool)]


async def offline_findings(bank, folder: Path) -> list[offline.Finding]:
    """What the offline verifier says of an export of all logs and certificates."""
    await export(bank.record.pool, folder)
    logs = await read_logs(bank.record.pool)
    keys = [*(log.vkey for log in logs), *await certificate_keys(bank.record.pool)]
    policy = offline.Policy.parse(("".join(f"log {one}\n" for one in keys) + "quorum none\n").encode())
    notes = [one for one in (folder / "certificates").rglob("*") if one.is_file()]
    assert notes
    return offline.verify([folder, *notes], policy).findings


async def test_a_certificate_still_holds_when_events_of_its_day_are_disposed_of(bank, eraser, tmp_path):
    before = await certified(bank)
    for partition, stream_id in (await complaints(bank))[:3]:
        await dispose(bank, eraser, partition, stream_id)
    for one in before:
        assert await check_certificate(bank.models, one) == []
    assert await certified(bank) == before, "nothing else is certified"
    assert await offline_findings(bank, tmp_path / "export") == []


async def test_a_read_model_that_was_filled_after_a_disposal_has_missed_nothing(bank, database, eraser, tmp_path):
    first, second, *_ = await complaints(bank)
    before = await certified(bank)
    await dispose(bank, eraser, *first)
    await rebuild(bank.models, setup)
    after = await certified(bank)
    new = [one for one in after if one not in before]
    (told,) = [
        kind
        for one in new
        if (one.content["projection"], one.content["partition"]) == (NAME, first[0])
        for kind in one.content["types"]
        if kind["type"] == "complaint.received"
    ]
    assert (told["passed_over"], told["folded"]) == (1, told["recorded"] - 1)
    await dispose(bank, eraser, *second)  # after it was folded
    for one in (*before, *after):
        assert await check_certificate(bank.models, one) == []
    assert await certified(bank) == after
    assert await offline_findings(bank, tmp_path / "export") == []


async def test_what_is_not_disposed_of_may_not_be_passed_over(bank, admin, eraser):
    first, *_ = await complaints(bank)
    await dispose(bank, eraser, *first)
    await rebuild(bank.models, setup)
    after = await certified(bank)
    await admin.execute(
        "update read_model.tally set events = events + 1 where projection = $1 and partition = $2 and not folded "
        "and type = 'complaint.received'", NAME, first[0],
    )  # fmt: skip
    of = next(one for one in after if (one.content["projection"], one.content["partition"]) == (NAME, first[0])
              and any(kind["passed_over"] and kind["folded"] for kind in one.content["types"]))  # fmt: skip
    assert await check_certificate(bank.models, of) != []
