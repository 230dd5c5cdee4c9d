"""Aggregated answers to who may not see the cases behind them: no handful of people, and nothing to subtract."""

import pytest

from api.examples import bodies
from tests.api import bearer
from tests.api.stories import seen, told

OPERATOR = bearer.headers("staff:o", ("operator",), None)
WITHHELD = {"reason": "group-too-small", "least": 5}


@pytest.fixture
async def complaints(client):
    """Thirteen complaints: of products a and c six each, of b one; what has seen them all."""
    made = [
        (await client.command("/complaints", {**bodies()["complaint.receive"], "product": product})).json()["token"]
        for product in "aaaaaabcccccc"
    ]
    for token in made:
        await seen(client, "/kpis/complaint.count", token)
    return client


async def numbers(client, query: str, headers=OPERATOR) -> tuple[dict, dict | None]:
    body = (await client.get(f"/kpis/complaint.count?{query}", headers=headers)).json()
    return {next(iter(one["group"].values()), ""): one["numerator"] for one in body["cells"]}, body["withheld"]


async def test_a_small_group_is_left_out_with_another_one_and_no_question_gives_it_away(complaints):
    assert await numbers(complaints, "") == ({"": 13}, None)
    assert await numbers(complaints, "by=product") == ({"a": 6}, WITHHELD)
    assert await numbers(complaints, "product=a") == ({"": 6}, None)
    for left_out in ("b", "c", "nobody"):
        assert await numbers(complaints, f"product={left_out}") == ({}, WITHHELD)
    for compared in ("to=2026-11-01", "by=product&by=month", "by=month&product=a", "by=product&map=x",
                     "product=a%1Fb", "from=2020-01-01"):  # fmt: skip
        answer = await complaints.get(f"/kpis/complaint.count?{compared}", headers=OPERATOR)
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), compared
    assert (await numbers(complaints, "by=product", {}))[0] == {"a": 6, "b": 1, "c": 6}, "who may see cases, sees all"


async def test_counts_of_complaints_alike(complaints):
    answer = (await complaints.get("/complaints/counts?by=product", headers=OPERATOR)).json()
    assert ([(one["product"], one["complaints"]) for one in answer["counts"]], answer["withheld"]) == (
        [("a", 6)], WITHHELD,
    )  # fmt: skip
    for compared in ("by=product&by=status", "by=product&status=open", "product=a", "first_month=2026-01-01"):
        answer = await complaints.get(f"/complaints/counts?{compared}", headers=OPERATOR)
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), compared


async def test_a_campaign_manager_sees_touches_and_so_their_figures(client):
    ids = await told(client)
    manager = bearer.headers("staff:m", ("campaign-manager",), None)
    for kpi, headers, cells in (("campaign.touches", manager, 1), ("complaint.count", manager, 0),
                                ("campaign.touches", OPERATOR, 0)):  # fmt: skip
        body = (await seen(client, f"/kpis/{kpi}", ids["token"])).json()
        assert len(body["cells"]) == 1
        body = (await client.get(f"/kpis/{kpi}", headers=headers)).json()
        assert (len(body["cells"]), body["withheld"]) == (cells, None if cells else WITHHELD), kpi


async def test_satisfaction_and_segments_alike(client):
    ids = await told(client)
    for path, entries in (("/satisfaction", "points"), ("/segments", "segments")):
        assert (await seen(client, path, ids["token"])).json()[entries]
        body = (await client.get(path, headers=OPERATOR)).json()
        assert (body[entries], body["withheld"]) == ([], WITHHELD)
    moment = "2026-01-01T00:00:00Z"
    for compared in ("/satisfaction?by=month&by=branch", "/satisfaction?branch=x",
                     "/satisfaction?first_month=2026-01-01", f"/segments?as_occurred_at={moment}"):  # fmt: skip
        answer = await client.get(compared, headers=OPERATOR)
        assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid"), compared
