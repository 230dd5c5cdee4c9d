"""A confidential matter is to who may not see it as if it had never been: the same bank twice, with it and without."""

import asyncio
import re
import uuid

import httpx
import pytest

from api.examples import bodies
from api.operations import operations
from tests.api import bearer
from tests.api.stories import seen

GROUP = "suspicious-activity"
AUDITOR = bearer.headers("staff:auditor", ("compliance-auditor",), "audit")
HANDLER = bearer.headers("staff:handler", ("complaint-handler",), "complaint-handling")
INVESTIGATOR = bearer.headers("staff:investigator", ("investigator",), "investigation")
NAMED = bearer.headers("staff:named", ("investigator", "compliance-auditor"), "investigation")
BLIND = {"auditor": AUDITOR, "handler": HANDLER, "named": NAMED}


async def customer_with_an_open_matter(client) -> dict[str, str]:
    """A customer, an interaction and a complaint that everybody may see."""
    made = await client.command("/customers", bodies()["customer.register"])
    customer = made.json()["stream_id"]
    whose = {"customer_id": customer}
    interaction = await client.command("/interactions", {**bodies()["interaction.record"], **whose})
    receive = {**bodies()["complaint.receive"], **whose, "complainant_id": customer}
    complaint = await client.command("/complaints", receive)
    return {
        "customer": customer,
        "interaction": interaction.json()["stream_id"],
        "complaint": complaint.json()["stream_id"],
        "token": complaint.json()["token"],
    }


async def confidential_matters(client, ids: dict[str, str]) -> dict[str, str]:
    """A complaint and an interaction that are confidential from their first moment, with a few events more."""
    whose = {"customer_id": ids["customer"]}
    hidden = {"confidential": GROUP}
    receive = {**bodies()["complaint.receive"], **whose, "complainant_id": ids["customer"], **hidden}
    receive |= {"complained_about": ["staff:named"], "product": "Secret product"}
    made = (await client.command("/complaints", receive)).json()
    complaint = made["stream_id"]
    for name in ("acknowledge", "assess", "assign"):
        answer = await client.command(f"/complaints/{complaint}/{name}", bodies()[f"complaint.{name}"])
        assert answer.status_code == 200, answer.text
    attached = await client.command(
        f"/complaints/{complaint}/attach", bodies()["complaint.attach"], actor="staff:investigator"
    )
    assert attached.status_code == 200, attached.text
    record = {**bodies()["interaction.record"], **whose, **hidden, "withheld_from": ["staff:named"]}
    record |= {"channel": "fax", "occurred_at": "2026-01-01T10:00:00Z"}
    last = (await client.command("/interactions", record)).json()
    return {"complaint": complaint, "attachment": attached.json()["attachment_id"],
            "interaction": last["stream_id"], "event": last["events"][0]["event_id"],
            "received": made["events"][0]["event_id"], "token": last["token"]}  # fmt: skip


def places(ids: dict[str, str], *, by_page: bool = True) -> list[tuple[str, dict]]:
    """Every list, count and resource in which something hidden could show."""
    customer = f"/customers/{ids['customer']}"
    found: list[tuple[str, dict]] = [
        (customer, {}), (f"{customer}/timeline", {}), (f"{customer}/satisfaction", {}), ("/complaints", {}),
        ("/complaints", {"customer_id": ids["customer"]}), ("/complaints", {"handler": "staff-204"}),
        ("/complaints", {"status": "open"}), ("/complaints", {"product": "Secret product"}),
        ("/complaints/counts", {"by": ["status", "month", "product"]}), ("/complaints/counts", {}), ("/audit", {}),
        ("/audit", {"customer_id": ids["customer"]}), ("/audit", {"actor": "staff-1"}),
        ("/audit", {"type": "complaint.received"}), ("/feed", {"mode": "page", "limit": 500}),
        ("/feed", {"mode": "page", "type": "daybook.complaint.received"}),
        ("/audit/looks", {"actor": "staff:investigator"}), ("/audit/looks", {"customer_id": ids["customer"]}),
    ]  # fmt: skip
    if by_page:
        found += [(path, {**query, "limit": 1}) for path, query in found if path != customer and "counts" not in path]
    return found


def told(answer: httpx.Response) -> tuple[int, str]:
    """An answer without what differs anyway: cursors, and looks at the asking itself."""
    text = re.sub(r'"next":("[^"]*"|null)', lambda one: f'"next":{one[1] != "null"}', answer.text)
    return answer.status_code, text


async def answers(client, ids, token) -> dict[tuple[str, str], tuple[int, str]]:
    for projection in ("/complaints", f"/customers/{ids['customer']}", "/audit"):
        await seen(client, projection, token)
    found = {}
    for who, headers in BLIND.items():
        for path, query in places(ids):
            if path != "/audit/looks":
                answer = await client.get(path, params=query, headers=headers)
                found[who, f"{path} {query}"] = told(answer)
    return found


