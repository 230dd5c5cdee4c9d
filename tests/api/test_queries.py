"""Queries: what was commanded is shown, in time, page by page, and to nobody on the way."""

import asyncio
import uuid

import pytest

from domain import CUSTOMER
from projections.customer_profile import CUSTOMER_PROFILE
from store.cursor import Cursor
from store.identity import new_id
from tests.api.stories import corrected, seen, told

NOWHERE = "0197f3a0-0000-7abc-8def-0123456789ab"


async def test_the_profile_shows_what_the_command_did(client):
    ids = await told(client)
    answer = await seen(client, f"/customers/{ids['customer']}", ids["token"])
    body = answer.json()
    assert (body["name"], body["status"], body["residence_country"]) == ("Wang Fang", "active", "SG")
    (point,) = body["contact_points"]
    assert (point["value"], point["verified"]) == ("+86 138 0000 0000", True)
    assert (body["interactions"], body["complaints"], body["touches"]) == ({"phone": 1}, 1, 1)
    assert (answer.headers["etag"], body["version"]) == ('"6"', 6)
    assert answer.headers["cache-control"] == "no-store"
    at_least = Cursor.parse(answer.headers["daybook-as-of"]).next_positions
    assert all(a >= b for a, b in zip(at_least, Cursor.parse(ids["token"]).next_positions, strict=True))


async def test_the_etag_of_what_was_read_is_what_a_command_expects(client):
    ids = await told(client)
    for path, command in (("customers", "enter-segment"), ("complaints", "mark-major"), ("campaigns", "launch")):
        where = f"/{path}/{ids[path[:-1]]}"
        etag = (await seen(client, where, ids["token"])).headers["etag"]
        body = {"mark-major": {"reason": "many"}, "enter-segment": {"segment": "x"}}.get(command, {})
        assert (await client.command(f"{where}/{command}", body, if_match=etag)).status_code == 200
        assert (await client.command(f"{where}/{command}", body, if_match=etag)).status_code == 412
    for kind in ("interaction", "touch", "survey"):
        collection = {"touch": "touches"}.get(kind, f"{kind}s")
        assert (await client.get(f"/{collection}/{ids[kind]}")).headers["etag"].startswith('"')


def test_every_event_of_a_customer_changes_the_profile():
    """Else the version of the customer's stream would have to be looked for beyond the row's last event."""
    assert set(CUSTOMER.events) <= set(CUSTOMER_PROFILE.folds)


async def test_a_profile_before_any_registration(client):
    customer = str(uuid.uuid4())
    body = {"customer_id": customer, "channel": "phone", "direction": "inbound", "purpose": "advice"}
    token = (await client.command("/interactions", body)).json()["token"]
    answer = await seen(client, f"/customers/{customer}", token)
    assert (answer.json()["status"], answer.json()["name"], answer.json()["version"]) == ("unregistered", None, None)
    assert "etag" not in answer.headers


async def test_a_corrected_name_is_the_one_that_is_shown(client):
    made = (await client.command("/customers", {"kind": "person", "name": "Old"})).json()["stream_id"]
    token = await corrected(client, f"/customers/{made}", {"reason": "married", "name": "New"})
    assert (await seen(client, f"/customers/{made}", token)).json()["name"] == "New"
    timeline = (await client.get(f"/customers/{made}/timeline")).json()["events"]
    assert [event["data"].get("name") for event in timeline] == [None, "New", "Old"]


async def test_the_timeline_joins_all_streams_newest_first(client):
    ids = await told(client)
    path = f"/customers/{ids['customer']}/timeline"
    whole = (await client.get(path, params={"limit": 500})).json()
    assert whole["next"] is None
    types = [event["type"] for event in whole["events"]]
    assert types[0] == "survey.answered"
    assert types[-1] == "customer.registered"
    assert {kind.split(".")[0] for kind in types} >= {"customer", "interaction", "complaint", "touch", "survey", "task"}
    assert "The annual fee was taken" in str(whole)
    paged, link = [], f"{path}?limit=4"
    while link:
        answer = await client.get(link)
        paged += answer.json()["events"]
        link = answer.links.get("next", {}).get("url")
    assert paged == whole["events"]
    only = (await client.get(path, params={"type": ["complaint.received", "touch.decided"]})).json()["events"]
    assert {event["type"] for event in only} == {"complaint.received", "touch.decided"}
    assert (await client.get(path, params={"type": "complaint.sung"})).json()["code"] == "query-invalid"


