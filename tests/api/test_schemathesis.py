"""Requests made up from the OpenAPI document: none is a fault of the server, none is answered as was not announced.

They follow the links that schemathesis finds between operations, name what is there, and come from people of every
role, for purposes that are theirs and that are not (`tests/api/schemathesis_hooks.py`).
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from api.app import create_app
from api.openapi import document
from engine.issuer import USERS
from tests.api import bearer
from tests.api.command_stories import waiting
from tests.api.stories import told_all
from tests.api.test_access_matrix import IDS

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,documented_headers"
)


class Noted(NamedTuple):
    """A request that was sent."""

    operation: str
    method: str
    status: str
    caller: str


@dataclass(frozen=True)
class Bank:
    """A server in a process of its own, over a bank that has something of everything."""

    address: str
    folder: Path

    async def fuzz(self, examples: int, phases: str) -> list[Noted]:
        """Have requests made up; they are all answered as they should be."""
        command = [
            str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml"),
            "run", f"{self.address}/openapi.json",
            "--checks", CHECKS, "--phases", phases, "--max-examples", str(examples), "--generation-deterministic",
            "--request-timeout", "60", "--wait-for-schema", "60", "--no-color", "--continue-on-failure", "--no-shrink",
        ]  # fmt: skip
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(PROJECT)}
        environment |= {"DAYBOOK_FUZZ_FOLDER": str(self.folder), "DAYBOOK_FUZZ_PHASES": phases}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        (self.folder / "said").write_bytes(said)
        assert process.returncode == 0, re.sub(r"\S{300,}", lambda long: f"{long[0][:300]}...", said.decode())
        lines = (self.folder / "notes").read_text(encoding="utf-8").splitlines()
        return [Noted(*line.split("\t")) for line in lines]


@pytest.fixture
async def bank(daybook, database, tmp_path, warm, request) -> AsyncGenerator[Bank]:
    made = create_app(daybook)
    transport = httpx.ASGITransport(made, client=("127.0.0.1", 50000))
    async with (
        made.router.lifespan_context(made),
        bearer.Client(transport=transport, base_url="http://localhost") as to,
    ):
        ids = await told_all(to)
        # Who asks little finds what the bank has; who asks much finds what waits for each command, too.
        ready = await waiting(to, daybook) if request.node.get_closest_marker("long") else {}
    (tmp_path / "ids.json").write_text(json.dumps({name: ids[kind] for name, kind in IDS.items()}), encoding="utf-8")
    (tmp_path / "waiting.json").write_text(json.dumps(ready), encoding="utf-8")
    environment = {
        **os.environ,
        "DAYBOOK_DATABASE_URL": database.app_dsn,
        "DAYBOOK_SEALER_URL": database.app_dsn.replace("daybook_app", "daybook_sealer"),
        "DAYBOOK_DATA_DIR": str(tmp_path),
        "DAYBOOK_REQUESTS_PER_S": "100000",
        "DAYBOOK_REQUESTS_BURST": "1000000",
        "DAYBOOK_WAIT_S_MAX": "0.1",
    }
    command = [*warm, "uvicorn", "--factory", "api.app:app"]
    options = ["--port", "0", "--loop", "uvloop", "--no-access-log"]
    said = tmp_path / "server.log"
    with said.open("wb") as log:
        server = subprocess.Popen([*command, *options], cwd=PROJECT, env=environment, stderr=log)  # noqa: ASYNC220
        try:
            while not (found := re.search(r"running on (\S+)", said.read_text(encoding="utf-8"))):
                assert server.poll() is None
                await asyncio.sleep(0.1)
            # Who asks first waits until the document is made: on a busy machine longer than schemathesis waits.
            async with httpx.AsyncClient(timeout=120) as first:
                assert (await first.get(f"{found[1]}/openapi.json")).is_success
            yield Bank(found[1], tmp_path)
            assert "Traceback" not in said.read_text(encoding="utf-8")
        finally:
            server.terminate()
            server.wait(60)


def each_operation() -> set[str]:
    """All but the one that the document comes from, which schemathesis asks for by itself."""
    made = document(create_app())
    found = {f"{method.upper()} {path}" for path, methods in made["paths"].items() for method in methods}
    return found - {"GET /openapi.json"}


async def test_a_short_run(bank):
    sent = await bank.fuzz(1, "fuzzing")
    assert len(sent) > 150
    assert {one.operation for one in sent} == each_operation()


@pytest.mark.long
async def test_a_long_run(bank):
    """At least 20,000 requests: values at every edge, made-up ones, and chains over links, for every operation."""
    sent = await bank.fuzz(60, "examples,coverage,fuzzing")
    chained = await bank.fuzz(100, "stateful")
    assert len(sent) + len(chained) >= 20_000
    # What is named in a path was found by a link; chains begin where nothing need be named.
    assert len([one for one in chained if "{" in one.operation]) >= 1000
    assert {one.operation for one in sent} == each_operation()
    assert {one.caller for one in sent} == {"every role", "nobody", *USERS}
    never = each_operation() - {one.operation for one in (*sent, *chained) if one.status.startswith("2")}
    # Some need several people in one order, which `tests/api/test_commands.py` and others tell.
    assert len(never) < len(each_operation()) / 8, sorted(never)
