"""What was approved is carried out beside whatever else a process does, and on the command line."""

import asyncio
import json
import logging
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.actor import RegisterActor
from engine.cli import app
from engine.privacy_work import carrying_out
from store.role_powers import RoleUnfit
from tests.engine.privacy import made, privacy_bank
from vault.vault import Missing


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as found:
        yield found


async def until(bank, stream_id, last: str) -> None:
    async with asyncio.timeout(60):
        while (await bank.types(stream_id))[-1] != last:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_the_loop_carries_out_what_is_approved_and_tells_a_trouble_once(bank, caplog):
    who = await bank.person()
    first = await bank.request(who)
    async with carrying_out(bank.daybook, interval_s=0.02) as works:
        assert works
        with caplog.at_level(logging.WARNING, logger="engine.keeping"):
            async with asyncio.timeout(60):
                while "no retention schedule" not in caplog.text:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)  # some more rounds
            assert caplog.text.count("no retention schedule") == 1
        await bank.schedule()
        await until(bank, first, "privacy-request.completed")
    shown = await bank.opened(who)
    assert shown
    assert all(isinstance(value, Missing) for value in shown.values())


async def test_a_process_that_may_not_erase_leaves_it_to_others(bank):
    bank.daybook.settings = bank.daybook.settings.model_copy(update={"erase": False})
    async with carrying_out(bank.daybook) as works:
        assert not works
    bank.daybook.settings = bank.daybook.settings.model_copy(update={"erase": True, "eraser_url": None})
    async with carrying_out(bank.daybook) as works:
        assert not works


async def test_a_role_that_may_do_too_much_is_refused_at_once(bank, database):
    bank.daybook.settings = bank.daybook.settings.model_copy(update={"eraser_url": database.admin_dsn})
    with pytest.raises(RoleUnfit, match="SUPERUSER"):
        async with carrying_out(bank.daybook):
            pass


async def test_an_entry_of_the_directory_is_erased_like_any_personal_data(bank):
    await bank.schedule()
    entry_id = bank.daybook.directory.entry_id("staff:77")
    entry = {"entry_id": entry_id, "actor": "staff:77", "kind": "person", "name": "canary of a colleague"}
    await bank.give(made(RegisterActor, **entry, occurred_at=bank.at))
    assert "canary of a colleague" in (await bank.opened_of(entry_id)).values()
    request = await bank.request(entry_id)
    done = await bank.run()
    assert (done.requests, done.troubles) == ([request], {})
    assert all(isinstance(value, Missing) for value in (await bank.opened_of(entry_id)).values())
    (row,) = await bank.daybook.directory.entries(["staff:77"])
    assert row.actor == "staff:77", "that there is an entry is no personal data"


async def test_requests_are_listed_carried_out_and_exported_on_the_command_line(bank, monkeypatch, tmp_path):
    settings = bank.daybook.settings
    for name in ("database_url", "sealer_url", "eraser_url", "log_id", "data_dir"):
        monkeypatch.setenv(f"DAYBOOK_{name.upper()}", str(getattr(settings, name)))

    async def cli(*arguments: str) -> tuple[int, Any]:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["privacy", *arguments, "--json"])
        lines = done.stdout.splitlines()
        return done.exit_code, json.loads(lines[-1]) if lines else done.exception

    who, other = await bank.person(), await bank.person()
    request = await bank.request(who)
    code, told = await cli("run")
    assert code == 1
    assert "no retention schedule" in told["troubles"][str(request)]
    await bank.schedule()
    code, told = await cli("list")
    assert (code, [one["request_id"] for one in told["privacy_requests"]], told["open"]) == (0, [str(request)], 1)
    code, told = await cli("run")
    assert (code, told["requests"], told["troubles"]) == (0, [str(request)], {})
    assert all(isinstance(value, Missing) for value in (await bank.opened(who)).values())
    code, told = await cli("list")
    assert (code, told["privacy_requests"], told["overdue"]) == (0, [], 0)
    folder = tmp_path / "for-them"
    code, told = await cli("export", str(other), str(folder), "--actor", "staff:7")
    assert (code, told["complete"]) == (0, True)
    written = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix == ".json")
    assert all(canary in written for canary in bank.canaries[other] if "content" not in canary)
    looks = await bank.daybook.looks.record.pool.fetch("select 1 from reads.event where actor = 'staff:7'")
    assert looks
    code, told = await cli("export", str(other), str(folder), "--actor", "staff:7")
    assert code != 0
