"""Every query by every role for every purpose: no personal value but those that the table shows, none without a token.

Queries come from the OpenAPI document, personal fields from the registry of events, and what is right from the rows of
the table, which are read here by an own, plainer rule. Every personal field holds a canary that names it.
"""

import re
import uuid
from base64 import b64encode

import pytest

from api.admission import PUBLIC
from api.app import create_app
from api.examples import bodies
from api.openapi import document
from api.operations import operations
from domain import command_types
from domain.access_rules import PURPOSES, ROLES
from domain.kernel import personal_fields
from engine.access import first_table, personal_registry
from tests.api import bearer
from tests.api.stories import told, told_all

CANARY = re.compile(r"canary\.(\w+)\.(\w+)\.")
IDS = {
    "customer_id": "customer", "complaint_id": "complaint", "campaign_id": "campaign", "interaction_id": "interaction",
    "touch_id": "touch", "engagement_id": "engagement", "survey_plan_id": "survey_plan", "task_id": "task",
    "invitation_id": "survey", "event_id": "event",
    "table_id": "table", "request_id": "request", "hold_id": "hold", "schedule_id": "schedule",
    "disposal_id": "disposal", "disclosure_id": "disclosure", "erasure_id": "erasure",
    "grant_id": "grant", "entry_id": "entry", "attachment_id": "attachment", "calendar_id": "calendar",
    "policy_id": "policy", "contact_policy_id": "contact", "kpi": "kpi", "map_id": "map", "plan_id": "plan",
    "rules_id": "rules",
    "reservation_id": "reservation",
    "linking_rules_id": "linking",
    "return": "return",
    "segment": "segment",
    "unit_id": "unit", "lead_id": "lead", "holding_id": "holding", "need_id": "need", "handover_id": "handover",
}  # fmt: skip


NEEDED = {"feed": {"mode": "page"}, "screening_sample": {"period": "2026-12"}}
"""Parameters without which a query is refused, or does not end."""


def with_canaries(monkeypatch) -> None:
    """Every example body has a canary in each personal field that it may have."""
    for name, body in bodies().items():
        for field, mark in personal_fields(command_types()[name]):
            value = f"canary.{mark.record_class}.{field}."
            monkeypatch.setitem(body, field, b64encode(value.encode()).decode() if mark.alone else value)


def queries() -> list[tuple[str, str]]:
    """Path and operation id of each query that needs a token; one path for each kind of event there is."""
    made = document(create_app())
    return [
        (path, one["operationId"])
        for path, methods in made["paths"].items()
        for method, one in methods.items()
        if method == "get" and path not in PUBLIC
    ]


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids[IDS[found[1]]], path)


def shown(role: str, purpose: str | None) -> set[tuple[str, str]]:
    """What the table shows, read row by row."""
    rights = {one.role: one for one in first_table().rules.roles}[role]
    if purpose not in rights.purposes:
        return set()
    return {
        (one.record_class, name)
        for one in first_table().rules.showings
        if (one.role, one.purpose) == (role, purpose)
        for name in one.fields or personal_registry()[one.record_class]
    }


def may_ask(role: str, operation: str) -> bool:
    rights = {one.role: one for one in first_table().rules.roles}[role]
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".*"), operation) for one in rights.queries)


async def everything(client) -> dict[str, str]:
    """The bank of the stories, and the commands that it leaves out which hold personal data."""
    ids = await told_all(client)
    stream = {"customer": ids["customer"], "interaction": ids["interaction"], "complaint": ids["complaint"]}
    for name in ("interaction.annotate", "interaction.correct", "interaction.schedule-follow-up", "complaint.dispute",
                 "complaint.send-holding-response", "complaint.reopen"):  # fmt: skip
        if name in operations():
            kind = name.partition(".")[0]
            path = operations()[name].path.replace(f"{{{operations()[name].stream_field}}}", stream[kind])
            answer = await client.command(path, bodies()[name])
            if answer.status_code == 200:
                ids["token"] = max(ids["token"], answer.json()["token"], key=len)
    return ids


async def test_no_answer_has_what_the_table_does_not_show(client, monkeypatch):
    with_canaries(monkeypatch)
    ids = await everything(client)
    full = await client.get(f"/customers/{ids['customer']}", params={"token": ids["token"]})
    assert full.status_code == 200
    asked, seen = 0, set()
    leaks = []
    for path, operation in queries():
        for role in ROLES:
            for purpose in (None, *PURPOSES):
                headers = {"Authorization": f"Bearer {bearer.token(f'staff:{role}', (role,))}"}
                headers["Daybook-Purpose"] = purpose or ""
                params = NEEDED.get(operation, {})
                answer = await client.get(filled(path, ids), params=params, headers=headers)
                asked += 1
                allowed = shown(role, purpose)
                found = set(CANARY.findall(answer.text + str(answer.headers)))
                leaks += [(operation, role, purpose, leak) for leak in found - allowed]
                seen |= {(operation, *one) for one in found}
                wrong_purpose = purpose is not None and purpose not in first_table().purposes([role])
                refused = wrong_purpose or not may_ask(role, operation)
                refused |= operation == "privacy_export" and purpose != "privacy-request"
                refused |= operation.endswith("_attachment") and ("attachment", "content") not in allowed
                assert answer.status_code == (403 if refused else 200), (operation, role, purpose, answer.text)
                if refused:
                    assert found == set()
    assert leaks == []
    assert asked == len(queries()) * len(ROLES) * (len(PURPOSES) + 1) > 1000
    classes = {record_class for _, record_class, _ in seen}
    assert classes == set(personal_registry()), "each record class was shown to somebody, so the canaries do sing"


