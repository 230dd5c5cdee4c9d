"""What became of a batch whose connection was lost at commit."""

from typing import TYPE_CHECKING

from store.batch import Batch
from store.envelope import Appended, AppendRequest
from store.statements import statement

if TYPE_CHECKING:
    import asyncpg


async def settle(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, schema: str
) -> list[Appended | None]:
    """Where each request's events stand, or None for one that this batch did not write.

    A call that was cut off while it was at work holds the head lock until it has ended, either way, and
    is waited for here. One that had not come so far may still come: what it writes then has the salts
    of this batch too, or is refused by the keys. The salts also tell the batch's own rows from those
    that a repeat of a request, or another one under its ids, has written: such a request is judged
    again and refused as it would have been.
    """
    event_ids = [request.events[0].event_id for request in batch.requests if request.events]
    command_ids = [r.answer.command_id for r in batch.requests if r.answer is not None and not r.events]
    async with connection.transaction(isolation="read_committed"):
        await connection.fetchval(statement("lock_head", schema), partition)
        events = await connection.fetch(statement("settle_events", schema), partition, event_ids)
        answers = await connection.fetch(statement("settle_answers", schema), partition, command_ids)
    at = {row["event_id"]: row for row in events}
    answered = {row["command_id"]: row for row in answers}

    def found(request: AppendRequest, salt: bytes) -> Appended | None:
        if request.events:
            row = at.get(request.events[0].event_id)
            if row is not None and row["salt"] == salt:
                return Appended(partition, row["position"], len(request.events), row["recorded_at"])
        elif request.answer is not None:
            row = answered.get(request.answer.command_id)
            if row is not None and row["request_hmac"] == request.answer.request_hmac:
                return Appended(partition, row["position"] + 1, 0, row["found_at"])
        return None

    return [found(request, salt) for request, salt in zip(batch.requests, batch.first_salts(), strict=True)]
