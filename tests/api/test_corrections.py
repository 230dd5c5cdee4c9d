"""A correction that takes two: nothing goes by it before it is approved, everything after, nothing if rejected."""

import uuid
from datetime import UTC, datetime

import asyncpg
import pytest

from domain.kernel import Refusal
from domain.matters import Sight
from engine.access import Viewer, first_table
from engine.cli_opened import NOBODY
from engine.correcting import Decide, decide
from engine.indexing import refill
from engine.looking import Looker
from engine.personal_export import export_of
from engine.shredding import open_eraser
from projections.seeing import EVERYTHING
from store.envelope import AppendRequest, NewEvent
from store.identity import new_id
from tests.api import bearer
from tests.api.stories import seen

OLD, NEW = "Wang Fang", "Li Fang"
OFFICER = Looker(
    Viewer("staff:7", frozenset({"privacy-officer"}), "privacy-request"), first_table(), "export", new_id()
)
CALL = {"channel": "phone", "direction": "inbound", "purpose": "servicing", "summary": "Lost a card."}
ENDINGS = {
    "approve": ({}, "staff-2", "approved"),
    "reject": ({"reason": "no-evidence"}, "staff-2", "rejected"),
    "withdraw": ({}, "staff-1", "withdrawn"),
}


async def registered(client) -> str:
    made = await client.command("/customers", {"kind": "person", "name": OLD, "region": "CN-GD"})
    return made.headers["location"]


async def asked(client, home: str, **body) -> dict:
    body = {"reason": "married", "name": NEW, "region": "CN-SH", **body}
    answer = await client.command(f"{home}/correct-details", body, actor="staff-1")
    assert answer.json()["events"][0]["type"] == "customer.correction-requested", answer.text
    return answer.json()


async def decided(client, home: str, correction_id: str, what: str = "approve") -> dict:
    more, actor, event = ENDINGS[what]
    body = {"correction_id": correction_id, **more}
    answer = await client.command(f"{home}/{what}-correction", body, actor=actor)
    assert answer.json()["events"][0]["type"].endswith(f".correction-{event}"), answer.text
    return answer.json()


async def found(client, token: str, name: str) -> int:
    answer = await client.post("/customers/search", json={"name": name, "token": token})
    return len(answer.json()["customers"])


async def test_what_waits_is_told_beside_what_holds(client):
    home = await registered(client)
    made = await asked(client, home)
    profile = (await seen(client, home, made["token"])).json()
    assert (profile["name"], profile["region"]) == (OLD, "CN-GD")
    (waiting,) = profile["pending_corrections"]
    assert waiting == {
        "correction_id": made["correction_id"], "reason": "married", "requested_by": "staff-1",
        "requested_at": waiting["requested_at"], "name": NEW,
        "changes": [{"field": "region", "before": "CN-GD", "after": "CN-SH"}], "customer_id": home.rpartition("/")[2],
    }  # fmt: skip
    assert (await found(client, made["token"], OLD), await found(client, made["token"], NEW)) == (1, 0)
    own = await client.command(f"{home}/approve-correction", {"correction_id": made["correction_id"]}, actor="staff-1")
    assert (own.status_code, own.json()["code"]) == (409, "customer.correction-second-person-required")


async def test_the_table_says_what_one_person_corrects_alone(client):
    home = await registered(client)
    alone = await client.command(f"{home}/correct-details", {"reason": "moved", "branch": "beijing-1"}, actor="staff-1")
    assert alone.json()["events"][0]["type"] == "customer.details-corrected"
    claimed = {"reason": "moved", "name": NEW, "corrections_alone": {"customer": ["name"]}}
    answer = await client.command(f"{home}/correct-details", claimed, actor="staff-1")
    assert (answer.status_code, answer.json()["errors"][0]["hint"]) == (422, "it is taken from the access table")


@pytest.mark.parametrize("what", ENDINGS)
async def test_each_end_of_a_correction(client, what):
    home = await registered(client)
    made = await asked(client, home)
    token = (await decided(client, home, made["correction_id"], what))["token"]
    profile = (await seen(client, home, token)).json()
    held = (NEW, "CN-SH") if what == "approve" else (OLD, "CN-GD")
    assert (profile["name"], profile["region"], profile["pending_corrections"]) == (*held, [])
    assert (await found(client, token, OLD), await found(client, token, NEW)) == (
        (0, 1) if what == "approve" else (1, 0)
    )
    timeline = (await client.get(f"{home}/timeline")).json()["events"]
    assert [event["type"].partition(".")[2] for event in timeline] == [
        f"correction-{ENDINGS[what][2]}", "correction-requested", "registered"
    ]  # fmt: skip


