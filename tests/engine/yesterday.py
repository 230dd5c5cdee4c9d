"""A bank whose events were recorded yesterday: imported, followed, sealed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from audit.certificates import ensure_certificate_key
from audit.logs import ensure_logs
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from engine.importing.run import run_import
from engine.logs import guard_of
from engine.wiring import Daybook
from tests.audit.made import as_superuser, seal_all
from tests.projections.made import catch_up, follower_of

LOG_ID = "bank.example/test"
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
HEADER = (
    "Complaint ID,Product,Sub-product,Issue,Sub-issue,State,ZIP code,Submitted via,Date received,"
    "Date sent to company,Company,Company response,Timely response?,Consumer disputed?"
)
ROW = "{n},Mortgage,,Fees,,FL,33000,Web,11/13/2014,11/14/2014,Made-up Bank,Closed with explanation,Yes,No"


async def record_yesterday(daybook: Daybook, database, folder: Path, complaints: int = 8) -> None:
    """Import complaints as if that had been yesterday."""
    file = folder / "complaints.csv"
    file.write_text("\n".join([HEADER, *(ROW.format(n=n) for n in range(1, complaints + 1))]), encoding="utf-8")
    await run_import("cfpb", file, daybook)
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=1) as pool:
        await as_superuser(pool, "update record.event set recorded_at = recorded_at - interval '1 day'")


async def follow_and_seal(daybook: Daybook, database) -> None:
    """Let read models and logs catch up, with the keys and the guard that the settings name."""
    for partition in range(daybook.record.partitions):
        follower = await follower_of(daybook.models, partition, steal=True)
        await catch_up([follower])
        await follower.close()
    pool = await open_pool(database.app_dsn.replace("daybook_app", "daybook_sealer"))
    hands = Hands(pool, guard_of(daybook.settings), FileKeys(daybook.settings.signing), "here")
    await ensure_logs(pool, hands.keys, LOG_ID)
    await ensure_certificate_key(pool, hands.keys, LOG_ID)
    await seal_all(hands)
    await pool.close()
