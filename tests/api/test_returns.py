"""Returns over HTTP: under a map that two people made, down to the complaints, and what is refused."""

import pytest

from api.examples import bodies
from tests.api import bearer
from tests.api.stories import seen


async def test_a_return_under_a_map_and_down_to_its_complaints(client):
    complaint = bodies()["complaint.receive"]
    token = (await client.command("/complaints", complaint)).json()["token"]
    product = complaint["product"]
    proposal = {
        "code_map": "jrt-0169.business", "map_version": 1, "dimension": "product", "in_force_from": "2020-01-01",
        "provisional": True, "source": "outline", "entries": [{"code": product, "external": "B.3", "name": "Cards"}],
    }  # fmt: skip
    made = (await client.command("/code-maps", proposal)).json()
    alone = await client.command(f"/code-maps/{made['stream_id']}/activate", {})
    assert alone.json()["code"] == "code-map.second-person-required"
    active = (await client.command(f"/code-maps/{made['stream_id']}/activate", {}, actor="staff-2")).json()
    await seen(client, "/audit", active["token"])
    body = (await seen(client, "/returns/jrt-0169", token)).json()
    (table,) = (one for one in body["tables"] if one["name"] == "B")
    assert (table["map"]["map_version"], table["map"]["provisional"]) == (1, True)
    assert [(row["code"], row["amounts"]) for row in table["rows"]] == [("B.3", {"opened": 1})]
    for query in ("figure=total", "table=B&column=opened", "table=B&column=opened&row=B.3"):
        (one,) = (await client.get(f"/returns/jrt-0169/events?{query}")).json()["counted"]
        assert (one["kind"], [event["type"] for event in one["events"]]) == ("complaint", ["complaint.received"])
    token = (await client.command("/complaints", {**complaint, "product": "Gold"})).json()["token"]
    await seen(client, "/returns/jrt-0169", token)
    answer = await client.get("/returns/jrt-0169", headers={"Accept-Language": "zh"})
    (table,) = (one for one in answer.json()["tables"] if one["name"] == "B")
    assert [(row["code"], row["name"]) for row in table["rows"]] == [("B.3", "Cards"), ("", "未映射")]


async def test_the_cfpb_has_a_narrative_for_whom_the_table_shows_it(client):
    complaint = {**bodies()["complaint.receive"], "regime": "us.cfpb", "narrative_consent": "provided"}
    token = (await client.command("/complaints", {**complaint, "description": "They took it twice."})).json()["token"]
    body = (await seen(client, "/returns/cfpb", token)).json()
    place = body["fields"].index("Consumer complaint narrative")
    assert (len(body["fields"]), body["rows"][0]["values"][place]) == (18, "They took it twice.")
    for purpose, text in (("audit", "They took it twice."), (None, "")):
        headers = bearer.headers("staff:a", ("compliance-auditor",), purpose)
        (row,) = (await client.get("/returns/cfpb", headers=headers)).json()["rows"]
        assert row["values"][place] == text


@pytest.mark.parametrize(
    ("path", "status"),
    [("sung", 404), ("sung/events", 404), ("fca-2027", 400), ("fca-disp?from=2026-02-01&to=2026-01-01", 400),
     ("fca-disp/events", 200), ("fca-disp/events?figure=sung", 400), ("fca-disp/events?table=1&column=sung", 400),
     ("fca-disp?from=soon", 400)],
)  # fmt: skip
async def test_what_there_is_not_is_refused(client, path, status):
    answer = await client.get(f"/returns/{path}")
    assert answer.status_code == status, answer.text


async def test_the_front_office_makes_no_returns(client):
    headers = bearer.headers("staff:f", ("front-office",), "service")
    for path in ("returns", "returns/fca-disp", "returns/cfpb", "returns/fca-disp/events?figure=3"):
        assert (await client.get(f"/{path}", headers=headers)).status_code == 403