async def tokens(daybook) -> int:
    return await daybook.record.pool.fetchval("select count(*) from vault.blind_index")


async def test_no_search_token_is_left_of_what_was_never_in_force(client, daybook, database):
    home = await registered(client)
    before = await tokens(daybook)
    made = await asked(client, home)
    assert await tokens(daybook) == before
    await decided(client, home, made["correction_id"], "reject")
    assert await tokens(daybook) == before
    made = await asked(client, home)
    token = (await decided(client, home, made["correction_id"]))["token"]
    assert await tokens(daybook) == before + 1
    owner = await asyncpg.connect(database.admin_dsn)
    await owner.execute("alter table vault.blind_index disable trigger user")
    await owner.execute("delete from vault.blind_index")
    await owner.execute("alter table vault.blind_index enable trigger user")
    await owner.close()
    done = await refill(daybook.record, daybook.mapper, daybook.vault, lambda *_: None)
    assert (done.opened, await tokens(daybook)) == (2, before + 1), "what was rejected is not opened"
    assert (await found(client, token, OLD), await found(client, token, NEW)) == (0, 1)


async def test_the_audit_trail_shows_what_stood_before_and_what_was_approved(client):
    home = await registered(client)
    first = await decided(client, home, (await asked(client, home))["correction_id"])
    rejected = await decided(client, home, (await asked(client, home, name="Nobody"))["correction_id"], "reject")
    second = await decided(client, home, (await asked(client, home, name="Li Fangfang"))["correction_id"])
    told = [
        (await seen(client, f"/audit/{one['events'][0]['event_id']}", one["token"])).json()
        for one in (first, rejected, second)
    ]
    before = [[event["data"]["name"] for event in one["stood_before"]] for one in told]
    after = [one["put_in_force"] and one["put_in_force"]["data"]["name"] for one in told]
    assert (before, after) == ([[OLD], [], [NEW]], [NEW, None, "Li Fangfang"])
    changes = {one["field"]: (one["before"], one["after"]) for one in told[0]["changes"]}
    assert changes["details.region"] == ("CN-GD", "CN-SH")
    assert changes["given_by.name"] == (None, told[0]["event"]["data"]["correction_id"])
    assert [one["after"] for one in told[1]["changes"]] == ["rejected"]


async def test_who_may_not_see_the_name_sees_no_pending_one(client):
    home = await registered(client)
    token = (await asked(client, home))["token"]
    masked = bearer.headers("staff:7", ("front-office",), None)
    answer = await client.get(home, params={"token": token}, headers={"Daybook-Purpose": "", **masked})
    assert (answer.json()["name"], answer.json()["pending_corrections"][0]["name"]) == ("***", "***")
    assert NEW not in answer.text


async def test_what_waits_is_erased_with_the_rest_and_nobody_is_found_by_it(client, daybook, database):
    home = await registered(client)
    subject = uuid.UUID(home.rpartition("/")[2])
    made = await asked(client, home)
    eraser = database.app_dsn.replace("daybook_app", "daybook_eraser")
    settings = daybook.settings.model_copy(update={"eraser_url": eraser})
    async with open_eraser(settings, daybook.databases, daybook.vault) as opened:
        partition = daybook.record.partition_of(subject)
        await opened.shredder.shred(partition, subject, ["identity"])
    profile = (await seen(client, home, made["token"])).json()
    assert profile["pending_corrections"][0]["name"].keys() == profile["name"].keys() == {"erased_on"}
    approved = await decided(client, home, made["correction_id"])
    assert (await seen(client, home, approved["token"])).json()["name"].keys() == {"erased_on"}
    assert await tokens(daybook) == 0
    assert await found(client, approved["token"], NEW) == 0


