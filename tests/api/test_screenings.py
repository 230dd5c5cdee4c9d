"""The queue of drawn interactions and what a sample says, over HTTP."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from api.examples import bodies
from domain.codes import Channel
from domain.interaction_messages import DrawInteraction
from domain.sampling import share_of
from engine.deciding import Context
from store.cursor import Cursor
from store.identity import new_id
from tests.api import bearer

PERIOD = "2026-11"
AUDITOR = bearer.headers("staff:auditor", ("compliance-auditor",), "audit")
INVESTIGATOR = bearer.headers("staff:investigator", ("investigator",), "investigation")


@pytest.fixture
async def drawn(client, daybook):
    """Drawn interactions: three by phone, two by e-mail, of which one is confidential; their draw ids."""
    customer = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    made: dict[str, str] = {}
    kinds: list[tuple[Channel, int, str | None]] = [
        ("phone", 200, None), ("phone", 200, None), ("phone", 200, None), ("email", 50, None),
        ("email", 50, "whistleblower"),
    ]  # fmt: skip
    for number, (channel, rate, group) in enumerate(kinds):
        body = {"customer_id": customer, "channel": channel, "direction": "inbound", "purpose": "servicing"}
        answer = await client.command("/interactions", {**body, "confidential": group})
        assert answer.status_code == 201, answer.text
        command_id, stream_id = new_id(), UUID(answer.json()["stream_id"])
        command = DrawInteraction(
            interaction_id=stream_id, occurred_at=datetime(2026, 11, 2, number, tzinfo=UTC),
            draw_id=new_id(beside=stream_id), plan_id=new_id(), plan_version=1, period=PERIOD, per_10_000=rate,
            channel=channel, purpose="servicing",
        )  # fmt: skip
        await daybook.handler.handle([command], Context("daybook:sampling", command_id, b"", command_id))
        made[str(stream_id)] = str(command.draw_id)
    return made


async def asked(client, daybook, path: str, headers=AUDITOR, **query) -> dict:
    token = str(await daybook.record.end())
    answer = await client.get(path, params={**query, "token": token}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert Cursor.parse(answer.headers["daybook-as-of"])
    return answer.json()


async def screen(client, interaction_id: str, status: int = 200, **facts) -> dict:
    body = {"sample": "2026-11", "finding": "no-complaint", **facts}
    answer = await client.command(f"/interactions/{interaction_id}/screen", body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_queue_is_in_the_order_of_drawing_and_page_by_page(client, daybook, drawn):
    seen, after = [], None
    while True:
        query = {"limit": 2, **({} if after is None else {"after": after})}
        page = await asked(client, daybook, "/screenings", INVESTIGATOR, **query)
        seen += page["waiting"]
        after = page["next"]
        if after is None:
            break
    assert [(one["interaction_id"], one["draw_id"]) for one in seen] == list(drawn.items())
    assert (seen[0]["channel"], seen[0]["per_10_000"], seen[0]["period"]) == ("phone", 200, PERIOD)
    assert (await asked(client, daybook, "/screenings", period="2026-12"))["waiting"] == []


async def test_what_is_confidential_exists_for_those_who_may_see_it(client, daybook, drawn):
    waiting = (await asked(client, daybook, "/screenings"))["waiting"]
    assert [one["interaction_id"] for one in waiting] == list(drawn)[:4]
    counted = [
        (await asked(client, daybook, "/screenings/sample", who, period=PERIOD))["total"]["drawn"]
        for who in (AUDITOR, INVESTIGATOR)
    ]
    assert counted == [4, 5]


async def test_what_was_screened_waits_no_more_and_counts(client, daybook, drawn):
    ids = list(drawn)
    complaint = (await client.command("/complaints", bodies()["complaint.receive"])).json()["stream_id"]
    wrong = await screen(client, ids[0], 422, draw_id=drawn[ids[1]])
    assert wrong["code"] == "interaction.draw-unknown"
    await screen(client, ids[0], draw_id=drawn[ids[0]], finding="missed-complaint", complaint_id=complaint)
    await screen(client, ids[1], draw_id=drawn[ids[1]])
    await screen(client, ids[2])  # for another reason: it still waits
    await screen(client, ids[3], draw_id=drawn[ids[3]], finding="complaint-recorded", complaint_id=complaint)
    waiting = (await asked(client, daybook, "/screenings"))["waiting"]
    assert [one["interaction_id"] for one in waiting] == [ids[2]]
    told = await asked(client, daybook, "/screenings/sample", period=PERIOD)
    email, phone = told["strata"]
    assert (phone["channel"], phone["drawn"], phone["screened"], phone["missed"]) == ("phone", 3, 2, 1)
    assert (email["drawn"], email["screened"], email["recorded"], email["missed"]) == (1, 1, 1, 0)
    share = share_of(1, 2)
    assert share is not None
    assert (phone["missed_share"], phone["missed_share_low"]) == (0.5, round(share.low, 6))
    assert (told["total"]["missed"], told["total"]["missed_share"]) == (1, None), "two rates"
    await screen(client, ids[0], draw_id=drawn[ids[0]])  # looked at once more: it was none
    again = await asked(client, daybook, "/screenings/sample", period=PERIOD)
    assert (again["total"]["screened"], again["total"]["missed"]) == (3, 0)


async def test_a_sample_is_asked_for_by_a_period(client):
    for period, field in (("", "period"), ("november", "period")):
        answer = await client.get("/screenings/sample", params={"period": period}, headers=AUDITOR)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
