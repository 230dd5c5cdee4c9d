"""Problems: one table, every refusal in it, field and reason, never a value."""

import asyncio
import uuid

import asyncpg
import httpx
import orjson
import pytest
from eventsourcing.persistence import DataError, OperationalError

from api.app import create_app
from api.examples import bodies
from api.failures import problem_of
from api.problems import PROBLEMS, REFUSALS, Problem
from domain import AGGREGATES
from domain.kernel import Refusal
from engine.issuer import IssuerRefused
from store import errors
from tests.api import bearer

PERSONAL = "Mei-Lin Tan, +65 8123 4567"


def problem(answer):
    """The problem of an answer, which must be one in every respect."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:daybook:problem:{body['code']}"
    assert body["title"]
    return body


def test_every_refusal_of_every_aggregate_has_its_status_and_no_other():
    assert {code for aggregate in AGGREGATES for code in aggregate.refusals} == set(REFUSALS)
    assert set(REFUSALS.values()) <= {404, 409, 422}
    assert not set(REFUSALS) & set(PROBLEMS)


async def post(client, path, content, **headers):
    sent = {"Idempotency-Key": f'"{uuid.uuid4()}"', "Test-Actor": "a", "Content-Type": "application/json"}
    return await client.post(path, content=content, headers={**sent, **headers})


@pytest.mark.parametrize(
    ("body", "field", "reason", "hint"),
    [
        ({}, "/kind", "is required", "give it"),
        ({"kind": "people"}, "/kind", "is none of the allowed values", "use 'person' or 'organisation'"),
        ({"kind": "person", "nmae": PERSONAL}, "/nmae", "is not a field of this command", "did you mean name?"),
        ({"kind": "person", PERSONAL: 1}, "/…", "is not a field of this command", "leave it out"),
        ({"kind": "person", "name": 5}, "/name", "must be text", "write it in double quotes"),
        ({"kind": "person", "name": "a\x00b"}, "/name", "has characters or a shape", None),
        ({"kind": "person", "customer_id": str(uuid.uuid4())}, "/customer_id", "is not a field", "the server makes it"),
        ({"kind": "person", "occurred_at": "yesterday"}, "/occurred_at", "is not a time", None),
        ({"kind": "person", "occurred_at": "5"}, "/occurred_at", "is not a time", None),
        ({"kind": "person", "occurred_at": 5}, "/occurred_at", "is not a time", None),
        ({"kind": "person", "occurred_at": "2025-03-31T14:05:00"}, "/occurred_at", "lacks its offset", None),
        (
            {"kind": "person", "residence_country": "Portugal"},
            "/residence_country",
            "must have at most 2 characters",
            None,
        ),
    ],
)
async def test_a_faulty_field_is_told_with_its_reason(client, daybook, body, field, reason, hint):
    found = problem(await client.command("/customers", body))
    assert (found["status"], found["code"]) == (422, "validation-failed")
    (error,) = found["errors"]
    assert (error["in"], error["field"]) == ("body", field)
    assert reason in error["reason"]
    assert hint is None or hint == error["hint"]
    assert PERSONAL not in orjson.dumps(found).decode()
    assert sum((await daybook.record.end()).next_positions) == 0


async def test_every_fault_is_told_with_its_place(client):
    body = {
        "outcome": "upheld", "redress": "monetary", "timely_asserted": "yes",
        "redress_amount": {"amount_minor": "100", "currency": "EUR", "cents": 5},
    }  # fmt: skip
    found = problem(await client.command(f"/complaints/{uuid.uuid4()}/issue-final-response", body))
    assert {error["field"] for error in found["errors"]} == {
        "/timely_asserted", "/redress_amount/amount_minor", "/redress_amount/cents",
    }  # fmt: skip
    participants = [{"customer_id": str(uuid.uuid4()), "role": "heir"}, {"customer_id": "x", "role": "heir"}]
    found = problem(
        await client.command("/interactions", {**bodies()["interaction.record"], "participants": participants})
    )
    assert [error["field"] for error in found["errors"]] == ["/participants/1/customer_id"]
    attributes = {"attributes": {"Full Name": PERSONAL, "age": 3.5}}
    found = problem(await client.command("/touches", {**bodies()["touch.decide"], **attributes}))
    assert {error["field"] for error in found["errors"]} == {"/attributes/…", "/attributes/age"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "json-invalid"),
        (b"", "json-invalid"),
        (b'{"kind": NaN}', "json-invalid"),
        (b'{"kind": "\xff"}', "json-invalid"),
        (b'{"kind": "\\ud800"}', "json-invalid"),
        (b'{"a":' * 400 + b"1" + b"}" * 400, "json-invalid"),
        (b"[]", "validation-failed"),
        (b"null", "validation-failed"),
        (b'"text"', "validation-failed"),
    ],
)
async def test_what_is_no_json_object(client, content, code):
    assert problem(await post(client, "/customers", content))["code"] == code


async def test_no_body_is_an_empty_object(client):
    where = (await client.command("/complaints", bodies()["complaint.receive"])).headers["location"]
    headers = {"Idempotency-Key": '"k"', "Test-Actor": "staff-1"}
    assert (await client.post(f"{where}/acknowledge", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
    ],
)
async def test_a_media_type_that_is_not_taken(client, headers):
    answer = await post(client, "/customers", b'{"kind":"person"}', **headers)
    assert problem(answer)["code"] == "media-type-unsupported"
    assert answer.headers["accept-post"] == "application/json"


async def test_a_body_that_is_too_large(client, daybook):
    assert problem(await post(client, "/customers", b" " * (3 << 20) + b"{}"))["code"] == "body-too-large"

    async def pieces():
        for _ in range(1 << 6):
            yield b" " * (1 << 16)

    assert problem(await post(client, "/customers", pieces()))["code"] == "body-too-large"


async def test_no_such_path_or_method(client):
    assert problem(await client.get("/nowhere"))["status"] == 404
    assert problem(await client.post("/nowhere", json={}))["status"] == 404
    wrong = await client.delete("/customers")
    assert problem(wrong)["status"] == 405
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("headers", "code", "field"),
    [
        ({"Daybook-Purpose": "curiosity of Mei"}, "header-invalid", "Daybook-Purpose"),
        ({"Daybook-Reason": "she asked for it"}, "header-invalid", "Daybook-Reason"),
        ({"Daybook-Correlation-Id": "17"}, "header-invalid", "Daybook-Correlation-Id"),
        ({"Daybook-Causation-Id": "17"}, "header-invalid", "Daybook-Causation-Id"),
    ],
)
async def test_faulty_headers(client, headers, code, field):
    sent = {"Test-Actor": "a", "Idempotency-Key": '"k"', **headers}
    answer = await client.post("/customers", json={"kind": "person"}, headers=sent)
    assert problem(answer)["code"] == code
    assert answer.json()["errors"][0]["field"] == field
    assert "Mei" not in answer.text


async def test_only_this_host_is_answered(app, client):
    for peer, status in (("127.0.0.1", 200), ("::1", 200), ("10.0.0.5", 403), ("not an address", 403)):
        transport = httpx.ASGITransport(app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as other:
            assert (await other.get("/health")).status_code == status
    rebound = await client.get("/health", headers={"Host": "bank.example:8000"})
    assert problem(rebound)["code"] == "host-unknown"
    assert (await client.get("/health", headers={"Host": "[::1]:8000"})).status_code == 200


async def test_the_server_refuses_to_listen_where_others_can_connect(daybook):
    daybook.settings = daybook.settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104
    made = create_app(daybook)
    with pytest.raises(IssuerRefused, match=r"0\.0\.0\.0"):
        async with made.router.lifespan_context(made):
            pass


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (errors.LaneFull(9, 3), 503, "lane-full", "3"),
        (errors.RecordUnreachable("x"), 503, "record-unreachable", "2"),
        (errors.OutcomeUnknown("x"), 503, "outcome-unknown", "1"),
        (errors.ClockBehind("x"), 503, "clock-behind", "2"),
        (errors.VersionConflict(1, 2), 409, "version-conflict", None),
        (errors.ConditionFailed(3), 409, "version-conflict", None),
        (errors.RequestTooLarge("x"), 413, "request-too-large", None),
        (errors.NewerSchema("x"), 503, "schema-newer", None),
        (errors.StaleCursor("there"), 410, "cursor-stale", None),
        (errors.CursorInvalid("x"), 400, "cursor-invalid", None),
        (OperationalError("x"), 503, "record-unreachable", "2"),
        (DataError(PERSONAL), 422, "value-refused", None),
        (asyncpg.InterfaceError(PERSONAL), 503, "record-unreachable", "2"),
        (ConnectionRefusedError(PERSONAL), 503, "record-unreachable", "2"),
        (KeyError(PERSONAL), 500, "internal", None),
    ],
)
async def test_what_the_record_says(client, daybook, monkeypatch, error, status, code, retry_after):
    async def handle(*_, **__):
        raise error

    monkeypatch.setattr(daybook.handler, "handle", handle)
    answer = await client.command("/customers", {"kind": "person"})
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert answer.headers.get("retry-after") == retry_after
    assert PERSONAL not in answer.text


def test_an_unknown_refusal_is_a_conflict():
    assert problem_of(Refusal("new.code", "No.")).kind.status == 409


def test_a_problem_names_no_field_twice():
    told = Problem("validation-failed", "x", extra={"resume": "y"}).as_json()
    assert told["resume"] == "y"


async def test_a_gone_caller_is_no_fault(app):
    """A body that breaks off ends the request without a trace in the log."""
    scope = {
        "type": "http", "method": "POST", "path": "/customers", "raw_path": b"/customers", "query_string": b"",
        "headers": [
            (b"host", b"localhost"), (b"authorization", b"Bearer " + bearer.token().encode()),
            (b"idempotency-key", b'"k"'),
        ],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "scheme": "http", "http_version": "1.1",
        "asgi": {"version": "3.0"}, "root_path": "",
    }  # fmt: skip
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        await asyncio.sleep(0)
        return next(messages)

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert sent == []
