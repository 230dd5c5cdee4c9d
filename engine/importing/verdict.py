"""What became of a row, and of a whole file."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

Outcome = Literal["imported", "updated", "unchanged", "quarantined"]


class ImportRefused(Exception):
    """The file as a whole cannot be imported; nothing was. `code` is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class Reason(NamedTuple):
    """Why a row is in quarantine: a stable code, and the column at fault (empty: the whole row)."""

    code: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.code}:{self.field}" if self.field else self.code


class Unreadable(Exception):
    """A row that cannot be read, with all the reasons that were found. Carries no value of the row."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


class Verdict(NamedTuple):
    """What became of one row.

    `row` counts from 1 without the header, `line` is where it begins in the file. `notes` are codes
    of what was inferred or odd; `stream_id` is None for a row in quarantine.
    """

    row: int
    line: int
    outcome: Outcome
    stream_id: UUID | None
    events: int
    notes: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """A file's import: rows = imported + unchanged + quarantined; `updated` are part of `imported`.

    `notes` and `reasons` count the rows by code; `inferred` are the conventions that hold for every
    row of the file, in words; `ignored_columns` are columns that this importer does not know.
    """

    kind: str
    import_id: UUID
    file_sha256: str
    encoding: str
    rows: int
    imported: int
    updated: int
    unchanged: int
    quarantined: int
    events_appended: int
    notes: dict[str, int]
    reasons: dict[str, int]
    inferred: tuple[str, ...]
    ignored_columns: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values for `--json`."""
        return asdict(self) | {"import_id": str(self.import_id)}

    def text(self) -> str:
        """The same for people, with all that was inferred."""
        counts = (
            f"{self.rows:,} rows: {self.imported:,} imported, {self.unchanged:,} unchanged, "
            f"{self.quarantined:,} in quarantine; {self.events_appended:,} events appended"
        )
        lines = [counts, f"import {self.import_id}, encoding {self.encoding}"]
        if self.updated:
            lines.append(f"{self.updated:,} of the imported rows added to what was known from another row")
        lines += [f"quarantined  {count:>7,}  {code}" for code, count in self.reasons.items()]
        lines += [f"noted        {count:>7,}  {code}" for code, count in self.notes.items()]
        lines += [f"not imported: the column {title!r}" for title in self.ignored_columns]
        lines += [f"inferred: {sentence}" for sentence in self.inferred]
        return "\n".join(lines)


@dataclass(slots=True)
class Tally:
    """Counts verdicts as they come."""

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    notes: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    events: int = 0

    @property
    def rows(self) -> int:
        """All rows with a verdict."""
        return self.outcomes.total()

    def add(self, verdict: Verdict) -> None:
        """Count one row."""
        self.outcomes[verdict.outcome] += 1
        self.events += verdict.events
        if verdict.notes:
            self.notes.update(verdict.notes)
        if verdict.reasons:
            self.reasons.update(map(str, verdict.reasons))
