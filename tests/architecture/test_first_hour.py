"""The tutorial, run as it stands: its shell blocks in one shell, their answers beside those that it shows."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from engine.settings import Settings
from engine.simulation import SimulatedBank
from engine.wiring import Databases, Daybook
from store.initialising import create_partitions

BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BESIDE = ("make ", "BIN=")  # blocks that begin so start the demo, or talk to its database
END = "\x1e"  # printed after each block
# What the tutorial needs of curl, so that the tests need no curl.
CURL = """\
#!{python}
import sys, urllib.error, urllib.request
headers, body, url, words = {{}}, None, "", iter(sys.argv[1:])
for word in words:
    if word == "-H":
        name, _, value = next(words).partition(": ")
        headers[name] = value
    elif word == "-d":
        body = next(words).encode()
    elif word != "-s":
        url = "http://" + word.replace("localhost:8000", "localhost:{port}")
try:
    print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""


@pytest.fixture
async def port(database, tmp_path: Path) -> AsyncGenerator[int]:
    """A server over a small simulated bank."""
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 4, schema=schema)
    settings = Settings(database_url=database.app_dsn, data_dir=tmp_path)
    daybook = await Daybook.open(settings, Databases(database.app_dsn, database.admin_dsn, None))
    await daybook.handler.handle_copy(list(SimulatedBank(daybook.vault.keyed_hmac, customers=5).units()))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(daybook), log_config=None))
        serving = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving
    await daybook.close()


async def test_the_first_hour_goes_as_it_is_told(port: int, project: Path, tmp_path: Path) -> None:
    blocks = BLOCK.findall((project / "docs" / "tutorial" / "first-hour.md").read_text(encoding="utf-8"))
    blocks = [(language, text) for language, text in blocks if not text.startswith(BESIDE)]
    said = await _run([text for language, text in blocks if language == "sh"], port, tmp_path)
    compared = 0
    for (language, text), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            answer = next(said)
            if following == "json":
                assert _matches(json.loads(shown), json.loads(answer)), f"{text}\nanswered {answer}\nnot {shown}"
                compared += 1
    assert compared > 10


async def _run(scripts: list[str], port: int, folder: Path) -> Any:
    curl = folder / "curl"
    curl.write_text(CURL.format(python=sys.executable, port=port), encoding="utf-8")
    curl.chmod(0o755)
    script = "set -eu\n" + "".join(f"{text}printf '{END}'\n" for text in scripts)
    path = os.pathsep.join((str(folder), str(Path(sys.executable).parent), os.environ["PATH"]))
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PATH": path}
    )
    async with asyncio.timeout(120):
        output, _ = await shell.communicate()
    assert shell.returncode == 0, output
    return iter(output.decode().split(END))


def _matches(shown: Any, actual: Any) -> bool:
    """Whether an answer has all that is shown; "..." stands for anything, and it may have more."""
    if isinstance(shown, dict):
        return isinstance(actual, dict) and all(k in actual and _matches(v, actual[k]) for k, v in shown.items())
    if isinstance(shown, list):
        return len(shown) == len(actual) and all(map(_matches, shown, actual))
    return shown in ("...", actual)
