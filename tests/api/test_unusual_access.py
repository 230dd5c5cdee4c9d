"""The page of unusual access: what it shows to whom, that reading it is recorded, and what is counted on the way."""

import uuid
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from api.examples import bodies
from engine.watch_rules import rules_in_force
from projections.looks import DENIED, REVIEWED, SEARCHED
from tests.api import bearer

OFFICER = bearer.headers("staff:officer", ("privacy-officer",), "privacy-request")
DESK = bearer.headers("staff:desk", ("front-office",), "service")
SHIFT = bearer.headers("staff:shift", ("campaign-manager",), "marketing")


async def rows(client, headers=OFFICER, **asked) -> list[dict]:
    await client._transport.app.state.edge.daybook.access_days.catch_up()
    answer = await client.get("/audit/unusual-access", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["days"]


async def noted(daybook, kind: str) -> list[tuple[str, dict]]:
    sql = "select actor, data from reads.event where type = $1 order by recorded_at, position"
    return [(row["actor"], orjson.loads(row["data"])) for row in await daybook.looks.record.pool.fetch(sql, kind)]


async def customer(client, **changes) -> tuple[str, str]:
    made = (await client.command("/customers", {**bodies()["customer.register"], **changes})).json()
    return made["stream_id"], made["token"]


async def test_a_look_at_a_colleague_ones_own_record_and_a_watched_segment(client):
    colleague, _ = await customer(client)
    known, _ = await customer(client)
    entry = {**bodies()["actor.register"], "actor": "staff:colleague", "customer_id": colleague}
    token = (await client.command("/actors", entry)).json()["token"]
    entered = await client.command(
        f"/customers/{known}/enter-segment", {**bodies()["customer.enter-segment"], "segment": "vip"}
    )
    assert entered.status_code == 200, entered.text
    await client.get("/actors", params={"token": token})
    await client.get(f"/customers/{known}", params={"token": entered.json()["token"]}, headers=DESK)
    await client.get(f"/customers/{colleague}", headers=DESK)
    own = bearer.headers("staff:colleague", ("front-office",), "service")
    await client.get(f"/customers/{colleague}", headers=own)
    found = {(one["actor"], one["rule"]): one for one in await rows(client)}
    assert found.keys() == {
        ("staff:desk", "colleague"), ("staff:desk", "watched-segment"), ("staff:colleague", "own-record")
    }  # fmt: skip
    one = found["staff:desk", "colleague"]
    assert (one["customers"], one["figures"], one["thresholds"]) == ([colleague], {"customers": 1}, {"least": 1})
    assert (one["rules_version"], one["roles"], one["more_events"]) == (0, ["front-office"], False)
    (look,) = one["events"]
    looks = (await client.get(one["looks"], headers=OFFICER)).json()["looks"]
    assert look in {of["event_id"] for of in looks}
    assert {of["actor"] for of in looks} == {"staff:desk"}
    assert [of["rule"] for of in await rows(client, rule="own-record")] == ["own-record"]
    assert {of["actor"] for of in await rows(client, actor="staff:desk")} == {"staff:desk"}
    # The page tells nothing personal; who asks whom an actor stands for makes a look like any other.
    answer = await client.get("/audit/unusual-access", params={"actors": "true"}, headers=OFFICER)
    assert answer.json()["actors"][0]["actor"] == "staff:colleague"
    (look, *_) = (await client.get("/audit/looks", params={"actor": "staff:officer"}, headers=OFFICER)).json()["looks"]
    assert look["operation"] == "unusual_access"


async def test_searches_without_a_hit_and_denied_requests_are_recorded_and_counted(client, daybook):
    for number in range(10):
        answer = await client.post("/customers/search", json={"name": f"Nobody {number}"}, headers=DESK)
        assert answer.json()["customers"] == []
    for _ in range(4):
        assert (await client.get("/complaints", headers=SHIFT)).status_code == 403
    wrong = {**SHIFT, "Daybook-Purpose": "audit"}
    assert (await client.get("/campaigns", headers=wrong)).status_code == 403
    assert (await client.command("/legal-holds", bodies()["legal-hold.place"], **SHIFT)).status_code == 403
    lines = b"".join(b'{"command":"complaint.receive","id":"%d"}\n' % number for number in range(3))
    sent = {**SHIFT, "Content-Type": "application/x-ndjson"}
    assert (await client.post("/bulk/commands", content=lines, headers=sent)).text.count('"not-allowed"') == 3
    event = {"specversion": "1.0", "type": "daybook.complaint.receive", "source": "urn:a", "id": "1", "data": {}}
    sent["Content-Type"] = "application/cloudevents+json"
    assert (await client.post("/events", json=event, headers=sent)).status_code == 403
    searched = await noted(daybook, SEARCHED)
    assert [(actor, data["kind"], data["found"]) for actor, data in searched] == [("staff:desk", "name", 0)] * 10
    assert "Nobody" not in str(searched)
    denied = await noted(daybook, DENIED)
    assert {actor for actor, _ in denied} == {"staff:shift"}
    assert sorted((data["operation"], data["times"]) for _, data in denied) == [
        ("campaigns", 1), ("complaint.receive", 3), *[("complaints", 1)] * 4, ("events", 1), ("legal-hold.place", 1)
    ]  # fmt: skip
    found = {(one["actor"], one["rule"]): one["figures"] for one in await rows(client)}
    assert found == {
        ("staff:desk", "empty-searches"): {"searches": 10}, ("staff:shift", "denied-requests"): {"requests": 10}
    }  # fmt: skip


async def test_who_reads_who_looked_is_recorded(client, daybook):
    await rows(client, actor="staff:desk", rule="night")
    asked = {"customer_id": str(uuid.uuid4()), "recorded_from": "2026-01-01T00:00:00Z"}
    assert (await client.get("/audit/looks", params=asked, headers=OFFICER)).status_code == 200
    (unusual, looks) = await noted(daybook, REVIEWED)
    today = datetime.now(UTC).date()
    assert unusual[0] == "staff:officer"
    assert unusual[1]["operation"] == "unusual_access"
    assert unusual[1]["asked"] == {
        "actor": "staff:desk", "rule": "night", "last_day": str(today), "first_day": str(today - timedelta(days=6))
    }  # fmt: skip
    assert looks[1]["operation"] == "audit_looks"
    assert looks[1]["asked"]["customer_id"] == asked["customer_id"]


async def test_it_is_read_only_if_that_can_be_recorded(client, daybook, monkeypatch):
    def away(_):
        raise ConnectionRefusedError

    monkeypatch.setattr(daybook.looks.record, "append", away)
    for path in ("/audit/unusual-access", "/audit/looks"):
        answer = await client.get(path, headers=OFFICER)
        assert (answer.status_code, answer.json()["code"]) == (503, "look-not-recorded")
    denied = await client.get("/complaints", headers=SHIFT)
    assert denied.status_code == 403, "what is refused anyway does not wait for it"


@pytest.mark.parametrize(
    "asked",
    [
        {"rule": "gut-feeling"},
        {"first_day": "2026-01-02", "last_day": "2026-01-01"},
        {"first_day": "2025-01-01", "last_day": "2026-01-01"},
        {"first_day": "yesterday"},
        {"after": "nowhere"},
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused(client, asked):
    answer = await client.get("/audit/unusual-access", params=asked, headers=OFFICER)
    assert answer.status_code == 400, answer.text


async def test_pages_are_linked(client):
    for number in range(3):
        headers = bearer.headers(f"staff:{number}", ("campaign-manager",), "marketing")
        for _ in range(10):
            await client.get("/complaints", headers=headers)
    await rows(client)
    first = await client.get("/audit/unusual-access", params={"limit": 2}, headers=OFFICER)
    link = first.headers["link"].partition(">")[0].removeprefix("<")
    second = await client.get(link, headers=OFFICER)
    assert [one["actor"] for one in first.json()["days"] + second.json()["days"]] == [f"staff:{n}" for n in range(3)]
    assert (first.json()["behind"] >= 0, first.json()["time_zone"], second.json()["next"]) == (True, "UTC", None)


async def test_rules_are_put_in_force_by_three_people_and_never_for_a_day_that_has_begun(client):
    asked = {"rules_version": 1, "in_force_from": "2026-01-01", "rules": {"denied_requests": {"least": 1}}}
    assert (await client.get("/watch-rules", headers=OFFICER)).json()["rules_version"] == 0
    made = await client.command("/watch-rules", asked, actor="staff-1")
    where = made.headers["location"]
    again = await client.command("/watch-rules", {**asked, "rules": {"break_glass": {"least": 1}}}, actor="staff-2")
    assert (again.status_code, again.json()["code"]) == (409, "watch-rules.already-proposed")
    for number in (2, 3):
        await client.command(f"{where}/sign-off", actor=f"staff-{number}")
    active = await client.command(f"{where}/activate", actor="staff-1")
    assert active.status_code == 200, active.text
    await client.get("/audit", params={"token": active.json()["token"]})
    for number in range(2):
        denied = await client.get(f"/customers/{uuid.UUID(int=number)}", headers=SHIFT)
        assert denied.status_code == 403
    assert await rows(client, rule="denied-requests") == [], "version 0 still holds today: it wants ten"
    now = (await client.get("/watch-rules", headers=OFFICER)).json()
    assert (now["rules_version"], now["since"]) == (0, None)
    daybook = client._transport.app.state.edge.daybook
    in_force = await rules_in_force(daybook.models, daybook.mapper)
    later = datetime.now(UTC).date() + timedelta(days=3)
    assert (in_force.on(later).version, in_force.on(later).rules.break_glass) == (1, None)
