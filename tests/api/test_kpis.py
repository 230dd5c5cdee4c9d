"""KPIs over HTTP: definitions, figures, the way down, and what is refused."""

import pytest

from api.examples import bodies
from projections.kpis import KPIS, kpi_of
from tests.api import bearer
from tests.api.stories import seen, told


async def test_every_definition_is_told(client):
    body = (await client.get("/kpis")).json()
    assert [one["name"] for one in body["kpis"]] == [one.name for one in KPIS]


@pytest.mark.parametrize("kpi", [one.name for one in KPIS if not one.clocks])  # no keeper runs here
async def test_from_every_cell_down_to_its_events(client, kpi):
    ids = await told(client)
    by = [one for one in ("month", "product", "currency") if one in kpi_of(kpi).dimensions]
    body = (await seen(client, f"/kpis/{kpi}", ids["token"], by=by, to="2199-12-31")).json()
    assert (body["kpi"]["name"], body["by"], body["from"], body["to"]) == (kpi, by, None, "2199-12-31")
    for cell in body["cells"]:
        for part in ("numerator", "denominator"):
            if cell[part] is None:
                continue
            page = (await client.get(cell["events"].replace("part=numerator", f"part={part}"))).json()
            assert (sum(one["amount"] for one in page["counted"]), page["next"]) == (cell[part], None)
            for one in page["counted"]:
                assert one["events"]
                path = {"touch": "touches", "campaign-cost": "campaigns"}.get(one["kind"], f"{one['kind']}s")
                what = "timeline" if one["kind"] == "customer" else "events"
                of = ids["campaign"] if one["kind"] == "campaign-cost" else one["id"]
                if one["kind"] == "customer" and kpi == "customer.acquisition_cost":  # told by leads' own streams
                    path, of, what = "leads", ids["lead"], "events"
                events = (await client.get(f"/{path}/{of}/{what}")).json()["events"]
                assert {event["event_id"] for event in one["events"]} <= {event["event_id"] for event in events}


async def test_pages_go_on(client):
    body = bodies()["complaint.receive"]
    tokens = [(await client.command("/complaints", body)).json()["token"] for _ in range(3)]
    for token in tokens[:2]:
        await seen(client, "/kpis/complaint.count", token)
    answer = await seen(client, "/kpis/complaint.count/events", tokens[2], limit=2)
    found = answer.json()["counted"]
    while link := answer.links.get("next", {}).get("url"):
        answer = await client.get(link)
        found += answer.json()["counted"]
    assert len({one["id"] for one in found}) == len(found) == 3


@pytest.mark.parametrize(
    "query",
    ["by=colour", "colour=red", "by=product&by=product", "from=soon", "from=2026-02-01&to=2026-01-01", "month=2026-13",
     "to=9999-12-31", "survey=x"],
)  # fmt: skip
async def test_what_it_does_not_have_is_refused(client, query):
    answer = await client.get(f"/kpis/complaint.count?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), answer.text


async def test_causes_are_told_as_themes_of_a_version_of_a_map(client):
    causes = ["late-letter", "late-letter", "wrong-fee", "rude", None]
    made: dict[str, str] = {}
    for cause in causes:
        made = (await client.command("/complaints", bodies()["complaint.receive"])).json()
        if cause is not None:
            where = f"/complaints/{made['stream_id']}/assign-root-cause"
            made = (await client.command(where, {"cause": cause})).json()
    themes = {1: [("late-letter", "T.1"), ("wrong-fee", "T.2"), ("late-letter", "T.2")], 2: [("wrong-fee", "T.9")]}
    for version, entries in themes.items():
        proposal = {
            "code_map": "bank.themes", "map_version": version, "dimension": "cause", "in_force_from": "2020-01-01",
            "source": "quality team",
            "entries": [{"code": code, "external": theme, "name": theme} for code, theme in entries],
        }  # fmt: skip
        stream = (await client.command("/code-maps", proposal)).json()["stream_id"]
        active = (await client.command(f"/code-maps/{stream}/activate", {}, actor="staff-2")).json()
        await seen(client, "/audit", active["token"])
    await seen(client, "/kpis/complaint.count", made["token"])
    expected = {1: {"T.1": 2, "T.2": 3, None: 2}, 2: {"T.9": 1, None: 4}}
    for version, themes_of in expected.items():
        query = {"by": "cause", "map": "bank.themes", "map_version": version}
        body = (await client.get("/kpis/complaint.count", params=query)).json()
        assert (body["map"]["map_version"], body["map"]["code_map"]) == (version, "bank.themes")
        assert {cell["group"]["cause"]: cell["numerator"] for cell in body["cells"]} == themes_of
        for cell in body["cells"]:
            page = (await client.get(cell["events"])).json()
            assert len(page["counted"]) == cell["numerator"]
    today = (await client.get("/kpis/complaint.count", params={"by": "cause", "map": "bank.themes"})).json()
    assert today["map"]["map_version"] == 1, "the second is not in force before the day after tomorrow"
    for wrong in ("by=cause&map=sung", "by=product&map=bank.themes", "by=cause&map=bank.themes&cause=T.7",
                  "by=cause&map=bank.themes&map_version=3"):  # fmt: skip
        answer = await client.get(f"/kpis/complaint.count?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), answer.text


async def test_the_way_down_refuses_what_there_is_not(client):
    for query in ("part=denominator", "basis=guessed", "part=both"):
        answer = await client.get(f"/kpis/complaint.count/events?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), answer.text
    assert (await client.get("/kpis/complaint.sung")).status_code == 404


async def test_who_sees_figures_need_not_see_the_cases(client):
    headers = bearer.headers("staff:m", ("campaign-manager",), None)
    assert (await client.get("/kpis/complaint.count", headers=headers)).status_code == 200
    assert (await client.get("/kpis/complaint.count/events", headers=headers)).status_code == 403
