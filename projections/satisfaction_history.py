"""Satisfaction history: every invitation and answer, and monthly figures by metric, channel, product and branch.

Figures are kept as counts that add up over partitions: invitations by the month of the invitation, with how
many of those were answered or expired since; answers by the month of the answer, one count per score. CSAT,
NPS and CES are computed from them by the query. Months are in UTC, of business time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from domain.kernel import Event
from domain.survey import SurveyAnswered, SurveyDelivered, SurveyExpired, SurveyInvited
from projections.fact import Fact
from projections.held import Rows, Sums
from projections.listing import Downwards, checked_limit, first_of, found_at, recorded_at
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, from_json, read_sealed_at, sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "satisfaction_history"

# Tables


@dataclass(slots=True)
class InvitationRow:
    """An invitation and its answer, if there is one."""

    partition: int
    invitation_id: UUID
    customer_id: UUID = NIL
    survey: str = ""
    survey_version: int = 0
    metric: str = ""
    scale_min: int = 0
    scale_max: int = 0
    channel: str = ""
    product: str = ""
    branch: str = ""
    interaction_id: UUID | None = None
    complaint_id: UUID | None = None
    status: str = "invited"
    invited_at: datetime = NEVER
    expires_at: datetime | None = None
    score: int | None = None
    answered_at: datetime | None = None
    verbatim: list[str] | None = None
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class InvitedRow:
    """Invitations of a month, and what became of them until now."""

    partition: int
    month: date
    metric: str
    scale_min: int
    scale_max: int
    channel: str
    product: str
    branch: str
    invited: int = 0
    responded: int = 0
    expired: int = 0
    position: int = -1


@dataclass(slots=True)
class ScoreRow:
    """Answers of a month with one score."""

    partition: int
    month: date
    metric: str
    scale_min: int
    scale_max: int
    channel: str
    product: str
    branch: str
    score: int
    answers: int = 0
    position: int = -1


_COHORT: Final = ("month", "metric", "scale_min", "scale_max", "channel", "product", "branch")
INVITATION: Final = Table(
    name="survey_invitation",
    kind="rows",
    row=InvitationRow,
    key=("invitation_id",),
    keyed_by="stream",
    indexes={
        "customer": "(partition, customer_id, position)",
        "invited": "(partition, invited_at, invitation_id)",
        "answered": "(partition, answered_at, invitation_id) where answered_at is not null",
        "expires": "(partition, expires_at) where expires_at is not null and status in ('invited', 'delivered')",
    },
)
INVITED: Final = Table(
    name="survey_invited",
    kind="sums",
    row=InvitedRow,
    key=_COHORT,
)
SCORE: Final = Table(
    name="survey_score",
    kind="sums",
    row=ScoreRow,
    key=(*_COHORT, "score"),
)


class Satisfaction(NamedTuple):
    """The held tables."""

    invitation: Rows[InvitationRow]
    invited: Sums[InvitedRow]
    score: Sums[ScoreRow]


# Folds


def _month(moment: datetime) -> date:
    moment = moment.astimezone(UTC)
    return date(moment.year, moment.month, 1)


def _invited(rows: Satisfaction, event: SurveyInvited, fact: Fact) -> None:
    recorded = fact.recorded
    row = rows.invitation.begin(recorded.stream_id, recorded)
    row.customer_id, row.survey, row.survey_version = event.customer_id, event.survey, event.survey_version
    row.metric, row.scale_min, row.scale_max = event.metric, event.scale_min, event.scale_max
    row.channel, row.product, row.branch = event.channel, event.product or "", event.branch or ""
    row.interaction_id, row.complaint_id = event.interaction_id, event.complaint_id
    row.invited_at, row.expires_at = event.occurred_at, event.expires_at
    rows.invited.add_to(_cohort(row, event.occurred_at), recorded).invited += 1


def _delivered(rows: Satisfaction, _: SurveyDelivered, fact: Fact) -> None:
    row = rows.invitation.change(fact.recorded.stream_id, fact.recorded)
    if row.status == "invited":
        row.status = "delivered"


def _answered(rows: Satisfaction, event: SurveyAnswered, fact: Fact) -> None:
    recorded = fact.recorded
    row = rows.invitation.change(recorded.stream_id, recorded)
    row.status, row.score, row.answered_at = "answered", event.score, event.occurred_at
    row.verbatim = sealed_at(fact, "survey")
    rows.invited.add_to(_cohort(row, row.invited_at), recorded).responded += 1
    rows.score.add_to((*_cohort(row, event.occurred_at), event.score), recorded).answers += 1


def _expired(rows: Satisfaction, _: SurveyExpired, fact: Fact) -> None:
    row = rows.invitation.change(fact.recorded.stream_id, fact.recorded)
    row.status = "expired"
    rows.invited.add_to(_cohort(row, row.invited_at), fact.recorded).expired += 1


def _cohort(row: InvitationRow, moment: datetime) -> tuple[object, ...]:
    return _month(moment), row.metric, row.scale_min, row.scale_max, row.channel, row.product, row.branch


_FOLDS: Final[dict[type[Event], Fold]] = {
    SurveyInvited: _invited,
    SurveyDelivered: _delivered,
    SurveyAnswered: _answered,
    SurveyExpired: _expired,
}

SATISFACTION_HISTORY: Final = Projection(NAME, 3, (INVITATION, INVITED, SCORE), Satisfaction, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation. `status` is invited, delivered, answered or expired; only an answered one has a score."""

    invitation_id: UUID
    customer_id: UUID
    survey: str
    survey_version: int
    metric: str
    scale_min: int
    scale_max: int
    channel: str
    product: str | None
    branch: str | None
    interaction_id: UUID | None
    complaint_id: UUID | None
    status: str
    invited_at: datetime
    expires_at: datetime | None
    score: int | None
    answered_at: datetime | None
    verbatim: SealedAt | None
    last_event: LastEvent


