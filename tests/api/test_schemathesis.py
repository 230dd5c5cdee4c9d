"""Requests made up from the OpenAPI document: none is a fault of the server, none is answered as was not announced."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.api import bearer

PROJECT = Path(__file__).resolve().parents[2]
# Not the content type: what the server's parser refuses as no HTTP it answers itself, as plain text.
CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"


@pytest.fixture
async def address(database, daybook, tmp_path) -> AsyncGenerator[str]:
    """A server in a process of its own; `daybook` has made the record and the key of its issuer."""
    environment = {**os.environ, "DAYBOOK_DATABASE_URL": database.app_dsn, "DAYBOOK_DATA_DIR": str(tmp_path)}
    environment |= {
        "DAYBOOK_REQUESTS_PER_S": "100000",
        "DAYBOOK_REQUESTS_BURST": "1000000",
        "DAYBOOK_WAIT_S_MAX": "0.1",
    }
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "api.app:app",
        "--port",
        "0",
        "--loop",
        "uvloop",
        "--no-access-log",
    ]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=log)  # noqa: ASYNC220
        try:
            while not (found := re.search(r"running on (\S+)", (tmp_path / "server.log").read_text(encoding="utf-8"))):
                assert server.poll() is None
                await asyncio.sleep(0.1)
            yield found[1]
        finally:
            server.terminate()
            server.wait(20)


async def run(address: str, folder: Path, examples: int, phases: str) -> tuple[str, int]:
    """What the program says, and how many requests it sent."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/openapi.json",
        "--header", f"Authorization: Bearer {bearer.token()}", "--checks", CHECKS, "--phases", phases,
        "--max-examples", str(examples), "--generation-deterministic",
        "--request-timeout", "10", "--no-color", "--continue-on-failure",
    ]  # fmt: skip
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(PROJECT)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    text = said.decode()
    sent = re.search(r"(\d+) generated", text)
    assert process.returncode == 0, text[-20_000:]
    return text, int(sent[1]) if sent else 0


async def test_a_short_run(address, tmp_path):
    _, sent = await run(address, tmp_path, 3, "examples,fuzzing,stateful")
    assert sent > 300


@pytest.mark.long
async def test_a_long_run(address, tmp_path):
    _, sent = await run(address, tmp_path, 300, "examples,coverage,fuzzing,stateful")
    assert sent > 20_000
