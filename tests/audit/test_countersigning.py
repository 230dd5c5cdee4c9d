"""Sealing with witnesses and anchors: what is published when, and that nobody outside can hold up or spoil a log."""

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from audit.anchoring import Anchoring, read_anchoring, read_anchors, unproved_anchors
from audit.checkpoint import Checkpoint
from audit.countersigning import Countersigning, read_witnesses
from audit.errors import CountersignatureMissing
from audit.exporting import export
from audit.logs import Log, LogName, read_logs
from audit.notes import Verifier, parse, verified
from audit.policy import Policy
from audit.sealing import Sealing
from audit.timestamps import TimestampAuthority, verify_anchor
from audit.witnessing import Witnesses
from tests.audit.authority import Authority
from tests.audit.conftest import LOG_ID
from tests.audit.histories import witness_key
from tests.audit.made import append, as_superuser, seal_all
from tests.audit.serving_witness import answering, http, witnessing

ONE, RECORD_LOG = LogName(1, "event"), LogName(0, "checkpoint")
KEY = witness_key(1)
DEAD = f"witness W9 {witness_key(9).verifier.vkey} http://127.0.0.1:9"


def policy_of(*lines: str, quorum: str) -> Policy:
    return Policy.parse("\n".join([*lines, f"quorum {quorum}"]))


def known(logs: list[Log]) -> dict[str, list]:
    """What a witness is told: the key of the record log."""
    return {log.origin: [Verifier.parse(log.vkey)] for log in logs if log.name == RECORD_LOG}


def witnesses_of(log: Log, *numbers: int) -> list[str]:
    keys = [witness_key(number).verifier for number in numbers]
    return [one.verifier.name for one in verified(parse(log.checkpoint or ""), keys)]


async def record_log(hands) -> Log:
    return next(log for log in await read_logs(hands.pool) if log.name == RECORD_LOG)


async def until(condition: Callable) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("require", [True, False])
async def test_a_published_record_log_carries_its_cosignatures(
    record, hands, logs, tmp_path: Path, *, require: bool
) -> None:
    async with witnessing(tmp_path, 1, known(logs)) as (one, _), witnessing(tmp_path, 2, known(logs)) as (two, _):
        witnesses = Witnesses(policy_of(one, two, "group g all W1 W2", quorum="g"))
        others = Countersigning(witnesses, require=require)
        sealing = dataclasses.replace(hands, countersigner=others)
        for count in (1, 300, 5):
            await append(record, 1, count)
            sealed = await seal_all(sealing)
            assert witnesses_of(sealed[RECORD_LOG], 1, 2) == ["witness1.example", "witness2.example"]
            assert witnesses_of(sealed[ONE], 1, 2) == []  # only the record log is witnessed
        noted = await read_witnesses(hands.pool)
        size = sealed[RECORD_LOG].signed_size
        assert [(one.name, one.size, one.trouble) for one in noted] == [("W1", size, None), ("W2", size, None)]
        assert all(one.cosigned_at is not None for one in noted)
        await others.close()


async def test_without_a_required_quorum_the_older_checkpoint_stays(record, hands, logs, tmp_path: Path) -> None:
    async with witnessing(tmp_path, 1, known(logs)) as (one, _):
        with_one = Countersigning(Witnesses(policy_of(one, quorum="W1")), require=True)
        await append(record, 1, 3)
        before = (await seal_all(dataclasses.replace(hands, countersigner=with_one)))[RECORD_LOG]
        with_two = Countersigning(Witnesses(policy_of(one, DEAD, "group g all W1 W9", quorum="g")), require=True)
        await append(record, 1, 3)
        with pytest.raises(CountersignatureMissing, match=r"waits at 2 entries for a quorum.*W9 cannot be reached"):
            await seal_all(dataclasses.replace(hands, countersigner=with_two))
        log = await record_log(hands)
        assert (log.checkpoint, log.signed_size) == (before.checkpoint, before.signed_size)
        assert [(one.name, one.trouble is None) for one in await read_witnesses(hands.pool)] == [
            ("W1", True),
            ("W9", False),
        ]
        await append(record, 1, 3)  # and the other logs go on
        with pytest.raises(CountersignatureMissing):
            await seal_all(dataclasses.replace(hands, countersigner=with_two))
        signed = {log.name: log.signed_size for log in await read_logs(hands.pool)}
        assert signed[ONE] == 9
        after = (await seal_all(dataclasses.replace(hands, countersigner=with_one)))[RECORD_LOG]
        assert after.signed_size > before.signed_size
        assert {one.name for one in await read_witnesses(hands.pool)} == {"W1", "W9"}
        await with_one.close()
        await with_two.close()


