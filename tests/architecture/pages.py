"""Pages run as they stand: their shell blocks in one shell, their answers beside those that they show."""

import asyncio
import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    elif word in ("-d", "--data-binary"):
        body = next(words).encode()
    elif word != "-s":
        address = word.removeprefix("http://").replace("127.0.0.1", "localhost")
        url = "http://" + address.replace("localhost:8000", "localhost:{port}")
try:
    print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""


@dataclass(frozen=True)
class Served:
    """A server over a small simulated bank, and what the command line needs to reach the same."""

    port: int
    environment: Mapping[str, str]
    python: Sequence[str]


async def run_page(page: str, served: Served, folder: Path) -> int:
    """Run the blocks of a page's text and compare what they say with what it shows; how much was compared."""
    blocks = BLOCK.findall(page)
    blocks = [(language, text) for language, text in blocks if not text.startswith(BESIDE)]
    said = await _run([text for language, text in blocks if language == "sh"], served, folder)
    compared = 0
    for (language, text), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "sh":
            answer = next(said)
            if following == "json":
                assert _matches(json.loads(shown), json.loads(answer)), f"{text}\nanswered {answer}\nnot {shown}"
                compared += 1
    return compared


async def _run(scripts: list[str], served: Served, folder: Path) -> Any:
    programs = {
        "curl": CURL.format(python=sys.executable, port=served.port),
        "daybook": f'#!/bin/sh\nexec {shlex.join(served.python)} engine "$@"\n',
    }
    for name, program in programs.items():
        (folder / name).write_text(program, encoding="utf-8")
        (folder / name).chmod(0o755)
    script = "set -eu\n" + "".join(f"{text}printf '{END}'\n" for text in scripts)
    path = os.pathsep.join((str(folder), str(Path(sys.executable).parent), os.environ["PATH"]))
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", script, stdout=asyncio.subprocess.PIPE, cwd=folder,
        env={**os.environ, **served.environment, "PATH": path},
    )  # fmt: skip
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
