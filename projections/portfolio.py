"""Portfolios: which relationship manager looks after whom, at any moment, and what is to be done for each customer.

Every assignment is a line. Of what had happened by a moment the line recorded last decides, as it does for the
customer's own stream. What is still to be done is kept by customer: follow-ups that were promised in an interaction,
and tasks; a visit is a task of the kind `visit`.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from domain.customer_messages import RelationshipManagerAssigned
from domain.interaction_messages import FollowUpDone, FollowUpMissed, FollowUpScheduled
from domain.kernel import Event
from domain.portfolio_handover import (
    PortfolioHandoverCompleted,
    PortfolioHandoverOrdered,
    PortfolioHandoverStopped,
)
from domain.task import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskRescheduled,
    TaskScheduled,
    TaskStarted,
    TaskSuspended,
)
from projections.fact import Fact
from projections.held import Lines, Rows
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import from_json
from projections.segment_membership import NOW, At
from projections.table import NIL, Table

NAME: Final = "portfolio"

# Tables


class ManagerLine(NamedTuple):
    """A customer is given to a relationship manager."""

    partition: int
    position: int
    customer_id: UUID
    manager: str
    occurred_at: datetime
    recorded_at: datetime
    event_id: UUID


@dataclass(slots=True)
class StepsRow:
    """What is still to be done for a customer. `steps`: see the folds."""

    partition: int
    customer_id: UUID
    steps: dict[str, Any] = field(default_factory=dict[str, Any])
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class HandoverRow:
    """A handover as it stands; `status` is ordered, completed or stopped."""

    partition: int
    handover_id: UUID
    from_manager: str = ""
    to_manager: str = ""
    status: str = "ordered"
    position: int = 0
    event_id: UUID = NIL


_STEPS: Final[frozenset[type[Event]]] = frozenset(
    {
        FollowUpScheduled, FollowUpDone, FollowUpMissed, TaskScheduled, TaskAssigned, TaskRescheduled, TaskStarted,
        TaskSuspended, TaskCompleted, TaskCancelled,
    }
)  # fmt: skip
LINE: Final = Table(
    name="portfolio_line",
    kind="lines",
    row=ManagerLine,
    key=("position",),
    indexes={
        "manager": "(partition, manager, customer_id)",
        "customer": "(partition, customer_id, position desc) include (manager, occurred_at, recorded_at)",
    },
)
STEPS: Final = Table(
    name="customer_steps", kind="rows", row=StepsRow, key=("customer_id",), keyed_by="customer", touched_by=_STEPS
)
HANDOVER: Final = Table(
    name="portfolio_handover",
    kind="rows",
    row=HandoverRow,
    key=("handover_id",),
    touched_by=frozenset({PortfolioHandoverOrdered, PortfolioHandoverCompleted, PortfolioHandoverStopped}),
    indexes={"ordered": "(partition, handover_id) where status = 'ordered'"},
)


class Portfolios(NamedTuple):
    """The held tables."""

    line: Lines
    steps: Rows[StepsRow]
    handover: Rows[HandoverRow]


# Folds


def _assigned(rows: Portfolios, event: RelationshipManagerAssigned, fact: Fact) -> None:
    r = fact.recorded
    line = ManagerLine(
        r.partition, r.position, event.customer_id, event.relationship_manager, r.occurred_at, r.recorded_at, r.event_id
    )
    rows.line.added.append(line)


def _steps(rows: Portfolios, fact: Fact) -> dict[str, Any]:
    return rows.steps.begin(cast("UUID", fact.recorded.customer_id), fact.recorded).steps


def _follow_up_scheduled(rows: Portfolios, event: FollowUpScheduled, fact: Fact) -> None:
    stream = str(fact.recorded.stream_id)
    _steps(rows, fact)[str(event.follow_up_id)] = [
        "follow-up", event.kind, event.due_at.isoformat(), event.assignee, stream,
    ]  # fmt: skip


def _follow_up_settled(rows: Portfolios, event: FollowUpDone | FollowUpMissed, fact: Fact) -> None:
    _steps(rows, fact).pop(str(event.follow_up_id), None)


def _task_scheduled(rows: Portfolios, event: TaskScheduled, fact: Fact) -> None:
    key = str(fact.recorded.stream_id)
    _steps(rows, fact)[key] = ["task", event.kind, _day(event.due_on), event.assignee, key]


def _task_assigned(rows: Portfolios, event: TaskAssigned, fact: Fact) -> None:
    _change(rows, fact, 3, event.assignee)


def _task_rescheduled(rows: Portfolios, event: TaskRescheduled, fact: Fact) -> None:
    _change(rows, fact, 2, _day(event.due_on))


def _change(rows: Portfolios, fact: Fact, place: int, value: str | None) -> None:
    step = _steps(rows, fact).get(str(fact.recorded.stream_id))
    if step is not None:
        step[place] = value


def _task_under_way(rows: Portfolios, _: Event, fact: Fact) -> None:
    _steps(rows, fact)  # it is still to be done; the row's last event is told from the record, too


def _task_ended(rows: Portfolios, _: Event, fact: Fact) -> None:
    _steps(rows, fact).pop(str(fact.recorded.stream_id), None)


def _day(due_on: date | None) -> str | None:
    return None if due_on is None else due_on.isoformat()


def _ordered(rows: Portfolios, event: PortfolioHandoverOrdered, fact: Fact) -> None:
    row = rows.handover.begin(fact.recorded.stream_id, fact.recorded)
    row.from_manager, row.to_manager = event.from_manager, event.to_manager


def _completed(rows: Portfolios, _: PortfolioHandoverCompleted, fact: Fact) -> None:
    rows.handover.change(fact.recorded.stream_id, fact.recorded).status = "completed"


def _stopped(rows: Portfolios, _: PortfolioHandoverStopped, fact: Fact) -> None:
    rows.handover.change(fact.recorded.stream_id, fact.recorded).status = "stopped"


_FOLDS: Final[dict[type[Event], Fold]] = {
    RelationshipManagerAssigned: _assigned,
    FollowUpScheduled: _follow_up_scheduled,
    FollowUpDone: _follow_up_settled,
    FollowUpMissed: _follow_up_settled,
    TaskScheduled: _task_scheduled,
    TaskAssigned: _task_assigned,
    TaskRescheduled: _task_rescheduled,
    TaskStarted: _task_under_way,
    TaskSuspended: _task_under_way,
    TaskCompleted: _task_ended,
    TaskCancelled: _task_ended,
    PortfolioHandoverOrdered: _ordered,
    PortfolioHandoverCompleted: _completed,
    PortfolioHandoverStopped: _stopped,
}

PORTFOLIO: Final = Projection(NAME, 1, (LINE, STEPS, HANDOVER), Portfolios, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class Charge:
    """A customer whom a relationship manager looks after, since when, and the event that says so."""

    customer_id: UUID
    since: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class ChargePage:
    """By customer id. `next` continues; None: there is no more."""

    charges: tuple[Charge, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is still to be done: a follow-up of an interaction, or a task. `due` is a day or a time."""

    step_id: UUID
    what: str
    kind: str
    due: str | None
    assignee: str | None
    stream_id: UUID

    @property
    def due_at(self) -> datetime:
        """By when; a day ends with its last moment in UTC, and what has no day comes last."""
        if self.due is None:
            return datetime.max.replace(tzinfo=UTC)
        if self.what == "task":
            return datetime.combine(date.fromisoformat(self.due), datetime.max.time(), UTC)
        return datetime.fromisoformat(self.due)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many customers each manager looks after. Incomplete unless `parked` is 0: so many are left out."""

    sizes: dict[str, int]
    parked: int


async def charges(
    models: ReadModels, manager: str, at: At = NOW, *, after: str | None = None, limit: int = 50
) -> ChargePage:
    """The customers of a relationship manager at a moment.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    last = NIL if after is None else UUID(read_mark(models.record.incarnation, after, 1)[0])
    pages = await models.fetch_all(NAME, "portfolio_charges", manager, last, at.occurred, at.recorded, wanted + 1)
    rows = sorted(chain.from_iterable(pages), key=lambda row: row["customer_id"])
    found = tuple(Charge(row["customer_id"], row["occurred_at"], row["event_id"]) for row in rows[:wanted])
    more = len(rows) > wanted
    return ChargePage(found, write_mark(models.record.incarnation, found[-1].customer_id) if more else None)


