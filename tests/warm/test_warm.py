"""A program that is started warm cannot tell, nor can whoever started it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.warm import KILL_AND_WAIT

TELLS = """\
import json, os, sys
print(json.dumps([__name__, sys.argv[1:], os.environ.get("TOLD"), "HOME" in os.environ, sys.stdin.read()]))
print("to the other", file=sys.stderr)
sys.exit(7)
"""
STAYS = """\
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
signal.signal(signal.SIGINT, lambda *_: sys.exit(4))  # whoever runs the tests may ignore it
print(os.getpid(), flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def stays(warm, tmp_path: Path):
    (tmp_path / "stays.py").write_text(STAYS, encoding="utf-8")
    with subprocess.Popen([*warm, "stays"], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_it_has_what_it_was_given(warm, tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(TELLS, encoding="utf-8")
    done = subprocess.run(
        [*warm, "tells", "two words", "--x"],
        cwd=tmp_path, env={"TOLD": "yes"}, input="said", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7
    assert done.stdout == '["__main__", ["two words", "--x"], "yes", false, "said"]\n'
    assert done.stderr == "to the other\n"


def test_an_error_ends_it_as_it_would_have(warm, tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("raise LookupError('nothing here')", encoding="utf-8")
    done = subprocess.run([*warm, "fails"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("LookupError: nothing here\n")


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGTERM, 3), (signal.SIGINT, 4), (KILL_AND_WAIT, -9), (signal.SIGKILL, -9)]
)
def test_signals_reach_it(stays, sent: signal.Signals, code: int) -> None:
    pid = int(stays.stdout.readline())
    stays.send_signal(sent)
    assert stays.wait(20) == code
    deadline = time.monotonic() + 20
    while _alive(pid):
        assert sent == signal.SIGKILL, "it ended before the command did"
        assert time.monotonic() < deadline


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
