"""Health, readiness, metrics, shutdown."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from api.examples import bodies
from tests.api import bearer

PROJECT = Path(__file__).resolve().parents[2]


async def test_alive_and_ready(client):
    assert (await client.get("/health")).json() == {"status": "alive"}
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert {one["name"] for one in answer.json()["read_models"]} >= {"customer_profile", "audit_trail"}


async def test_not_ready_without_the_database(client, daybook, monkeypatch):
    async def gone(*_):
        raise ConnectionRefusedError

    monkeypatch.setattr(type(daybook.record), "end", gone)
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/metrics")).status_code == 200


async def test_not_ready_with_migrations_pending(client, admin):
    await admin.execute("delete from daybook.migration where name = (select max(name) from daybook.migration)")
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert len(answer.json()["migrations_pending"]) == 1


async def metrics(client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    text = (await client.get("/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
async def app(daybook):
    """Of the test's own, for what it counts begins with nothing."""
    made = create_app(daybook)
    async with made.router.lifespan_context(made):
        yield made


async def test_metrics_count_by_route_and_outcome(client):
    made = await client.command("/customers", {"kind": "person"}, key="k")
    await client.command("/customers", {"kind": "person"}, key="k")
    await client.command("/customers", {"kind": "people"})
    await client.command(f"{made.headers['location']}/withdraw-consent", bodies()["customer.withdraw-consent"])
    await client.get(made.headers["location"])
    await client.get("/nowhere/" + "x" * 20)
    found = await metrics(client)
    count = "daybook_http_request_seconds_count"

    def requests(method: str, route: str, status: str) -> float | None:
        return found.get((count, (("method", method), ("route", route), ("status", status))))

    assert requests("POST", "/customers", "201") == 2
    assert requests("POST", "/customers", "422") == 1
    assert requests("GET", "/customers/{customer_id}", "200") or requests("GET", "/customers/{customer_id}", "404")
    assert requests("(any)", "(none)", "404") == 1
    for outcome, commands in (("accepted", 1), ("repeated", 1), ("refused", 1)):
        assert found["daybook_commands_total", (("outcome", outcome), ("way", "one"))] == commands
    assert found["daybook_events_appended_total", ()] == 1
    assert sum(value for (name, _), value in found.items() if name == "daybook_record_next_position") == 1
    assert {labels for (name, labels), _ in found.items() if name == "daybook_follower_lag_events"}


@pytest.mark.parametrize("factory", ["api.app:app", "api.app:create_app"])
async def test_the_program_stops_although_somebody_follows_the_feed(database, daybook, tmp_path, factory, warm):
    environment = {**os.environ, "DAYBOOK_DATABASE_URL": database.app_dsn, "DAYBOOK_DATA_DIR": str(tmp_path)}
    environment["DAYBOOK_MIGRATE_URL"] = database.admin_dsn
    command = [*warm, "uvicorn", "--factory", factory, "--port", "0", "--loop", "uvloop"]
    server = subprocess.Popen(  # noqa: ASYNC220
        command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        lines: list[str] = []
        while "Uvicorn running on" not in (line := await asyncio.to_thread(server.stderr.readline)):
            assert line, "".join(lines)
            lines.append(line)
        assert "development issuer" in "".join(lines)
        address = line.split("running on ")[1].split(" ")[0]
        async with bearer.Client() as reader, reader.stream("GET", f"{address}/feed", timeout=20) as answer:
            received = aiter(answer.aiter_lines())
            await anext(received)
            server.send_signal(signal.SIGTERM)
            assert [line async for line in received if line.startswith("data")] == []
        assert await asyncio.to_thread(server.wait, 20) in {0, -signal.SIGTERM}
    finally:
        server.kill()
        server.stderr.close()
        server.wait()