async def test_what_is_shown_and_what_is_masked_is_in_the_looks(client, monkeypatch):
    with_canaries(monkeypatch)
    ids = await told(client)
    await client.get(f"/customers/{ids['customer']}", params={"token": ids["token"]})
    for role in ROLES:
        for purpose in first_table().purposes([role]):
            if not may_ask(role, "customer_timeline"):
                continue
            headers = {**bearer.headers(f"staff:{role}-{purpose}", (role,), purpose)}
            answer = await client.get(f"/customers/{ids['customer']}/timeline", headers=headers)
            (look,) = (await client.get("/audit/looks", params={"actor": f"staff:{role}-{purpose}"})).json()["looks"]
            of = {
                decision: {
                    (one["record_class"], name)
                    for one in look["looked"]
                    if one["decision"] == decision
                    for name in one["fields"]
                }
                for decision in ("shown", "masked")
            }
            assert of["shown"] == set(CANARY.findall(answer.text)) <= shown(role, purpose)
            assert of["masked"].isdisjoint(shown(role, purpose))
            assert (look["purpose"], look["roles"], look["operation"]) == (purpose, [role], "customer_timeline")


async def test_a_search_answers_by_role_and_purpose_and_shows_no_field(client, monkeypatch):
    with_canaries(monkeypatch)
    ids = await told(client)
    field_of = {"name": ("identity", "name"), "email": ("contact", "value"), "phone": ("contact", "value")}
    asked = {"name": "canary.identity.name.", "email": "nobody@example.com", "phone": "+1 202 555 0100"}
    found = 0
    for role in ROLES:
        for purpose in (None, *PURPOSES):
            headers = {"Authorization": f"Bearer {bearer.token(f'staff:{role}', (role,))}"}
            headers["Daybook-Purpose"] = purpose or ""
            for kind, value in asked.items():
                body = {kind: value, "token": ids["token"]}
                answer = await client.post("/customers/search", json=body, headers=headers)
                allowed = may_ask(role, "customer_search") and field_of[kind] in shown(role, purpose)
                assert answer.status_code == (200 if allowed else 403), (role, purpose, kind, answer.text)
                assert not CANARY.findall(answer.text + str(answer.headers)), (role, purpose, kind)
                found += allowed and bool(answer.json()["customers"])
    assert found > 0, "somebody finds the customer, so the search does work"


async def test_no_role_without_the_group_is_answered_anything_of_a_confidential_matter(client, monkeypatch):
    with_canaries(monkeypatch)
    ids = await told_all(client)
    for kind in ("interaction", "complaint"):
        mark = {"group": "whistleblower", "withheld_from": []}
        answer = await client.command(f"/{kind}s/{ids[kind]}/mark-confidential", mark)
        assert answer.status_code == 200, answer.text
        ids["token"] = max(ids["token"], answer.json()["token"], key=len)
    await client.get(f"/customers/{ids['customer']}", params={"token": ids["token"]})
    secrets = {ids["interaction"], ids["complaint"]}
    of_matter = {"interaction", "complaint", "complaint_letter", "attachment"}
    rights = {one.role: one for one in first_table().rules.roles}
    seen = 0
    for path, operation in queries():
        for role in ROLES:
            sees = "whistleblower" in rights[role].confidential
            for purpose in rights[role].purposes:
                params = NEEDED.get(operation, {})
                headers = bearer.headers(f"staff:{role}", (role,), purpose)
                answer = await client.get(filled(path, ids), params=params, headers=headers)
                text = answer.text + str(answer.headers)
                named = {secret for secret in secrets if secret in text and secret not in filled(path, ids)}
                leaked = {of for of, _ in CANARY.findall(text)} & of_matter
                if sees:
                    seen += bool(named or leaked)
                else:
                    assert (named, leaked) == (set(), set()), (operation, role, purpose)
    assert seen > 0, "who has the group sees it, so there was something to see"


