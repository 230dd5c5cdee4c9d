"""Customers are found by what is sealed, only by who may see it, only by what holds now, and not after erasure."""

import asyncio
import uuid

import asyncpg
import pytest

from api.examples import bodies
from domain.access_rules import PURPOSES, ROLES
from engine.access import first_table
from engine.indexing import refill
from engine.shredding import open_eraser
from store.cursor import Cursor
from tests.api import bearer
from tests.api.stories import corrected

NAME, MOBILE, EMAIL = "Wang Fang", "+86 138 0000 0000", "Fang.Wang@example.com"
ADDRESS = "\u5317\u4eac\u5e02\u6d77\u6dc0\u533a\u793a\u4f8b\u8def1\u53f7"
SERVICE = bearer.headers("staff:desk", ("front-office",), "service")


async def customer(client, name=NAME, mobile=MOBILE, email=EMAIL, address=ADDRESS) -> dict:
    """A customer with four contact points; the token stands for all of it."""
    made = (await client.command("/customers", {**bodies()["customer.register"], "name": name})).json()
    home = f"/customers/{made['stream_id']}"
    points = {}
    for kind, value in (
        ("mobile", mobile), ("email", email), ("postal_address", address), ("messaging", "fang")
    ):  # fmt: skip
        points[kind] = str(uuid.uuid4())
        answer = await client.command(
            f"{home}/add-contact-point", {"contact_point_id": points[kind], "kind": kind, "value": value}
        )
        assert answer.status_code == 200, answer.text
    return {"id": made["stream_id"], "home": home, "token": answer.json()["token"], **points}


async def search(client, token=None, headers=None, **asked):
    body = asked if token is None else {**asked, "token": token}
    return await client.post("/customers/search", json=body, headers=headers or SERVICE)


async def ids(client, token=None, headers=None, **asked) -> list[str]:
    answer = await search(client, token, headers, **asked)
    assert answer.status_code == 200, answer.text
    return [one["customer_id"] for one in answer.json()["customers"]]


async def test_a_customer_is_found_by_each_field_however_it_is_written(client, daybook):
    made = await customer(client)
    await customer(client, "Somebody Else", "+86 139 0000 0000", "else@example.com", "1 Example Street")
    for asked in (
        {"name": "  wang\u3000FANG"},
        {"phone": "0086 (138) 0000-0000"},
        {"email": "fang.wang@EXAMPLE.com "},
        {"address": "100080 \u5317\u4eac\u5e02 \u6d77\u6dc0\u533a \u793a\u4f8b\u8def\uff11\u53f7"},
    ):
        assert await ids(client, made["token"], **asked) == [made["id"]], asked
    assert await ids(client, name="Wang") == []
    assert await ids(client, phone=EMAIL + "1") == []
    answer = await search(client, name=NAME)
    (found,) = answer.json()["customers"]
    assert found == {
        "customer_id": made["id"], "canonical_id": made["id"], "merged_ids": [], "status": "active", "kind": "person",
        "branch": "shanghai-07", "segments": ["retail"],
    }  # fmt: skip
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["daybook-as-of"]
    dumped = await daybook.record.pool.fetchval("select string_agg(b::text, '') from vault.blind_index b")
    for value in (NAME, MOBILE, EMAIL, ADDRESS):
        assert value not in dumped
        assert value.encode().hex() not in dumped


async def test_a_search_is_a_look_at_those_whose_values_were_compared(client):
    made = await customer(client)
    await ids(client, made["token"], phone=MOBILE)
    await ids(client, phone="+1 555 0100")
    (look,) = (await client.get("/audit/looks", params={"actor": "staff:desk"})).json()["looks"]
    (looked,) = look["looked"]
    assert (look["operation"], looked["subject"]) == ("customer_search", made["id"])
    assert (looked["record_class"], looked["fields"], looked["decision"]) == ("contact", ["value"], "shown")


async def test_only_what_holds_now_is_found(client):
    made = await customer(client)
    assert await ids(client, made["token"], phone=MOBILE) == [made["id"]]
    removed = await client.command(
        f"{made['home']}/remove-contact-point", {"contact_point_id": made["mobile"], "reason": "number-given-up"}
    )
    assert await ids(client, removed.json()["token"], phone=MOBILE) == []
    token = await corrected(client, made["home"], {"reason": "married", "name": "Li Fang"})
    assert await ids(client, token, name=NAME) == []
    assert await ids(client, token, name="li fang") == [made["id"]]