@dataclass(frozen=True, slots=True)
class Responses:
    """How often somebody was invited, has answered, and let an invitation expire; the rest can still be answered."""

    invited: int
    answered: int
    expired: int

    @property
    def response_rate_percent(self) -> float | None:
        """Answered of a hundred invitations; None: there was none."""
        return round(100 * self.answered / self.invited, 2) if self.invited else None


@dataclass(frozen=True, slots=True)
class History:
    """A customer's invitations, last changed first. `next` continues; None: there is no more."""

    invitations: tuple[Invitation, ...]
    next: str | None


async def history(models: ReadModels, customer_id: UUID, *, after: str | None = None, limit: int = 50) -> History:
    """What a customer was asked and answered."""
    return await history_of_person(models, (customer_id,), after=after, limit=limit)


async def history_of_person(
    models: ReadModels, customer_ids: Sequence[UUID], *, after: str | None = None, limit: int = 50
) -> History:
    """The same of all customers that a person is; each invitation names the one that it went to."""
    record, wanted = models.record, checked_limit(limit) + 1
    place = Downwards.parse(record.incarnation, after)
    pages = await asyncio.gather(
        *(
            models.fetch(NAME, "satisfaction_of_customer", partition, one, place.before(partition), wanted)
            for one in customer_ids
            for partition in (record.partition_of(one),)
        )
    )
    several = [at for page in pages for at in found_at(page)] if len(pages) > 1 else []
    changed_at = await recorded_at(record, several)
    rows, more = first_of(pages, limit, lambda row: _newest(row, changed_at))
    return History(tuple(map(_invitation, rows)), place.after(found_at(rows)) if more else None)


async def responses_of_person(models: ReadModels, customer_ids: Sequence[UUID]) -> Responses:
    """How all customers that a person is have responded together."""
    record = models.record
    pages = await asyncio.gather(
        *(models.fetch(NAME, "satisfaction_responses", record.partition_of(one), one) for one in customer_ids)
    )
    rows = [row for page in pages for row in page]
    return Responses(*(sum(row[name] for row in rows) for name in Responses.__slots__))


def _newest(row: asyncpg.Record, changed_at: Mapping[tuple[int, int], datetime]) -> tuple[datetime, int, int]:
    at = row["partition"], row["position"]
    return changed_at.get(at, NEVER), *at


async def due(models: ReadModels, partition: int, moment: datetime, limit: int) -> list[tuple[UUID, datetime]]:
    """Open invitations of a partition that have run out by a moment, and when; the longest due first."""
    rows = await models.fetch(NAME, "satisfaction_due", partition, moment, limit)
    return [(row["invitation_id"], row["expires_at"]) for row in rows]


def _invitation(row: asyncpg.Record) -> Invitation:
    given = {name: row[name] for name in Invitation.__slots__ if name not in _MADE}
    return Invitation(
        **given,
        product=row["product"] or None,
        branch=row["branch"] or None,
        verbatim=read_sealed_at(from_json(row["verbatim"])),
        last_event=LastEvent(row["partition"], row["position"], row["event_id"]),
    )


_MADE: Final = {"product", "branch", "verbatim", "last_event"}
