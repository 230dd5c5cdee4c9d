"""Times that were told late: each complaint with its clocks both ways, and what another person found."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.complaint_time import ConfirmBackdating, RejectBackdating
from domain.matters import Sight
from engine.claimed_times import claimed_times
from engine.status import caught_up
from engine.wiring import Daybook
from projections.seeing import EVERYTHING
from store.identity import new_id
from tests.engine.clock_bank import ClockBank, clock_bank

MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
LATE = MONDAY + timedelta(days=16)
NOW = MONDAY + timedelta(days=40)


async def answered_late(bank: ClockBank, **facts: Any) -> UUID:
    """Answered after twelve days, as is told only on the sixteenth."""
    complaint_id, said = new_id(), MONDAY + timedelta(days=12)
    facts = {"complainant_id": new_id(), "channel": "phone", "regime": "cn", **facts}
    await bank.say(ReceiveComplaint, complaint_id, MONDAY, **facts)
    given = {"given": {"at": LATE, "by": "staff:7"}, "backdating_reason": "forgotten"}
    answer = {"outcome": "upheld", "redress": "none", "notified_at": said}
    await bank.say(IssueFinalResponse, complaint_id, said, **answer, **given)
    return complaint_id


@pytest.fixture
async def told(daybook: Daybook) -> Any:
    async with clock_bank(daybook) as bank:
        await bank.policy("cn")
        await bank.calendar("cn")
        ids = [await answered_late(bank) for _ in range(3)]
        ids.append(await answered_late(bank, confidential="whistleblower"))
        punctual = new_id()
        facts = {"complainant_id": new_id(), "channel": "phone", "regime": "cn"}
        await bank.say(ReceiveComplaint, punctual, MONDAY, **facts)
        one = {"number": 1}
        await bank.say(ConfirmBackdating, ids[1], LATE, **one, evidence="postmark", confirmed_by="staff:3")
        await bank.say(RejectBackdating, ids[2], LATE, **one, reason="no-evidence", rejected_by="staff:4")
        await caught_up(daybook)
        yield daybook, ids


def states(one: dict[str, Any]) -> tuple[str | None, ...]:
    (clock,) = one["clocks"]
    assert clock["clock"] == "cn.decide"
    return tuple(clock[name].state for name in ("counts", "as_claimed", "as_told"))


async def test_each_case_shows_its_clock_both_ways_and_the_verdict(told: Any) -> None:
    daybook, ids = told
    page = await claimed_times(daybook, Sight("staff:1"), NOW, unsettled=False)
    found = {one["complaint_id"]: one for one in page.complaints}
    assert set(found) == set(ids[:3]), "what is confidential does not exist here, and who told in time claims nothing"
    assert [states(found[one]) for one in ids[:3]] == [
        ("met", "met", "breached"), ("met", "met", "breached"), ("breached", "met", "breached"),
    ]  # fmt: skip
    assert all(found[one]["clocks"][0]["moved"] for one in ids[:3])
    (claim,) = found[ids[2]]["claims"]
    assert (claim["event"], claim["claimed_at"], claim["given_at"], claim["given_by"], claim["reason"]) == (
        "complaint.final-response-issued", MONDAY + timedelta(days=12), LATE, "staff:7", "forgotten",
    )  # fmt: skip
    verdicts = [found[one]["claims"][0] for one in ids[:3]]
    assert [(one["verdict"], one["judged_by"], one["judged_because"]) for one in verdicts] == [
        (None, None, None), ("confirmed", "staff:3", "postmark"), ("rejected", "staff:4", "no-evidence"),
    ]  # fmt: skip


async def test_what_nobody_has_looked_at_and_page_by_page(told: Any) -> None:
    daybook, ids = told
    waiting = await claimed_times(daybook, Sight("staff:1"), NOW, unsettled=True)
    assert [one["complaint_id"] for one in waiting.complaints] == [ids[0]]
    found, after = [], None
    while True:
        page = await claimed_times(daybook, EVERYTHING, NOW, unsettled=False, after=after, limit=1)
        found += [one["complaint_id"] for one in page.complaints]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted(ids)


async def test_the_course_keeps_why_it_was_claimed_and_why_it_was_rejected(told: Any) -> None:
    daybook, ids = told
    version = await daybook.models.version("complaint_register")
    sql = f"select course->'claimed_times'->0 from read_model.complaint_v{version} where complaint_id = $1"
    claim = await daybook.record.pool.fetchval(sql, ids[2])
    assert '"reason": "forgotten"' in claim
    assert '"rejected_because": "no-evidence"' in claim