async def test_the_export_has_what_was_asked_for_and_what_became_of_it(client, daybook):
    home = await registered(client)
    await decided(client, home, (await asked(client, home, name="Nobody"))["correction_id"], "reject")
    await decided(client, home, (await asked(client, home))["correction_id"])
    told = (await export_of(daybook, OFFICER, uuid.UUID(home.rpartition("/")[2]))).json.decode()
    for value in (OLD, "Nobody", NEW, "correction-requested", "correction-rejected", "correction-approved"):
        assert value in told


@pytest.mark.parametrize("what", ENDINGS)
async def test_an_interaction_is_corrected_by_two(client, what):
    home = await registered(client)
    customer = home.rpartition("/")[2]
    where = (await client.command("/interactions", {"customer_id": customer, **CALL})).headers["location"]
    body = {"reason": "incomplete", "channel": "branch", "summary": "Lost both cards."}
    made = (await client.command(f"{where}/correct", body, actor="staff-1")).json()
    told = (await client.get(where)).json()
    assert (told["facts"]["channel"], told["facts"]["summary"]) == ("phone", "Lost a card.")
    (waiting,) = told["pending_corrections"]
    assert (waiting["requested_by"], waiting["summary"]) == ("staff-1", "Lost both cards.")
    token = (await decided(client, where, made["correction_id"], what))["token"]
    told = (await client.get(where)).json()
    held = ("branch", "Lost both cards.") if what == "approve" else ("phone", "Lost a card.")
    assert (told["facts"]["channel"], told["facts"]["summary"], told["pending_corrections"]) == (*held, [])
    assert (await seen(client, home, token)).json()["interactions"] == {held[0]: 1}


async def test_an_old_correction_of_one_person_is_read_as_before(client, daybook):
    """As it was recorded when one person could correct everything: the same bytes, and the same effect."""
    home = await registered(client)
    customer = uuid.UUID(home.rpartition("/")[2])
    change = b'{"after":"CN-SH","before":"CN-GD","field":"region"}'
    data = b'{"changes":[%s],"corrected_personal":[],"correction_id":"%s","customer_id":"%s","reason":"typo"}' % (
        change, str(new_id()).encode(), str(customer).encode()
    )  # fmt: skip
    event = NewEvent(
        new_id(beside=customer), customer, 1, customer, "customer.details-corrected", 1, datetime.now(UTC), "staff:7",
        new_id(), None, data, b"{}",
    )  # fmt: skip
    partition = daybook.record.partition_of(customer)
    appended = await daybook.record.append(AppendRequest(partition, (event,), {customer: 0}))
    token = str(daybook.record.incarnation.start().advanced(partition, appended.last + 1))
    assert (await seen(client, home, token)).json()["region"] == "CN-SH"
    detail = (await client.get(f"/audit/{event.event_id}")).json()
    changes = {one["field"]: (one["before"], one["after"]) for one in detail["changes"]}
    assert changes["details.region"] == ("CN-GD", "CN-SH")
    made = await asked(client, home, region="CN-BJ")
    token = (await decided(client, home, made["correction_id"]))["token"]
    profile = (await seen(client, home, token)).json()
    assert (profile["name"], profile["region"]) == (NEW, "CN-BJ")


