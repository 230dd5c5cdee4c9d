"""The feed: every event once and in order, resumable at each, over a real server too."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator

import orjson
import pytest
import uvicorn

from api import feed, tail
from api.examples import bodies
from store.cursor import Cursor
from tests.api import bearer


@pytest.fixture
async def served(app, monkeypatch) -> AsyncGenerator[str]:
    """The address of a real server of this application."""
    config = uvicorn.Config(app, port=0, http="httptools", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    monkeypatch.setattr(server, "capture_signals", contextlib.nullcontext)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    app.state.edge.stop()
    server.should_exit = True
    async with asyncio.timeout(10):
        await running


async def made(client, count: int) -> list[str]:
    """Make so many touches; the ids of their events."""
    return [
        (await client.command("/touches", {**bodies()["touch.decide"], "customer_id": str(uuid.uuid4())})).json()[
            "events"
        ][0]["event_id"]
        for _ in range(count)
    ]


async def read(address: str, count: int, **asked) -> list[tuple[dict, str]]:
    """The next events of the stream, each with its cursor; then the connection is cut."""
    found: list[tuple[dict, str]] = []
    data = None
    async with bearer.Client() as reader, reader.stream("GET", f"{address}/feed", timeout=10, **asked) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                data = orjson.loads(line[6:])
            elif line.startswith("id: ") and data is not None:
                found.append((data, line[4:]))
                data = None
                if len(found) == count:
                    break
    return found


async def test_a_page(client, daybook):
    ids = await made(client, 5)
    answer = (await client.get("/feed", params={"mode": "page", "limit": 3})).json()
    rest = (await client.get("/feed", params={"mode": "page", "cursor": answer["next"]})).json()
    assert sorted(event["id"] for event in answer["events"] + rest["events"]) == sorted(ids)
    assert Cursor.parse(rest["next"]) == await daybook.record.end()
    empty = (await client.get("/feed", params={"mode": "page", "cursor": rest["next"]})).json()
    assert empty == {"events": [], "next": rest["next"]}


async def test_an_event_is_a_cloud_event_without_personal_data(client, daybook):
    customer = (await client.command("/customers", bodies()["customer.register"], actor="staff-9")).json()
    answer = await client.get("/feed", params={"mode": "page"})
    assert "Wang" not in answer.text
    (event,) = answer.json()["events"]
    (recorded,) = await daybook.record.read_stream(uuid.UUID(customer["stream_id"]))
    assert event["data"] == orjson.loads(recorded.state)
    assert event["data"]["sealed"][0]["fields"] == ["name"]
    assert {name: event[name] for name in ("specversion", "type", "subject", "authid", "streamversion")} == {
        "specversion": "1.0", "type": "daybook.customer.registered", "subject": customer["stream_id"],
        "authid": "staff-9", "streamversion": 0,
    }  # fmt: skip
    assert event["sequence"] == f"{recorded.position:019}"
    assert event["partition"] == recorded.partition
    assert event["customerid"] == customer["stream_id"]
    assert event["recordedtime"].endswith("Z")
    assert all(name.isalnum() and name == name.lower() and len(name) <= 20 for name in event)


async def test_a_page_of_some_types_passes_over_the_others(client, daybook):
    await made(client, 4)
    await client.command("/customers", {"kind": "person"})
    asked = {"mode": "page", "type": ["daybook.customer.registered", "survey.invited"]}
    answer = (await client.get("/feed", params=asked)).json()
    assert [event["type"] for event in answer["events"]] == ["daybook.customer.registered"]
    assert Cursor.parse(answer["next"]) == await daybook.record.end()
    assert (await client.get("/feed", params={"type": "customer.sung"})).json()["code"] == "query-invalid"


async def test_from_the_end_only_what_is_new(client, daybook):
    await made(client, 3)
    answer = (await client.get("/feed", params={"mode": "page", "from": "end"})).json()
    assert answer == {"events": [], "next": str(await daybook.record.end())}


async def test_cursors_that_cannot_be_followed(client, daybook):
    other = Cursor(uuid.uuid4(), (0,) * daybook.record.partitions)
    ahead = daybook.record.incarnation.start().advanced(0, 1)
    for mode in ("page", "stream"):
        stale = await client.get("/feed", params={"mode": mode, "cursor": str(other)})
        assert (stale.status_code, stale.json()["code"]) == (410, "cursor-stale")
        assert Cursor.parse(stale.json()["resume"]) == daybook.record.incarnation.start()
        for wrong in (str(ahead), "nonsense"):
            refused = await client.get("/feed", params={"mode": mode, "cursor": wrong})
            assert (refused.status_code, refused.json()["code"]) == (400, "cursor-invalid")


async def test_a_reader_that_is_cut_off_goes_on_without_a_gap(client, served):
    ids = set(await made(client, 10))
    first = await read(served, 4)
    more = asyncio.create_task(made(client, 10))
    second = await read(served, 9, headers={"Last-Event-ID": first[-1][1]})
    ids |= set(await more)
    third = await read(served, 7, params={"cursor": second[-1][1]})
    events = [event for event, _ in first + second + third]
    assert len(events) == len({event["id"] for event in events}) == 20
    assert {event["id"] for event in events} == ids
    for partition in range(4):
        sequence = [int(event["sequence"]) for event in events if event["partition"] == partition]
        assert sequence == list(range(len(sequence)))


async def test_what_is_appended_arrives(client, served):
    reading = asyncio.create_task(read(served, 3, params={"from": "end", "type": "touch.decided"}))
    await asyncio.sleep(0.3)
    await client.command("/customers", {"kind": "person"})
    ids = await made(client, 3)
    async with asyncio.timeout(10):
        arrived = await reading
    assert sorted(event["id"] for event, _ in arrived) == sorted(ids)


async def test_a_quiet_stream_says_that_it_lives_and_where_it_is(client, served, daybook, monkeypatch):
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.1)
    await client.command("/customers", {"kind": "person"})
    end = str(await daybook.record.end())
    asked = {"type": "touch.decided"}
    async with bearer.Client() as reader, reader.stream("GET", f"{served}/feed", params=asked) as answer:
        lines = aiter(answer.aiter_lines())
        seen = [await anext(lines) for _ in range(6)]
    assert seen[0].startswith(": ")
    assert seen[1] == "retry: 1000"
    assert [line for line in seen[3:] if line] == [": still here", f"id: {end}"]


async def test_a_reader_who_has_gone_is_forgotten(client, served, app):
    await made(client, 1)
    await read(served, 1)
    for _ in range(100):
        if app.state.edge.tail._readers == 0:
            break
        await asyncio.sleep(0.05)
    assert app.state.edge.tail._readers == 0
    assert app.state.edge.tail._watching is None


async def test_one_reader_too_many(client, monkeypatch):
    monkeypatch.setattr(tail, "READERS_MAX", 0)
    answer = await client.get("/feed")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "feed-full", "10")
    assert (await client.get("/feed?mode=page")).status_code == 200


async def test_a_restore_in_the_middle_ends_the_stream_with_its_problem(client, served, daybook, app):
    await made(client, 1)
    async with bearer.Client() as reader, reader.stream("GET", f"{served}/feed", timeout=10) as answer:
        lines = aiter(answer.aiter_lines())
        while not (await anext(lines)).startswith("id: "):
            pass
        daybook.record.incarnation.id = uuid.uuid4()
        app.state.edge.tail._changed.set()
        rest = [line async for line in lines]
    assert "event: problem" in rest
    (problem,) = [orjson.loads(line[6:]) for line in rest if line.startswith("data: ")]
    assert problem["code"] == "cursor-stale"


async def test_the_stream_ends_when_the_server_stops(client, served, app):
    async with bearer.Client() as reader, reader.stream("GET", f"{served}/feed", timeout=10) as answer:
        lines = aiter(answer.aiter_lines())
        await anext(lines)
        app.state.edge.stop()
        assert [line async for line in lines if line.startswith("data")] == []


async def test_bulk_intake_answers_one_who_sends_everything_first(served):
    """A caller who reads nothing until all is sent must not lock himself and the server up."""
    line = orjson.dumps({"command": "touch.decide", **bodies()["touch.decide"], "more": "x" * 500})
    count = 20_000
    content = b"\n".join([line] * count)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.rpartition(":")[2]), limit=1 << 16)
    writer.write(
        b"POST /bulk/commands HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer "
        + bearer.token("a").encode()
        + b"\r\n"
        b'Idempotency-Key: "k"\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n' % len(content)
    )
    async with asyncio.timeout(90):
        for start in range(0, len(content), 1 << 16):
            writer.write(content[start : start + (1 << 16)])
            await writer.drain()
        answer = await reader.read(-1)
    writer.close()
    assert answer.count(b'"verdict":"invalid"') == count
    assert len(answer) > 6 << 20, "more than stays in the buffers between the two"


async def test_a_body_that_is_too_large_over_the_wire(served):
    headers = {"Test-Actor": "a", "Idempotency-Key": '"k"', "Content-Type": "application/json"}
    async with bearer.Client() as other:
        answer = await other.post(f"{served}/customers", content=b" " * (4 << 20), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert (await other.get(f"{served}/health")).status_code == 200