async def charges_in(models: ReadModels, partition: int, manager: str, after: UUID, limit: int) -> list[UUID]:
    """The customers of one partition whom a manager looks after now, by id from `after` on."""
    rows = await models.fetch(NAME, "portfolio_charges", partition, manager, after, None, None, limit)
    return [row["customer_id"] for row in rows]


async def steps(models: ReadModels, partition: int, customer_ids: list[UUID]) -> dict[UUID, list[Step]]:
    """What is still to be done for customers of one partition, the earliest due first."""
    rows = await models.fetch(NAME, "customer_steps", partition, customer_ids)
    return {row["customer_id"]: _in_order(from_json(row["steps"])) for row in rows}


def _in_order(kept: dict[str, list[Any]]) -> list[Step]:
    found = [
        Step(UUID(key), what, kind, due, assignee, UUID(stream))
        for key, (what, kind, due, assignee, stream) in kept.items()
    ]
    return sorted(found, key=lambda one: (one.due_at, one.step_id))


async def sizes(models: ReadModels, at: At = NOW) -> Sizes:
    """How many customers each relationship manager looks after; reads every assignment that there ever was."""
    counted: Counter[str] = Counter()
    for row in chain.from_iterable(await models.fetch_all(NAME, "portfolio_sizes", at.occurred, at.recorded, NIL)):
        counted[row["manager"]] += row["customers"]
    return Sizes(dict(sorted(counted.items())), (await models.progress(NAME)).parked)


async def ordered(models: ReadModels, limit: int) -> list[UUID]:
    """Handovers that are to be carried out."""
    pages = await models.fetch_all(NAME, "handovers_ordered", limit)
    return [row["handover_id"] for row in chain.from_iterable(pages)]
