"""Rows that could not be read, kept until somebody looks at them: the reason in clear, the row sealed."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from engine.importing.identities import Identities
from engine.importing.rows import Row
from engine.importing.verdict import Reason
from store.record import Record
from vault.shredding import Tombstone
from vault.vault import Item, Missing, Reference, Vault

if TYPE_CHECKING:
    import asyncpg

RECORD_CLASS: Final = "quarantine"


class QuarantinedImport(NamedTuple):
    """A file with rows in quarantine."""

    import_id: UUID
    source: str
    file_sha256: str
    rows: int
    first_at: datetime


class QuarantinedRow(NamedTuple):
    """Why a row is in quarantine; the row itself is opened with `Quarantine.open`."""

    import_id: UUID
    source: str
    file_sha256: str
    row: int
    line: int
    reasons: tuple[Reason, ...]
    quarantined_at: datetime


class File(NamedTuple):
    """The file that rows come from."""

    import_id: UUID
    source: str
    sha256: bytes


class Quarantine:
    """Keeps rows of imports and lists them; all rows of one import are in one partition."""

    def __init__(self, record: Record, vault: Vault) -> None:
        self._record = record
        self._vault = vault

    async def keep(self, file: File, rows: Sequence[tuple[Row, Sequence[Reason]]], identities: Identities) -> int:
        """Put rows in quarantine; one that is there already stays as it is. Answers how many are new."""
        partition = self._record.partition_of(file.import_id)
        numbers = [row.number for row, _ in rows]
        known = await self._record.pool.fetch(_statement("quarantined_numbers"), partition, file.import_id, numbers)
        there = {number for (number,) in known}
        new = [(row, reasons) for row, reasons in rows if row.number not in there]
        if new:
            ids = [identities.quarantined_row(file.import_id, row.number) for row, _ in new]
            items = [
                Item(row_id, row_id, RECORD_CLASS, b"".join(row.raw)) for row_id, (row, _) in zip(ids, new, strict=True)
            ]
            sealed = await self._vault.seal_many(partition, items)
            await self._record.pool.execute(
                _statement("quarantine_rows"),
                partition,
                *file,
                [row.number for row, _ in new],
                [row.line for row, _ in new],
                [" ".join(reason.code for reason in reasons) for _, reasons in new],
                [" ".join(reason.field or "-" for reason in reasons) for _, reasons in new],
                ids,
                [blob.key_id for blob in sealed],
                [blob.sha256 for blob in sealed],
                [blob.blob for blob in sealed],
            )
        return len(new)

    async def imports(self) -> list[QuarantinedImport]:
        """Every file that has rows in quarantine."""
        found: list[QuarantinedImport] = []
        for partition in range(self._record.partitions):
            for row in await self._record.pool.fetch(_statement("quarantine_imports"), partition):
                import_id, source, sha256, rows, first_at = row
                found.append(QuarantinedImport(import_id, source, sha256.hex(), rows, first_at))
        return sorted(found, key=lambda one: one.first_at)

    async def rows(self, import_id: UUID, *, after: int = 0, limit: int = 100) -> list[QuarantinedRow]:
        """Rows of one import in their order, behind row number `after`."""
        page = await self._record.pool.fetch(
            _statement("quarantine_page"), self._record.partition_of(import_id), import_id, after, limit
        )
        return [
            QuarantinedRow(
                import_id,
                row["source"],
                row["file_sha256"].hex(),
                row["row_number"],
                row["line_number"],
                tuple(
                    Reason(code, "" if field == "-" else field)
                    for code, field in zip(row["reasons"], row["fields"], strict=True)
                ),
                row["quarantined_at"],
            )
            for row in page
        ]

    async def open(self, import_id: UUID, number: int) -> bytes | Missing | None:
        """The row's bytes as they stood in the file; `Missing` if they were erased, None if there is no such row."""
        partition = self._record.partition_of(import_id)
        row = await self._record.pool.fetchrow(_statement("quarantined_row"), partition, import_id, number)
        if row is None:
            return None
        reference = Reference(row["row_id"], row["row_id"], RECORD_CLASS, row["key_id"], row["blob"], row["sha256"])
        (opened,) = await self._vault.open_many(partition, [reference])
        return opened


class QuarantinedBlobs:
    """The sealed rows in quarantine, as the role of erasure empties them; why a row is there stays."""

    name = "intake.quarantine"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def delete(self, partition: int, tombstones: Sequence[Tombstone]) -> int:
        """Empty what these keys have sealed, and say how much it was."""
        key_ids = [tombstone.key_id for tombstone in tombstones if tombstone.record_class == RECORD_CLASS]
        if not key_ids:
            return 0
        done = await self._pool.execute(_statement("erase_quarantined"), partition, key_ids)
        return int(done.rpartition(" ")[2])

    async def left(self, partition: int) -> int:
        """How many rows are still sealed under a key that has a tombstone."""
        return await self._pool.fetchval(_statement("quarantined_under_tombstones"), partition)


@cache
def _statement(name: str) -> str:
    return (files("engine.importing") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
