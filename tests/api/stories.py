"""A small bank told over HTTP, with something in every read model."""

from api.examples import bodies
from store.cursor import Cursor


async def told(client) -> dict[str, str]:
    """Ids by kind, and as `token` one that stands for all that was commanded: each command's is of one partition."""
    customer = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    ids = {"customer": customer}

    async def say(name: str, where: str, *, actor: str = "staff-1", **changes) -> dict:
        body = {**bodies()[name], **changes}
        answer = await client.command(where, body, actor=actor, Daybook_Reason="customer-request")
        assert answer.status_code in {200, 201}, answer.text
        ids["token"] = _joined(ids.get("token", answer.json()["token"]), answer.json()["token"])
        ids["event"] = answer.json()["events"][-1]["event_id"]
        return answer.json()

    home = f"/customers/{customer}"
    for name in ("add-contact-point", "verify-contact-point", "correct-details", "grant-consent", "set-preference"):
        await say(f"customer.{name}", f"{home}/{name}")
    whose = {"customer_id": customer}
    ids["interaction"] = (await say("interaction.record", "/interactions", **whose))["stream_id"]
    ids["complaint"] = (await say("complaint.receive", "/complaints", **whose, complainant_id=customer))["stream_id"]
    for name in ("acknowledge", "assess", "assign", "issue-final-response"):
        await say(f"complaint.{name}", f"/complaints/{ids['complaint']}/{name}")
    ids["campaign"] = (await say("campaign.plan", "/campaigns"))["stream_id"]
    await say("campaign.approve", f"/campaigns/{ids['campaign']}/approve", actor="staff-2")
    await say("campaign.record-cost", f"/campaigns/{ids['campaign']}/record-cost")
    ids["touch"] = (await say("touch.decide", "/touches", **whose, campaign_id=ids["campaign"], decision="send"))[
        "stream_id"
    ]
    for name in ("confirm-delivery", "record-response", "record-conversion"):
        await say(f"touch.{name}", f"/touches/{ids['touch']}/{name}")
    ids["table"] = (await say("access-table.propose", "/access-tables"))["stream_id"]
    ids["survey"] = (await say("survey.invite", "/surveys", **whose, complaint_id=ids["complaint"]))["stream_id"]
    await say("survey.answer", f"/surveys/{ids['survey']}/answer")
    return ids


def _joined(*tokens: str) -> str:
    cursors = [Cursor.parse(token) for token in tokens]
    furthest = zip(*(cursor.next_positions for cursor in cursors), strict=True)
    return str(Cursor(cursors[0].incarnation, tuple(map(max, furthest))))


async def seen(client, path: str, token: str, **query):
    """A query's answer once it shows what the token stands for."""
    answer = await client.get(path, params={**query, "token": token})
    assert answer.status_code == 200, answer.text
    return answer