async def test_nobody_is_found_by_what_the_table_does_not_show(client):
    made = await customer(client)
    assert await ids(client, made["token"], name=NAME) == [made["id"]]
    shown = {
        (one.role, one.purpose, one.record_class, name)
        for one in first_table().rules.showings
        for name in one.fields or ("name", "value")
    }
    rights = {one.role: one for one in first_table().rules.roles}
    found = set()
    for role in ROLES:
        for purpose in (None, *PURPOSES):
            for asked, of in (
                ({"name": NAME}, ("identity", "name")),
                ({"phone": MOBILE}, ("contact", "value")),
                ({"email": EMAIL}, ("contact", "value")),
            ):
                headers = bearer.headers(f"staff:{role}", (role,), purpose)
                answer = await search(client, headers={"Daybook-Purpose": "", **headers}, **asked)
                may = (
                    purpose in rights[role].purposes
                    and (role, purpose, *of) in shown
                    and bool({"customer*", "customer_search"} & set(rights[role].queries))
                )
                assert answer.status_code == (200 if may else 403), (role, purpose, asked, answer.text)
                assert (made["id"] in answer.text) == may
                found |= {(role, *asked)} if may else set()
    assert ("compliance-auditor", "name") in found
    assert ("compliance-auditor", "phone") not in found
    assert ("front-office", "email") in found
    assert not [one for one in found if one[0] in {"campaign-manager", "operator", "importer"}]


async def test_nobody_is_found_after_erasure(client, daybook, database):
    made, other = await customer(client), await customer(client)
    await asyncio.gather(*(ids(client, one["token"], name=NAME) for one in (made, other)))
    eraser = database.app_dsn.replace("daybook_app", "daybook_eraser")
    settings = daybook.settings.model_copy(update={"eraser_url": eraser})
    subject = uuid.UUID(made["id"])
    async with open_eraser(settings, daybook.databases, daybook.vault) as opened:
        partition = daybook.record.partition_of(subject)
        done = await opened.shredder.shred(partition, subject, ["identity", "contact"])
    assert {one.store: one.removed for one in done.blobs}["vault.blind_index"] == 4
    for asked in ({"name": NAME}, {"phone": MOBILE}, {"email": EMAIL}):
        assert await ids(client, **asked) == [other["id"]]


async def test_many_of_one_name_come_in_pages(client):
    made = [await customer(client) for _ in range(5)]
    cursors = [Cursor.parse(one["token"]) for one in made]
    last = Cursor(cursors[0].incarnation, tuple(map(max, zip(*(one.next_positions for one in cursors), strict=True))))
    first = (await search(client, str(last), name=NAME, limit=2)).json()
    second = (await search(client, name=NAME, limit=2, after=first["next"])).json()
    third = (await search(client, name=NAME, limit=2, after=second["next"])).json()
    assert third["next"] is None
    told = [one["customer_id"] for page in (first, second, third) for one in page["customers"]]
    assert told == sorted(one["id"] for one in made)
    assert [len(page["customers"]) for page in (first, second, third)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"name": NAME, "phone": MOBILE}, ""),
        ({"phone": "none"}, "/phone"),
        ({"nmae": NAME}, "/nmae"),
        ({"name": ""}, "/name"),
        ({"name": NAME, "limit": 51}, "/limit"),
        ({"name": NAME, "after": "x"}, "/after"),
    ],
)
async def test_a_search_that_cannot_be_is_told_why(client, body, field):
    answer = await client.post("/customers/search", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert answer.json()["errors"][0]["field"] == field
    assert NAME not in answer.text


async def test_what_was_recorded_before_the_index_is_found_once_it_is_filled(client, daybook, database):
    made = await customer(client)
    assert await ids(client, made["token"], name=NAME) == [made["id"]]
    owner = await asyncpg.connect(database.admin_dsn)
    await owner.execute("alter table vault.blind_index disable trigger user")
    await owner.execute("delete from vault.blind_index")
    await owner.execute("alter table vault.blind_index enable trigger user")
    await owner.close()
    assert await ids(client, name=NAME) == []
    told = []
    done = await refill(daybook.record, daybook.mapper, daybook.vault, lambda at, total: told.append((at, total)))
    assert done == (5, 4), "by the name in a messenger nobody is searched"
    assert told[-1][0] <= told[-1][1]
    for asked in ({"name": NAME}, {"phone": MOBILE}, {"email": EMAIL}):
        assert await ids(client, **asked) == [made["id"]]
    again = await refill(daybook.record, daybook.mapper, daybook.vault, lambda *_: None)
    assert again == (5, 0)