async def test_where_no_quorum_is_required_it_is_published_and_the_lack_shown(
    record, hands, logs, tmp_path: Path
) -> None:
    async with witnessing(tmp_path, 1, known(logs)) as (one, _):
        lines = policy_of(one, DEAD, "group g all W1 W9", quorum="g")
        others = Countersigning(Witnesses(lines), require=False)
        await append(record, 1, 3)
        log = (await seal_all(dataclasses.replace(hands, countersigner=others)))[RECORD_LOG]
        assert log.signed_size == 1
        assert witnesses_of(log, 1, 9) == ["witness1.example"]
        note = parse(log.checkpoint or "")
        assert lines.witnesses_of(note) == {"W1"}
        assert not lines.reached(lines.witnesses_of(note))
        assert "cannot be reached" in ((await read_witnesses(hands.pool))[1].trouble or "")
        await others.close()


async def test_a_witness_that_comes_late_cosigns_a_log_that_stands_still(
    record, hands, logs, tmp_path: Path, database
) -> None:
    there = False

    async with witnessing(tmp_path, 1, known(logs)) as (line, witness):

        def reply(body: bytes) -> bytes:
            answer = witness.add_checkpoint(body)
            return http(answer.status, answer.text.encode(), answer.media_type) if there else http(503, b"later")

        async with answering(reply) as url:
            late = f"witness W1 {line.split()[2]} {url}"
            others = Countersigning(Witnesses(policy_of(late, quorum="W1")), require=False)
            dsn = database.app_dsn.replace("daybook_app", "daybook_sealer")
            await append(record, 1, 3)
            async with await Sealing.start(
                dsn, hands.guard, hands.keys, LOG_ID, interval_s=0.02, countersigner=others
            ) as sealing:

                async def published() -> bool:
                    return (await record_log(hands)).signed_size > 0

                async def cosigned() -> bool:
                    return bool(witnesses_of(await record_log(hands), 1))

                await until(published)
                assert not await cosigned()
                there = True
                await until(cosigned)
                assert not sealing.troubles


async def test_a_lying_witness_neither_blocks_nor_spoils_a_log(record, hands, logs) -> None:
    async with answering(lambda _: http(200, b"x" * 1_000_000)) as url:
        lines = policy_of(f"witness W1 {KEY.verifier.vkey} {url}", quorum="W1")
        others = Countersigning(Witnesses(lines), require=False)
        for count in (3, 4):
            await append(record, 1, count)
            log = (await seal_all(dataclasses.replace(hands, countersigner=others)))[RECORD_LOG]
            assert [one.name for one in parse(log.checkpoint or "").signatures] == [log.origin]
        await others.close()


async def test_what_is_known_of_witnesses_outlasts_the_process(record, hands, logs, tmp_path: Path) -> None:
    async with witnessing(tmp_path, 1, known(logs)) as (one, _):
        for _ in range(2):
            others = Countersigning(Witnesses(policy_of(one, quorum="W1")))
            await append(record, 1, 3)
            await seal_all(dataclasses.replace(hands, countersigner=others))
            await others.close()
        size, again = (await record_log(hands)).size, Witnesses(policy_of(one, quorum="W1"))
        others = Countersigning(again)
        await append(record, 1, 3)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(again, "_resync", None)  # it knew the size, and needed no second question
            assert (await seal_all(dataclasses.replace(hands, countersigner=others)))[RECORD_LOG].size > size
        await others.close()


# Two histories for two auditors


async def test_of_two_histories_for_two_auditors_one_has_no_quorum(
    record, hands, logs, admin_pool, tmp_path: Path
) -> None:
    """A superuser with the log's key and the guard seals a second history: no two quorums cosign both."""
    async with AsyncExitStack() as stack:
        lines = [
            (await stack.enter_async_context(witnessing(tmp_path, number, known(logs))))[0] for number in (1, 2, 3)
        ]
        policy = policy_of(*lines, "group g 2 W1 W2 W3", quorum="g")
        first = Countersigning(Witnesses(policy))
        await append(record, 1, 10)
        await seal_all(dataclasses.replace(hands, countersigner=first))
        await append(record, 1, 10)
        await seal_all(dataclasses.replace(hands, countersigner=first))
        await export(hands.pool, tmp_path / "auditor1")
        await first.close()

        await _as_if_never_sealed(hands, admin_pool)
        await as_superuser(admin_pool, "update record.event set actor = 'nobody' where partition = 1 and position = 4")
        forging = Countersigning(Witnesses(policy))
        with pytest.raises(CountersignatureMissing, match=r"has cosigned 2 entries|different roots|not a prefix"):
            await seal_all(dataclasses.replace(hands, countersigner=forging))
        await append(record, 1, 1)
        with pytest.raises(CountersignatureMissing):
            await seal_all(dataclasses.replace(hands, countersigner=forging))
        await forging.close()
        await seal_all(hands)  # without asking anybody, as the forger must
        await export(hands.pool, tmp_path / "auditor2")

    logs_lines = [f"log {log.vkey}" for log in await read_logs(hands.pool)]
    file = tmp_path / "policy"
    file.write_text("\n".join([*logs_lines, *lines, "group g 2 W1 W2 W3", "quorum g\n"]), encoding="utf-8")
    told = [_offline(tmp_path / name, file) for name in ("auditor1", "auditor2")]
    assert [code for code, _ in told] == [0, 1], told
    assert "more witnesses than have signed" in told[1][1]
    one, two = (_checkpoint(tmp_path / name) for name in ("auditor1", "auditor2"))
    (keys,) = known(logs).values()
    assert verified(one, keys)
    assert verified(two, keys)  # the bank's own key has signed both
    assert policy.reached(policy.witnesses_of(one))
    assert not policy.reached(policy.witnesses_of(two))
    assert Checkpoint.parse(one.text) != Checkpoint.parse(two.text)


