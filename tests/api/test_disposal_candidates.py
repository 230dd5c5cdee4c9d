"""The list of whose retention has ended, over HTTP."""

import pytest

from api.examples import bodies
from tests.api import bearer
from tests.api.stories import told

OFFICER = bearer.headers("staff:officer", ("privacy-officer",), "privacy-request")


async def activated(client) -> str:
    """A retention schedule in force; a token that stands for it."""
    rule = {"basis": "policy", "duty": False, "months": 0, "record_class": "survey", "trigger": "last-recorded"}
    body = {**bodies()["retention-schedule.propose"], "rules": [rule], "schedule_version": 1}
    schedule = (await client.command("/retention-schedules", body, actor="staff-1")).json()["stream_id"]
    home = f"/retention-schedules/{schedule}"
    for actor in ("staff-2", "staff-3"):
        assert (await client.command(f"{home}/sign-off", actor=actor)).status_code == 200
    answer = await client.command(f"{home}/activate", actor="staff-1")
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


async def test_candidates_are_listed_by_the_schedule_in_force(client):
    ids = await told(client)
    nothing = (await client.get("/disposal-candidates", headers=OFFICER)).json()
    assert nothing == {"schedule_version": None, "candidates": [], "examined": 0, "next": None}
    token = await activated(client)
    await client.get("/audit", params={"token": token})
    found, asked = [], {"limit": 1, "record_class": "survey"}
    while True:
        page = await client.get("/disposal-candidates", params=asked, headers=OFFICER)
        assert page.status_code == 200, page.text
        assert (page.json()["schedule_version"], page.json()["examined"]) == (1, 1)
        found += page.json()["candidates"]
        if page.json()["next"] is None:
            break
        asked["after"] = page.json()["next"]
    assert [(one["customer_id"], one["record_class"], one["holds"]) for one in found] == [
        (ids["customer"], "survey", [])
    ]
    desk = bearer.headers("staff:desk", ("front-office",), "service")
    assert (await client.get("/disposal-candidates", headers=desk)).status_code == 403


@pytest.mark.parametrize("asked", [{"limit": 201}, {"limit": 0}, {"after": "x"}, {"record_class": "Two Words"}])
async def test_a_question_that_cannot_be_answered_is_refused(client, asked):
    assert (await client.get("/disposal-candidates", params=asked, headers=OFFICER)).status_code == 400
