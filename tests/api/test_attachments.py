"""Attached files over HTTP: given in base64, answered as bytes, only to who is shown them."""

import os
import uuid
from base64 import b64encode

import pytest

from api.examples import bodies
from domain.attaching import CONTENT_BYTES_MAX
from engine.shredding import open_eraser
from tests.api import bearer
from tests.api.stories import by_program, told

CLERK = bearer.headers("staff:clerk", ("front-office",), "service")


async def attach(client, where: str, content: bytes, **more) -> dict:
    body = {"kind": "identity-document", "media_type": "image/png", "content": b64encode(content).decode(), **more}
    answer = await client.command(f"{where}/attach", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["interaction", "complaint"])
async def test_the_largest_file_comes_back_as_it_was_given(client, kind):
    ids = await told(client)
    where, content = f"/{kind}s/{ids[kind]}", os.urandom(CONTENT_BYTES_MAX)
    made = await attach(client, where, content, file_name="Reise-paß 护照.png")
    answer = await client.get(f"{where}/attachments/{made['attachment_id']}", headers=CLERK)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(CONTENT_BYTES_MAX)
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Reise-pa%C3%9F%20%E6%8A%A4")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    (look, *_) = (await client.get("/audit/looks", params={"actor": "staff:clerk"})).json()["looks"]
    assert look["operation"] == f"{kind}_attachment"
    assert ("attachment", ["content"], "shown") in [
        (one["record_class"], one["fields"], one["decision"]) for one in look["looked"]
    ]


async def test_lists_name_the_file_and_do_not_open_it(client, daybook):
    ids = await told(client)
    where = f"/interactions/{ids['interaction']}"
    made = await attach(client, where, b"the bytes", file_name="passport.png")
    for path in (f"{where}/events", f"/customers/{ids['customer']}/timeline"):
        events = (await client.get(path, headers=CLERK)).json()["events"]
        (event,) = [one for one in events if one["type"] == "interaction.attachment-added"]
        assert event["data"] == {
            "attachment_id": made["attachment_id"], "customer_id": ids["customer"], "kind": "identity-document",
            "media_type": "image/png", "file_name": "passport.png",
        }  # fmt: skip
    looks = (await client.get("/audit/looks", params={"actor": "staff:clerk"})).json()["looks"]
    assert "attachment" not in {part["record_class"] for one in looks for part in one["looked"]}
    (recorded,) = await daybook.record.read_stream(uuid.UUID(ids["interaction"]), 0, 10)
    assert b"passport" not in recorded.state
    assert b64encode(b"the bytes") not in recorded.state


async def test_who_is_not_shown_it_gets_no_byte_and_it_is_a_look(client):
    ids = await told(client)
    where = f"/complaints/{ids['complaint']}"
    made = await attach(client, where, b"secret bytes")
    auditor = bearer.headers("staff:auditor", ("compliance-auditor",), "audit")
    answer = await client.get(f"{where}/attachments/{made['attachment_id']}", headers=auditor)
    assert (answer.status_code, answer.json()["code"]) == (403, "personal-data-masked")
    (look,) = (await client.get("/audit/looks", params={"actor": "staff:auditor"})).json()["looks"]
    assert {one["decision"] for one in look["looked"]} == {"masked"}
    manager = bearer.headers("staff:manager", ("campaign-manager",), "marketing")
    answer = await client.get(f"{where}/attachments/{made['attachment_id']}", headers=manager)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


async def test_what_is_not_there_is_not_found(client):
    ids = await told(client)
    where = f"/interactions/{ids['interaction']}"
    made = await attach(client, where, b"x")
    for path in (
        f"{where}/attachments/{uuid.uuid4()}",
        f"{where}/attachments/nothing",
        f"/interactions/{uuid.uuid4()}/attachments/{made['attachment_id']}",
        f"/complaints/{ids['complaint']}/attachments/{made['attachment_id']}",
        f"/complaints/{ids['interaction']}/attachments/{made['attachment_id']}",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), path


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", ""),
        ("content", "not base64!"),
        ("content", "YQ"),
        ("content", "YR=="),
        ("content", "YQ==\n"),
        ("content", b64encode(bytes(CONTENT_BYTES_MAX + 1)).decode()),
        ("media_type", "text/html"),
        ("media_type", "image/svg+xml"),
        ("file_name", "../../etc/passwd"),
        ("file_name", "a\r\nSet-Cookie: b"),
        ("file_name", "exe.\u202egpj"),
    ],
)
async def test_a_file_that_is_not_as_it_must_be_is_refused_and_not_repeated(client, field, value):
    ids = await told(client)
    body = {**bodies()["interaction.attach"], field: value}
    answer = await client.command(f"/interactions/{ids['interaction']}/attach", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert [one["field"] for one in answer.json()["errors"]] == [f"/{field}"]
    assert len(answer.text) < 1000


async def test_an_id_names_one_file(client):
    ids = await told(client)
    where = f"/interactions/{ids['interaction']}"
    made = await attach(client, where, b"one")
    body = {**bodies()["interaction.attach"], "attachment_id": made["attachment_id"]}
    answer = await client.command(f"{where}/attach", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "interaction.attachment-id-reused")


async def test_once_its_erasure_is_asked_for_it_is_withheld(client, daybook):
    ids = await told(client)
    where = f"/interactions/{ids['interaction']}"
    made = await attach(client, where, b"the bytes")
    at, customer = f"{where}/attachments/{made['attachment_id']}", uuid.UUID(ids["customer"])
    await by_program(daybook, "erasure.request", customer_id=customer, record_classes=["attachment"])
    answer = await client.get(at, headers=CLERK)
    assert (answer.status_code, answer.json()["code"]) == (403, "personal-data-withheld")
    assert answer.json()["reason"] == "erasure-requested"


async def test_what_is_erased_is_gone_and_the_answer_says_since_when(client, daybook, database):
    ids = await told(client)
    where, customer = f"/interactions/{ids['interaction']}", uuid.UUID(ids["customer"])
    at = f"{where}/attachments/{(await attach(client, where, b'the bytes'))['attachment_id']}"
    url = database.app_dsn.replace("daybook_app", "daybook_eraser")
    settings = daybook.settings.model_copy(update={"eraser_url": url})
    async with open_eraser(settings, daybook.databases, daybook.vault) as eraser:
        partition = daybook.record.partition_of(customer)
        done = await eraser.shredder.shred(partition, customer, ["attachment"], final=True)
    answer = await client.get(at, headers=CLERK)
    assert (answer.status_code, answer.json()["code"]) == (410, "personal-data-erased")
    assert answer.json()["erased_on"] == done.classes[0].tombstones[0].created_at.isoformat()
    assert (await client.get(f"{where}/events", headers=CLERK)).status_code == 200
    refused = await client.command(f"{where}/attach", bodies()["interaction.attach"])
    assert (refused.status_code, refused.json()["code"]) == (409, "subject-erased")
