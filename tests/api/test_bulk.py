"""Bulk intake: a verdict a line, in order; nobody's fault is another's."""

import asyncio
import uuid

import orjson
import pytest

from api import intake
from api.examples import bodies
from store.cursor import Cursor
from store.errors import RecordUnreachable, RequestTooLarge
from vault.errors import KeyDestroyed

HEADERS = {"Test-Actor": "importer-1", "Content-Type": "application/x-ndjson"}


def line(command: str, key: str | None = None, **fields) -> bytes:
    """A line of bulk intake."""
    named = {"command": command} | ({} if key is None else {"id": key})
    return orjson.dumps({**named, **bodies()[command], **fields})


async def send(client, *lines: bytes, **headers: str) -> list[dict]:
    """The verdicts of some lines."""
    sent = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = await client.post("/bulk/commands", content=b"\n".join(lines), headers=sent)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [orjson.loads(one) for one in answer.content.splitlines()]


def verdicts(found: list[dict]) -> list[str]:
    """What became of each line."""
    return [one["verdict"] for one in found]


async def test_every_line_gets_its_verdict_and_bad_ones_change_nothing_of_others(client, daybook):
    found = await send(
        client,
        line("touch.decide", "a"),
        b"{not json",
        line("touch.decide", "b", channel="pigeon"),
        b"",
        b'["an array"]',
        line("touch.decide", "c"),
        orjson.dumps({"command": "touch.forget", "id": "d"}),
        orjson.dumps({"id": "e"}),
        line("touch.release", "f", touch_id=str(uuid.uuid4())),
        line("touch.release", "g"),
        line("touch.release", "h", touch_id="17"),
        line("touch.decide"),
        line("touch.decide", "a"),
        line("touch.decide", "a", reason="another"),
    )
    assert [one["line"] for one in found] == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert verdicts(found) == [
        "accepted", "invalid", "invalid", "invalid", "accepted", "invalid", "invalid", "refused", "invalid", "invalid",
        "invalid", "repeated", "refused",
    ]  # fmt: skip
    assert found[0]["stream_id"] == found[11]["stream_id"]
    assert found[2]["problem"]["errors"][0]["field"] == "/channel"
    assert found[5]["problem"]["code"] == "command-type-unknown"
    assert found[7]["problem"]["code"] == "touch.not-decided"
    assert found[8]["problem"]["errors"] == [{"in": "body", "field": "/touch_id", "reason": "is required"}]
    assert found[10]["problem"]["errors"][0]["field"] == "/id"
    assert found[12]["problem"]["code"] == "idempotency-key-reused"
    assert sum((await daybook.record.end()).next_positions) == 2


async def test_the_last_verdict_has_the_token_for_all(client, daybook):
    found = await send(client, *(line("touch.decide", str(n), customer_id=str(uuid.uuid4())) for n in range(40)))
    assert [n for n, one in enumerate(found) if "token" in one] == [39]
    assert Cursor.parse(found[-1]["token"]) == await daybook.record.end()


async def test_the_same_key_means_the_same_over_http_and_in_bulk(client):
    body = bodies()["touch.decide"]
    one = await client.command("/touches", body, key="k", actor="importer-1")
    (two,) = await send(client, line("touch.decide", "k"))
    assert (two["verdict"], two["stream_id"]) == ("repeated", one.json()["stream_id"])
    (made,) = await send(client, line("touch.decide", "k2"))
    again = await client.command("/touches", body, key="k2", actor="importer-1")
    assert again.json()["stream_id"] == made["stream_id"]


async def test_lines_without_id_are_keyed_by_the_request(client, daybook):
    lines = [line("touch.decide"), line("touch.decide")]
    first = await send(client, *lines, Idempotency_Key='"file-1"')
    again = await send(client, *lines, Idempotency_Key='"file-1"')
    assert verdicts(first) == ["accepted"] * 2
    assert verdicts(again) == ["repeated"] * 2
    assert [one["stream_id"] for one in first] == [one["stream_id"] for one in again]
    assert sum((await daybook.record.end()).next_positions) == 2


async def test_lines_of_one_stream_are_done_in_their_order(client):
    made = (await client.command("/complaints", bodies()["complaint.receive"])).json()["stream_id"]
    story = ["acknowledge", "assess", "assign", "issue-final-response", "close", "reopen", "withdraw"]
    found = await send(client, *(line(f"complaint.{name}", name, complaint_id=made) for name in story))
    # What is told late, receipt and final response, has its claim beside it.
    assert [(one["verdict"], one["version"]) for one in found] == [("accepted", n) for n in (2, 3, 4, 6, 7, 8, 9)]