def _offline(folder: Path, policy: Path) -> tuple[int, str]:
    """What the verifier that shares no code with us says of an export."""
    command = [sys.executable, "audit/offline.py", str(folder), "--policy", str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    return done.returncode, done.stdout + done.stderr


def _checkpoint(export_folder: Path):
    return parse(export_folder.joinpath(*f"{LOG_ID}/record/0".split("/"), "checkpoint").read_bytes())


async def _as_if_never_sealed(hands, admin_pool) -> None:
    for table in ("tile", "entry"):
        await as_superuser(admin_pool, f"delete from seal.{table}")
    await as_superuser(
        admin_pool,
        "update seal.log set size = 0, signed_size = 0, root = sha256(''), checkpoint = null, expires_at = '-infinity'",
    )
    for path in hands.guard._directory.iterdir():
        path.unlink()


# Anchors


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "one")


async def test_the_record_log_is_anchored_exported_and_checked(
    record, hands, logs, admin_pool, authority: Authority, tmp_path: Path
) -> None:
    async with authority.serving() as url:
        anchoring = Anchoring(TimestampAuthority(url, authority.trusted), timedelta(seconds=0))
        sealing = dataclasses.replace(hands, countersigner=Countersigning(anchoring=anchoring))
        texts: dict[int, bytes] = {}
        for count in (3, 300):
            await append(record, 1, count)
            log = (await seal_all(sealing))[RECORD_LOG]
            texts[log.signed_size] = parse(log.checkpoint or "").text.encode()

            async def anchored(size: int = log.signed_size, log: Log = log) -> bool:
                return any(one.size == size for one in await read_anchors(hands.pool, log))

            await until(anchored)
        await sealing.countersigner.close()
    log = await record_log(hands)
    anchors = await read_anchors(hands.pool, log)
    assert [one.size for one in anchors] == sorted(texts)
    for one in anchors:
        assert verify_anchor(texts[one.size], one.token, authority.trusted) == one.at
    assert await unproved_anchors(hands.pool, log, authority.trusted) == []
    assert [(one.origin, one.trouble, one.size) for one in await read_anchoring(hands.pool)] == [
        (log.origin, None, max(texts))
    ]
    await export(hands.pool, tmp_path / "export")
    below = tmp_path.joinpath("export", *log.origin.split("/"), "anchor")
    assert {path.name: path.read_bytes() for path in below.iterdir()} == {
        f"{one.size}.tsr": one.token for one in anchors
    }
    assert authority.accepts(texts[1], (below / "1.tsr").read_bytes())

    await as_superuser(admin_pool, "update seal.anchor set token = (select token from seal.anchor where size = 1)")
    assert await unproved_anchors(hands.pool, log, authority.trusted) == [
        (2, "the timestamp does not hold: Mismatch between messages")
    ]
    await as_superuser(admin_pool, "update seal.anchor set at = at - interval '1 year' where size = 1")
    assert [size for size, _ in await unproved_anchors(hands.pool, log, authority.trusted)] == [1, 2]


async def test_an_authority_that_is_away_holds_up_nothing_and_is_asked_again(
    record, hands, logs, authority: Authority
) -> None:
    asked = 0

    def reply(query: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return http(500, b"") if asked < 3 else http(200, authority.answer(query))

    async with answering(reply) as url:
        client = TimestampAuthority(url, authority.trusted)
        anchoring = Anchoring(client, timedelta(hours=1), retry_s_min=0.05)
        sealing = dataclasses.replace(hands, countersigner=Countersigning(anchoring=anchoring))
        await append(record, 1, 3)
        log = (await seal_all(sealing))[RECORD_LOG]
        assert log.signed_size == 1  # published at once

        async def failed() -> bool:
            return any("answered 500" in (one.trouble or "") for one in await read_anchoring(hands.pool))

        async def anchored() -> bool:
            return bool(await read_anchors(hands.pool, log))

        await until(failed)
        await until(anchored)
        assert [one.trouble for one in await read_anchoring(hands.pool)] == [None]
        await append(record, 1, 3)
        await seal_all(sealing)
        await asyncio.sleep(0.3)
        assert asked == 3  # the next one is due in an hour
        await sealing.countersigner.close()


@pytest.mark.parametrize("sql", ["update seal.anchor set size = 9", "delete from seal.anchor", "truncate seal.anchor"])
async def test_the_database_refuses_to_change_an_anchor(hands, logs, admin, sql: str) -> None:
    put = "insert into seal.anchor values (0, 'x', 1, 'x', now())"
    await hands.pool.execute(put)
    with pytest.raises(Exception, match="is refused"):
        await admin.execute(sql)
