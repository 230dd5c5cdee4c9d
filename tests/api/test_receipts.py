"""Receipts over HTTP: an answer that proves its events are sealed, or says where the proofs are to be had."""

import base64
import re
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path

import httpx
import orjson
import pytest

from api.app import create_app
from audit.logs import read_logs
from audit.notes import Verifier, verified
from audit.proof import parse_proof
from engine.settings import Settings
from engine.status import status
from engine.wiring import Databases, Daybook
from store.initialising import create_partitions
from tests.api import bearer

CUSTOMER = {"kind": "person", "name": "Ada Example", "segment": "retail"}
NOWHERE = "0197f3a0-0000-7abc-8def-0123456789ab"


@pytest.fixture
async def sealed_daybook(database, tmp_path: Path) -> AsyncGenerator[Daybook]:
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 2, schema=schema)
    bearer.install(tmp_path)
    sealer = database.app_dsn.replace("daybook_app", "daybook_sealer")
    settings = Settings(database_url=database.app_dsn, sealer_url=sealer, data_dir=tmp_path, wait_s_max=20)
    opened = await Daybook.open(settings, Databases(database.app_dsn, database.admin_dsn, None))
    yield opened
    await opened.close()


@pytest.fixture
async def sealing_client(sealed_daybook: Daybook) -> AsyncGenerator[bearer.Client]:
    made = create_app(sealed_daybook)
    async with made.router.lifespan_context(made):
        transport = httpx.ASGITransport(made, client=("127.0.0.1", 50000))
        async with bearer.Client(transport=transport, base_url="http://127.0.0.1:8000") as client:
            yield client


async def checked(daybook: Daybook, receipt: dict) -> list[dict]:
    """The headers that a receipt proves, each by its own proof."""
    vkeys = [Verifier.parse(log.vkey) for log in await read_logs(daybook.record.pool)]
    headers = []
    for one in receipt["proofs"]:
        proof = parse_proof(one["proof"])
        assert proof.extra is not None
        told = proof.verify(proof.extra)
        assert [signer.verifier.name for signer in verified(proof.checkpoint, vkeys)] == [told.origin]
        leaf = orjson.loads(proof.extra)
        assert leaf["n"] == proof.position
        assert base64.b64decode(leaf["h"]) == sha256(one["header"].encode()).digest()
        headers.append(orjson.loads(one["header"]))
        assert headers[-1]["event_id"] == one["event_id"]
    return headers


async def test_who_waits_is_given_the_proofs(sealing_client, sealed_daybook) -> None:
    answer = await sealing_client.command("/customers?wait=sealed", CUSTOMER)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()["receipt"]
    assert receipt["status"] == "sealed"
    (header,) = await checked(sealed_daybook, receipt)
    assert (header["type"], header["stream_id"]) == ("customer.registered", answer.json()["stream_id"])
    again = await sealing_client.get(receipt["url"])
    assert (again.status_code, again.json()["url"]) == (200, receipt["url"])
    assert await checked(sealed_daybook, again.json()) == [header]
    assert [one["event_id"] for one in again.json()["proofs"]] == [one["event_id"] for one in answer.json()["events"]]


async def test_what_changed_nothing_has_nothing_to_prove(sealing_client) -> None:
    where = (await sealing_client.command("/customers", CUSTOMER)).headers["location"]
    held = await sealing_client.command(f"{where}/enter-segment?wait=sealed", {"segment": "retail"})
    assert held.status_code == 200
    assert held.json()["receipt"] == {"status": "nothing-to-prove", "url": None, "proofs": []}
    refused = await sealing_client.command(f"{where}/verify-contact-point?wait=sealed", {"contact_point_id": NOWHERE})
    assert "receipt" not in refused.json()


async def test_what_is_not_sealed_in_time_says_where_to_ask(client, daybook, monkeypatch) -> None:
    monkeypatch.setattr(daybook, "settings", daybook.settings.model_copy(update={"wait_s_max": 0.1}))
    answer = await client.command("/customers?wait=sealed", CUSTOMER)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/customers/{answer.json()['stream_id']}"
    receipt = answer.json()["receipt"]
    assert (receipt["status"], receipt["proofs"]) == ("pending", [])
    later = await client.get(f"{receipt['url']}&wait=sealed")
    assert (later.status_code, later.json(), later.headers["retry-after"]) == (200, receipt, "1")


@pytest.mark.parametrize("query", ["wait=soon", "wait=sealed&wait=sealed", "await=sealed"])
async def test_another_query_is_refused_and_nothing_is_done(client, daybook, query: str) -> None:
    answer = await client.command(f"/customers?{query}", CUSTOMER)
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid")
    assert sum((await daybook.record.end()).next_positions) == 0


async def test_a_receipt_of_no_event_or_of_more_than_there_are_is_not_found(client) -> None:
    event = (await client.command("/customers", CUSTOMER)).json()["events"][0]["event_id"]
    for path in (f"/receipts/{NOWHERE}", "/receipts/x", f"/receipts/{event}?events=2"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get(f"/receipts/{event}?events=1001")).json()["code"] == "query-invalid"


async def test_the_header_is_for_who_acted_and_for_auditors(sealing_client) -> None:
    answer = await sealing_client.command("/customers?wait=sealed", CUSTOMER, actor="staff-1")
    url = answer.json()["receipt"]["url"]

    async def header(actor: str, role: str) -> str | None:
        found = await sealing_client.get(url, headers=bearer.headers(actor, (role,), None))
        return found.json()["proofs"][0]["header"]

    assert await header("staff-1", "front-office")
    assert await header("auditor", "compliance-auditor")
    assert await header("staff-2", "front-office") is None


async def test_metrics_tell_how_far_each_log_is_signed(sealing_client, sealed_daybook) -> None:
    await sealing_client.command("/customers?wait=sealed", CUSTOMER)
    told = (await sealing_client.get("/metrics")).text
    assert re.search(r'daybook_log_signed_entries\{origin="[^"]*/[01]/0"\} 1\.0', told)
    assert "daybook_log_lag_events" in told
    assert not re.search(r"daybook_log_stopped\{[^}]*\} 1\.0", told)
    logs = (await status(sealed_daybook)).logs
    assert [(one.signed, one.lag, one.trouble) for one in logs if one.lag is not None and one.signed] == [(1, 0, None)]
