"""The real loan log into one record: every event of every trace accounted for, nothing twice.

The figures are computed a second time here with nothing but the standard library.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from domain.engagement import (
    EngagementDecided,
    EngagementOfferMade,
    EngagementOfferSettled,
    EngagementOpened,
    EngagementStageReached,
)
from domain.interaction_messages import InteractionRecorded
from domain.task import TaskCompleted, TaskScheduled, TaskStarted, TaskSuspended
from domain.touch import TouchConverted, TouchDecided, TouchReleased, TouchResponded
from engine.importing import run_import
from engine.wiring import Daybook
from projections.fact import Fact
from tests.acceptance.loans import Case, cases, counts, first_of
from tests.acceptance.test_import_real_files import daybook, facts

__all__ = ["daybook"]
STAGES = ("A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", "A_REGISTERED", "A_ACTIVATED")
CALLS = "W_Nabellen"


@pytest.mark.parametrize("many", [500, pytest.param(None, marks=pytest.mark.long)])
async def test_loans(daybook: Daybook, shared_data: Path, tmp_path: Path, many: int | None) -> None:
    packed = shared_data / "loans" / "bpi2012-train.xes.gz"
    path = packed if many is None else first_of(packed, many, tmp_path / "loans.xes")
    log = list(cases(path))
    assert len(log) == (many or 10_470)
    summary = await run_import("loans", path, daybook)
    assert (summary.rows, summary.imported, summary.quarantined) == (len(log), len(log), 0)
    assert summary.notes == _notes(log)

    recorded = await facts(daybook)
    assert len(recorded) == summary.events_appended
    of_kind: defaultdict[type[Any], list[Any]] = defaultdict(list)
    for fact in recorded:
        of_kind[type(fact.event)].append(fact.event)
    _check_engagements(of_kind, log)
    _check_offers(of_kind, log)
    _check_work(of_kind, log)
    _check_calls(of_kind, log)
    _check_streams(recorded, log)

    again = await run_import("loans", path, daybook)
    assert (again.unchanged, again.events_appended) == (len(log), 0)
    assert len(await facts(daybook)) == len(recorded)


def _notes(log: list[Case]) -> dict[str, int]:
    pairs = [list(zip(case.events, case.events[1:], strict=False)) for case in log]
    return {
        "equal-timestamps": sum(any(one[2] == other[2] for one, other in of) for of in pairs),
        "events-without-resource": sum(any(one[3] == "nan" for one in case.events) for case in log),
    }


def _check_engagements(of_kind: dict[type[Any], list[Any]], log: list[Case]) -> None:
    opened, told = of_kind[EngagementOpened], counts(log)
    assert Counter(one.external_ref for one in opened) == Counter(case.number for case in log)
    amounts = Counter(int(case.amount) * 100 for case in log)
    assert Counter(one.amount_requested.amount_minor for one in opened) == amounts
    assert sorted(one.occurred_at for one in opened) == sorted(case.opened for case in log)
    assert Counter(one.stage for one in of_kind[EngagementStageReached]) == _nonzero(
        {name.lower(): told[name, "COMPLETE"] for name in STAGES}
    )
    decided = [case.decided for case in log if case.decided]
    assert Counter((one.outcome, one.occurred_at) for one in of_kind[EngagementDecided]) == Counter(decided)


def _check_offers(of_kind: dict[type[Any], list[Any]], log: list[Case]) -> None:
    for kind, name in ((EngagementOfferMade, "O_SELECTED"), (TouchDecided, "O_CREATED"), (TouchReleased, "O_SENT"),
                       (TouchResponded, "O_SENT_BACK"), (TouchConverted, "O_ACCEPTED")):  # fmt: skip
        assert _times(of_kind[kind]) == _named(log, name), name
    for outcome in ("accepted", "declined", "cancelled"):
        settled = [one for one in of_kind[EngagementOfferSettled] if one.outcome == outcome]
        assert _times(settled) == _named(log, f"O_{outcome.upper()}")


def _check_work(of_kind: dict[type[Any], list[Any]], log: list[Case]) -> None:
    """Each is there once with its time; a start or completion that the log lacks comes at the time of what it has."""
    starts = [at for case in log for _, transition, at, _ in case.events if transition == "START"]
    ends = [at for case in log for name, transition, at, _ in case.events if _is_work(name, transition, "COMPLETE")]
    without_start, without_end = _missing(log)
    assert _times(of_kind[TaskStarted]) == Counter([*starts, *without_start])
    assert _times([*of_kind[TaskCompleted], *of_kind[TaskSuspended]]) == Counter([*ends, *without_end])
    scheduled = Counter(one.kind for one in of_kind[TaskScheduled])
    expected = Counter(_code(name) for case in log for name, transition, *_ in case.events if transition == "SCHEDULE")
    unscheduled = Counter(_code(name) for case in log for name in _never_scheduled(case))
    assert scheduled == expected + unscheduled


def _check_calls(of_kind: dict[type[Any], list[Any]], log: list[Case]) -> None:
    calls = of_kind[InteractionRecorded]
    assert {(one.channel, one.direction) for one in calls} == {("phone", "outbound")}
    of_calls = [Case(case.number, "", tuple(one for one in case.events if one[0].startswith(CALLS))) for case in log]
    begun = [at for case in of_calls for _, transition, at, _ in case.events if transition == "START"]
    ended = [at for case in of_calls for _, transition, at, _ in case.events if transition == "COMPLETE"]
    assert Counter(one.started_at for one in calls if one.started_at) == Counter(begun)
    assert Counter(one.ended_at for one in calls if one.ended_at) == Counter(ended)
    assert sum(one.started_at is None for one in calls) == len(_missing(of_calls)[0])


def _check_streams(recorded: list[Fact], log: list[Case]) -> None:
    """Every application has an applicant of its own, and all of it is theirs."""
    own = Counter(fact.recorded.customer_id for fact in recorded if fact.recorded.customer_id is not None)
    assert len(own) == len(log)
    assert len({fact.recorded.stream_id for fact in recorded if isinstance(fact.event, EngagementOpened)}) == len(log)


def _missing(log: list[Case]) -> tuple[list[datetime], list[datetime]]:
    """Times of completions that nothing started, and of starts over what was going on already."""
    unstarted, unended = list[datetime](), list[datetime]()
    for case in log:
        going_on = set[str]()
        for name, transition, at, _ in case.events:
            if transition == "START":
                if name in going_on:
                    unended.append(at)
                going_on.add(name)
            elif _is_work(name, transition, "COMPLETE"):
                if name not in going_on:
                    unstarted.append(at)
                going_on.discard(name)
    return unstarted, unended


def _never_scheduled(case: Case) -> list[str]:
    """Kinds of work that begin before they were ever scheduled."""
    first = {name: transition for name, transition, *_ in reversed(case.events) if name.startswith("W_")}
    return [name for name, transition in first.items() if transition != "SCHEDULE"]


def _is_work(name: str, transition: str, wanted: str) -> bool:
    return name.startswith("W_") and transition == wanted


def _code(name: str) -> str:
    return name.lower().replace(" ", "_")


def _times(events: Iterable[Any]) -> Counter[datetime]:
    return Counter(one.occurred_at for one in events)


def _named(log: list[Case], name: str) -> Counter[datetime]:
    return Counter(at for case in log for at in case.times(name))


def _nonzero(found: dict[str, int]) -> Counter[str]:
    return Counter({name: many for name, many in found.items() if many})