@pytest.mark.parametrize("authorization", ["", "Basic c3RhZmY6eA==", "Bearer", "Bearer x.y.z", "bearer e30.e30.AA"])
async def test_no_endpoint_answers_without_a_token(client, authorization):
    made = document(client._transport.app)
    for path, methods in made["paths"].items():
        for method in methods:
            where = re.sub(r"\{\w+\}", str(uuid.uuid4()), path)
            answer = await client.request(method, where, json={}, headers={"Authorization": authorization})
            if path in PUBLIC:
                assert answer.status_code in {200, 422}, (method, path)
                continue
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["www-authenticate"].startswith('Bearer realm="daybook"')
            assert ("error=" in answer.headers["www-authenticate"]) == ("." in authorization)


async def test_no_role_gives_a_command_that_the_table_does_not_allow_nor_is_told_its_data(client, monkeypatch):
    with_canaries(monkeypatch)
    rules = {one.role: one for one in first_table().rules.roles}
    for role in ROLES:
        headers = bearer.headers(f"staff:{role}", (role,), None)
        for operation in operations().values():
            path = operation.path.replace(f"{{{operation.stream_field}}}", str(uuid.uuid4()))
            sent = {**headers, "Idempotency-Key": f'"{uuid.uuid4()}"'}
            answer = await client.post(path, json=bodies()[operation.type], headers=sent)
            allowed = any(
                re.fullmatch(re.escape(one).replace(r"\*", ".*"), operation.type) for one in rules[role].commands
            )
            assert (answer.status_code != 403) == allowed, (role, operation.type, answer.text)
            assert not CANARY.findall(answer.text + str(answer.headers)), (role, operation.type)


async def test_bulk_lines_and_events_are_judged_command_by_command(client):
    headers = {**bearer.headers("staff:a", ("campaign-manager",), None), "Content-Type": "application/x-ndjson"}
    lines = b'{"command":"complaint.receive","id":"1"}\n{"command":"campaign.plan","id":"2"}'
    answer = await client.post("/bulk/commands", content=lines, headers={**headers, "Daybook-Purpose": ""})
    first, second = answer.text.splitlines()
    assert '"not-allowed"' in first
    assert '"not-allowed"' not in second
    event = {"specversion": "1.0", "type": "daybook.complaint.receive", "source": "urn:a", "id": "1", "data": {}}
    headers["Content-Type"] = "application/cloudevents+json"
    answer = await client.post("/events", json=event, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_a_look_that_cannot_be_recorded_opens_nothing(client, daybook, monkeypatch):
    with_canaries(monkeypatch)
    ids = await told(client)
    where = f"/customers/{ids['customer']}"
    assert "canary" in (await client.get(where, params={"token": ids["token"]})).text
    opened = []
    open_many = daybook.vault.open_many

    async def watched(*asked):
        opened.append(asked)
        return await open_many(*asked)

    monkeypatch.setattr(daybook.vault, "open_many", watched)

    def away(_):
        raise ConnectionRefusedError

    monkeypatch.setattr(daybook.looks.record, "append", away)
    complaint = f"/complaints/{ids['complaint']}"
    personal = [where, f"{where}/timeline", f"{where}/satisfaction", complaint, f"{complaint}/events"]
    for path in (*personal, f"/interactions/{ids['interaction']}", f"/audit/{ids['event']}"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "look-not-recorded"), path
        assert "canary" not in answer.text
        assert answer.headers["retry-after"]
    assert opened == []
    assert (await client.get("/complaints")).status_code == 200  # what holds nothing personal goes on


async def test_no_key_is_used_for_what_is_not_shown(client, daybook, monkeypatch):
    with_canaries(monkeypatch)
    ids = await told(client)
    await client.get(f"/customers/{ids['customer']}", params={"token": ids["token"]})
    used = []
    find = daybook.vault.keyring.find

    async def watched(partition, keys):
        used.extend(keys)
        return await find(partition, keys)

    monkeypatch.setattr(daybook.vault.keyring, "find", watched)
    for path in (f"/customers/{ids['customer']}", f"/customers/{ids['customer']}/timeline"):
        answer = await client.get(path, headers={"Daybook-Purpose": ""})
        assert answer.status_code == 200
        assert '"***"' in answer.text
    assert used == []


async def test_one_actor_may_not_send_without_end(client, app):
    throttle = app.state.edge.throttle
    throttle._burst, throttle._per_s, throttle._clock = 3, 0.5, lambda: 0.0
    headers = bearer.headers("staff:fast")
    answers = [(await client.get("/campaigns", headers=headers)).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    refused = await client.get("/campaigns", headers=headers)
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("too-many-requests", "2")
    assert (await client.get("/campaigns", headers=bearer.headers("staff:other"))).status_code == 200
    public = [(await client.get("/health")).status_code for _ in range(4)]
    assert public == [200, 200, 200, 429], "who needs no token is counted by address"
    throttle._clock = lambda: 2.0
    assert (await client.get("/campaigns", headers=headers)).status_code == 200
