"""Portfolios over HTTP: whom a relationship manager looks after, and what is next for each customer."""

from api.examples import bodies
from tests.api import bearer
from tests.api.stories import seen, told


async def _given(client, manager="staff-117"):
    ids = await told(client)
    where = f"/customers/{ids['customer']}/assign-relationship-manager"
    answer = await client.command(where, {"relationship_manager": manager, "occurred_at": "2025-05-01T09:00:00+08:00"})
    return ids, answer.json()["token"]


async def test_a_portfolio_shows_each_customer_and_what_is_next(client):
    ids, _ = await _given(client)
    customer, interaction = ids["customer"], ids["interaction"]
    follow_up = {"kind": "call-back", "due_at": "2025-05-03T09:00:00+08:00", "assignee": "staff-117"}
    await client.command(f"/interactions/{interaction}/schedule-follow-up", follow_up)
    visit = {"customer_id": customer, "kind": "visit", "assignee": "staff-117", "due_on": "2025-05-02"}
    task = (await client.command("/tasks", visit)).json()["stream_id"]
    later = {"due_on": "2025-05-04", "reason": "away"}
    token = (await client.command(f"/tasks/{task}/reschedule", later)).json()["token"]
    asked = {"relationship_manager": "staff-117", "due_by": "2025-05-03T12:00:00Z"}
    (shown,) = (await seen(client, "/portfolio", token, **asked)).json()["customers"]
    assert (shown["customer_id"], shown["since"]) == (customer, "2025-05-01T01:00:00Z")
    assert (shown["status"], shown["segments"], shown["open_complaints"]) == ("active", ["retail"], 1)
    assert (shown["open_steps"], shown["steps_due"], shown["last_contact_at"]) == (3, 1, "2025-03-31T06:11:30Z")
    assert (shown["next_step"]["what"], shown["next_step"]["interaction_id"]) == ("follow-up", interaction)
    record = {**bodies()["interaction.record"], "customer_id": customer, "channel": "visit", "task_id": task}
    visited = (await client.command("/interactions", record)).json()["stream_id"]
    assert (await client.get(f"/interactions/{visited}")).json()["facts"]["task_id"] == task
    token = (await client.command(f"/tasks/{task}/complete", {"result": "met"})).json()["token"]
    (shown,) = (await seen(client, "/portfolio", token, **asked)).json()["customers"]
    assert (shown["open_steps"], shown["steps_due"]) == (2, 1)


async def test_a_portfolio_is_asked_for_as_of_a_moment(client):
    ids, token = await _given(client)
    before = {"as_occurred_at": "2025-05-01T00:59:59Z"}
    assert (await seen(client, "/portfolios", token, **before)).json() == {"portfolios": [], "parked": 0}
    now = (await seen(client, "/portfolios", token)).json()["portfolios"]
    assert now == [{"relationship_manager": "staff-117", "customers": 1}]
    where = f"/customers/{ids['customer']}/assign-relationship-manager"
    token = (await client.command(where, {"relationship_manager": "staff-9"})).json()["token"]
    of = {"relationship_manager": "staff-117"}
    assert (await seen(client, "/portfolio", token, **of)).json()["customers"] == []
    then = {**of, "as_occurred_at": "2025-05-02T00:00:00Z"}
    assert len((await seen(client, "/portfolio", token, **then)).json()["customers"]) == 1


async def test_who_asks_sees_their_own_portfolio(client):
    ids, token = await _given(client, "staff-1")
    found = (await seen(client, "/portfolio", token)).json()
    assert found["relationship_manager"] == "staff-1"
    assert [one["customer_id"] for one in found["customers"]] == [ids["customer"]]


async def test_a_step_of_a_confidential_interaction_does_not_exist_for_others(client):
    ids, _ = await _given(client)
    where = f"/interactions/{ids['interaction']}"
    await client.command(f"{where}/schedule-follow-up", {"kind": "call-back", "due_at": "2025-05-03T09:00:00+08:00"})
    mark = {"group": "whistleblower", "withheld_from": []}
    token = (await client.command(f"{where}/mark-confidential", mark)).json()["token"]
    open_steps = {}
    for role, purpose in (("front-office", "service"), ("investigator", "investigation")):
        asked = {"relationship_manager": "staff-117", "token": token}
        answer = await client.get("/portfolio", params=asked, headers=bearer.headers(f"staff:{role}", (role,), purpose))
        (shown,) = answer.json()["customers"]
        open_steps[role] = shown["open_steps"]
        assert (ids["interaction"] in answer.text) == (role == "investigator")
    assert open_steps == {"front-office": 1, "investigator": 2}, "the task of the engagement is for both"