async def test_satisfaction_of_one_and_of_all(client):
    ids = await told(client)
    one = (await seen(client, f"/customers/{ids['customer']}/satisfaction", ids["token"])).json()
    (invitation,) = one["invitations"]
    assert (invitation["score"], invitation["verbatim"][:5]) == (4, "Quick")
    assert one["responses"] == {"invited": 1, "answered": 1, "expired": 0, "response_rate_percent": 100.0}
    series = (await seen(client, "/satisfaction", ids["token"], by=["channel", "product"], metric="csat")).json()
    (point,) = series["points"]
    assert (point["channel"], point["product"], point["month"]) == ("sms", "credit-card", None)
    assert (point["csat_percent"], point["response_rate_percent"], point["scores"]) == (100.0, 100.0, {"4": 1})
    assert series["parked"] == 0
    assert (await seen(client, "/satisfaction", ids["token"], metric="nps")).json()["points"] == []


async def test_the_complaint_register(client):
    ids = await told(client)
    one = (await seen(client, f"/complaints/{ids['complaint']}", ids["token"])).json()
    assert (one["status"], one["handler"], one["redress_amount_minor"]) == ("responded", "staff-204", 30000)
    assert one["personal"]["complaint"]["desired_outcome"] == "The second fee back."
    assert "300.00" in one["personal"]["final_response"]["letter"]
    for query, found in (
        ({}, 1),
        ({"status": "responded", "handler": "staff-204", "customer_id": ids["customer"]}, 1),
        ({"status": "open"}, 0),
        ({"received_from": "2025-04-03T09:20:00+08:00"}, 1),
        ({"received_until": "2025-04-03T09:20:00+08:00"}, 0),
        ({"severity": "medium", "product": "Credit card"}, 1),
    ):
        answer = await seen(client, "/complaints", ids["token"], **query)
        assert len(answer.json()["complaints"]) == found, query
        assert "annual fee" not in answer.text
    counts = (await seen(client, "/complaints/counts", ids["token"], by=["status", "month"])).json()
    assert counts == {
        "counts": [{"month": "2025-04-01", "status": "responded", "product": None, "complaints": 1}], "parked": 0,
        "withheld": None,
    }  # fmt: skip


async def test_complaints_page_by_page(client):
    body = {"complainant_id": str(uuid.uuid4()), "channel": "phone", "backdating_reason": "migrated"}
    answers = [
        await client.command(
            "/complaints", {**body, "occurred_at": f"2025-01-{day:02}T00:00:00Z", "complainant_id": str(new_id())}
        )
        for day in range(1, 12)
    ]
    for answer in answers:  # a token is of one partition
        await seen(client, "/complaints", answer.json()["token"])
    link, days = "/complaints?limit=4", []
    while link:
        answer = await client.get(link)
        days += [one["received_at"][8:10] for one in answer.json()["complaints"]]
        link = answer.links.get("next", {}).get("url")
    assert days == [f"{day:02}" for day in range(11, 0, -1)]


async def test_links_of_all_customers_that_wait(client):
    made = [(await client.command("/customers", {"kind": "person"})).json()["stream_id"] for _ in range(2)]
    first, other = sorted(made)
    body = {"other_id": other, "reason": "registered-twice"}
    linked = (await client.command(f"/customers/{first}/link-identity", body, actor="staff-1")).json()
    (one,) = (await seen(client, "/links", linked["token"])).json()["waiting"]
    (link,) = one["links"]
    assert (one["customer_id"], link["link_id"], link["other_id"]) == (first, linked["link_id"], other)
    assert (link["reason"], link["linked_by"], link["rule"]) == ("registered-twice", "staff-1", None)
    given_up = {"link_id": linked["link_id"], "reason": "twins"}
    answer = await client.command(f"/customers/{first}/unlink-identity", given_up)
    assert (await seen(client, "/links", answer.json()["token"])).json()["waiting"] == []


