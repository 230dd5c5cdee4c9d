"""No input makes the server fail."""

import json
import uuid

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.examples import bodies
from api.operations import operations
from tests.examples import examples

NAMES = sorted({name for one in operations().values() for name in one.command.model_fields} | {"id", "command"})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["2025-03-31T14:05:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
    | st.uuids().map(str)
)
KEYS = st.text() | st.sampled_from(NAMES)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
COMMANDS = sorted(operations())


def changed(body, changes, dropped):
    """An example with some fields replaced and some left out."""
    return {name: value for name, value in {**body, **changes}.items() if name not in dropped}


BODIES = st.sampled_from(COMMANDS).flatmap(
    lambda name: st.tuples(
        st.just(name),
        VALUES
        | st.builds(
            changed,
            st.just(bodies()[name]),
            st.dictionaries(st.sampled_from(sorted(operations()[name].given)), VALUES, max_size=2),
            st.sets(st.sampled_from(NAMES), max_size=2),
        ),
    )
)

SETTINGS = settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADERS = {"Test-Actor": "staff-1", "Content-Type": "application/json"}


def packed(value) -> bytes:
    """JSON, also of what orjson does not write."""
    return json.dumps(value).encode()


@given(BODIES)
@SETTINGS
async def test_no_body_of_a_command_is_a_fault_of_the_server(client, sent):
    name, body = sent
    path = operations()[name].path.replace(f"{{{operations()[name].stream_field}}}", str(uuid.uuid4()))
    headers = {**HEADERS, "Idempotency-Key": f'"{uuid.uuid4()}"'}
    answer = await client.post(path, content=packed(body), headers=headers)
    assert answer.status_code < 500, (name, body, answer.text)


@given(st.lists(st.binary(max_size=30) | BODIES.map(lambda sent: packed(sent[1])), max_size=5))
@SETTINGS
async def test_no_line_of_bulk_intake_is_a_fault_of_the_server(client, lines):
    content = b"\n".join(line.replace(b"\n", b" ") for line in lines)
    headers = {"Test-Actor": "staff-1", "Content-Type": "application/x-ndjson"}
    answer = await client.post("/bulk/commands", content=content, headers=headers)
    assert answer.status_code == 200
    verdicts = [orjson.loads(line) for line in answer.content.splitlines()]
    assert len(verdicts) == sum(1 for line in content.split(b"\n") if line.strip())
    assert {verdict["verdict"] for verdict in verdicts} <= {"invalid"}


@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.uuids(), VALUES), min_size=1, max_size=6), st.uuids())
@SETTINGS
async def test_lines_that_are_nearly_right_never_fail_for_each_other(client, lines, stream_id):
    content = b"\n".join(
        packed({**bodies()[name], operations()[name].stream_field: str(stream_id), "command": name, "id": str(key)})
        if not operations()[name].creates
        else packed({**bodies()[name], "command": name, "id": str(key), "occurred_at": value})
        for name, key, value in lines
    )
    headers = {"Test-Actor": "staff-1", "Content-Type": "application/x-ndjson"}
    answer = await client.post("/bulk/commands", content=content, headers=headers)
    assert answer.status_code == 200
    verdicts = [orjson.loads(line) for line in answer.content.splitlines()]
    assert len(verdicts) == len(lines)
    assert "failed" not in {verdict["verdict"] for verdict in verdicts}, answer.text


@given(VALUES)
@SETTINGS
async def test_no_cloud_event_is_a_fault_of_the_server(client, value):
    for kind in ("application/cloudevents+json", "application/cloudevents-batch+json"):
        headers = {"Test-Actor": "staff-1", "Content-Type": kind}
        answer = await client.post("/events", content=packed(value), headers=headers)
        assert answer.status_code < 500, answer.text


@given(
    st.sampled_from(["/complaints", "/campaigns", "/audit", "/satisfaction", "/feed", "/customers/x/timeline"]),
    st.dictionaries(
        st.sampled_from(["after", "limit", "token", "cursor", "status", "by", "mode", "type", "received_from"]),
        st.text(alphabet=st.characters(blacklist_categories=["Cs"])),
        max_size=3,
    ),
)
@SETTINGS
async def test_no_query_is_a_fault_of_the_server(client, path, query):
    answer = await client.get(path, params={"mode": "page", **query} if path == "/feed" else query)
    assert answer.status_code < 500, (path, query, answer.text)
