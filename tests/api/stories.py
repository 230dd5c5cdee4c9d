"""A small bank told over HTTP, with something in every read model."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.examples import bodies
from api.operations import COLLECTIONS
from domain import command_types
from engine.campaigns_seen import LOOK_S
from engine.deciding import Context
from engine.wiring import Daybook
from store.cursor import Cursor
from store.identity import new_id

_DISCLOSURE = bodies()["erasure.record-notice"]["disclosure_id"]
INTERNAL: dict[str, dict[str, Any]] = {
    "privacy-request.decide": {
        "schedule_version": 1,
        "rules": [],
        "held": [
            {
                "holds": [],
                "last_recorded_on": "2025-04-01",
                "matter_ended_on": None,
                "record_class": "contact",
                "relationship_ended_on": None,
            }
        ],
    },
    "erasure.request": {
        "cause": "privacy-request",
        "cause_id": _DISCLOSURE,
        "record_classes": ["contact"],
        "recipients": [{"disclosure_id": _DISCLOSURE, "recipient": "Example Credit Bureau"}],
    },
    "reservation.claim": {
        "purpose": "identity-document",
        "holder": _DISCLOSURE,
        "holders_max": 1,
        "lapses_at": "2025-04-02T10:00:00+08:00",
    },
}
"""Commands that only the program gives, and what it may say in them."""


async def by_program(daybook: Daybook, name: str, where: str = "", **more: Any) -> str:
    """Give a command of the program's own, to the stream at `where` or a new one; where the stream is."""
    kind = command_types()[name]
    customer = more.get("customer_id") or new_id()
    stream = UUID(where.rpartition("/")[2]) if where else new_id(beside=customer)
    whose = {"customer_id": customer} if name == "erasure.request" else {}
    command = kind(occurred_at=datetime.now(UTC), **{kind.stream_field: stream, **INTERNAL[name], **whose, **more})
    await daybook.handler.handle([command], Context("daybook:test", new_id(), b"", new_id()))
    return where or f"/{COLLECTIONS[name.partition('.')[0]]}/{stream}"


async def contactable(client, *, held: bool) -> dict[str, Any]:
    """What proposes a touch to a customer who may be contacted at any hour; held, while its campaign is paused."""
    customer = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    email = {"kind": "email", "value": "fang@bank.example"}
    await client.command(f"/customers/{customer}/add-contact-point", email)
    plan = {"title": "Statements", "purpose": "servicing", "channel": "email"}
    campaign = (await client.command("/campaigns", plan)).json()["stream_id"]
    for name in ("approve", "launch", *(["pause"] if held else [])):
        said = bodies()[f"campaign.{name}"]
        assert (await client.command(f"/campaigns/{campaign}/{name}", said, actor="staff-2")).status_code == 200
    client.campaign = campaign
    return {"customer_id": customer, "campaign_id": campaign}


async def contact_again(client) -> None:
    """Let the campaign go on, and wait until that is seen."""
    assert (await client.command(f"/campaigns/{client.campaign}/resume")).status_code == 200
    await asyncio.sleep(LOOK_S + 0.1)


async def told(client) -> dict[str, str]:
    """Ids by kind, and as `token` one that stands for all that was commanded: each command's is of one partition."""
    customer = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    ids = {"customer": customer, "kpi": "complaint.count", "segment": "retail", "return": "jrt-0169"}

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
    await say("customer.approve-correction", f"{home}/approve-correction", actor="staff-2")
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
    ids["engagement"] = (await say("engagement.open", "/engagements", **whose))["stream_id"]
    ids["task"] = (await say("task.schedule", "/tasks", **whose, engagement_id=ids["engagement"]))["stream_id"]
    ids["table"] = (await say("access-table.propose", "/access-tables"))["stream_id"]
    ids["grant"] = (await say("break-glass.open", "/break-glass", **whose))["stream_id"]
    ids["entry"] = (await say("actor.register", "/actors"))["stream_id"]
    ids["unit"] = (await say("organisation-unit.open", "/organisation-units"))["stream_id"]
    ids["lead"] = (await say("lead.capture", "/leads"))["stream_id"]
    for name in ("record-cost", "qualify", "convert"):
        changes = whose if name == "convert" else {}
        await say(f"lead.{name}", f"/leads/{ids['lead']}/{name}", **changes)
    ids["holding"] = (await say("holding.open", "/holdings", **whose))["stream_id"]
    await say("holding.summarise-activity", f"/holdings/{ids['holding']}/summarise-activity")
    ids["need"] = (await say("need.note", "/needs", **whose, interaction_id=ids["interaction"]))["stream_id"]
    ids["handover"] = (await say("portfolio-handover.order", "/portfolio-handovers"))["stream_id"]
    ids["survey"] = (await say("survey.invite", "/surveys", **whose, complaint_id=ids["complaint"]))["stream_id"]
    await say("survey.answer", f"/surveys/{ids['survey']}/answer")
    return ids


