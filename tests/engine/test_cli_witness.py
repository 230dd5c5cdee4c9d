"""The commands of a witness, in a process that has no database and no settings."""

import asyncio
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import pytest

from audit.notes import Verifier, parse, verified
from audit.policy import Policy
from tests.audit.histories import LOG_KEY, History

ONE = History("one", shared=15)
NAME = "auditor.example/witness"


@dataclass(frozen=True)
class Commands:
    """`daybook witness ...` where nothing of an installation can be found."""

    environment: dict[str, str]
    python: tuple[str, ...]

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code and what was printed."""
        command = [*self.python, "engine", "witness", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment, timeout=60)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def run(tmp_path: Path, warm: tuple[str, ...]) -> Commands:
    home = str(tmp_path / "home")
    return Commands({"PATH": os.environ["PATH"], "HOME": home, "DAYBOOK_DATABASE_URL": "postgresql://none"}, warm)


def test_init_makes_a_key_once_and_prints_the_line_of_a_policy(run, tmp_path: Path) -> None:
    state = str(tmp_path / "witness")
    code, line, _ = run("init", "--state", state, "--name", NAME)
    assert code == 0
    policy = Policy.parse(line.replace("HOST:PORT", "127.0.0.1:1") + "quorum auditor.example-witness")
    assert policy.witnesses[0].key.name == NAME
    assert run("init", "--state", state)[1] == line
    code, _, said = run("init", "--state", state, "--name", "another")
    assert (code, "is called auditor.example/witness" in said) == (1, True)
    assert (tmp_path / "witness" / "key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "--state", "{}"], "needs a name"),
        (["init", "--state", "{}", "--name", "two words"], "no key name"),
        (["serve", "--state", "{}", "--log", LOG_KEY.verifier.vkey], "there is no witness"),
        (["serve", "--state", "{}", "--name", NAME], "which logs"),
        (["serve", "--state", "{}", "--name", NAME, "--log", "nonsense"], "no verifier key"),
        (["list", "--state", "{}"], "there is no witness"),
    ],
)
def test_what_is_missing_is_said_in_one_line(run, tmp_path: Path, arguments: list[str], said: str) -> None:
    code, out, told = run(*(one.format(tmp_path / "witness") for one in arguments))
    assert code == 1
    assert out == ""
    assert said in told.replace("\n", " ")
    assert "Traceback" not in told


async def test_a_served_witness_cosigns_remembers_and_shows_evidence(run, tmp_path: Path) -> None:
    state = str(tmp_path / "witness")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *run.python, "engine", "witness", "serve", "--state", state, "--name", NAME,
        "--log", LOG_KEY.verifier.vkey, "--port", str(port), "--prefix", "/w",
    ]  # fmt: skip
    for old, size in ((0, 10), (10, 20)):  # killed in between
        with subprocess.Popen(command, env=run.environment, stderr=subprocess.PIPE, text=True) as serving:  # noqa: ASYNC220
            try:
                answer = await _post(f"http://127.0.0.1:{port}/w/add-checkpoint", ONE.body(old, size))
                assert answer.status_code == 200
                fork = await _post(f"http://127.0.0.1:{port}/w/add-checkpoint", History("fork").body(size, size))
                assert fork.status_code == 422
            finally:
                serving.kill()
            assert serving.stderr is not None
            told = serving.stderr.read()
        vkey = next(line.split()[2] for line in told.splitlines() if line.startswith("witness "))
        assert verified(parse(ONE.note(size).format() + answer.text), [Verifier.parse(vkey)])
    code, out, _ = await asyncio.to_thread(run, "list", "--state", state, "--json")
    (log,) = orjson.loads(out)["logs"]
    assert (code, log["size"], log["root"]) == (0, 20, ONE.head(20).root.hex())
    assert [parse(one).text for one in log["refused"]] == [History("fork").head(size).text() for size in (10, 20)]


async def _post(url: str, body: bytes) -> httpx.Response:
    deadline = time.monotonic() + 30
    async with httpx.AsyncClient() as client:
        while True:
            try:
                return await client.post(url, content=body)
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)
