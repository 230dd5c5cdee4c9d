"""Queries of the privacy register: what is open and when it is due, what fails, what is held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

from projections.listing import checked_limit, read_mark, read_place, write_mark
from projections.models import ReadModels
from projections.privacy_register import (
    DISPOSAL_TABLE,
    ERASURE_TABLE,
    HOLD_TABLE,
    NAME,
    REQUEST_TABLE,
    PrivacyRequestRow,
)
from projections.table import Table

R = TypeVar("R")
Kept: TypeAlias = Literal["erasures", "legal_holds", "disposals"]

_TABLES: Final[dict[Kept, tuple[Table, str]]] = {
    "erasures": (ERASURE_TABLE, "requested_at"),
    "legal_holds": (HOLD_TABLE, "placed_at"),
    "disposals": (DISPOSAL_TABLE, "proposed_at"),
}


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What to search for; all that is given must hold. `open`: not completed, refused or withdrawn."""

    open: bool | None = None
    kind: str | None = None
    status: str | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[R]):
    """A page of rows. `next` continues; None: there is no more."""

    rows: tuple[R, ...]
    next: str | None


async def request(models: ReadModels, request_id: UUID) -> PrivacyRequestRow | None:
    """A privacy request as it stands."""
    rows = await models.fetch(NAME, "privacy_request", models.record.partition_of(request_id), request_id)
    return REQUEST_TABLE.row_of(tuple(rows[0])) if rows else None


async def requests(
    models: ReadModels, of: RequestFilter, *, after: str | None = None, limit: int = 50
) -> Listed[PrivacyRequestRow]:
    """Privacy requests, first due first.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    due, last_id = None, None
    if after is not None:
        day, text = read_mark(models.record.incarnation, after, 2)
        due, last_id = date.fromisoformat(day), UUID(text)
    asked = (due, last_id, wanted + 1, of.kind, of.status)
    if of.customer_id is not None:
        home = models.record.partition_of(of.customer_id)
        by = "and r.customer_id = $7::uuid"
        pages = [await models.fetch(NAME, "privacy_requests", home, *asked, of.customer_id, by=by)]
    elif of.open is not None:
        pages = await models.fetch_all(NAME, "privacy_requests", *asked, of.open, by="and r.open = $7::boolean")
    else:
        pages = await models.fetch_all(NAME, "privacy_requests", *asked)
    found: list[PrivacyRequestRow] = [REQUEST_TABLE.row_of(tuple(row)) for row in chain.from_iterable(pages)]
    found.sort(key=lambda row: (row.due_on, row.request_id))
    shown = tuple(found[:wanted])
    more = len(found) > wanted
    mark = write_mark(models.record.incarnation, shown[-1].due_on, shown[-1].request_id) if more else None
    return Listed(shown, mark)


async def to_look_at_again(models: ReadModels, day: date, limit: int = 100) -> Sequence[UUID]:
    """Requests of which a restriction has ended by its date."""
    pages = await models.fetch_all(NAME, "privacy_again", day, limit)
    return [row["request_id"] for row in chain.from_iterable(pages)]


async def listed(
    models: ReadModels, of: Kept, *, is_open: bool = True, after: str | None = None, limit: int = 50
) -> Listed[Any]:
    """Erasures, legal holds or disposals that are open (or not), oldest first.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    table, at = _TABLES[of]
    since, last_id = read_place(models.record.incarnation, after)
    pages = await models.fetch_all(NAME, of, is_open, since, last_id, wanted + 1)
    found = [table.row_of(tuple(row)) for row in chain.from_iterable(pages)]
    key = table.key[0]
    found.sort(key=lambda row: (getattr(row, at), getattr(row, key)))
    shown = tuple(found[:wanted])
    more = len(found) > wanted
    last = shown[-1] if more else None
    mark = write_mark(models.record.incarnation, getattr(last, at), getattr(last, key)) if more else None
    return Listed(shown, mark)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many privacy requests, erasures and legal holds stand how; `telling`: erasures with recipients to be told."""

    open: int
    overdue: int
    erasing: int
    failing: int
    telling: int
    held: int


async def standing(models: ReadModels, day: date) -> Standing:
    """How everything stands on a day."""
    pages = await models.fetch_all(NAME, "privacy_standing", day)
    return Standing(**{name: sum(row[name] for row in chain.from_iterable(pages)) for name in Standing.__slots__})
