"""Commands over HTTP beside a bare FastAPI route that validates the same body; bulk intake beside COPY."""

import http.client
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uvloop

from benchmarks.both import both_served, logged_in
from benchmarks.load import Load, load
from benchmarks.peers import CopyPeer
from benchmarks.scratch import fresh_record, median, say
from benchmarks.serving import post
from store.embedded import EmbeddedServer
from store.identity import new_id

ROUNDS = 5
CONNECTIONS = 64

Headers = dict[str, str]


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Five interleaved rounds; medians. State is cached: every customer was commanded before."""
    rounds, count, lines = (1, 640, 2000) if quick else (ROUNDS, 19_200, 40_000)
    databases = uvloop.run(fresh_record(server, "http"))
    copy = CopyPeer(databases.migrate)
    uvloop.run(copy.prepare())
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, both_served(databases, Path(folder)) as (ours, bare):
        headers = logged_in(Path(folder), "importer")
        customers = _register(ours, CONNECTIONS * 3, headers)
        for number in range(rounds):
            commands = _preferences(customers, count, number, headers)
            one = {
                "bare_route_per_s": _checked(load(bare, commands, CONNECTIONS, 200)).per_s,
                "commands_per_s": _checked(load(ours, commands, CONNECTIONS, 200)).per_s,
                "copy_per_s": uvloop.run(copy.per_s(lines)),
                "bulk_per_s": _bulk(ours, lines, number, headers),
            }
            for name, value in one.items():
                figures.setdefault(name, []).append(value)
            say(f"round {number + 1}: " + ", ".join(f"{name} {value:,.0f}" for name, value in one.items()))
    return {**{name: median(values) for name, values in figures.items()}, "rounds": rounds}


def _register(port: int, count: int, logged: Headers) -> list[UUID]:
    body = orjson.dumps({"kind": "person", "residence_country": "PT", "language": "pt"})
    connection = http.client.HTTPConnection("127.0.0.1", port)
    customers: list[UUID] = []
    for _ in range(count):
        headers = {**logged, "Idempotency-Key": f'"{new_id()}"', "Content-Type": "application/json"}
        connection.request("POST", "/customers", body, headers)
        customers.append(UUID(orjson.loads(connection.getresponse().read())["stream_id"]))
    connection.close()
    return customers


def _preferences(customers: list[UUID], count: int, number: int, logged: Headers) -> list[bytes]:
    """Commands that each change something: every customer's preference goes back and forth."""
    made: list[bytes] = []
    for index in range(count):
        customer, turn = customers[index % len(customers)], index // len(customers)
        body = orjson.dumps({"preference": "contact_hours", "value": f"h{number}-{turn}"})
        headers = {**logged, "Idempotency-Key": f'"{number}-{index}"'}
        made.append(post(f"/customers/{customer}/set-preference", body, headers))
    return made


def _checked(measured: Load) -> Load:
    if measured.unexpected:
        raise RuntimeError(f"unexpected answers: {measured.unexpected}")
    return measured


def _bulk(port: int, lines: int, number: int, logged: Headers) -> float:
    """Lines a second of one NDJSON request, each a touch decided on a customer of its own."""
    campaign, now = new_id(), datetime.now(UTC).isoformat()
    body = b"\n".join(
        orjson.dumps(
            {
                "command": "touch.decide", "id": f"bulk-{number}-{index}", "occurred_at": now,
                "customer_id": str(new_id()), "campaign_id": str(campaign), "campaign_version": 2, "channel": "phone",
                "purpose": "marketing", "decision": "send", "rule": "consent", "rule_version": 1,
                "reason": "consent_granted", "attributes": {"job": "services", "month": "may", "contacts": 3},
            }
        )
        for index in range(lines)
    )  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    started = time.perf_counter()
    connection.request("POST", "/bulk/commands", body, {**logged, "Content-Type": "application/x-ndjson"})
    verdicts = connection.getresponse().read().splitlines()
    took = time.perf_counter() - started
    connection.close()
    bad = [verdict for verdict in verdicts if b"accepted" not in verdict]
    if bad or len(verdicts) != lines:
        raise RuntimeError(f"{len(verdicts)} verdicts, first refused {bad[:1]}")
    return lines / took
