"""Importing one file: look it over, map it chunk by chunk, commit each chunk while the next is mapped."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from engine.directory import program
from engine.importing.bank_marketing import BankMarketingImporter
from engine.importing.cfpb import CfpbImporter
from engine.importing.chunks import chunks
from engine.importing.committing import Committer
from engine.importing.identities import Identities
from engine.importing.loans import LoanImporter
from engine.importing.quarantine import File
from engine.importing.reading import Importer, Origin
from engine.importing.rows import Limits, RowReader
from engine.importing.survey import Survey, open_checked, survey
from engine.importing.traces import TraceReader, open_traces, survey_traces
from engine.importing.verdict import ImportSummary, Tally, Verdict

if TYPE_CHECKING:
    from engine.wiring import Daybook

Kind = Literal["cfpb", "bank-marketing", "loans"]
Progress = Callable[[int, int], None]
"""Called with rows done and rows expected; expected is an estimate where quotes in the file are unbalanced."""

Watch = Callable[[Sequence[Verdict]], None]
"""Called with the verdicts of each committed chunk, in the order of the file."""

_DELIMITERS: Final[dict[Kind, str]] = {"cfpb": ",", "bank-marketing": ";"}
"""Of the kinds that are separated text; the others are event logs."""
_IMPORTERS: Final[dict[Kind, type[CfpbImporter] | type[BankMarketingImporter] | type[LoanImporter]]] = {
    "cfpb": CfpbImporter,
    "bank-marketing": BankMarketingImporter,
    "loans": LoanImporter,
}


async def run_import(  # noqa: PLR0913  # half of them optional and by name
    kind: Kind,
    path: Path,
    daybook: "Daybook",
    *,
    progress: Progress | None = None,
    verdicts: Watch | None = None,
    limits: Limits | None = None,
) -> ImportSummary:
    """Import a file; every row ends in the record or in quarantine.

    May be interrupted at any point: what is committed stays, and the same import again goes on.

    Raises:
        ImportRefused: the file as a whole is unreadable; nothing was imported.
        PersistenceError: the record cannot be written; as if interrupted.
    """
    limits = limits or Limits()
    separated = kind in _DELIMITERS
    with closing(await asyncio.to_thread(open_checked if separated else open_traces, path, limits)) as file:
        seen = await asyncio.to_thread(survey, file) if separated else await _look_over(path, file, limits)
        run = _Run(kind, file, seen, daybook, limits)
        run.tally.events += await run.committer.preface()
        await run.all_chunks(progress, verdicts)
    return run.summary()


async def _look_over(path: Path, file: BinaryIO, limits: Limits) -> Survey:
    return await asyncio.to_thread(survey_traces, path, file, limits)


class _Run:
    def __init__(self, kind: Kind, file: BinaryIO, seen: Survey, daybook: "Daybook", limits: Limits) -> None:
        source = _IMPORTERS[kind].source
        identities = Identities(daybook.vault.keyed_hmac, source)
        origin = Origin(program(f"importer-{kind}"), identities.import_id(seen.sha256))
        self._reader = (
            RowReader(file, delimiter=_DELIMITERS[kind], limits=limits)
            if kind in _DELIMITERS
            else TraceReader(file, limits=limits)
        )
        self._importer: Importer = _IMPORTERS[kind](self._reader.header, identities, origin)
        self._file = File(origin.import_id, source, seen.sha256)
        self._kind = kind
        self._expected = seen.rows
        self._limits = limits
        self._fallback = 0
        self.tally = Tally()
        self.committer = Committer(daybook, self._importer, origin, self._file, identities)

    async def all_chunks(self, progress: Progress | None, watch: Watch | None) -> None:
        """One chunk is committed while the next is mapped; never two at once, so rows keep their order."""
        committing: asyncio.Task[list[Verdict]] | None = None
        try:
            async for chunk in chunks(self._reader, self._importer, self._limits):
                self._fallback += chunk.fallback
                if committing is not None:
                    self._count(await committing, progress, watch)
                committing = asyncio.create_task(self.committer.commit(chunk))
            if committing is not None:
                self._count(await committing, progress, watch)
        finally:
            if committing is not None and not committing.done():
                committing.cancel()
                await asyncio.wait([committing])

    def summary(self) -> ImportSummary:
        """The whole file's."""
        tally = self.tally
        return ImportSummary(
            kind=self._kind,
            import_id=self._file.import_id,
            file_sha256=self._file.sha256.hex(),
            encoding=self._encoding(),
            rows=tally.rows,
            imported=tally.outcomes["imported"] + tally.outcomes["updated"],
            updated=tally.outcomes["updated"],
            unchanged=tally.outcomes["unchanged"],
            quarantined=tally.outcomes["quarantined"],
            events_appended=tally.events,
            notes=dict(sorted(tally.notes.items())),
            reasons=dict(sorted(tally.reasons.items())),
            inferred=self._importer.inferred,
            ignored_columns=self._importer.ignored_columns,
        )

    def _encoding(self) -> str:
        if not self._fallback:
            return "utf-8"
        return f"utf-8; {self._fallback} rows that are not, as latin-1"

    def _count(self, verdicts: Sequence[Verdict], progress: Progress | None, watch: Watch | None) -> None:
        for verdict in verdicts:
            self.tally.add(verdict)
        if watch is not None:
            watch(verdicts)
        if progress is not None:
            progress(self.tally.rows, max(self._expected, self.tally.rows))