async def waiting(client, token: str, role: str | None = None, **query) -> list[dict]:
    headers = {} if role is None else bearer.headers(f"staff:{role}", (role,), None)
    answer = await client.get("/corrections", params={**query, "token": token}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["waiting"]


async def test_all_that_waits_is_listed_longest_first_for_who_may_approve_it(client, daybook):
    homes = [await registered(client) for _ in range(3)]
    asked_at = ("2026-11-03T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z")
    made = [await asked(client, home, occurred_at=at) for home, at in zip(homes, asked_at, strict=True)]
    second = {"reason": "moved", "residence_country": "CN", "occurred_at": "2026-11-04T10:00:00Z"}
    more = (await client.command(f"{homes[0]}/correct-details", second, actor="staff-3")).json()
    where = (await client.command("/interactions", {"customer_id": homes[0].rpartition("/")[2], **CALL})).headers
    body = {"reason": "incomplete", "channel": "branch", "summary": "Lost both cards.",
            "occurred_at": "2026-11-05T10:00:00Z"}  # fmt: skip
    call = (await client.command(f"{where['location']}/correct", body, actor="staff-1")).json()
    end = str(await daybook.record.end())
    found = await waiting(client, end)
    assert [[one["correction_id"] for one in each["corrections"]] for each in found] == [
        [made[1]["correction_id"]], [made[2]["correction_id"]],
        [made[0]["correction_id"], more["correction_id"]], [call["correction_id"]],
    ]  # fmt: skip
    assert found[0] == {
        "kind": "customer", "customer_id": homes[1].rpartition("/")[2], "interaction_id": None, "since": asked_at[1],
        "last_event": found[0]["last_event"],
        "corrections": [{
            "correction_id": made[1]["correction_id"], "requested_at": asked_at[1], "reason": "married",
            "requested_by": "staff-1", "personal": ["name"],
            "changes": [{"field": "region", "before": "CN-GD", "after": "CN-SH"}],
        }],
    }  # fmt: skip
    assert (found[3]["kind"], found[3]["corrections"][0]["personal"]) == ("interaction", ["summary"])
    assert [one["kind"] for one in await waiting(client, end, kind="interaction")] == ["interaction"]
    assert {one["kind"] for one in await waiting(client, end, "privacy-officer")} == {"customer"}
    assert {one["kind"] for one in await waiting(client, end, "investigator")} == {"interaction"}
    assert (
        await client.get("/corrections", headers=bearer.headers("staff:m", ("campaign-manager",), None))
    ).status_code == 403
    pages, following = [], "/corrections?limit=1"
    while following:
        answer = await client.get(following)
        pages += answer.json()["waiting"]
        following = answer.links.get("next", {}).get("url")
    assert pages == found


async def test_what_is_decided_waits_no_more(client):
    homes = [await registered(client) for _ in ENDINGS]
    made = [(await asked(client, home))["correction_id"] for home in homes]
    for home, one, what in zip(homes, made, ENDINGS, strict=True):
        token = (await decided(client, home, one, what))["token"]
        left = {each["customer_id"] for each in await waiting(client, token)}
        assert home.rpartition("/")[2] not in left


async def test_corrections_of_a_confidential_matter_wait_for_those_who_may_see_it(client):
    home = await registered(client)
    hidden = {"customer_id": home.rpartition("/")[2], **CALL, "confidential": "whistleblower"}
    where = (await client.command("/interactions", hidden)).headers["location"]
    body = {"reason": "incomplete", "channel": "branch"}
    token = (await client.command(f"{where}/correct", body, actor="staff-1")).json()["token"]
    assert len(await waiting(client, token, "investigator")) == 1
    assert await waiting(client, token, "front-office") == []


async def test_the_command_line_decides_as_the_api_does(client, daybook):
    home = await registered(client)
    stream, one = uuid.UUID(home.rpartition("/")[2]), (await asked(client, home))["correction_id"]

    async def approve(of: uuid.UUID, actor: str, sight: Sight = EVERYTHING, correction_id: str = one) -> str | None:
        facts = {"correction_id": correction_id, "approved_by": actor}
        try:
            await decide(daybook, Decide("approve", of, facts), sight)
        except Refusal as refused:
            return refused.code
        return None

    assert await approve(stream, "staff-1") == "customer.correction-second-person-required"
    assert await approve(stream, "staff-2", correction_id=str(new_id())) == "customer.correction-unknown"
    assert await approve(new_id(), "staff-2") == "not-found"
    assert [await approve(stream, "staff-2") for _ in range(2)] == [None, None]
    token = str(await daybook.record.end())
    profile = (await seen(client, home, token)).json()
    assert (profile["name"], profile["pending_corrections"]) == (NEW, [])
    assert await found(client, token, NEW) == 1
    second = (await asked(client, home, name="Nobody"))["correction_id"]
    facts = {"correction_id": second, "reason": "typo", "rejected_by": "staff-2"}
    await decide(daybook, Decide("reject", stream, facts), EVERYTHING)
    assert await waiting(client, str(await daybook.record.end())) == []
    hidden = {"customer_id": str(stream), **CALL, "confidential": "whistleblower"}
    where = (await client.command("/interactions", hidden)).headers["location"]
    made = (await client.command(f"{where}/correct", {"reason": "typo", "channel": "branch"}, actor="staff-1")).json()
    call = uuid.UUID(where.rpartition("/")[2])
    assert await approve(call, "staff-2", NOBODY, made["correction_id"]) == "not-found"
    assert await approve(call, "staff-2", EVERYTHING, made["correction_id"]) is None
