"""Who else vouches for the record log: witnesses before a checkpoint is published, a timestamp authority after."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from audit.anchoring import Anchoring
from audit.checkpoint import Checkpoint
from audit.errors import CountersignatureMissing
from audit.logs import Database
from audit.notes import Note
from audit.proving import prove_growth
from audit.sealer import LogSealer
from audit.statements import statement
from audit.witnessing import Asked, Witnesses


class WitnessStatus(NamedTuple):
    """A witness: up to which size of which log it cosigned, when, when it was asked last, and why it did not cosign."""

    origin: str
    name: str
    size: int
    cosigned_at: datetime | None
    asked_at: datetime
    trouble: str | None


async def read_witnesses(database: Database) -> list[WitnessStatus]:
    """How the witnesses do, by log and name."""
    return [WitnessStatus(*row) for row in await database.fetch(statement("witnesses"))]


class Countersigning:
    """Has the record log's checkpoints cosigned and anchored. One for a process; `close` it."""

    def __init__(
        self, witnesses: Witnesses | None = None, *, require: bool = True, anchoring: Anchoring | None = None
    ) -> None:
        """`require`: a checkpoint without a quorum is not published; else it is, and the lack is shown."""
        self._witnesses = witnesses
        self._require = require
        self._anchoring = anchoring
        self._noted: dict[str, tuple[str, int, str | None]] | None = None

    async def close(self) -> None:
        """Hang up."""
        if self._witnesses is not None:
            await self._witnesses.close()
        if self._anchoring is not None:
            await self._anchoring.close()

    async def countersign(self, sealer: LogSealer, note: Note) -> Note:
        """The note with the cosignatures that can be had now.

        Raises:
            CountersignatureMissing: they are no quorum, and one is required.
        """
        witnesses, head = self._witnesses, Checkpoint.parse(note.text)
        if witnesses is None:
            return note
        if self._noted is None:
            self._noted = await _recall(sealer, witnesses)

        async def prove(old: int, size: int) -> list[bytes]:
            return await prove_growth(sealer.hands.pool, sealer.name, old, size)

        done = await witnesses.cosign(head, note, prove)
        self._noted |= await _note(sealer, witnesses, self._noted)
        if self._require and not done.reached:
            missing = "; ".join(f"{name} {why}" for name, why in sorted(done.missing.items()))
            raise CountersignatureMissing(
                f"log {sealer.origin} waits at {head.size} entries for a quorum of its witnesses: {missing}"
            )
        return done.note

    def due(self, text: str) -> bool:
        """Whether a published checkpoint lacks a witness that may be asked again now."""
        return self._witnesses is not None and self._witnesses.due(text)

    async def published(self, sealer: LogSealer, note: Note) -> None:
        """Offer the checkpoint to be anchored; returns at once."""
        if self._anchoring is not None:
            self._anchoring.offer(sealer.hands.pool, sealer.name.partition, Checkpoint.parse(note.text))


async def _recall(sealer: LogSealer, witnesses: Witnesses) -> dict[str, tuple[str, int, str | None]]:
    """What was known of the witnesses before this process began; nothing of it is noted as written by us."""
    rows = {one.name: one for one in await read_witnesses(sealer.hands.pool) if one.origin == sealer.origin}
    for one in witnesses.asked:
        if one.line.name in rows:
            one.size = rows[one.line.name].size
    names = [one.line.name for one in witnesses.asked]
    await sealer.hands.pool.execute(statement("drop_witnesses"), sealer.name.partition, sealer.origin, names)
    return {}


async def _note(
    sealer: LogSealer, witnesses: Witnesses, noted: Mapping[str, tuple[str, int, str | None]]
) -> dict[str, tuple[str, int, str | None]]:
    """Write down how the witnesses do, as far as it has changed."""
    changed = [one for one in witnesses.asked if noted.get(one.line.name) != _state(one)]
    if changed:
        arguments = (sealer.name.partition, sealer.origin, *_columns(changed))
        await sealer.hands.pool.execute(statement("put_witnesses"), *arguments)
    return {one.line.name: _state(one) for one in changed}


def _state(one: Asked) -> tuple[str, int, str | None]:
    return one.text, one.size, one.trouble


def _columns(witnesses: Sequence[Asked]) -> tuple[list[str], list[int], list[datetime | None], list[str | None]]:
    at = [None if one.cosigned_at is None else datetime.fromtimestamp(one.cosigned_at, UTC) for one in witnesses]
    return [one.line.name for one in witnesses], [one.size for one in witnesses], at, [one.trouble for one in witnesses]