async def test_campaigns_and_what_came_of_them(client):
    ids = await told(client)
    assert (await seen(client, "/campaigns", ids["token"], status="planned")).json()["campaigns"] == []
    one = (await seen(client, f"/campaigns/{ids['campaign']}", ids["token"])).json()
    assert (one["title"], one["status"], one["approved_by"], one["version"]) == (
        "Spring savings",
        "approved",
        "staff-2",
        2,
    )
    touches = f"/campaigns/{ids['campaign']}/touches"
    (touch,) = (await seen(client, touches, ids["token"], status="delivered")).json()["touches"]
    assert [touch[name] for name in ("touch_id", "customer_id", "status", "decision")] == [
        ids["touch"], ids["customer"], "delivered", "send",
    ]  # fmt: skip
    assert (await client.get(f"{touches}?status=held")).json() == {"touches": [], "next": None}
    results = (await seen(client, f"/campaigns/{ids['campaign']}/results", ids["token"])).json()
    (channel,) = results["channels"]
    assert (channel["send"], channel["delivered"], channel["responses"]) == (1, 1, {"interested": 1})
    assert (results["costs"], channel["conversion_values"]) == ({"CNY": 120000}, {"CNY": 2000000})


async def test_the_audit_trail_tells_who_what_whom_when_and_why(client, admin):
    ids = await told(client)
    everything = (await seen(client, "/audit", ids["token"], limit=500)).json()
    assert len(everything["entries"]) == await admin.fetchval("select count(*) from record.event")
    for query in (
        {"actor": "staff-2"},
        {"stream_id": ids["campaign"]},
        {"customer_id": ids["customer"], "type": "touch.decided"},
        {"correlation_id": everything["entries"][0]["correlation_id"]},
        {"occurred_from": "2025-04-01T00:00:00Z", "occurred_until": "2025-05-01T00:00:00Z"},
    ):
        found = (await seen(client, "/audit", ids["token"], **query)).json()["entries"]
        assert 0 < len(found) < 22, query
    assert (await seen(client, "/audit", ids["token"], recorded_from="2200-01-01T00:00:00Z")).json()["entries"] == []
    corrected = (await seen(client, "/audit", ids["token"], type="customer.correction-approved")).json()["entries"][0]
    assert corrected["reason"] == "customer-request"
    detail = (await client.get(f"/audit/{corrected['event_id']}")).json()
    changes = {one["field"]: (one["before"], one["after"]) for one in detail["changes"]}
    assert changes["details.residence_country"] == ("CN", "SG")
    assert changes["details.branch"] == ("shanghai-07", None)
    assert detail["event"]["actor"] == "staff-2"
    assert detail["put_in_force"]["actor"] == "staff-1"


async def test_streams_without_read_model_tell_their_facts(client):
    ids = await told(client)
    correction = {"reason": "wrong-topic", "topic": "fees", "cleared": ["disposition"], "summary": "Asked about fees."}
    await corrected(client, f"/interactions/{ids['interaction']}", correction, "correct")
    one = (await client.get(f"/interactions/{ids['interaction']}")).json()
    assert (one["facts"]["topic"], one["facts"]["disposition"], one["facts"]["summary"]) == (
        "fees",
        None,
        "Asked about fees.",
    )
    assert (one["version"], one["last_event"]["type"]) == (2, "interaction.correction-approved")
    assert (await client.get(f"/touches/{ids['touch']}")).json()["facts"]["response"] == "interested"
    assert (await client.get(f"/surveys/{ids['survey']}")).json()["facts"]["score"] == 4
    assert (await client.get(f"/touches/{ids['survey']}")).status_code == 404


async def test_the_events_of_a_stream_page_by_page(client):
    ids = await told(client)
    link, versions = f"/complaints/{ids['complaint']}/events?limit=2", []
    while link:
        answer = await client.get(link)
        versions += [event["version"] for event in answer.json()["events"]]
        link = answer.links.get("next", {}).get("url")
    assert versions == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "path",
    ["/customers/{}", "/customers/{}/events", "/complaints/{}", "/campaigns/{}", "/campaigns/{}/results",
     "/interactions/{}", "/touches/{}", "/surveys/{}", "/surveys/{}/events", "/audit/{}"],
)  # fmt: skip
async def test_what_is_not_there(client, path):
    for what in (NOWHERE, "17", "%00"):
        answer = await client.get(path.format(what))
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), what


