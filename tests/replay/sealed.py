"""A record whose events were recorded on past days, followed and sealed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from audit.certificates import Certifier, ensure_certificate_key
from audit.logs import ensure_logs
from audit.sealer import Hands
from projections.models import ReadModels
from tests.audit.made import seal_all
from tests.projections.made import Noted, Passed, Writer, catch_up, follower_of

LOG_ID = "bank.example/test"
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
BEFORE = TODAY - timedelta(days=2)
TYPES = {Noted.type: Noted, Passed.type: Passed}


async def past(admin_dsn: str, writer: Writer, day: date, *notes: tuple[str, str], kind: Any = Noted) -> None:
    """Record notes as if on a past day; later days come later."""
    before = await writer.record.end()
    await writer.note(*notes, kind=kind)
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("set session_replication_role = replica")
        for partition, position in enumerate(before.next_positions):
            await connection.execute(
                "update record.event set recorded_at = ($3::date + recorded_at::time) at time zone 'UTC' "
                "where partition = $1 and position >= $2",
                partition, position, day,
            )  # fmt: skip
    finally:
        await connection.close()


async def follow_all(models: ReadModels, holder: str = "me") -> None:
    """Let all partitions be read to their ends."""
    for partition in range(models.record.partitions):
        follower = await follower_of(models, partition, holder=holder, steal=True)
        await catch_up([follower])
        await follower.close()


async def begin(hands: Hands) -> Certifier:
    """Begin the logs; who signs."""
    await ensure_logs(hands.pool, hands.keys, LOG_ID)
    await ensure_certificate_key(hands.pool, hands.keys, LOG_ID)
    return await Certifier.open(hands.pool, hands.keys)


async def seal(hands: Hands) -> None:
    """Seal everything."""
    await seal_all(hands)
