"""The log's side: quorum, resync, and witnesses that are dead, slow, lying or back after a restore."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from audit.notes import Note, Signature, Verifier, cosign, parse, verified
from audit.policy import Policy
from audit.witness import Witness, WitnessState, parse_submission
from audit.witnessing import ANSWER_BYTES_MAX, Cosigned, Witnesses
from tests.audit.histories import LOG_KEY, LOGS, History, witness_key
from tests.audit.serving_witness import answering, http, witnessing

ONE, FORK = History("one", shared=15), History("fork", shared=15)
KEY = witness_key(1)
NOW = int(time.time())


def policy_of(*lines: str, quorum: str = "none") -> Policy:
    return Policy.parse("\n".join([f"log {LOG_KEY.verifier.vkey}", *lines, f"quorum {quorum}"]))


async def ask(witnesses: Witnesses, history: History, size: int) -> Cosigned:
    async def prove(old: int, new: int) -> list[bytes]:
        return history.proof(old, new)

    return await witnesses.cosign(history.head(size), history.note(size), prove)


def cosigners(note: Note, *numbers: int) -> list[Verifier]:
    keys = [witness_key(number).verifier for number in numbers]
    return [one.verifier for one in verified(parse(note.format()), keys)]


async def test_a_growing_log_gets_its_cosignatures(tmp_path: Path) -> None:
    async with witnessing(tmp_path, 1) as (one, _), witnessing(tmp_path, 2) as (two, _):
        witnesses = Witnesses(policy_of(one, two, "group g all W1 W2", quorum="g"))
        for size in (0, 3, 3, 10, 300):
            done = await ask(witnesses, ONE, size)
            assert (done.reached, done.missing) == (True, {})
            assert len(cosigners(done.note, 1, 2)) == 2
            assert verified(done.note, [LOG_KEY.verifier])
        await witnesses.close()


async def test_another_process_begins_where_the_witness_is(tmp_path: Path) -> None:
    async with witnessing(tmp_path) as (line, _):
        for size in (10, 20, 20):
            witnesses = Witnesses(policy_of(line, quorum="W1"))  # knows nothing of what was cosigned
            assert (await ask(witnesses, ONE, size)).reached
            assert witnesses.asked[0].size == size
            await witnesses.close()


async def test_a_witness_that_was_set_back_is_served_from_there(tmp_path: Path, caplog) -> None:
    async with witnessing(tmp_path) as (line, _):
        witnesses = Witnesses(policy_of(line, quorum="W1"))
        await ask(witnesses, ONE, 10)
        (path,) = (tmp_path / "witness1" / "logs").iterdir()
        older = path.read_bytes()
        await ask(witnesses, ONE, 20)
        path.write_bytes(older)
        assert (await ask(witnesses, ONE, 30)).reached
        assert "W1 cosigned 20 entries and now says 10: was it set back?" in caplog.text
        await witnesses.close()


async def test_a_fork_is_not_cosigned_and_said_so(tmp_path: Path) -> None:
    async with witnessing(tmp_path) as (line, _):
        honest = Witnesses(policy_of(line, quorum="W1"))
        assert (await ask(honest, ONE, 20)).reached
        for size, why in [(20, "different roots"), (25, "not a prefix"), (18, "was set back, or somebody signs")]:
            forging = Witnesses(policy_of(line, quorum="W1"))
            done = await ask(forging, FORK, size)
            assert not done.reached
            assert why in done.missing["W1"]
            await forging.close()
        await honest.close()


async def test_a_quorum_without_the_dead_one(tmp_path: Path) -> None:
    dead = f"witness W3 {witness_key(3).verifier.vkey} http://127.0.0.1:9"
    silent = f"witness W4 {witness_key(4).verifier.vkey}"
    async with witnessing(tmp_path, 1) as (one, _), witnessing(tmp_path, 2) as (two, _):
        lines = (one, two, dead, silent)
        witnesses = Witnesses(policy_of(*lines, "group g 2 W1 W2 W3 W4", quorum="g"))
        done = await ask(witnesses, ONE, 10)
        assert done.reached
        assert set(done.missing) == {"W3", "W4"}
        assert "cannot be reached" in done.missing["W3"]
        assert "no address" in done.missing["W4"]
        await witnesses.close()


async def test_a_failed_witness_is_left_alone_for_a_while_and_then_asked_again(tmp_path: Path) -> None:
    now, asked = 0.0, 0

    def reply(body: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return http(500, b"ill") if asked < 3 else http(200, cosign(ONE.head(10).text(), KEY, NOW).line().encode())

    async with answering(reply) as url:
        line = f"witness W1 {KEY.verifier.vkey} {url}"
        witnesses = Witnesses(policy_of(line, quorum="W1"), monotonic=lambda: now)
        for at, expected in [(0.0, 1), (0.9, 1), (1.1, 2), (2.0, 2), (3.2, 3), (99.0, 3)]:
            now = at
            done = await ask(witnesses, ONE, 10)
            assert (asked, done.reached) == (expected, expected == 3)
            assert witnesses.due(ONE.note(10).text) is False
        assert witnesses.due(ONE.note(11).text)
        await witnesses.close()


def replied(what: str, body: bytes) -> bytes:
    """Lies that a witness could tell."""
    asked = parse_submission(body)
    text = asked.note.text
    good = cosign(text, KEY, NOW)
    stranger = cosign(text, witness_key(2), NOW).line()
    answers = {
        "nothing": b"",
        "not http": b"hello\r\n\r\n",
        "empty": http(200, b""),
        "binary": http(200, bytes(range(256))),
        "not a line": http(200, b"thanks\n"),
        "no line feed": http(200, good.line().removesuffix("\n").encode()),
        "another text": http(200, cosign(text + "x\n", KEY, NOW).line().encode()),
        "another fork": http(200, cosign(FORK.head(20).text(), KEY, NOW).line().encode()),
        "another key": http(200, stranger.encode()),
        "another key under its id": http(
            200, good._replace(signature=cosign(text, witness_key(2), NOW).signature).line().encode()
        ),
        "no time": http(200, cosign(text, KEY, 0).line().encode()),
        "tomorrow": http(200, cosign(text, KEY, NOW + 86_400).line().encode()),
        "plain signature": http(200, Signature(KEY.verifier.name, KEY.verifier.key_id, KEY.sign(b"x")).line().encode()),
        "short": http(200, Signature(KEY.verifier.name, KEY.verifier.key_id, b"x").line().encode()),
        "new text": http(200, f"bank\n1\nroot\n\n{cosign('bank', KEY, NOW).line()}".encode()),
        "giant": http(200, b"x" * 10_000_000),
        "giant line": http(200, b"x" * (ANSWER_BYTES_MAX - 1) + b"\n"),
        "endless": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"5\r\nhello\r\n" * 1_000_000,
        "hundred lines": http(200, (stranger * 101).encode()),
        "redirect": http(302, b"", "text/plain", "Location: http://127.0.0.1:9/"),
        "error": http(503, b"later"),
        "conflict without size": http(409, b"what?"),
        "conflict of another type": http(409, b"5\n", "text/html"),
        "conflict of no size": http(409, b"05\n", "text/x.tlog.size"),
        "conflict in giant": http(409, b"9" * 5000 + b"\n", "text/x.tlog.size"),
        "conflict ahead": http(409, b"99\n", "text/x.tlog.size"),
        "conflict again and again": http(409, b"%d\n" % ((asked.old + 1) % 12), "text/x.tlog.size"),
        "conflict in other digits": http(409, "٣\n".encode(), "text/x.tlog.size"),
    }
    return answers[what]


LIES = (
    "nothing", "not http", "empty", "binary", "not a line", "no line feed", "another text", "another fork",
    "another key", "another key under its id", "no time", "tomorrow", "plain signature", "short", "new text", "giant",
    "giant line", "endless", "hundred lines", "redirect", "error", "conflict without size", "conflict of another type",
    "conflict of no size", "conflict in giant", "conflict ahead", "conflict again and again",
    "conflict in other digits",
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
async def test_a_lying_witness_is_not_believed_and_harms_nothing(tmp_path: Path, lie: str) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(answering(lambda body: replied(lie, body)))
        good, _ = await stack.enter_async_context(witnessing(tmp_path, 2))
        line = f"witness W1 {KEY.verifier.vkey} {url}"
        witnesses = Witnesses(policy_of(line, good, "group g any W1 W2", quorum="g"))
        done = await ask(witnesses, ONE, 20)
        assert done.reached  # by the other
        assert cosigners(done.note, 1, 2) == [witness_key(2).verifier]
        assert len(done.missing["W1"]) < 500
        assert witnesses.asked[0].trouble == done.missing["W1"]
        await witnesses.close()


async def _slowly(first: bytes) -> AsyncIterator[bytes]:
    yield first
    for _ in range(1000):
        await asyncio.sleep(0.02)
        yield first[-1:]


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 X\r\nContent-Length: 9000\r\n\r\nx"], ids=["never", "drops"])
async def test_a_slow_witness_is_waited_for_only_so_long(first: bytes) -> None:
    async with answering(lambda _: _slowly(first)) as url:
        line = f"witness W1 {KEY.verifier.vkey} {url}"
        witnesses = Witnesses(policy_of(line, quorum="W1"), timeout_s=0.2)
        async with asyncio.timeout(10):
            done = await ask(witnesses, ONE, 12)
        assert done.missing == {"W1": "did not answer within 0.2 s"}
        await witnesses.close()


async def test_a_proof_that_cannot_be_made_is_the_logs_trouble_and_stops_nothing(tmp_path: Path) -> None:
    async with witnessing(tmp_path) as (line, _):
        witnesses = Witnesses(policy_of(line, quorum="W1"))
        await ask(witnesses, ONE, 10)

        async def prove(old: int, new: int) -> list[bytes]:
            raise LookupError("tile 0/0 has 0 bytes")

        done = await witnesses.cosign(ONE.head(12), ONE.note(12), prove)
        assert not done.reached
        assert "tile 0/0" in done.missing["W1"]
        await witnesses.close()


def test_a_witness_trusts_the_logs_of_a_policy(tmp_path: Path) -> None:
    logs = {origin: list(keys) for origin, keys in policy_of().logs.items()}
    assert logs == LOGS
    witness = Witness(KEY, logs, WitnessState(tmp_path, KEY.verifier))
    assert witness.add_checkpoint(ONE.body(0, 3)).status == 200
