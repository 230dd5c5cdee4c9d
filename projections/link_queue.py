"""Link queue: links that are proposed, and neither merged nor given up, those that wait longest first.

It is a query over the rows of customer profiles; that of the smaller id has the link.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from projections.listing import checked_limit, read_place, write_mark
from projections.models import ReadModels
from projections.persons import PROFILES
from projections.references import from_json


@dataclass(frozen=True, slots=True)
class ProposedLink:
    """A link to another customer. `evidence`: kinds of what agreed; `rule` None: by the judgement of `linked_by`.

    `compared`: rule and evidence were held against the record.
    """

    link_id: UUID
    other_id: UUID
    linked_at: datetime
    rule: str | None
    rules_version: int | None
    evidence: tuple[str, ...]
    reason: str
    linked_by: str
    compared: bool


@dataclass(frozen=True, slots=True)
class Linked:
    """A customer with the links that wait, first proposed first; `since`: when the first was proposed."""

    customer_id: UUID
    since: datetime
    links: tuple[ProposedLink, ...]


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Those that wait longest first. `next` continues; None: there is no more."""

    waiting: tuple[Linked, ...]
    next: str | None


async def proposed_links(models: ReadModels, *, after: str | None = None, limit: int = 50) -> LinkPage:
    """Customers of whom links wait to be merged or given up.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    since, customer_id = read_place(models.record.incarnation, after)
    pages = await models.fetch_all(PROFILES, "link_queue", since, customer_id, wanted + 1)
    rows = sorted((row for page in pages for row in page), key=lambda row: (row["linked_since"], row["customer_id"]))
    last = rows[wanted - 1] if len(rows) > wanted else None
    mark = write_mark(models.record.incarnation, last["linked_since"], last["customer_id"]) if last else None
    return LinkPage(tuple(map(_linked, rows[:wanted])), mark)


def _linked(row: Any) -> Linked:  # noqa: ANN401  # a database row
    links = [
        ProposedLink(UUID(key), UUID(other), datetime.fromisoformat(at), rule, version, tuple(evidence), *more)
        for key, (other, at, rule, version, evidence, *more) in from_json(row["links"]).items()
    ]
    in_order = sorted(links, key=lambda one: (one.linked_at, one.link_id))
    return Linked(row["customer_id"], row["linked_since"], tuple(in_order))
