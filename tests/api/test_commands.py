"""Commands over HTTP."""

import uuid


async def test_a_created_stream_is_answered_with_its_place_and_version(client):
    answer = await client.command("/customers", {"kind": "person", "name": "Ada Example", "segment": "retail"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["location"] == f"/customers/{body['stream_id']}"
    assert answer.headers["etag"] == '"0"'
    assert [event["type"] for event in body["events"]] == ["customer.registered"]
    assert body["version"] == 0
    assert "Ada" not in answer.text
