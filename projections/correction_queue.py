"""Correction queue: corrections of customers and interactions that wait for another person, those of longest first."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args
from uuid import UUID

from domain.customer_messages import (
    CustomerCorrectionApproved,
    CustomerCorrectionRejected,
    CustomerCorrectionRequested,
    CustomerCorrectionWithdrawn,
)
from domain.interaction_messages import (
    InteractionCorrectionApproved,
    InteractionCorrectionRejected,
    InteractionCorrectionRequested,
    InteractionCorrectionWithdrawn,
)
from domain.kernel import Event
from domain.matters import Sight
from projections.fact import Fact
from projections.held import Rows
from projections.listing import checked_limit, read_place, write_mark
from projections.models import ReadModels
from projections.profile_query import DetailChange
from projections.projection import Fold, Projection
from projections.references import LastEvent, from_json
from projections.seeing import arguments_of
from projections.table import NIL, Table

NAME: Final = "correction_queue"
Kind: TypeAlias = Literal["customer", "interaction"]
Requested: TypeAlias = CustomerCorrectionRequested | InteractionCorrectionRequested
Decided: TypeAlias = (
    CustomerCorrectionApproved
    | CustomerCorrectionRejected
    | CustomerCorrectionWithdrawn
    | InteractionCorrectionApproved
    | InteractionCorrectionRejected
    | InteractionCorrectionWithdrawn
)


@dataclass(slots=True)
class WaitingRow:
    """A customer or interaction that a correction was ever asked for; `since` None: none waits.

    `waiting`: by id of the correction when it was asked for, why, by whom, the clear changes, and the names of the
    sealed fields that it gives anew.
    """

    partition: int
    stream_id: UUID
    kind: str = ""
    customer_id: UUID = NIL
    waiting: dict[str, Any] = field(default_factory=dict[str, Any])
    since: datetime | None = None
    position: int = 0
    event_id: UUID = NIL


_REQUESTED: Final = frozenset[type[Event]](get_args(Requested))
_DECIDED: Final = frozenset[type[Event]](get_args(Decided))
WAITING_TABLE: Final = Table(
    name="waiting_correction",
    kind="rows",
    row=WaitingRow,
    key=("stream_id",),
    touched_by=_REQUESTED | _DECIDED,
    indexes={"since": "(partition, since, stream_id) where since is not null"},
)


class Queue(NamedTuple):
    """The held table."""

    waiting: Rows[WaitingRow]


def _requested(rows: Queue, event: Requested, fact: Fact) -> None:
    row = rows.waiting.begin(fact.recorded.stream_id, fact.recorded)
    row.kind, row.customer_id = event.type.partition(".")[0], event.customer_id
    row.waiting[str(event.correction_id)] = [
        event.occurred_at.isoformat(), event.reason, event.requested_by,
        [[one.field, one.before, one.after] for one in event.changes], list(event.corrected_personal),
    ]  # fmt: skip
    row.since = _since(row)


def _decided(rows: Queue, event: Decided, fact: Fact) -> None:
    row = rows.waiting.change(fact.recorded.stream_id, fact.recorded)
    del row.waiting[str(event.correction_id)]
    row.since = _since(row)


def _since(row: WaitingRow) -> datetime | None:
    return min((datetime.fromisoformat(kept[0]) for kept in row.waiting.values()), default=None)


_FOLDS: Final[dict[type[Event], Fold]] = {
    **dict.fromkeys(_REQUESTED, _requested),
    **dict.fromkeys(_DECIDED, _decided),
}

CORRECTION_QUEUE: Final = Projection(NAME, 1, (WAITING_TABLE,), Queue, _FOLDS)

# Query


@dataclass(frozen=True, slots=True)
class WaitingCorrection:
    """A correction; `personal` names the sealed fields that it gives anew, whose values the profile or event shows."""

    correction_id: UUID
    requested_at: datetime
    reason: str
    requested_by: str
    changes: tuple[DetailChange, ...]
    personal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer, or an interaction of theirs, with the corrections that wait; `since`: the first was asked for."""

    kind: Kind
    customer_id: UUID
    interaction_id: UUID | None
    since: datetime
    corrections: tuple[WaitingCorrection, ...]
    last_event: LastEvent


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Those that wait longest first. `next` continues; None: there is no more."""

    waiting: tuple[Waiting, ...]
    next: str | None


async def waiting(
    models: ReadModels, sight: Sight, kinds: Collection[Kind], *, after: str | None = None, limit: int = 50
) -> WaitingPage:
    """Customers and interactions in sight of which corrections wait.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    since, stream_id = read_place(models.record.incarnation, after)
    asked = (since, stream_id, wanted + 1, list(kinds), *arguments_of(sight))
    pages = await models.fetch_all(NAME, "correction_queue", *asked)
    rows = sorted((row for page in pages for row in page), key=lambda row: (row["since"], row["stream_id"]))
    last = rows[wanted - 1] if len(rows) > wanted else None
    mark = write_mark(models.record.incarnation, last["since"], last["stream_id"]) if last else None
    return WaitingPage(tuple(map(_waiting, rows[:wanted])), mark)


def _waiting(row: Any) -> Waiting:  # noqa: ANN401  # a database row
    corrections = [
        WaitingCorrection(
            UUID(key), datetime.fromisoformat(at), reason, by, tuple(DetailChange(*one) for one in changes),
            tuple(personal),
        )
        for key, (at, reason, by, changes, personal) in from_json(row["waiting"]).items()
    ]  # fmt: skip
    return Waiting(
        row["kind"],
        row["customer_id"],
        row["stream_id"] if row["kind"] == "interaction" else None,
        row["since"],
        tuple(sorted(corrections, key=lambda one: (one.requested_at, one.correction_id))),
        LastEvent(row["partition"], row["position"], row["event_id"]),
    )
