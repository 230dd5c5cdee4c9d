"""A file's rows in portions that fit in memory, mapped without holding the event loop up."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from engine.importing.reading import Importer, Mapped
from engine.importing.rows import Limits, Row
from engine.importing.verdict import Reason, Unreadable

# Some 5 ms of work, after which the chunk that is being committed gets its turn.
_ROWS_PER_TURN = 100
_BYTES_PER_TURN = 1 << 16


@dataclass(slots=True)
class Chunk:
    """Rows that could be mapped, rows that could not, and how many of them all are not UTF-8."""

    mapped: list[Mapped] = field(default_factory=list[Mapped])
    unreadable: list[tuple[Row, tuple[Reason, ...]]] = field(default_factory=list[tuple[Row, tuple[Reason, ...]]])
    fallback: int = 0
    rows: int = 0
    size_bytes: int = 0

    def add(self, row: Row, importer: Importer) -> None:
        """Map one row."""
        self.rows += 1
        self.size_bytes += sum(map(len, row.raw))
        self.fallback += row.fallback
        if row.problem is not None:
            self.unreadable.append((row, (Reason(row.problem),)))
            return
        try:
            self.mapped.append(importer.read(row))
        except Unreadable as unreadable:
            self.unreadable.append((row, unreadable.reasons))


async def chunks(reader: Iterable[Row], importer: Importer, limits: Limits) -> AsyncIterator[Chunk]:
    """Read and map the file, chunk by chunk."""
    chunk, turn = Chunk(), 0
    for row in reader:
        chunk.add(row, importer)
        if chunk.rows >= limits.chunk_rows_max or chunk.size_bytes >= limits.chunk_bytes_max:
            yield chunk
            chunk, turn = Chunk(), 0
        elif chunk.rows % _ROWS_PER_TURN == 0 or chunk.size_bytes - turn >= _BYTES_PER_TURN:
            turn = chunk.size_bytes
            await asyncio.sleep(0)
    if chunk.rows:
        yield chunk
