"""Clocks over HTTP: of one complaint, the board, and what other rules would have come to."""

from datetime import UTC, datetime

import orjson
import pytest

from api.examples import bodies
from domain.clock_catalogue import CATALOGUE
from engine.clock_keeping import ClockKeeper
from engine.drafting_calendars import drafted
from projections import audit_trail
from store.cursor import Cursor
from tests.api import bearer

NDJSON = "application/x-ndjson"
RECEIVED, DUE = "2026-03-02T10:00:00+08:00", "2026-03-17T16:00:00Z"


async def say(client, path: str, body=None, actor: str = "staff-1", status: int = 201) -> dict:
    answer = await client.command(path, body or {}, actor=actor)
    assert answer.status_code == status, answer.text
    return answer.json()


def policy(version: int = 1, **changes) -> dict:
    rules = [{**_json(rule), **changes} for rule in CATALOGUE["cn"].rules]
    return {"regime": "cn", "policy_version": version, "in_force_from": "2020-03-01", "rules": rules}


def _json(rule) -> dict:
    told = {name: getattr(rule, name) for name in rule.__slots__}
    steps = [{name: getattr(one, name) for name in one.__slots__} for one in rule.extensions]
    return {**told, "extensions": steps}


async def seeded(client, daybook, regime: str, place: str) -> None:
    """A policy and a calendar that come with the program, put in force."""
    seed = CATALOGUE[regime]
    rules = [_json(rule) for rule in seed.rules]
    proposal = {"regime": regime, "policy_version": 1, "in_force_from": str(seed.in_force_from), "rules": rules}
    where = f"/clock-policies/{(await say(client, '/clock-policies', proposal))['stream_id']}"
    for actor in ("staff-2", "staff-3"):
        await say(client, f"{where}/sign-off", actor=actor, status=200)
    await say(client, f"{where}/activate", status=200)
    days = drafted(place, 2026, 2027)
    draft = {
        **days, "calendar_version": 1, "in_force_from": "2011-01-01", "covers_from": "2026-01-01",
        "covers_until": "2027-12-31", "days": [{**one, "day": str(one["day"])} for one in days["days"]],
    }  # fmt: skip
    calendar = await say(client, "/calendars", draft)
    await say(client, f"/calendars/{calendar['stream_id']}/adopt", actor="staff-2", status=200)
    assert await daybook.models.wait_for(audit_trail.NAME, await daybook.record.end(), 20) == "seen"
    await daybook.clock_catalogue.known()


@pytest.fixture
async def timed(client, daybook):
    """A policy and a calendar in force, and a complaint; the last token."""
    made = await say(client, "/clock-policies", policy())
    where = f"/clock-policies/{made['stream_id']}"
    for actor in ("staff-2", "staff-3"):
        await say(client, f"{where}/sign-off", actor=actor, status=200)
    await say(client, f"{where}/activate", status=200)
    days = drafted("cn", 2026, 2026)
    draft = {
        **days, "calendar_version": 1, "in_force_from": "2011-01-01", "covers_from": "2026-01-01",
        "covers_until": "2026-12-31", "days": [{**one, "day": str(one["day"])} for one in days["days"]],
    }  # fmt: skip
    calendar = await say(client, "/calendars", draft)
    await say(client, f"/calendars/{calendar['stream_id']}/adopt", actor="staff-2", status=200)
    customer = (await say(client, "/customers", bodies()["customer.register"]))["stream_id"]
    body = {
        "complainant_id": customer, "channel": "phone", "regime": "cn", "occurred_at": RECEIVED,
        "backdating_reason": "example",
    }  # fmt: skip
    received = await say(client, "/complaints", body)
    assert await daybook.models.wait_for(audit_trail.NAME, await daybook.record.end(), 20) == "seen"
    return received


async def test_a_complaint_is_told_its_clocks_at_once(client, timed):
    path = f"/complaints/{timed['stream_id']}/clocks"
    told = (await client.get(path, params={"at": "2026-03-10T00:00:00Z"})).json()
    (clock,) = told["clocks"]
    assert (clock["clock"], clock["state"], clock["due_at"], clock["due_on"]) == (
        "cn.decide", "running", DUE, "2026-03-17",
    )  # fmt: skip
    assert (clock["policy_version"], clock["calendar_versions"], clock["counsel"]) == (1, [1], True)
    assert clock["moved_by"] == [timed["events"][0]["event_id"]]
    assert [one["percent"] for one in clock["escalate_at"]] == [75, 90]
    late = (await client.get(path, params={"at": "2026-03-18T00:00:00Z"})).json()
    assert late["clocks"][0]["state"] == "breached"
    answer = await client.get(path, params={"at": "yesterday"})
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid")


async def test_what_is_no_complaint_or_hidden_is_not_there(client, timed):
    missing = await client.get("/complaints/018f3c5e-7a10-8b42-9c3d-2f6a1b0c4d5e/clocks")
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")
    where = f"/complaints/{timed['stream_id']}"
    await say(client, f"{where}/mark-confidential", {"group": "whistleblower"}, status=200)
    clerk = bearer.headers("staff:clerk", ("front-office",), "service")
    assert (await client.get(f"{where}/clocks", headers=clerk)).status_code == 404
    seen = (await client.get("/complaints/clocks/what-if", headers=clerk)).json()
    assert seen["complaints"] == 0