async def test_lists_counts_feed_and_profile_are_as_if_it_had_never_been(client):
    ids = await customer_with_an_open_matter(client)
    before = await answers(client, ids, ids["token"])
    hidden = await confidential_matters(client, ids)
    after = await answers(client, ids, hidden["token"])
    assert {name for name, answer in before.items() if answer != after[name]} == set()
    assert any(status == 200 for status, _ in before.values())
    text = "".join(text for _, text in after.values())
    for one in hidden.values():
        assert one not in text
    assert "Secret product" not in text


async def test_who_may_sees_all_of_it(client):
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    await seen(client, "/complaints", hidden["token"])
    customer = f"/customers/{ids['customer']}"
    profile = (await client.get(customer, headers=INVESTIGATOR)).json()
    assert (profile["complaints"], profile["open_complaints"], profile["interactions"]) == (
        2,
        2,
        {"phone": 1, "fax": 1},
    )
    assert profile["last_interaction_at"] == "2026-01-01T10:00:00Z"
    timeline = (await client.get(f"{customer}/timeline", headers=INVESTIGATOR)).json()["events"]
    assert {hidden["complaint"], hidden["interaction"]} <= {one["stream_id"] for one in timeline}
    listed = (await client.get("/complaints", headers=INVESTIGATOR)).json()["complaints"]
    assert [one["confidential"] for one in listed if one["complaint_id"] == hidden["complaint"]] == [GROUP]
    counts = (await client.get("/complaints/counts", headers=INVESTIGATOR)).json()["counts"]
    assert counts == [{"month": None, "status": "open", "product": None, "complaints": 2}]
    feed = await client.get("/feed", params={"mode": "page", "limit": 500}, headers=INVESTIGATOR)
    assert hidden["received"] in feed.text
    assert (await client.get(f"/audit/{hidden['event']}", headers=INVESTIGATOR)).status_code == 200
    complaint = f"/complaints/{hidden['complaint']}"
    attachment = f"{complaint}/attachments/{hidden['attachment']}"
    for path in (complaint, attachment, f"/interactions/{hidden['interaction']}/events"):
        assert (await client.get(path, headers=INVESTIGATOR)).status_code == 200


@pytest.mark.parametrize("who", BLIND)
async def test_what_is_asked_for_by_id_does_not_exist(client, who):
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    await seen(client, "/complaints", hidden["token"])
    paths = ["/complaints/{complaint}", "/complaints/{complaint}/events", "/interactions/{interaction}",
             "/interactions/{interaction}/events", "/complaints/{interaction}/events", "/audit/{event}",
             "/receipts/{event}", "/complaints/{complaint}/attachments/{attachment}"]  # fmt: skip
    nowhere = dict.fromkeys(hidden, str(uuid.uuid4()))
    for path in paths:
        for query in ({}, {"token": hidden["token"]}):
            there = await client.get(path.format(**hidden), params=query, headers=BLIND[who])
            gone = await client.get(path.format(**nowhere), params=query, headers=BLIND[who])
            assert (there.status_code, there.text) == (gone.status_code, gone.text), path
            assert there.status_code == (404 if who != "handler" or "/audit" not in path else 403), path
            assert set(there.headers) == set(gone.headers)


async def test_commands_to_it_find_nothing(client):
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    nowhere = {**hidden, "complaint": str(uuid.uuid4()), "interaction": str(uuid.uuid4())}
    headers = {**HANDLER, "Daybook-Purpose": ""}
    for operation in operations().values():
        if operation.creates or operation.aggregate not in {"complaint", "interaction", "survey"}:
            continue
        for kind in ("complaint", "interaction"):
            for more in ({}, {"If-Match": '"0"'}):
                got = []
                for ids_of in (hidden, nowhere):
                    path = operation.path.replace(f"{{{operation.stream_field}}}", ids_of[kind])
                    sent = {**headers, **more, "Idempotency-Key": f'"{uuid.uuid4()}"'}
                    answer = await client.post(path, json=bodies()[operation.type], headers=sent)
                    again = await client.post(path, json=bodies()[operation.type], headers=sent)
                    assert (again.status_code, again.text) == (answer.status_code, answer.text)
                    got.append((answer.status_code, answer.text))
                assert got[0] == got[1], (operation.type, kind, more)
                assert got[0][0] in {404, 412}, (operation.type, kind, got)
    lines = "".join(
        f'{{"command":"complaint.acknowledge","id":"{n}","complaint_id":"{one["complaint"]}"}}\n'
        for n, one in enumerate((hidden, nowhere))
    )
    answer = await client.post(
        "/bulk/commands", content=lines, headers={**headers, "Content-Type": "application/x-ndjson"}
    )
    first, second = (re.sub(r'"(line|id|token)":("[^"]*"|\d+),?', "", line) for line in answer.text.splitlines())
    assert first.rstrip(",}") == second.rstrip(",}")
    assert "complaint.not-received" in first


