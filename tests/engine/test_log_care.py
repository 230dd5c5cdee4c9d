"""Keys, recovery and the guard on the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit.logs import read_logs
from audit.sealing import open_pool
from engine.certificates import issue
from engine.cli import app
from engine.logs import start_sealing
from engine.settings import Settings
from engine.wiring import Databases, initialise

_UNSEALED = (
    "select exists (select from seal.log l join seal.entry e on e.partition = l.partition and e.shard = l.shard "
    "where l.kind = 'checkpoint' and e.position >= l.signed_size)"
)
WHO = ["--actor", "li", "--approved-by", "wu"]


@pytest.fixture
def settings(monkeypatch, empty_database, tmp_path: Path) -> Settings:
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", empty_database.app_dsn)
    monkeypatch.setenv("DAYBOOK_MIGRATE_URL", empty_database.admin_dsn)
    monkeypatch.setenv("DAYBOOK_SEALER_URL", empty_database.app_dsn.replace("daybook_app", "daybook_sealer"))
    monkeypatch.setenv("DAYBOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("engine.cli_log_care.WAIT_S", 0.0)
    return Settings()


def asked(*arguments: str) -> Any:
    found = CliRunner().invoke(app, ["logs", *arguments, "--json"])
    return json.loads(found.stdout.splitlines()[-1]) if found.exit_code == 0 else found.exception


def test_keys_are_changed_and_a_lost_guard_is_rebuilt(settings: Settings, tmp_path: Path) -> None:
    databases = Databases(settings.database_url or "", settings.migrate_url or "", None)

    async def sealed(*done: str) -> None:
        async with asyncio.timeout(30):
            sealing = await start_sealing(settings, databases, interval_s=0.01)
            assert sealing is not None
            async with sealing:
                while any(log.vkey in done for log in await read_logs(sealing.pool)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    asyncio.run(initialise(databases, 1, progress=lambda *_: None))
    asyncio.run(sealed())
    old = {one["origin"]: one["vkey"] for one in asked("list")["logs"]}
    assert "second person" in str(asked("rotate-key", "--all", "--actor", "li", "--approved-by", "li", "--reason", "x"))
    assert "name the logs" in str(asked("rotate-key", *WHO, "--reason", "x"))
    changed = asked("rotate-key", "--all", *WHO, "--reason", "yearly change")
    assert (changed["keys"].keys(), changed["in_force"]) == (old.keys(), False)
    asyncio.run(sealed(*old.values()))
    assert {one["vkey"] for one in asked("list")["logs"]} == {*changed["keys"].values()}
    assert "no log is stopped" in str(asked("recover", "--all", *WHO, "--incident", "none"))
    assert "cannot go on" in str(asked("recover", "nowhere", *WHO, "--incident", "none"))
    kept = tmp_path / "kept.txt"
    kept.write_text("nonsense", encoding="utf-8")
    assert "nothing to rebuild" in str(asked("rebuild-guard", "--checkpoint", str(kept), *WHO, "--incident", "none"))


def test_the_key_of_certificates_is_changed_on_the_command_line(settings: Settings, tmp_path: Path) -> None:
    databases = Databases(settings.database_url or "", settings.migrate_url or "", None)

    async def begun() -> None:
        sealing = await start_sealing(settings, databases, interval_s=0.01)
        assert sealing is not None
        await sealing.close()

    asyncio.run(initialise(databases, 1, progress=lambda *_: None))
    asyncio.run(begun())
    (old,) = asked("list")["certificates"]
    policy = tmp_path / "policy"
    policy.write_text(CliRunner().invoke(app, ["logs", "list"]).stdout, encoding="utf-8")

    def rotated(*who: str) -> Any:
        found = CliRunner().invoke(app, ["certificates", "rotate-key", *who, "--reason", "yearly", "--json"])
        return json.loads(found.stdout.splitlines()[-1]) if found.exit_code == 0 else found.exception

    assert "second person" in str(rotated("--actor", "li", "--approved-by", "li"))
    changed = rotated(*WHO)
    assert changed["old_key"] == old
    assert asked("list")["certificates"] == [old, changed["new_key"]]
    asyncio.run(_sealed_all(settings, databases))

    async def certificate() -> str:
        pool = await open_pool(settings.sealer_url or "")
        async with pool:
            return (await issue(settings, pool, "erasure/1", "after", {})).note

    note = tmp_path / "after.note"
    note.write_text(asyncio.run(certificate()), encoding="utf-8")
    found = CliRunner().invoke(app, ["verify", "certificate", str(note), "--policy", str(policy)])
    assert (found.exit_code, found.exception) == (0, None), found.output


async def _sealed_all(settings: Settings, databases: Databases) -> None:
    """Until the record log's newest checkpoint covers all of its entries."""
    sealing = await start_sealing(settings, databases, interval_s=0.01)
    assert sealing is not None
    async with sealing, asyncio.timeout(30):
        while await sealing.pool.fetchval(_UNSEALED):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
