"""Break-glass access: what was taken is shown, for a while, to who took it; looks cite it; another one reviews it."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from api import admission
from api.examples import bodies
from tests.api import bearer
from tests.api.stories import seen

FRONT = bearer.headers("staff:front", ("front-office",), None)
MARKETING = bearer.headers("staff:marketing", ("campaign-manager",), None)
REVIEWER = bearer.headers("staff:reviewer", ("privacy-officer",), "privacy-request")
AUDITOR = bearer.headers("staff:auditor", ("compliance-auditor",), "audit")


def keyed(headers) -> dict:
    return {**headers, "Idempotency-Key": f'"{uuid.uuid4()}"'}


@pytest.fixture
async def ids(client) -> dict[str, str]:
    """A customer with a complaint that was answered by a letter."""
    customer = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    receive = {**bodies()["complaint.receive"], "customer_id": customer, "complainant_id": customer}
    complaint = (await client.command("/complaints", receive)).json()["stream_id"]
    answer = bodies()["complaint.issue-final-response"]
    token = (await client.command(f"/complaints/{complaint}/issue-final-response", answer)).json()["token"]
    await seen(client, f"/complaints/{complaint}", token)
    return {"customer": customer, "complaint": complaint}


async def taken(client, ids, headers=FRONT, **changes) -> str:
    body = {**bodies()["break-glass.open"], "customer_id": ids["customer"], **changes}
    answer = await client.post("/break-glass", json=body, headers=keyed(headers))
    assert answer.status_code == 201, answer.text
    return answer.json()["stream_id"]


async def test_what_was_taken_is_shown_and_nothing_else(client, ids):
    where = f"/complaints/{ids['complaint']}"
    assert (await client.get(where, headers=FRONT)).json()["personal"]["final_response"]["letter"] == "***"
    grant = await taken(client, ids)
    shown = (await client.get(where, headers={**FRONT, "Daybook-Break-Glass": grant})).json()["personal"]
    assert shown["final_response"]["letter"].startswith("The second fee")
    assert shown["complaint"]["description"] == "***", "of another class"
    other = (await client.command("/customers", bodies()["customer.register"])).json()
    await seen(client, f"/customers/{other['stream_id']}", other["token"])
    profile = await client.get(f"/customers/{other['stream_id']}", headers={**FRONT, "Daybook-Break-Glass": grant})
    assert profile.json()["name"] == "***", "of another customer"


async def test_every_look_under_it_cites_it(client, ids):
    grant = await taken(client, ids)
    where = f"/complaints/{ids['complaint']}"
    await client.get(where, headers={**FRONT, "Daybook-Break-Glass": grant})
    await client.get(where, headers=FRONT)
    looks = (await client.get("/audit/looks", params={"actor": "staff:front"}, headers=AUDITOR)).json()["looks"]
    assert [one["break_glass"] for one in looks] == [None, grant]


async def test_a_query_about_the_customer_is_allowed_by_it_and_the_table_says_to_whom(client, ids):
    body = {**bodies()["break-glass.open"], "customer_id": ids["customer"], "record_classes": ["identity"]}
    refused = await client.post("/break-glass", json=body, headers=keyed(MARKETING))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
    officer = bearer.headers("staff:op", ("operator", "front-office"), None)
    grant = await taken(client, ids, officer, record_classes=["identity"])
    profile = await client.get(f"/customers/{ids['customer']}", headers={**officer, "Daybook-Break-Glass": grant})
    assert profile.json()["name"] != "***"


@pytest.mark.parametrize("over", ["expired", "closed", "reviewed", "of another", "unknown", "no id", "another stream"])
async def test_what_is_over_opens_nothing(client, ids, monkeypatch, over):
    grant, headers = await taken(client, ids), FRONT
    if over == "expired":
        later = datetime.now(UTC) + timedelta(minutes=bodies()["break-glass.open"]["minutes"])

        class Later(datetime):
            @classmethod
            def now(cls, tz=None):  # noqa: ARG003
                return later

        monkeypatch.setattr(admission, "datetime", Later)
    elif over == "closed":
        assert (await client.post(f"/break-glass/{grant}/close", headers=keyed(FRONT))).status_code == 200
    elif over == "reviewed":
        review = {"finding": "unjustified"}
        done = await client.post(f"/break-glass/{grant}/review", json=review, headers=keyed(AUDITOR))
        assert done.status_code == 200
    elif over == "of another":
        headers = bearer.headers("staff:other", ("front-office",), None)
    else:
        grant = {"unknown": str(uuid.uuid4()), "no id": "x", "another stream": ids["complaint"]}[over]
    answer = await client.get(f"/customers/{ids['customer']}", headers={**headers, "Daybook-Break-Glass": grant})
    if over == "no id":
        assert (answer.status_code, answer.json()["code"]) == (400, "header-invalid")
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "break-glass-not-open")


async def test_another_person_reviews_it(client, ids):
    own = bearer.headers("staff:two", ("front-office", "privacy-officer"), None)
    grant = await taken(client, ids, own)
    alone = await client.post(f"/break-glass/{grant}/review", json={"finding": "justified"}, headers=keyed(own))
    assert (alone.status_code, alone.json()["code"]) == (409, "break-glass.reviewer-not-another")
    second = await taken(client, ids)
    listed = await seen(client, "/break-glass", await token_of(client, ids), unreviewed="true")
    assert [one["grant_id"] for one in listed.json()["grants"]] == [second, grant]
    told = listed.json()["grants"][0]
    assert (told["opened_by"], told["reason"], told["finding"]) == ("staff:front", "customer-in-danger", None)
    assert told["explanation"].startswith("The customer reports")
    done = await client.post(f"/break-glass/{second}/review", json={"finding": "justified"}, headers=keyed(REVIEWER))
    token = done.json()["token"]
    open_reviews = await client.get("/break-glass", params={"unreviewed": "true", "token": token}, headers=REVIEWER)
    assert [one["grant_id"] for one in open_reviews.json()["grants"]] == [grant]
    everything = (await client.get("/break-glass", params={"limit": 1}, headers=REVIEWER)).json()
    assert everything["grants"][0]["reviewed_by"] == "staff:reviewer"
    rest = await client.get("/break-glass", params={"limit": 1, "after": everything["next"]}, headers=REVIEWER)
    assert [one["grant_id"] for one in rest.json()["grants"]] == [grant]
    assert rest.json()["next"] is None


async def token_of(client, ids) -> str:
    """A token of the customer's partition as it is now."""
    answer = await client.command(f"/customers/{ids['customer']}/set-preference", bodies()["customer.set-preference"])
    return answer.json()["token"]


async def test_a_confidential_matter_is_seen_by_who_took_it_but_not_by_whom_it_is_about(client, ids):
    body = {"group": "whistleblower", "withheld_from": ["staff:named"]}
    marked = await client.command(f"/complaints/{ids['complaint']}/mark-confidential", body)
    assert marked.status_code == 200
    where = f"/complaints/{ids['complaint']}"
    await seen(client, where, marked.json()["token"])
    assert (await client.get(where, headers=FRONT)).status_code == 404
    for actor, status in (("staff:front", 200), ("staff:named", 404)):
        headers = bearer.headers(actor, ("front-office",), None)
        grant = await taken(client, ids, headers, record_classes=[], matter_id=ids["complaint"])
        asked = {**headers, "Daybook-Break-Glass": grant}
        assert (await client.get(where, headers=asked)).status_code == status
        timeline = await client.get(f"/customers/{ids['customer']}/timeline", headers=asked)
        assert (ids["complaint"] in timeline.text) == (status == 200)
        assert (await client.get(where, headers=headers)).status_code == 404, "without the header nothing has changed"
    listed = await client.get("/break-glass", headers=AUDITOR)
    assert ids["complaint"] not in listed.text, "a grant does not tell who reviews it that there is a matter"
