"""The witness over HTTP: the route, its limits, and that nothing which is sent makes it answer 500."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import SealingStopped
from audit.notes import parse, verified
from audit.witness import SUBMISSION_BYTES_MAX, Answer
from audit.witness_http import WitnessApp
from tests.audit.histories import History, witness_key
from tests.audit.serving_witness import a_witness, serving, witnessing
from tests.examples import examples

ONE = History("one", shared=15)


async def test_a_log_is_cosigned_over_http(tmp_path: Path) -> None:
    async with witnessing(tmp_path) as (line, _), httpx.AsyncClient(base_url=line.split()[-1]) as client:
        answer = await client.post("/add-checkpoint", content=ONE.body(0, 10))
        assert answer.status_code == 200
        assert verified(parse(ONE.note(10).format() + answer.text), [witness_key(1).verifier])
        stale = await client.post("/add-checkpoint", content=ONE.body(0, 10))
        assert (stale.status_code, stale.headers["content-type"], stale.text) == (409, "text/x.tlog.size", "10\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/w/add-checkpoint", b"", 405),
        ("PUT", "/w/add-checkpoint", b"", 405),
        ("POST", "/add-checkpoint", ONE.body(0, 10), 404),
        ("POST", "/w/add-checkpoint/", ONE.body(0, 10), 404),
        ("POST", "/w/../etc/passwd", b"", 404),
        ("POST", "/w/add-checkpoint", b"", 400),
        ("POST", "/w/add-checkpoint", b"x" * (SUBMISSION_BYTES_MAX + 1), 413),
    ],
)
async def test_other_requests_are_refused(tmp_path: Path, method: str, path: str, body: bytes, status: int) -> None:
    async with witnessing(tmp_path) as (line, _), httpx.AsyncClient() as client:
        answer = await client.request(method, line.split()[-1].removesuffix("/w") + path, content=body)
        assert answer.status_code == status
        assert answer.text.endswith("\n")
        assert (answer.headers.get("allow") == "POST") is (status == 405)


async def _drops() -> AsyncGenerator[bytes]:
    while True:
        yield b"old 0\n"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("body", [b"x" * 5_000_000, None], ids=["endless", "drop by drop"])
async def test_what_does_not_end_is_hung_up_on(tmp_path: Path, body: bytes | None) -> None:
    app = WitnessApp(a_witness(tmp_path)[1], read_s_max=0.1)
    async with serving(app) as url, httpx.AsyncClient() as client:
        try:
            answer = await client.post(f"{url}/add-checkpoint", content=_drops() if body is None else body)
        except httpx.TransportError:  # it was still sending
            return
        assert answer.status_code in {408, 413}


async def test_twenty_at_once_are_answered_one_after_the_other(tmp_path: Path) -> None:
    async with witnessing(tmp_path) as (line, _), httpx.AsyncClient(base_url=line.split()[-1]) as client:
        bodies = [History(f"fork{at}", shared=15).body(0, 20 + at) for at in range(20)]
        answers = await asyncio.gather(*(client.post("/add-checkpoint", content=body) for body in bodies))
        assert sorted(one.status_code for one in answers) == [200, *([409] * 19)]


@pytest.mark.parametrize("error", [SealingStopped("damaged"), OSError(28, "disk full")])
async def test_a_state_that_cannot_be_used_answers_503(tmp_path: Path, error: Exception, caplog, monkeypatch) -> None:
    def broken(_body: bytes) -> Answer:
        raise error

    _, witness = a_witness(tmp_path)
    monkeypatch.setattr(witness, "add_checkpoint", broken)
    async with serving(WitnessApp(witness)) as url, httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/add-checkpoint", content=b"x")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert "damaged" not in answer.text
    assert str(error) in caplog.text


@given(st.binary(max_size=400) | st.tuples(st.integers(0, 10_000), st.integers(0, 7)))
@settings(max_examples=examples(35), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_sent_breaks_it(tmp_path: Path, made: bytes | tuple[int, int]) -> None:
    content = bytearray(ONE.body(10, 12)) if isinstance(made, tuple) else bytearray(made)
    if isinstance(made, tuple):
        content[made[0] % len(content)] ^= 1 << made[1]
    _, witness = a_witness(tmp_path)
    if witness._state.latest(ONE.head(0).origin) is None:
        witness.add_checkpoint(ONE.body(0, 10))
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": bytes(content), "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    asyncio.run(WitnessApp(witness)({"type": "http", "path": "/add-checkpoint", "method": "POST"}, receive, send))
    assert sent[0]["status"] in {400, 403, 404, 422}
    latest = witness._state.latest(ONE.head(0).origin)
    assert latest is not None
    assert latest.text == ONE.head(10).text()
