"""What every importer gives: the units that a file's rows lead to."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import ValidationError

from domain.kernel import Command
from engine.deciding import Context
from engine.handling import FOR_EVER, Unit
from engine.importing.identities import CommandKey
from engine.importing.rows import Row
from engine.importing.verdict import Reason
from projections.fact import Fact

_PYDANTIC: dict[str, str] = {
    "string_too_long": "text-too-long",
    "string_too_short": "value-missing",
    "string_pattern_mismatch": "text-unreadable",
    "too_long": "too-many-values",
}


class Mapped(NamedTuple):
    """A row that could be read: its unit, what its ids derive from, and what is to be noted."""

    row: Row
    stream_id: UUID
    unit: Unit
    secret: bytes
    content: bytes
    notes: tuple[str, ...]


class Revision(NamedTuple):
    """What a row says beyond what is recorded already, and where it differs."""

    commands: tuple[Command, ...]
    notes: tuple[str, ...]


class Importer(Protocol):
    """Reads the rows of one file; made for the file's header.

    `inferred` are the conventions that hold for all rows; `revisable` the refusal that means that
    the row's stream is recorded already, in an earlier state.
    """

    source: str
    inferred: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    revisable: str | None

    def preface(self) -> Sequence[Unit]:
        """What must be in the record before the first row."""
        ...

    def read(self, row: Row) -> Mapped:
        """Map one row; raises `Unreadable`."""
        ...

    def revise(self, mapped: Mapped, recorded: Sequence[Fact]) -> Revision:
        """Compare a row with the events of its stream; raises `Unreadable` for what cannot be added to them."""
        ...


class Origin(NamedTuple):
    """Who imports, and the import that all of its events are correlated by."""

    actor: str
    import_id: UUID

    def context(self, key: CommandKey, row: Row | None, notes: Sequence[str] = ()) -> Context:
        """The context of a row's commands: the row is kept as their reason, with what was noted."""
        reason = "; ".join((f"row {row.number}" if row else "whole file", *notes))
        command_id, request_hmac = key
        return Context(self.actor, command_id, request_hmac, self.import_id, reason=reason, expires_at=FOR_EVER)


def reasons_of(error: ValidationError) -> tuple[Reason, ...]:
    """What the domain has against a row's values, without the values."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Reason(_PYDANTIC.get(problem["type"], "value-invalid"), str(problem["loc"][0]) if problem["loc"] else "")
        for problem in problems
    )


@lru_cache(maxsize=4096)
def day_of(text: str) -> date | None:
    """Read m/d/Y, m/d/y (of this century) or an ISO date, with or without a time; None if it is none."""
    try:
        if "/" in text:
            month, day, year = text.split("/")
            if not (text.replace("/", "").isdecimal() and text.isascii() and len(year) in {2, 4}):
                return None
            return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))  # noqa: PLR2004
        return date.fromisoformat(text[:10]) if len(text) == 10 or text[10:11] in {"T", " "} else None  # noqa: PLR2004
    except ValueError:
        return None
