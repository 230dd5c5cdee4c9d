"""The access table over HTTP: four eyes, and what is active decides the next answer."""

import copy

from api.examples import bodies
from tests.api import bearer

AUDITOR = ("compliance-auditor",)


def proposal(number: int, fields: list[str] | None) -> dict:
    """The example's table, in which auditors are shown these fields of the class identity."""
    body = copy.deepcopy(bodies()["access-table.propose"])
    body["table_version"] = number
    body["rules"]["showings"][0]["fields"] = fields
    return body


async def propose(client, app, body) -> None:
    where = (await client.command("/access-tables", body, actor="staff-1", Daybook_Purpose="")).headers["location"]
    for actor in ("staff-2", "staff-3"):
        assert (await client.command(f"{where}/sign-off", actor=actor, Daybook_Purpose="")).status_code == 200
    answer = await client.command(f"{where}/activate", actor="staff-1", Daybook_Purpose="")
    assert answer.status_code == 200, answer.text
    await app.state.edge.seen("audit_trail", answer.json()["token"])
    await app.state.edge.daybook.access.look()


async def test_an_active_table_decides_the_next_answer_and_is_named_in_its_look(client, app):
    customer = (await client.command("/customers", {"kind": "person", "name": "Ana Example"})).json()
    where, token = f"/customers/{customer['stream_id']}", customer["token"]
    sent = bearer.headers("staff:auditor", AUDITOR, "audit")
    before = await client.get(where, params={"token": token}, headers=sent)
    assert before.json()["name"] == "Ana Example"
    first = (await client.get("/access-tables", headers=sent)).json()
    assert first["table_version"] == 0
    await propose(client, app, proposal(1, []))
    assert (await client.get(where, headers=sent)).json()["name"] == "***"
    table = (await client.get("/access-tables", headers=sent)).json()
    assert table["table_version"] == 1
    looks = (await client.get("/audit/looks", params={"actor": "staff:auditor"}, headers=sent)).json()["looks"]
    assert [(one["table_version"], one["looked"][0]["decision"]) for one in looks] == [(1, "masked"), (0, "shown")]
    operator = await client.get("/campaigns", headers=bearer.headers("staff:operator", ("operator",), None))
    assert operator.status_code == 403, "a role that the new table does not name may do nothing"


async def test_the_highest_active_version_is_in_force_whatever_was_activated_last(client, app):
    await propose(client, app, proposal(7, ["name"]))
    await propose(client, app, {**bodies()["access-table.propose"], "table_version": 3})
    assert app.state.edge.daybook.access.table.version == 7


async def test_nobody_signs_alone(client):
    where = (await client.command("/access-tables", proposal(1, None), actor="staff-1")).headers["location"]
    own = await client.command(f"{where}/sign-off", actor="staff-1")
    assert (own.status_code, own.json()["code"]) == (409, "access-table.second-person-required")
    for _ in range(2):
        await client.command(f"{where}/sign-off", actor="staff-2")
    early = await client.command(f"{where}/activate", actor="staff-3")
    assert (early.status_code, early.json()["code"]) == (409, "access-table.signatures-missing")


async def test_before_any_table_is_known_nothing_is_decided(client, app, monkeypatch):
    fresh = app.state.edge.daybook.access._fresh
    fresh._known = None

    async def away(*_, **__):
        raise ConnectionRefusedError

    monkeypatch.setattr("engine.rule_versions.audit_trail.positions_of", away)
    answer = await client.get("/campaigns")
    assert (answer.status_code, answer.json()["code"]) == (503, "record-unreachable")
    fresh._known = (None,)
    assert (await client.get("/campaigns")).status_code == 200