async def test_order_and_repeats_hold_across_chunks(client, daybook, monkeypatch):
    monkeypatch.setattr(intake, "ENTRIES_IN_ONE_CHUNK", 3)
    made = (await client.command("/customers", bodies()["customer.register"])).json()["stream_id"]
    lines = [line("customer.enter-segment", f"k{n}", customer_id=made, segment=f"s{n}") for n in range(10)]
    found = await send(client, *lines, *lines)
    assert verdicts(found) == ["accepted"] * 10 + ["repeated"] * 10
    assert [one["version"] for one in found] == list(range(1, 11)) * 2
    assert len(await daybook.record.read_stream(uuid.UUID(made))) == 11


async def test_personal_data_of_a_line_is_sealed(client, daybook):
    (made,) = await send(client, line("customer.register", "k", name="Ada Example"))
    (event,) = await daybook.record.read_stream(uuid.UUID(made["stream_id"]))
    assert b"Ada" not in event.state
    assert (await client.get(f"/customers/{made['stream_id']}/timeline")).json()["events"][0]["data"]["name"] == (
        "Ada Example"
    )


async def test_ids_made_inside_a_stream_are_told(client):
    made = (await client.command("/interactions", bodies()["interaction.record"])).json()["stream_id"]
    (found,) = await send(client, line("interaction.annotate", "k", interaction_id=made))
    assert uuid.UUID(found["note_id"])


@pytest.mark.parametrize(
    ("error", "verdict", "code"),
    [
        (RecordUnreachable("gone"), "failed", "record-unreachable"),
        (OSError("gone"), "failed", "record-unreachable"),
    ],
)
async def test_what_could_not_be_written_is_told_to_be_repeated(client, daybook, monkeypatch, error, verdict, code):
    async def handle_copy(_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(daybook.handler, "handle_copy", handle_copy)
        found = await send(client, line("touch.decide", "a"), b"{", line("touch.decide", "b"))
    assert verdicts(found) == [verdict, "invalid", verdict]
    assert found[0]["problem"]["code"] == code
    assert verdicts(await send(client, line("touch.decide", "a"), line("touch.decide", "b"))) == ["accepted"] * 2


@pytest.mark.parametrize(
    "error", [RequestTooLarge("x"), KeyDestroyed(uuid.uuid4(), __import__("datetime").datetime.now())]
)
async def test_one_that_spoils_a_chunk_spoils_itself_alone(client, daybook, monkeypatch, error):
    handle = daybook.handler.handle

    async def handle_copy(_):
        raise error

    async def alone(commands, context, **options):
        if commands[0].reason == "spoilt":
            raise error
        return await handle(commands, context, **options)

    monkeypatch.setattr(daybook.handler, "handle_copy", handle_copy)
    monkeypatch.setattr(daybook.handler, "handle", alone)
    found = await send(client, line("touch.decide", "a"), line("touch.decide", "b", reason="spoilt"))
    assert verdicts(found) == ["accepted", "invalid"]


async def test_a_line_that_is_too_long_is_passed_over(client):
    async def content():
        yield line("touch.decide", "a") + b"\n" + b'{"command":"'
        for _ in range(60):
            yield b"x" * (1 << 16)
            await asyncio.sleep(0)
        yield b'"}\n' + line("touch.decide", "b")

    answer = await client.post("/bulk/commands", content=content(), headers=HEADERS)
    found = [orjson.loads(one) for one in answer.content.splitlines()]
    assert [(one["line"], one["verdict"]) for one in found] == [(1, "accepted"), (2, "invalid"), (3, "accepted")]
    assert found[1]["problem"]["code"] == "line-too-long"


async def test_a_body_that_is_too_large_is_refused_at_once_or_where_it_becomes_so(client, daybook):
    daybook.settings = daybook.settings.model_copy(update={"bulk_bytes_max": 2000})
    refused = await client.post("/bulk/commands", content=b"x" * 2001, headers=HEADERS)
    assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")

    async def content():
        for number in range(20):
            yield line("touch.decide", str(number)) + b"\n"

    answer = await client.post("/bulk/commands", content=content(), headers=HEADERS)
    found = [orjson.loads(one) for one in answer.content.splitlines()]
    assert verdicts(found)[-1] == "stopped"
    assert found[-1]["problem"]["code"] == "body-too-large"
    assert set(verdicts(found[:-1])) == {"accepted"}
    assert sum((await daybook.record.end()).next_positions) == len(found) - 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "", "Content-Type": "application/x-ndjson"}, 401, "token-missing"),
        ({"Test-Actor": "a", "Content-Type": "application/json"}, 415, "media-type-unsupported"),
        ({**HEADERS, "Idempotency-Key": "bare"}, 400, "idempotency-key-invalid"),
    ],
)
async def test_a_request_that_is_refused_as_a_whole(client, headers, status, code):
    answer = await client.post("/bulk/commands", content=line("touch.decide", "a"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_no_lines_no_verdicts(client):
    assert await send(client) == []