async def test_nothing_is_known_of_a_customer_without_events(client):
    told = (await client.get(f"/customers/{NOWHERE}/timeline")).json()
    assert told == {"canonical_id": NOWHERE, "merged_ids": [], "events": [], "next": None}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/complaints?limit=0", "limit"),
        ("/complaints?limit=501", "limit"),
        ("/complaints?limit=all", "limit"),
        ("/complaints?statsu=open", "statsu"),
        ("/complaints?status=sleeping", "status"),
        ("/complaints?customer_id=17", "customer_id"),
        ("/complaints?received_from=2025-01-01T00:00:00", "received_from"),
        ("/audit?recorded_from=yesterday", "recorded_from"),
        ("/satisfaction?by=week", "by"),
        ("/feed?from=middle", "from"),
        ("/kpis/complaint.count?severity=%00", "severity"),
        ("/kpis/complaint.count?by=%00", "by"),
        ("/complaints?after=%00", "after"),
    ],
)
async def test_a_faulty_parameter_is_named(client, path, field):
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid")
    (error,) = answer.json()["errors"]
    assert (error["in"], error["field"].split("/")[0]) == ("query", field)


# Tokens


async def test_an_answer_that_does_not_come_in_time(client, app, daybook):
    await app.state.edge.following.close()
    made = (await client.command("/customers", {"kind": "person"})).json()
    daybook.settings = daybook.settings.model_copy(update={"wait_s_max": 0.1})
    answer = await client.get(f"/customers/{made['stream_id']}", params={"token": made["token"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "not-yet-visible")
    assert answer.headers["retry-after"] == "1"
    assert (await client.get(f"/customers/{made['stream_id']}")).status_code == 404
    by_header = await client.get(f"/customers/{made['stream_id']}", headers={"Daybook-Token": made["token"]})
    assert by_header.status_code == 503
    of_person = await client.get(f"/customers/{made['stream_id']}/timeline?token={made['token']}")
    assert of_person.status_code == 503  # whom the customer was merged with, the profile says
    assert (await client.get(f"/customers/{made['stream_id']}/events?token={made['token']}")).status_code == 200


async def test_a_parked_customer_is_told(client, daybook, monkeypatch):
    made = (await client.command("/customers", {"kind": "person"})).json()

    async def parked(*_, **__):
        await asyncio.sleep(0)
        return "parked"

    monkeypatch.setattr(type(daybook.models), "wait_for", parked)
    answer = await client.get(f"/customers/{made['stream_id']}", params={"token": made["token"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "parked")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("path", [f"/customers/{NOWHERE}", "/complaints", f"/customers/{NOWHERE}/timeline", "/audit"])
async def test_tokens_and_cursors_of_elsewhere(client, daybook, path):
    other = str(Cursor(uuid.uuid4(), (5,) * daybook.record.partitions))
    answer = await client.get(path, params={"token": other})
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor-stale")
    assert Cursor.parse(answer.json()["resume"]) == daybook.record.incarnation.start()
    assert (await client.get(path, params={"token": "nonsense"})).json()["code"] == "cursor-invalid"


async def test_personal_data_that_is_erased_says_since_when(client, daybook, admin):
    ids = await told(client)
    await admin.execute("alter table record.sealed disable trigger all")
    await admin.execute("delete from record.sealed")
    profile = (await seen(client, f"/customers/{ids['customer']}", ids["token"])).json()
    assert profile["name"] == {"erased_on": None}
    assert profile["contact_points"][0]["value"] == {"erased_on": None}
    complaint = (await seen(client, f"/complaints/{ids['complaint']}", ids["token"])).json()
    assert complaint["personal"]["complaint"] == {"erased_on": None}
    timeline = (await client.get(f"/customers/{ids['customer']}/timeline", params={"type": "survey.answered"})).json()
    assert timeline["events"][0]["data"]["verbatim"] == {"erased_on": None}


async def test_personal_data_that_is_not_what_was_recorded_is_not_shown(client, daybook, admin):
    ids = await told(client)
    await admin.execute("alter table record.sealed disable trigger all")
    await admin.execute("update record.sealed set blob = set_byte(blob, 50, get_byte(blob, 50) # 1)")
    answer = await client.get(f"/customers/{ids['customer']}", params={"token": ids["token"]})
    assert (answer.status_code, answer.json()["code"]) == (500, "personal-data-unreadable")
    assert "Wang" not in answer.text
