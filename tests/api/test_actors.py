"""The actor directory: whom pseudonyms stand for, over time, told to who may know."""

import pytest

from api.examples import bodies
from engine.directory import program, program_of
from tests.api import bearer
from tests.api.stories import seen

OFFICER = bearer.headers("staff:officer", ("privacy-officer",), "privacy-request")
OPERATOR = bearer.headers("staff:operator", ("operator",), "operations")


async def test_names_and_units_over_time_are_told_field_by_field(client):
    made = await client.command("/actors", {**bodies()["actor.register"], "occurred_at": "2024-01-01T00:00:00Z"})
    where = made.headers["location"]
    await client.command(f"{where}/move", {"organisation_unit": "complaints", "occurred_at": "2024-06-01T00:00:00Z"})
    await client.command(f"{where}/rename", {"name": "Liu Neu", "occurred_at": "2025-01-01T00:00:00Z"})
    left = await client.command(f"{where}/leave", {"occurred_at": "2026-01-01T00:00:00Z"})
    found = await client.get(where, params={"token": left.json()["token"]}, headers=OFFICER)
    assert [one["name"] for one in found.json()["names"]] == ["Liu Yang", "Liu Neu"]
    assert [one["since"][:4] for one in found.json()["names"]] == ["2024", "2025"]
    units = [one["organisation_unit"] for one in found.json()["organisation_units"]]
    assert units == ["branch.shenzhen-3", "complaints"]
    assert found.json()["valid_until"] == "2026-01-01T00:00:00Z"
    assert (found.json()["version"], found.headers["etag"]) == (3, '"3"')
    masked = await client.get(where, headers=OPERATOR)
    assert {one["name"] for one in masked.json()["names"]} == {"***"}
    looks = (await client.get("/audit/looks", params={"actor": "staff:officer"})).json()["looks"]
    assert looks[0]["looked"][0]["record_class"] == "actor"


async def test_a_pseudonym_has_one_entry_whoever_asks_for_another(client):
    made = await client.command("/actors", bodies()["actor.register"])
    again = await client.command("/actors", {**bodies()["actor.register"], "name": "Somebody Else"}, actor="staff-2")
    assert (again.status_code, again.json()["code"]) == (409, "actor.already-registered")
    found = await seen(client, "/actors", made.json()["token"], actor="staff-117")
    assert [one["entry_id"] for one in found.json()["entries"]] == [made.json()["stream_id"]]
    assert (await client.get("/actors", params={"actor": "staff-nobody"})).json()["entries"] == []


async def test_the_list_is_by_pseudonym_and_whole(client):
    tokens = [
        (await client.command("/actors", {"actor": f"staff-{n}", "kind": "person", "name": f"N {n}"})).json()["token"]
        for n in range(7)
    ]
    for token in tokens:
        await seen(client, "/actors", token)
    found, after = [], None
    while True:
        page = (await client.get("/actors", params={"limit": 3, **({"after": after} if after else {})})).json()
        found += [one["actor"] for one in page["entries"]]
        if (after := page["next"]) is None:
            break
    assert found == sorted(f"staff-{n}" for n in range(7))


async def test_the_audit_trail_tells_whom_its_actors_stand_for(client):
    entry = await client.command("/actors", {"actor": "staff-9", "kind": "person", "name": "Nine"})
    done = await client.command("/customers", bodies()["customer.register"], actor="staff-9")
    await seen(client, "/actors", entry.json()["token"])
    audit = await seen(client, "/audit", done.json()["token"], actor="staff-9", actors="true")
    assert audit.json()["actors"][0]["names"][0]["name"] == "Nine"
    plain = await client.get("/audit", params={"actor": "staff-9"})
    assert plain.json()["actors"] is None
    front = bearer.headers("staff-8", ("front-office",), "service")
    assert (await client.get("/actors", headers=front)).status_code == 403


def test_programs_name_their_version():
    found = program_of(program("importer-cfpb"))
    assert found is not None
    assert found[0] == "importer-cfpb"
    assert program_of("staff:117") is None


@pytest.mark.parametrize("field", ["entry_id", "limits"])
async def test_what_the_edge_fills_in_nobody_gives(client, field):
    where, body = ("/actors", bodies()["actor.register"])
    if field == "limits":
        complaint = await client.command("/complaints", bodies()["complaint.receive"])
        where, body = f"{complaint.headers['location']}/offer-redress", bodies()["complaint.offer-redress"]
    refused = await client.command(where, {**body, field: []})
    assert (refused.status_code, refused.json()["code"]) == (422, "validation-failed")
