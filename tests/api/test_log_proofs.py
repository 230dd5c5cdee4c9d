"""The logs over HTTP: their checkpoints, and proofs that one which was kept is of the same history."""

import base64

import asyncpg
import pytest

from audit import offline
from audit.guard import ForkGuard
from audit.logs import ensure_logs
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from tests.audit.made import append, as_superuser, seal_all

LOG_ID = "bank.example/http"
ONE = f"{LOG_ID}/1/0"


@pytest.fixture
async def hands(database, daybook, tmp_path):
    pool = await open_pool(database.app_dsn.replace("daybook_app", "daybook_sealer"))
    made = Hands(pool, ForkGuard(tmp_path / "fork"), FileKeys(tmp_path / "keys"), "here")
    await ensure_logs(pool, made.keys, LOG_ID)
    yield made
    await pool.close()


async def test_a_kept_checkpoint_is_proved_to_be_a_prefix(client, daybook, hands) -> None:
    heads = []
    for count in (300, 250):
        await append(daybook.record, 1, count)
        await seal_all(hands)
        logs = {one["log"]: one for one in (await client.get("/audit/logs")).json()["logs"]}
        policy = offline.Policy.parse(f"log {logs[ONE]['vkey']}\nquorum none\n".encode())
        heads.append(offline.head_of(offline.opened(logs[ONE]["checkpoint"], policy)))
    assert {(one["of"], one["partition"], one["shard"]) for one in logs.values()} >= {
        ("event", 3, 0),
        ("checkpoint", 0, 0),
    }
    answer = await client.get("/audit/logs", params={"log": ONE, "old_size": 300})
    (told,) = answer.json()["logs"]
    assert (told["size"], told["stopped"]) == (550, False)
    assert {name: told["consistency"][name] for name in ("log", "old_size", "size")} == {
        "log": ONE, "old_size": 300, "size": 550,
    }  # fmt: skip
    offline.check_consistency(heads[0], heads[1], [base64.b64decode(one) for one in told["consistency"]["hashes"]])
    (told,) = (await client.get("/audit/logs", params={"log": ONE, "old_size": 300, "size": 300})).json()["logs"]
    assert told["consistency"]["hashes"] == []


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"old_size": 1}, "log"),
        ({"log": ONE, "size": 1}, "old_size"),
        ({"log": ONE, "old_size": 0}, "old_size"),
        ({"log": ONE, "old_size": 11}, "old_size"),
        ({"log": ONE, "old_size": 6, "size": 5}, "old_size"),
        ({"log": ONE, "old_size": 1, "size": 11}, "size"),
        ({"log": ONE, "old_size": 1, "size": 1 << 60}, "size"),
        ({"of": ONE}, "of"),
    ],
)
async def test_sizes_that_the_log_does_not_have_are_refused(client, daybook, hands, params, name: str) -> None:
    await append(daybook.record, 1, 10)
    await seal_all(hands)
    answer = await client.get("/audit/logs", params=params)
    assert (answer.status_code, answer.json()["code"]) == (400, "query-invalid")
    assert [one["field"] for one in answer.json()["errors"]] == [name]


async def test_no_log_of_a_name_and_a_log_without_tiles(client, daybook, hands, database) -> None:
    assert (await client.get("/audit/logs", params={"log": "other"})).json() == {"logs": []}
    await append(daybook.record, 1, 10)
    await seal_all(hands)
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=1) as pool:
        await as_superuser(pool, "delete from seal.tile")
    (told,) = (await client.get("/audit/logs", params={"log": ONE, "old_size": 5})).json()["logs"]
    assert (told["consistency"], told["stopped"]) == (None, True)
