"""A complaint's course over HTTP: what was asked for, granted and told; its letters; its case history; its filters."""

from dataclasses import dataclass

import pytest

from api.examples import bodies
from store.identity import new_id
from tests.api import bearer
from tests.api.stories import seen

HANDLER = {"Daybook-Purpose": "complaint-handling"}


@dataclass(frozen=True)
class Case:
    """A complaint that was told late, and how to give it one more command."""

    client: bearer.Client
    where: str

    async def __call__(self, name: str, actor: str = "staff-1", **changes) -> dict:
        body = {**bodies()[f"complaint.{name}"], **changes}
        answer = await self.client.command(f"{self.where}/{name}", body, actor=actor)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def case(client) -> Case:
    receive = {name: value for name, value in bodies()["complaint.receive"].items() if name != "customer_id"}
    made = (await client.command("/complaints", receive)).json()
    return Case(client, f"/complaints/{made['stream_id']}")


async def test_the_register_shows_the_course(client, case):
    await case("add-representative")
    await case("queue")
    await case("assign")
    await case("recuse", person="staff-204")
    await case("pause")
    await case("resume")
    await case("request-extension")
    await case("extend", actor="staff-2")
    await case("agree-time", actor="staff-2")
    await case("count", counts=False)
    await case("count")
    await case("confirm-backdating", actor="staff-2")
    token = (await case("record-regulator-receipt"))["token"]
    one = (await seen(client, case.where, token)).json()
    course = one["course"]
    assert (one["queue"], one["handler"], course["missing"]) == (
        "card-complaints", None, ["complainant", "contact", "respondent"],
    )  # fmt: skip
    assert course["representatives"][0]["evidence"] == "letter-of-attorney"
    name = f"representative {bodies()['complaint.add-representative']['representative_id']}"
    assert one["personal"][name]["name"] == "Li Na"
    assert course["recusals"][0]["reason"] == "relative-of-complainant"
    assert course["pauses"][0]["reason"] == "external-appraisal"
    assert course["pauses"][0]["ended_at"] > course["pauses"][0]["since"]
    assert [(e["clock"], e["approver"], e["requested_by"]) for e in course["extensions"]] == [
        ("cn.decide", "staff-2", "staff-1")
    ]
    assert [(e["due_on"], e["agreed_by"], e["confirmed_by"]) for e in course["agreements"]] == [
        ("2026-12-18", "staff-3", "staff-2")
    ]
    assert [(c["regime"], c["counts"]) for c in course["counted"]] == [("cn.cbirc-2020-3", True)]
    assert [(c["number"], c["verdict"], c["reason"]) for c in course["claimed_times"]] == [
        (1, "confirmed", "recorded-after-outage")
    ]
    assert course["regulator_receipts"][0]["reference"] == "2025-SZ-0417"
    assert course["letters"] == []


async def test_complaints_are_found_by_queue_assignment_claims_and_what_they_repeat(client, case):
    await case("queue")
    token = (await case("merge"))["token"]
    into = bodies()["complaint.merge"]["into_complaint_id"]
    for query, found in (
        ({"queue": "card-complaints"}, 1),
        ({"queue": "other"}, 0),
        ({"assigned": False}, 1),
        ({"assigned": True}, 0),
        ({"claimed_times": True}, 1),
        ({"claimed_times": False}, 0),
        ({"merged_into": into, "status": "merged"}, 1),
        ({"merged_into": str(new_id())}, 0),
        ({"major": False}, 1),
    ):
        answer = await seen(client, "/complaints", token, **query)
        assert len(answer.json()["complaints"]) == found, query


async def test_what_it_repeats_is_not_named_to_who_may_not_see_it(client, case):
    hidden = {**bodies()["complaint.receive"], "confidential": "whistleblower"}
    into = (await client.command("/complaints", hidden)).json()
    token = (await case("merge", into_complaint_id=into["stream_id"]))["token"]
    assert (await seen(client, case.where, token)).json()["merged_into"] == into["stream_id"]
    client.headers.update(bearer.headers("staff-7", ("complaint-handler",), "complaint-handling"))
    assert (await client.get(case.where)).json()["merged_into"] is None
    listed = await client.get("/complaints", params={"merged_into": into["stream_id"]})
    assert listed.json()["complaints"] == []
    history = (await client.get(f"{case.where}/history")).text
    assert into["stream_id"] not in history


async def test_letters_with_every_attempt_to_deliver_them(client, case):
    await case("acknowledge")
    await case("send-letter")
    await case("record-delivery", attempt_id=str(new_id()), outcome="unreachable", proof=None, proof_ref=None)
    await case("record-delivery")
    await case("issue-final-response")
    letters = (await client.get(f"{case.where}/letters")).json()["letters"]
    assert [(one["kind"], one["template_version"]) for one in letters] == [
        ("acknowledgement", 4),
        ("final-response", 3),
    ]
    assert "3 April" in letters[0]["letter"]
    assert [(one["outcome"], one["proof_ref"]) for one in letters[0]["deliveries"]] == [
        ("unreachable", None), ("delivered", "RR123456785CN"),
    ]  # fmt: skip
    assert letters[1]["deliveries"] == []


async def test_the_case_history_says_when_who_why_and_how_it_stood(client, case):
    await case("acknowledge")
    await case("withdraw", actor="staff-3")
    whole = (await client.get(f"{case.where}/history")).json()
    assert [(one["type"], one["actor"], one["reason"], one["status"]) for one in whole["steps"]] == [
        ("complaint.received", "staff-1", None, "open"),
        ("complaint.backdating-recorded", "staff-1", "recorded-after-outage", "open"),
        ("complaint.acknowledged", "staff-1", None, "open"),
        ("complaint.withdrawn", "staff-3", "settled", "withdrawn"),
    ]
    assert whole["steps"][2]["means"] == "The complainant knows that the complaint arrived."
    assert whole["next"] is None
    paged, link = [], f"{case.where}/history?limit=3"
    while link:
        answer = await client.get(link)
        paged += answer.json()["steps"]
        link = answer.links.get("next", {}).get("url")
    assert paged == whole["steps"]
    assert (await client.get(f"/complaints/{new_id()}/history")).status_code == 404
    assert (await client.get(f"/complaints/{new_id()}/letters")).status_code == 404


async def test_a_late_time_needs_a_reason_and_nobody_fills_in_who_told_it(client):
    late = {"channel": "web", "complainant_id": str(new_id()), "occurred_at": "2025-01-01T00:00:00Z"}
    answer = await client.command("/complaints", late)
    assert (answer.status_code, answer.json()["code"]) == (422, "complaint.backdating-unexplained")
    claimed = await client.command("/complaints", {**late, "given": {"at": "2025-01-01T00:00:00Z", "by": "staff-9"}})
    assert claimed.json()["errors"][0]["field"] == "/given"
    made = await client.command("/complaints", {**late, "backdating_reason": "in-the-post"})
    assert [event["type"] for event in made.json()["events"]] == [
        "complaint.received", "complaint.backdating-recorded",
    ]  # fmt: skip