async def test_the_board_is_waited_for(client, daybook, timed):
    found = await daybook.clock_catalogue.known()
    early = await client.get("/complaints/board", params={"token": timed["token"]})
    assert (early.status_code, early.json()["code"]) == (503, "not-yet-visible")
    for partition in range(4):
        keeper = await ClockKeeper.open(daybook, partition, "test")
        assert keeper is not None
        await keeper.step(found, datetime(2026, 3, 10, tzinfo=UTC))
    answer = await client.get("/complaints/board", params={"token": timed["token"], "clock": "cn.decide"})
    assert answer.status_code == 200, answer.text
    (line,) = answer.json()["clocks"]
    assert (line["complaint_id"], line["state"], line["next"]["percent"]) == (timed["stream_id"], "running", 75)
    seen = Cursor.parse(answer.headers["daybook-as-of"])
    assert sum(seen.next_positions) >= 1
    assert (await client.get("/complaints/board", params={"clock": "uk.final"})).json()["clocks"] == []


async def test_claimed_times_are_shown_both_ways(client, timed):
    body = (await client.get("/complaints/claimed-times", params={"token": timed["token"]})).json()
    (one,) = body["complaints"]
    assert (one["complaint_id"], one["claims"][0]["verdict"]) == (timed["stream_id"], None)
    (clock,) = one["clocks"]
    assert (clock["as_claimed"]["due_at"], clock["moved"]) == (DUE, True)
    assert clock["as_told"]["due_at"] > clock["as_claimed"]["due_at"], "counted from when it was told"
    where = f"/complaints/{timed['stream_id']}/confirm-backdating"
    await say(client, where, {"number": 1, "evidence": "letter"}, actor="staff-2", status=200)
    token = (await say(client, where, {"number": 1, "evidence": "letter"}, actor="staff-2", status=200))["token"]
    settled = await client.get("/complaints/claimed-times", params={"token": token, "unsettled": True})
    assert settled.json()["complaints"] == []
    front = bearer.headers("staff:f", ("campaign-manager",), None)
    assert (await client.get("/complaints/claimed-times", headers=front)).status_code == 403


async def test_timeliness_waits_for_the_clocks(client, daybook, timed):
    early = await client.get("/kpis/complaint.timely_rate", params={"token": timed["token"]})
    assert (early.status_code, early.json()["code"]) == (503, "not-yet-visible")
    body = (await client.get("/kpis/complaint.timely_rate", params={"by": "clock"})).json()
    assert body["clocks_behind"] > 0
    found = await daybook.clock_catalogue.known()
    for partition in range(4):
        keeper = await ClockKeeper.open(daybook, partition, "test")
        assert keeper is not None
        await keeper.step(found, datetime(2026, 4, 10, tzinfo=UTC))
    query = {"by": "clock", "token": timed["token"]}
    (cell,) = (await client.get("/kpis/complaint.timely_rate", params=query)).json()["cells"]
    assert (cell["basis"], cell["group"], cell["numerator"], cell["denominator"]) == (
        "clock", {"clock": "cn.decide"}, 0, 1,
    )  # fmt: skip
    page = (await client.get(cell["events"].replace("numerator", "denominator"))).json()
    assert [one["id"] for one in page["counted"]] == [timed["stream_id"]]


async def test_what_other_rules_would_have_come_to(client, daybook, timed):
    answer = {"outcome": "upheld", "redress": "none", "notified_at": "2026-03-14T10:00:00+08:00",
              "backdating_reason": "example"}  # fmt: skip
    await say(client, f"/complaints/{timed['stream_id']}/issue-final-response", answer, status=200)
    shorter = await say(client, "/clock-policies", policy(2, length=10, extensions=[]))
    asked = {"policy_id": shorter["stream_id"], "at": "2026-04-01T00:00:00Z"}
    told = (await client.get("/complaints/clocks/what-if", params=asked)).json()
    assert (told["complaints"], told["newly_breached"], told["no_longer_breached"]) == (1, 1, 0)
    (one,) = told["differences"]
    assert (one["was"]["state"], one["would"]["state"], one["would"]["policy_version"]) == ("met", "breached", 2)
    wrong = await client.get("/complaints/clocks/what-if", params={"calendar_id": shorter["stream_id"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "calendar_id")


async def test_a_data_subjects_request_is_due_by_the_policy_and_calendar_in_force(client, daybook):
    asked = {**bodies()["privacy-request.receive"], "occurred_at": "2026-11-05T10:00:00Z"}
    refused = await client.command("/privacy-requests", {**asked, "clock": None})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "/clock")
    before = await say(client, "/privacy-requests", asked)
    await seeded(client, daybook, "dsr", "gb.england")
    after = await say(client, "/privacy-requests", asked)
    shown = [
        (await client.get(f"/privacy-requests/{one['stream_id']}", params={"token": one["token"]})).json()
        for one in (before, after)
    ]
    assert [one["due_on"] for one in shown] == ["2026-12-05", "2026-12-07"], "a Saturday, and the next Monday"
    assert shown[0]["clock"] is None
    clock = shown[1]["clock"]
    assert (clock["regime"], clock["policy_version"], clock["calendar"]) == ("dsr", 1, "gb.england")
    assert (clock["calendar_versions"], clock["extended_due_on"]) == ([1], "2027-02-05")
    more = {"reason": "complex", "notified_on": "2026-12-01"}
    where = f"/privacy-requests/{after['stream_id']}"
    extended = await say(client, f"{where}/extend", more, actor="staff-2", status=200)
    told = (await client.get(where, params={"token": extended["token"]})).json()
    assert (told["due_on"], told["extended"]) == ("2027-02-05", True)
    line = {**asked, "command": "privacy-request.receive", "id": "in-bulk"}
    bulk = await client.post("/bulk/commands", content=orjson.dumps(line), headers={"Content-Type": NDJSON})
    (verdict,) = [orjson.loads(one) for one in bulk.text.splitlines()]
    kept = await client.get(f"/privacy-requests/{verdict['stream_id']}", params={"token": verdict["token"]})
    assert kept.json()["clock"] == clock
