"""Changing the keys of logs: announced, in force, verified along the chain; a key that no entry gives is refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from audit.entries import decided
from audit.errors import DecisionRefused, SealingStopped
from audit.guard import ForkGuard
from audit.logs import Log, LogName, read_logs
from audit.notes import Verifier, parse, signed, verified
from audit.rotating import in_force, rotate
from audit.sealer import LogSealer
from audit.sealing import Sealing
from audit.signing import FileKeys
from audit.verifying import verify
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, as_superuser, seal_all

ONE = LogName(1, "event")
RECORD_LOG = LogName(0, "checkpoint")
WHY = decided("op:li", "op:wu", "yearly change")
ALL = [f"{LOG_ID}/0/0", f"{LOG_ID}/1/0", f"{LOG_ID}/reads/0/0", f"{LOG_ID}/reads/1/0", f"{LOG_ID}/record/0"]


async def signers(hands, name: LogName) -> list[str]:
    log = {log.name: log for log in await read_logs(hands.pool)}[name]
    known = [Verifier.parse(key) for key in (log.vkey, log.old_vkey) if key]
    return [one.verifier.vkey for one in verified(parse(log.checkpoint or ""), known)]


async def settled(hands) -> dict[LogName, Log]:
    """Sealed twice: an announcement first, then under the new keys."""
    await seal_all(hands)
    return await seal_all(hands)


@pytest.fixture
def findings(record, hands):
    async def found(vkeys=None) -> list[str]:
        return [str(one) for one in (await verify(record.pool, hands.guard, vkeys)).findings]

    return found


@pytest.mark.parametrize("overlap", [timedelta(days=1), timedelta()])
async def test_all_keys_are_changed_and_the_chain_is_verified_from_the_first_ones(
    record, hands, logs, findings, overlap
) -> None:
    await append(record, 1, 300)
    first = {log.origin: log.vkey for log in (await seal_all(hands)).values()}
    changes = await rotate(hands.pool, hands.keys, ALL, WHY, overlap)
    assert not await in_force(hands.pool, changes, 0)
    assert await LogSealer.open(hands, next(log for log in logs if log.name == ONE)) is None  # it waits for the entry
    await append(record, 1, 300)
    await settled(hands)
    assert await in_force(hands.pool, changes, 0)
    new = {change.head.origin: change.new_key for change in changes}
    for name in (ONE, RECORD_LOG):
        origin = name.origin(LOG_ID)
        assert await signers(hands, name) == [new[origin], *([first[origin]] if overlap else [])]
    assert await findings() == []
    assert await findings({**first, f"{LOG_ID}/record/0": new[f"{LOG_ID}/record/0"]}) == []
    assert await findings({origin: (first[origin], new[origin]) for origin in ALL}) == []
    if overlap:
        assert await findings(first) == []


async def test_keys_change_again_and_again_while_two_seal(
    record, hands, logs, findings, database, tmp_path: Path
) -> None:
    dsn = database.app_dsn.replace("daybook_app", "daybook_sealer")
    guard, keys = ForkGuard(tmp_path / "guard"), FileKeys(tmp_path / "signing")
    async with (
        await Sealing.start(dsn, guard, keys, LOG_ID, interval_s=0.01) as one,
        await Sealing.start(dsn, guard, keys, LOG_ID, interval_s=0.01) as two,
    ):
        for overlap in (timedelta(days=1), timedelta()):
            await append(record, 1, 20)
            changes = await rotate(hands.pool, keys, ALL, WHY, overlap)
            assert await in_force(hands.pool, changes, 30)
            assert await findings() == []
        assert not {**one.troubles, **two.troubles}
    await seal_all(hands)
    assert await findings() == []


async def test_an_old_key_signs_nothing_more_and_an_unknown_one_never(
    record, hands, logs, findings, admin_pool
) -> None:
    await append(record, 1, 10)
    before = (await seal_all(hands))[ONE]
    await rotate(hands.pool, hands.keys, [before.origin], WHY)
    await append(record, 1, 10)
    now = (await settled(hands))[ONE]
    old = hands.keys.signer(before.origin, before.vkey)
    text = parse(now.checkpoint or "").text
    forged = f"{text}\n" + line_of(old, text)
    sql = "update seal.log set checkpoint = $1 where kind = 'event' and partition = 1"
    await as_superuser(admin_pool, sql, forged)
    assert any("changed before it" in one for one in await findings())
    await as_superuser(admin_pool, sql, now.checkpoint)
    assert await findings() == []
    stranger = hands.keys.renew(before.origin)
    await as_superuser(admin_pool, sql, f"{text}\n" + line_of(stranger, text))
    await as_superuser(
        admin_pool, "update seal.log set vkey = $1 where kind = 'event' and partition = 1", stranger.verifier.vkey
    )
    assert any("no entry of the record log gives it" in one for one in await findings())
    assert any("not signed by its key" in one for one in await findings())


def line_of(signer, text: str) -> str:
    return signed(text, [signer]).signatures[0].line()


async def test_a_change_needs_two_people_known_logs_and_the_old_key(record, hands, logs) -> None:
    for by, approved, why in (("li", "LI ", "x"), ("li", "wu", ""), ("li", "wu", "x\ny"), ("", "wu", "x")):
        with pytest.raises(DecisionRefused):
            decided(by, approved, why)
    with pytest.raises(DecisionRefused, match="no log is called"):
        await rotate(hands.pool, hands.keys, ["nowhere"], WHY)
    origin = f"{LOG_ID}/1/0"
    hands.keys._path(origin).unlink()
    with pytest.raises(SealingStopped, match="is missing"):
        await rotate(hands.pool, hands.keys, [origin], WHY, timedelta(days=1))
    await rotate(hands.pool, hands.keys, [origin], WHY)  # the old key is gone: the new one signs alone
    with pytest.raises(DecisionRefused, match="already"):
        await rotate(hands.pool, hands.keys, [origin], WHY)
    await append(record, 1, 5)
    assert (await settled(hands))[ONE].signed_size == 5
