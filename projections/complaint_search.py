"""Queries of the complaint register: one complaint, searching, and how many stand where."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Final, Literal, TypeAlias
from uuid import UUID

import asyncpg

from domain.matters import Sight
from projections.complaint_row import COMPLAINT_TABLE, NAME, ComplaintRow
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.models import ReadModels
from projections.seeing import arguments_of


@dataclass(frozen=True, slots=True)
class ComplaintFilter:
    """What to search for; all that is given must hold. The period is of receipt: from, inclusive, until, exclusive.

    `assigned`: whether somebody handles it; `claimed_times`: whether it has times that were told late and that nobody
    else has looked at; `ever_claimed`: whether it has any that were told late, whatever came of them.
    """

    status: str | None = None
    product: str | None = None
    handler: str | None = None
    region: str | None = None
    customer_id: UUID | None = None
    external_ref: str | None = None
    issue: str | None = None
    respondent: str | None = None
    severity: str | None = None
    queue: str | None = None
    assigned: bool | None = None
    major: bool | None = None
    merged_into: UUID | None = None
    claimed_times: bool | None = None
    ever_claimed: bool | None = None
    received_from: datetime | None = None
    received_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ComplaintPage:
    """Last received first. `next` continues; None: there is no more."""

    complaints: tuple[ComplaintRow, ...]
    next: str | None


async def complaint(models: ReadModels, complaint_id: UUID, sight: Sight) -> ComplaintRow | None:
    """A complaint as it stands; None: there is none in sight."""
    asked = (models.record.partition_of(complaint_id), complaint_id, *arguments_of(sight))
    rows = await models.fetch(NAME, "complaint", *asked)
    return COMPLAINT_TABLE.row_of(tuple(rows[0])) if rows else None


PATHS: Final = {
    "customer_id": "and c.customer_id = $9::uuid",
    "external_ref": "and c.external_ref = $10::text",
    "merged_into": "and c.merged_into = $21::uuid",
    "handler": "and c.handler = $7::text",
    "queue": "and c.queue = $18::text",
    "product": "and c.product = $6::text",
    "region": "and c.region = $8::text",
    "status": "and c.status = $5::text",
}
"""Conditions that have an index of their own, the narrowest first."""
CLAIMED: Final = "and c.claims_open > 0"
"""The same of complaints with times that were told late and that nobody else has looked at."""
EVER_CLAIMED: Final = "and c.claims > 0"
"""The same of complaints with any times that were told late."""


async def search(
    models: ReadModels, of: ComplaintFilter, sight: Sight, *, after: str | None = None, limit: int = 50
) -> ComplaintPage:
    """Find complaints that are in sight.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    before = before or of.received_until
    asked = (
        before, before_id, wanted + 1, of.status, of.product, of.handler, of.region, of.customer_id, of.external_ref,
        of.issue, of.respondent, of.severity, of.received_from, *arguments_of(sight), of.queue, of.assigned, of.major,
        of.merged_into, of.claimed_times, of.ever_claimed,
    )  # fmt: skip
    otherwise = CLAIMED if of.claimed_times else EVER_CLAIMED if of.ever_claimed else ""
    by = next((path for name, path in PATHS.items() if getattr(of, name) is not None), otherwise)
    if of.customer_id is None:
        pages = await models.fetch_all(NAME, "complaints", *asked, by=by)
    else:
        pages = [await models.fetch(NAME, "complaints", models.record.partition_of(of.customer_id), *asked, by=by)]
    rows, more = first_of(pages, wanted, lambda row: (row["received_at"], row["complaint_id"]))
    found = tuple(COMPLAINT_TABLE.row_of(tuple(row)) for row in rows)
    last = found[-1] if more else None
    mark = write_mark(models.record.incarnation, last.received_at, last.complaint_id) if last else None
    return ComplaintPage(found, mark)


By: TypeAlias = Literal["month", "status", "product"]
_BY: Final[tuple[By, ...]] = ("month", "status", "product")


@dataclass(frozen=True, slots=True)
class CountFilter:
    """Which complaints to count: of one status or product (None: all), received in months first to last."""

    status: str | None = None
    product: str | None = None
    first_month: date | None = None
    last_month: date | None = None


@dataclass(frozen=True, slots=True)
class ComplaintCount:
    """So many complaints in one group; what is not grouped by, or not known, is None."""

    month: date | None
    status: str | None
    product: str | None
    complaints: int


@dataclass(frozen=True, slots=True)
class ComplaintCounts:
    """Counts in the order of their groups. Incomplete unless `parked` is 0: so many customers are left out."""

    counts: tuple[ComplaintCount, ...]
    parked: int


async def counts(
    models: ReadModels, of: CountFilter, sight: Sight, *, by: Collection[By] = ("status",)
) -> ComplaintCounts:
    """How many complaints in sight stand where, added up over all partitions; months are of receipt, in UTC.

    Sums hold what everybody may see. The few confidential complaints are counted one by one.
    """
    asked = (of.first_month, of.last_month, of.status, of.product, *(name in by for name in _BY))
    found: Counter[tuple[date | None, str | None, str | None]] = Counter()
    for row in chain.from_iterable(await models.fetch_all(NAME, "complaint_counts", *asked)):
        found[row["month"], row["status"], row["product"] or None] += row["complaints"]
    for one in await _confidential(models, sight):
        if _is_counted(one, of):
            found[
                one["month"] if "month" in by else None,
                one["status"] if "status" in by else None,
                one["product"] if "product" in by else None,
            ] += 1
    groups = sorted(found, key=lambda group: [(one is not None, str(one)) for one in group])
    counted = tuple(ComplaintCount(*group, found[group]) for group in groups if found[group])
    return ComplaintCounts(counted, (await models.progress(NAME)).parked)


async def _confidential(models: ReadModels, sight: Sight) -> list[asyncpg.Record]:
    if not sight.groups and not sight.matters:
        return []
    return list(chain.from_iterable(await models.fetch_all(NAME, "confidential_complaints", *arguments_of(sight))))


def _is_counted(row: asyncpg.Record, of: CountFilter) -> bool:
    return (
        (of.status is None or row["status"] == of.status)
        and (of.product is None or row["product"] == of.product)
        and (of.first_month is None or row["month"] >= of.first_month)
        and (of.last_month is None or row["month"] <= of.last_month)
    )
