"""Single things against the database, by functions and on the command line: events, proofs, receipts, checkpoints."""

import asyncio
import json
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest
from typer.testing import CliRunner

from audit import offline
from audit.guard import ForkGuard
from audit.logs import ensure_logs, read_logs
from audit.notes import KeySigner, signed
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from engine.cli import app
from store.initialising import create_partitions
from store.record import Record
from tests.audit.made import append, as_superuser, seal_all

LOG_ID = "bank.example/cli"
ONE = f"{LOG_ID}/1/0"


class Sealed(NamedTuple):
    """A record on a database of its own: ids of events of partition 1 by position, checkpoints as they came."""

    admin_dsn: str
    folder: Path
    events: list[UUID]
    old: Path
    new: Path
    policy: Path


@pytest.fixture
def sealed(database, tmp_path: Path, monkeypatch) -> Sealed:
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("DAYBOOK_DATA_DIR", str(tmp_path))
    return asyncio.run(_sealed(database, tmp_path))


async def _sealed(database, folder: Path) -> Sealed:
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 2, schema=schema)
    pool = await open_pool(database.app_dsn.replace("daybook_app", "daybook_sealer"))
    hands = Hands(pool, ForkGuard(folder / "guard"), FileKeys(folder / "signing"), "here")
    await ensure_logs(pool, hands.keys, LOG_ID)
    paths = [folder / "old", folder / "new"]
    async with await Record.open(database.app_dsn) as record:
        for path, count in zip(paths, (300, 250), strict=True):
            await append(record, 1, count)
            logs = {log.origin: log for log in (await seal_all(hands)).values()}
            path.write_text(logs[ONE].checkpoint or "")
        await append(record, 1, 1)
        rows = await record.pool.fetch("select event_id from record.event where partition = 1 order by position")
    policy = folder / "policy"
    policy.write_text("".join(f"log {log.vkey}\n" for log in await read_logs(pool)) + "quorum none\n")
    await pool.close()
    return Sealed(database.admin_dsn, folder, [row[0] for row in rows], paths[0], paths[1], policy)


def daybook(*arguments: object, exit_code: int = 0) -> dict:
    done = CliRunner().invoke(app, ["verify", *map(str, arguments), "--json"])
    assert done.exit_code == exit_code, (done.output, done.exception)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["verified"] is (exit_code == 0)
    return told


def edit(sealed: Sealed, sql: str) -> None:
    async def change() -> None:
        async with asyncpg.create_pool(sealed.admin_dsn, min_size=0, max_size=1) as pool:
            await as_superuser(pool, sql)

    asyncio.run(change())


def test_an_event_is_shown_as_the_offline_verifier_takes_it(sealed: Sealed) -> None:
    proof = sealed.folder / "event.tlog-proof"
    told = daybook("event", sealed.events[7], "--policy", sealed.policy, "--proof-to", proof)
    assert (told["log"], told["position"], told["size"]) == (ONE, 7, 550)
    assert json.loads(told["header"])["event_id"] == str(sealed.events[7])
    (sealed.folder / "event.json").write_text(json.dumps(told))
    policy = offline.Policy.parse(sealed.policy.read_bytes())
    for path, header in ((proof, told["header"]), (sealed.folder / "event.json", None)):
        assert offline.verify([path], policy, header=header).findings == []
    assert daybook("proof", proof, "--policy", sealed.policy)["proofs"] == [{"log": ONE, "size": 550, "now": 550}]
    assert daybook("proof", sealed.folder / "event.json")["proofs"][0]["size"] == 550


def test_an_event_that_is_none_or_not_sealed_is_not_verified(sealed: Sealed) -> None:
    assert "there is no event" in daybook("event", UUID(int=5), exit_code=1)["why"]
    assert "signed up to 550" in daybook("event", sealed.events[550], exit_code=1)["why"]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("update record.event set actor = 'x' where partition = 1 and position = 7", "is not what was sealed at 7"),
        (
            "update record.event set data = data || ' '::bytea where partition = 1 and position = 7",
            "not what was sealed",
        ),
        (
            "update seal.tile set hashes = set_byte(hashes, 9, 255 - get_byte(hashes, 9)) where kind = 'event'",
            "or its tile",
        ),
        ("delete from seal.tile where kind = 'event' and level = 0", "has 0 bytes"),
        ("update seal.log set checkpoint = replace(checkpoint, '550', '551') where kind = 'event'", "does not fit"),
    ],
)
def test_an_event_that_was_changed_is_not_verified(sealed: Sealed, sql: str, why: str) -> None:
    edit(sealed, sql)
    assert why in daybook("event", sealed.events[7], "--policy", sealed.policy, exit_code=1)["why"]


def test_a_proof_is_compared_with_the_database(sealed: Sealed) -> None:
    told = daybook("event", sealed.events[7])
    receipt = sealed.folder / "receipt.json"
    receipt.write_text(json.dumps({"receipt": {"proofs": [{"proof": told["proof"], "header": told["header"]}]}}))
    assert daybook("proof", receipt)["proofs"] == [{"log": ONE, "size": 550, "now": 550}]
    other = sealed.folder / "header"
    other.write_text("{}")
    assert "another header" in daybook("proof", receipt, "--header", other, exit_code=1)["why"]
    for wrong in ("nonsense", "{}", '{"proofs":[{}]}', told["proof"].replace("index 7", "index 8"), "[]"):
        other.write_text(wrong)
        assert daybook("proof", other, exit_code=1)["why"]
    edit(sealed, "update record.event set actor = 'x' where partition = 1 and position = 7")
    assert "is another in the database" in daybook("proof", receipt, exit_code=1)["why"]


def test_checkpoints_are_prefixes_of_each_other_and_of_the_log(sealed: Sealed) -> None:
    told = daybook("checkpoint", sealed.new, sealed.old, "--policy", sealed.policy)
    assert told["checkpoints"] == [{"log": ONE, "size": size, "now": 550} for size in (550, 300)]
    assert daybook("checkpoint", sealed.old)["checkpoints"][0]["size"] == 300


def test_checkpoints_of_another_history_are_refused(sealed: Sealed) -> None:
    signer, forged = FileKeys(sealed.folder / "signing").signer(ONE), sealed.folder / "forged"
    lines = sealed.old.read_text().split("\n")
    for text, why in (
        (f"{ONE}\n300\n{'A' * 43}=\n", "is not a prefix"),
        (f"{ONE}\n700\n{lines[2]}\n", "it was set back"),
        (f"{ONE}\n0\n{lines[2]}\n", "not the root of none"),
        (f"{LOG_ID}/9/0\n300\n{lines[2]}\n", "there is no log"),
        ("text\n", "three lines"),
    ):
        forged.write_text(signed(text, [signer]).format())
        assert why in daybook("checkpoint", forged, exit_code=1)["why"]
    forged.write_text(signed("\n".join(lines[:3]) + "\n", [KeySigner(ONE, bytes(32))]).format())
    assert "not signed by the key" in daybook("checkpoint", forged, exit_code=1)["why"]


def test_keys_of_a_policy_are_believed_and_not_those_of_the_database(sealed: Sealed) -> None:
    sealed.policy.write_text(f"log {KeySigner(ONE, bytes(32)).verifier.vkey}\nquorum none\n")
    assert "not signed by the key" in daybook("checkpoint", sealed.old, "--policy", sealed.policy, exit_code=1)["why"]
    sealed.policy.write_text(f"log {KeySigner('other', bytes(32)).verifier.vkey}\nquorum none\n")
    assert "no key of log" in daybook("event", sealed.events[7], "--policy", sealed.policy, exit_code=1)["why"]