async def told_all(client, *, later: bool = False) -> dict[str, str]:
    """The same, and something of every stream that is about privacy; `later`: the bank has first versions of rules."""
    ids = await told(client)
    whose = {"customer_id": ids["customer"]}
    for kind in ("interaction", "complaint"):
        answer = await client.command(f"/{kind}s/{ids[kind]}/attach", bodies()[f"{kind}.attach"])
        assert answer.status_code == 200, answer.text
        ids["attachment"] = answer.json()["attachment_id"]

    async def say(name: str, where: str, **changes) -> dict:
        answer = await client.command(where, {**bodies()[name], **changes})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def second(version: str) -> dict[str, int]:
        return {version: 2} if later else {}

    ids["survey_plan"] = (await say("survey-plan.propose", "/survey-plans"))["stream_id"]
    ids["request"] = (await say("privacy-request.receive", "/privacy-requests", **whose))["stream_id"]
    ids["hold"] = (await say("legal-hold.place", "/legal-holds", **whose))["stream_id"]
    ids["schedule"] = (await say("retention-schedule.propose", "/retention-schedules"))["stream_id"]
    ids["calendar"] = (await say("calendar.draft", "/calendars", **second("calendar_version")))["stream_id"]
    ids["policy"] = (await say("clock-policy.propose", "/clock-policies", **second("policy_version")))["stream_id"]
    ids["contact"] = (await say("contact-policy.propose", "/contact-policies", **second("policy_version")))["stream_id"]
    ids["map"] = (await say("code-map.propose", "/code-maps"))["stream_id"]
    ids["plan"] = (await say("sampling-plan.propose", "/sampling-plans"))["stream_id"]
    ids["rules"] = (await say("watch-rules.propose", "/watch-rules"))["stream_id"]
    ids["linking"] = (await say("linking-rules.propose", "/linking-rules"))["stream_id"]
    ids["disposal"] = (await say("disposal.propose", "/disposals", customer_ids=[ids["customer"]]))["stream_id"]
    ids["disclosure"] = (await say("disclosure.record", "/disclosures", **whose))["stream_id"]
    daybook = client._transport.app.state.edge.daybook
    ids["erasure"] = (await by_program(daybook, "erasure.request")).rpartition("/")[2]
    ids["reservation"] = (await by_program(daybook, "reservation.claim")).rpartition("/")[2]
    end = await daybook.record.end()
    return {**ids, "token": _joined(ids["token"], str(end))}


async def corrected(client, where: str, body: dict, what: str = "correct-details") -> str:
    """Correct something, which another person approves; the token of the approval."""
    asked = await client.command(f"{where}/{what}", body, actor="staff-1")
    assert asked.status_code == 200, asked.text
    approval = {"correction_id": asked.json()["correction_id"]}
    answer = await client.command(f"{where}/approve-correction", approval, actor="staff-2")
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def _joined(*tokens: str) -> str:
    cursors = [Cursor.parse(token) for token in tokens]
    furthest = zip(*(cursor.next_positions for cursor in cursors), strict=True)
    return str(Cursor(cursors[0].incarnation, tuple(map(max, furthest))))


async def seen(client, path: str, token: str, **query):
    """A query's answer once it shows what the token stands for."""
    answer = await client.get(path, params={**query, "token": token})
    assert answer.status_code == 200, answer.text
    return answer
