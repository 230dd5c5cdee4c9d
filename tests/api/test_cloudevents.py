"""CloudEvents in: structured, batch, binary."""

import uuid

import orjson
import pytest

from api.cloudevents import BATCH, STRUCTURED
from api.examples import bodies

TIME = "2025-04-02T10:15:00Z"


def event(kind: str = "touch.decide", key: str = "1", **changes) -> dict:
    """A CloudEvent that is a command."""
    attributes = {"specversion": "1.0", "type": f"daybook.{kind}", "source": "urn:example:gateway", "id": key}
    return {**attributes, "time": TIME, "data": bodies().get(kind, {}), **changes}


async def send(client, value, kind: str = STRUCTURED, **headers: str):
    """The answer to a body of this kind."""
    sent = {"Test-Actor": "gateway", "Content-Type": kind, **headers}
    return await client.post("/events", content=orjson.dumps(value), headers=sent)


async def test_a_structured_event_is_a_command(client, daybook):
    answer = await send(client, event())
    assert answer.status_code == 201, answer.text
    stream_id = uuid.UUID(answer.json()["stream_id"])
    assert answer.headers["location"] == f"/touches/{stream_id}"
    (recorded,) = await daybook.record.read_stream(stream_id)
    assert recorded.occurred_at.isoformat() == "2025-04-02T10:15:00+00:00"
    again = await send(client, event())
    assert again.content == answer.content
    assert (await send(client, event(data={**bodies()["touch.decide"], "reason": "other"}))).json()["code"] == (
        "idempotency-key-reused"
    )


async def test_source_and_id_together_are_the_key(client):
    one, two = await send(client, event()), await send(client, event(source="urn:example:other"))
    assert one.json()["stream_id"] != two.json()["stream_id"]


async def test_the_stream_is_named_in_the_data(client):
    touch = (await send(client, event())).json()["stream_id"]
    released = event("touch.release", "2", data={"touch_id": touch, **bodies()["touch.release"]})
    answer = await send(client, released)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    missing = await send(client, event("touch.release", "3"))
    assert missing.json()["errors"][0]["field"] == "/touch_id"


async def test_correlation_and_cause_come_with_the_event(client, daybook):
    ids = {"correlationid": str(uuid.uuid4()), "causationid": str(uuid.uuid4())}
    made = (await send(client, event(**ids))).json()["stream_id"]
    (recorded,) = await daybook.record.read_stream(uuid.UUID(made))
    assert [str(recorded.correlation_id), str(recorded.causation_id)] == list(ids.values())
    assert (await send(client, event(correlationid="x"))).json()["errors"][0]["field"] == "/correlationid"


async def test_a_binary_event(client):
    attributes = {
        "ce-specversion": "1.0", "ce-type": "daybook.touch.decide", "ce-source": "urn:example:%E5%85%B3", "ce-id": "7",
        "ce-time": TIME,
    }  # fmt: skip
    one = await send(client, bodies()["touch.decide"], "application/json", **attributes)
    assert one.status_code == 201, one.text
    two = await send(client, event(source="urn:example:关", key="7"))
    assert two.json() == one.json()
    assert two.headers["idempotent-replayed"] == "true"


async def test_a_batch_gets_verdicts_in_order(client, daybook):
    batch = [
        event(key="1"),
        event(key="2", type="daybook.nothing"),
        "text",
        event(key="1"),
        event(key="3", time="soon"),
    ]
    answer = await send(client, batch, BATCH)
    found = answer.json()["verdicts"]
    assert [one["verdict"] for one in found] == ["accepted", "invalid", "invalid", "repeated", "invalid"]
    assert [one["index"] for one in found] == [0, 1, 2, 3, 4]
    assert found[0]["id"] == "1"
    assert found[1]["problem"]["errors"][0]["field"] == "/type"
    assert found[4]["problem"]["errors"][0]["field"] == "/occurred_at"
    assert answer.json()["token"] == str(await daybook.record.end())
    assert (await send(client, [], BATCH)).json()["verdicts"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"source": 5}, "/source"),
        ({"type": "touch.decide"}, "/type"),
        ({"data_base64": "e30="}, "/data"),
        ({"datacontenttype": "text/xml"}, "/data"),
        ({"data": []}, ""),
    ],
)
async def test_what_is_no_command(client, changes, field):
    answer = await send(client, event(**changes))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_what_is_no_event(client):
    assert (await send(client, [])).json()["code"] == "validation-failed"
    assert (await send(client, {}, BATCH)).json()["code"] == "validation-failed"
    assert (await send(client, {}, "application/json")).json()["code"] == "media-type-unsupported"
    assert (await client.post("/events", json={})).status_code == 415
