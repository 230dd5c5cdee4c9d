"""Times that were told late and move a clock: the clocks computed both ways, and what another person found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.clocks import Catalogue, Clock
from domain.complaint_time import BackdatingConfirmed, BackdatingRecorded, BackdatingRejected
from domain.matters import Sight
from engine.wiring import Daybook
from projections.complaint_row import ComplaintRow
from projections.complaint_search import ComplaintFilter, search
from replay.clock_cases import Case, case_of
from replay.clock_what_if import Stand


@dataclass(frozen=True)
class ClaimedPage:
    """Complaints with such times, last received first. `next` continues; None: there is no more."""

    complaints: Sequence[dict[str, Any]]
    next: str | None


async def claimed_times(  # noqa: PLR0913  # the last two optional and by name
    daybook: Daybook, sight: Sight, moment: datetime, *, unsettled: bool, after: str | None = None, limit: int = 50
) -> ClaimedPage:
    """A page of them, as the clocks stand at a moment; `unsettled`: only those that nobody else has looked at.

    The clocks are counted from the record, without what was recorded of them: a breach that was recorded before a claim
    stands, and is told as what counts.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    of = ComplaintFilter(claimed_times=True) if unsettled else ComplaintFilter(ever_claimed=True)
    page = await search(daybook.models, of, sight, after=after, limit=limit)
    cases = await _cases(daybook, [one.complaint_id for one in page.complaints])
    catalogue = (await daybook.clock_catalogue.known()).catalogue
    told = [_told(row, cases.get(row.complaint_id), catalogue, moment) for row in page.complaints]
    return ClaimedPage(told, page.next)


async def _cases(daybook: Daybook, complaint_ids: Sequence[UUID]) -> dict[UUID, Case]:
    record, cases = daybook.record, dict[UUID, Case]()
    for partition, ids in record.by_partition(complaint_ids).items():
        for complaint_id, events in (await record.read_streams(partition, ids)).items():
            case = case_of(complaint_id, [daybook.mapper.fact(one) for one in events])
            if case is not None:
                cases[complaint_id] = case
    return cases


def _told(row: ComplaintRow, case: Case | None, catalogue: Catalogue, moment: datetime) -> dict[str, Any]:
    return {
        "complaint_id": row.complaint_id,
        "regime": row.regime,
        "status": row.status,
        "claims": [] if case is None else list(_claims(case).values()),
        "clocks": [] if case is None else _clocks(case, catalogue, moment),
    }


def _claims(case: Case) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    before: UUID | None = None
    for event_id, event in case.events:
        match event:
            case BackdatingRecorded():
                found[event.number] = {"event_id": before, **event.model_dump(exclude={"occurred_at"}), **_OPEN}
            case BackdatingConfirmed():
                found[event.number] |= _judged("confirmed", event.confirmed_by, event.occurred_at, event.evidence)
            case BackdatingRejected():
                found[event.number] |= _judged("rejected", event.rejected_by, event.occurred_at, event.reason)
            case _:
                before = event_id
    return found


def _judged(verdict: str | None, by: str | None, at: datetime | None, why: str | None) -> dict[str, Any]:
    return {"verdict": verdict, "judged_by": by, "judged_at": at, "judged_because": why}


_OPEN: Final = _judged(None, None, None, None)


def _clocks(case: Case, catalogue: Catalogue, moment: datetime) -> list[dict[str, Any]]:
    counts = _by_name(case.clocks(catalogue, moment))
    claimed = _by_name(case.clocks(catalogue, moment, "unjudged", recorded=False))
    told = _by_name(case.clocks(catalogue, moment, "told", recorded=False))
    return [
        {
            "clock": name,
            "counts": counts.get(name),
            "as_claimed": claimed.get(name),
            "as_told": told.get(name),
            "moved": claimed.get(name) != told.get(name),
        }
        for name in dict.fromkeys((*counts, *claimed, *told))
    ]


def _by_name(clocks: Sequence[Clock]) -> dict[str, Stand]:
    return {one.clock: Stand(one.state, one.due_at, one.policy_version, one.calendar_versions) for one in clocks}