async def test_looks_at_it_are_hidden_from_who_may_not_know(client):
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    await seen(client, "/complaints", hidden["token"])
    await client.get(f"/complaints/{hidden['complaint']}", headers=INVESTIGATOR)
    await client.get(f"/customers/{ids['customer']}/timeline", headers=INVESTIGATOR)
    await client.get(f"/complaints/{ids['complaint']}", headers=INVESTIGATOR)
    full = (await client.get("/audit/looks", headers=INVESTIGATOR)).json()["looks"]
    assert [one["operation"] for one in full] == ["complaint", "customer_timeline", "complaint"]
    for headers in (AUDITOR, NAMED):
        for query in ({}, {"customer_id": ids["customer"]}, {"actor": "staff:investigator"}):
            looks, after = [], None
            while True:  # a page of one: what is hidden takes no place
                params = {**query, "limit": 1, **({} if after is None else {"after": after})}
                page = (await client.get("/audit/looks", params=params, headers=headers)).json()
                looks += page["looks"]
                if (after := page["next"]) is None:
                    break
                assert len(page["looks"]) == 1
            assert [one["operation"] for one in looks] == ["complaint", "customer_timeline"]
            events = {event for one in looks for part in one["looked"] for event in part["events"]}
            assert events.isdisjoint({hidden["event"], hidden["received"]})
            assert events


async def test_what_is_marked_later_vanishes_and_comes_back_by_four_eyes(client):
    ids = await customer_with_an_open_matter(client)
    await seen(client, "/complaints", ids["token"])
    where, profile = f"/complaints/{ids['complaint']}", f"/customers/{ids['customer']}"
    await client.get(where, headers=INVESTIGATOR)
    told_before = (await client.get(profile, headers=AUDITOR)).json()
    marked = await client.command(f"{where}/mark-confidential", {"group": "whistleblower"})
    assert marked.status_code == 200
    token = marked.json()["token"]
    assert (await client.get(where, params={"token": token}, headers=AUDITOR)).status_code == 404
    gone = await client.get(profile, params={"token": token}, headers=AUDITOR)
    assert (gone.json()["complaints"], gone.json()["open_complaints"]) == (0, 0)
    assert gone.json()["last_event"] != told_before["last_event"]
    assert (await client.get("/audit/looks", params={"actor": "staff:investigator"}, headers=AUDITOR)).json() == {
        "looks": [], "next": None,
    }  # fmt: skip
    assert (await client.get("/complaints/counts", headers=AUDITOR)).json()["counts"] == []
    asked = await client.command(f"{where}/request-declassification", {"reason": "unfounded"}, actor="staff-1")
    assert asked.status_code == 200
    alone = await client.command(f"{where}/declassify", actor="staff-1")
    assert (alone.status_code, alone.json()["code"]) == (409, "complaint.declassifier-not-another")
    token = (await client.command(f"{where}/declassify", actor="staff-2")).json()["token"]
    assert (await client.get(where, params={"token": token}, headers=AUDITOR)).status_code == 200
    back = (await client.get(profile, params={"token": token}, headers=AUDITOR)).json()
    assert {**back, "last_event": None} == {**told_before, "last_event": None}
    assert (await client.get("/complaints/counts", headers=AUDITOR)).json()["counts"][0]["complaints"] == 1


async def test_a_survey_about_it_does_not_name_it(client):
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    invite = {**bodies()["survey.invite"], "customer_id": ids["customer"], "complaint_id": hidden["complaint"]}
    token = (await client.command("/surveys", invite)).json()["token"]
    for path in (f"/customers/{ids['customer']}/satisfaction", f"/customers/{ids['customer']}/timeline"):
        assert hidden["complaint"] in (await seen(client, path, token)).text
        assert hidden["complaint"] not in (await client.get(path, headers=AUDITOR)).text
    feed = await client.get("/feed", params={"mode": "page", "limit": 500}, headers=AUDITOR)
    assert "survey.invited" in feed.text
    assert hidden["complaint"] not in feed.text


async def test_the_endless_feed_passes_over_it(client, app, monkeypatch):
    monkeypatch.setattr("api.feed.HEARTBEAT_S", 0.05)
    ids = await customer_with_an_open_matter(client)
    hidden = await confidential_matters(client, ids)
    asyncio.get_running_loop().call_later(0.4, app.state.edge.stop)
    answer = await client.get("/feed", headers=AUDITOR)
    assert ids["complaint"] in answer.text
    for one in ("complaint", "interaction", "event"):
        assert hidden[one] not in answer.text
