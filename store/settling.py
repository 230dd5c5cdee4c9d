"""What became of a batch whose connection was lost at commit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.envelope import Appended, AppendRequest
from store.statements import statement

if TYPE_CHECKING:
    import asyncpg


async def settle(
    connection: "asyncpg.Connection[asyncpg.Record]",
    partition: int,
    requests: Sequence[AppendRequest],
    schema: str,
) -> list[Appended | None]:
    """Where each request's events stand, or None for one that the record does not hold.

    The call that was cut off holds the head lock until it has ended, either way; so once the lock is
    passed, what is not there will not come. Event and command ids are derived from the request, so
    whoever appended them appended this request.
    """
    event_ids = [request.events[0].event_id for request in requests if request.events]
    command_ids = [request.answer.command_id for request in requests if request.answer is not None]
    async with connection.transaction(isolation="read_committed"):
        await connection.fetchval(statement("lock_head", schema), partition)
        events = await connection.fetch(statement("find_events", schema), partition, event_ids)
        answers = await connection.fetch(statement("find_answers", schema), partition, command_ids)
        base, stamp = await connection.fetchrow(statement("next_position", schema), partition, None)
    at = {row["event_id"]: row for row in events}
    answered = {row["command_id"] for row in answers}

    def found(request: AppendRequest) -> Appended | None:
        if request.events:
            row = at.get(request.events[0].event_id)
            return row and Appended(partition, row["position"], len(request.events), row["recorded_at"])
        if request.answer is not None and request.answer.command_id in answered:
            return Appended(partition, base, 0, stamp)
        return None

    return [found(request) for request in requests]
