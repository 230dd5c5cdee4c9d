"""The embedded server: who starts it, who stops it, and what survives a kill."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from store.embedded import SETTINGS, EmbeddedServer, default_data_dir
from store.migrate import migrate, read_migrations
from store.postgres_programs import EmbeddedServerError, packaged_bin_dir
from store.reaper import listening

WAIT_S = 60
QUICK = {"fsync": "off", "shared_buffers": "32MB"}
START = f"""
import os, pathlib, signal, sys
from store.embedded import EmbeddedServer
from store.reaper import listening
s = EmbeddedServer.start(pathlib.Path(sys.argv[1]), settings={QUICK})
"""


@pytest.fixture
def data_dir(run_dir: Path) -> Iterator[Path]:
    path = run_dir / uuid.uuid4().hex[:8]
    yield path
    shutil.rmtree(path, ignore_errors=True)


def python(code: str, data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", START + code, str(data_dir)], stdout=subprocess.PIPE, text=True)


async def ask(dsn: str, sql: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster_pid(server: EmbeddedServer) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split("\n")[0])


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_durable_settings_no_network_and_a_restart_keeps_them(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir)
    for name, value in SETTINGS.items():
        assert await ask(server.admin_dsn(), f"show {name}") == value
    pg_ctl = ["restart", "-w", "-D", str(server.cluster), "-m", "fast", "-l", str(server.cluster / "server.log")]
    server._run("pg_ctl", *pg_ctl)
    assert await ask(server.admin_dsn(), "show max_wal_size") == SETTINGS["max_wal_size"]
    assert await ask(server.admin_dsn(), "select inet_server_addr()") is None
    server.stop()


async def test_the_last_to_leave_stops_it(data_dir: Path) -> None:
    steps: list[str] = []
    first = EmbeddedServer.start(data_dir, say=steps.append, settings=QUICK)
    second = EmbeddedServer.start(data_dir, say=steps.append, settings=QUICK)
    assert steps == ["Creating the database cluster", "Starting PostgreSQL"]
    first.stop()
    first.stop()
    assert await ask(second.admin_dsn(), "select 1") == 1
    second.stop()
    assert not listening(second._socket)
    assert not (second.cluster / "postmaster.pid").exists()


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    code = "s.ensure_database('same'); print((s.cluster / 'postmaster.pid').read_text().split()[0]); input()"
    command = [sys.executable, "-c", START + code, str(data_dir)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    pids = {process.stdout.readline() for process in processes if process.stdout}
    assert len(pids) == 1
    assert pids != {""}
    assert {process.communicate("\n")[0] and process.returncode for process in processes} <= {0, ""}
    assert not (data_dir / "cluster" / "postmaster.pid").exists()


def test_killed_users_leave_no_server_behind(data_dir: Path) -> None:
    process = python("print('up', flush=True); os.kill(os.getpid(), signal.SIGKILL)", data_dir)
    out, _ = process.communicate()
    assert (out, process.returncode) == ("up\n", -signal.SIGKILL)
    wait_until(lambda: not (data_dir / "cluster" / "postmaster.pid").exists())


async def test_a_forked_child_that_stops_does_not_take_it_from_its_parent(data_dir: Path) -> None:
    fork = "pid = os.fork(); pid or (s.stop(), os._exit(0)); os.waitpid(pid, 0); print(listening(s._socket))"
    out, _ = python(fork, data_dir).communicate()
    assert out == "True\n"


async def test_what_was_committed_survives_a_killed_server(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir, settings=QUICK)
    await ask(server.admin_dsn(), "create table kept as select 7 as number")
    os.kill(postmaster_pid(server), signal.SIGKILL)
    wait_until(lambda: not listening(server._socket))
    again = EmbeddedServer.start(data_dir, settings=QUICK)
    assert await ask(again.admin_dsn(), "select number from kept") == 7
    again.stop()
    server.stop()
    assert not listening(server._socket)


def test_the_reaper_interrupts_no_other_program(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir, settings=QUICK)
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    with (data_dir / "users.lock").open("ab") as users:  # keeps the reaper waiting
        fcntl.flock(users, fcntl.LOCK_SH)
        server._run(*server._stop_command())
        server.stop()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with (data_dir / "reaper.lock").open("ab") as gone:
        fcntl.flock(gone, fcntl.LOCK_EX)
    assert pid_file.exists()


async def test_a_pid_file_that_names_another_program_is_discarded(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir, settings=QUICK)
    pid_file = server.cluster / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server = EmbeddedServer.start(data_dir, settings=QUICK)
    assert await ask(server.admin_dsn(), "select 1") == 1
    server.stop()


async def test_any_path_will_do(data_dir: Path) -> None:
    server = EmbeddedServer.start(data_dir / ("far " * 20) / "it's 100% a, or b=c?", settings=QUICK)
    server.ensure_database('My "own" & 100%')
    server.ensure_database('My "own" & 100%')
    assert await ask(server.admin_dsn('My "own" & 100%'), "select current_database()") == 'My "own" & 100%'
    server.stop()
    assert not server._socket_dir.is_relative_to(data_dir)
    shutil.rmtree(server._socket_dir)


def test_the_socket_directory_of_somebody_else_is_refused(data_dir: Path) -> None:
    far = data_dir / ("far " * 20)
    server = EmbeddedServer.start(far, settings=QUICK)
    server.stop()
    server._socket_dir.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match="not a private directory"):
        EmbeddedServer.start(far, settings=QUICK)
    shutil.rmtree(server._socket_dir)


@pytest.mark.parametrize("major", [16, 18, None], ids=["16", "18", "the system's"])
async def test_every_supported_version(
    data_dir: Path, postgres_bin: Callable[[int], Path], major: int | None, request: pytest.FixtureRequest
) -> None:
    bin_dir = postgres_bin(major) if major else request.getfixturevalue("system_postgres_bin")
    server = EmbeddedServer.start(data_dir, bin_dir, settings=QUICK)
    server.ensure_database("daybook")
    version = await ask(
        server.admin_dsn("daybook"), "select split_part(current_setting('server_version'), '.', 1)::int"
    )
    assert version == major if major else version >= 15
    assert await migrate(server.admin_dsn("daybook")) == [migration.name for migration in read_migrations()]
    assert await ask(server.dsn("daybook", "daybook_app"), "select current_user") == "daybook_app"
    server.stop()


def test_a_path_that_a_shell_would_read_is_refused(data_dir: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="one of these in its name"):
        EmbeddedServer.start(data_dir / "$(id)", settings=QUICK)


def test_another_major_version_is_refused(data_dir: Path) -> None:
    EmbeddedServer.start(data_dir, packaged_bin_dir(16), settings=QUICK).stop()
    with pytest.raises(EmbeddedServerError, match="was made by PostgreSQL 16, this program brings 18"):
        EmbeddedServer.start(data_dir, settings=QUICK)


def test_a_server_that_cannot_start_shows_its_log(data_dir: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="invalid value for parameter"):
        EmbeddedServer.start(data_dir, settings=QUICK | {"max_connections": "many"})


def test_a_directory_that_cannot_be_used_is_refused_and_stays_closed(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    mode = data_dir.stat().st_mode
    with pytest.raises(EmbeddedServerError, match="set DAYBOOK_DATA_DIR"):
        EmbeddedServer.start(data_dir / "inner", settings=QUICK)
    assert data_dir.stat().st_mode == mode


def test_programs_in_a_private_directory_are_copied_for_root(data_dir: Path, run_dir: Path) -> None:
    package = packaged_bin_dir().parents[1]
    private = run_dir / "private"
    for name in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        shutil.copytree(package.parent / name, private / name, symlinks=True)
    private.chmod(0o700)
    bin_dir = private / package.name / "pginstall18" / "bin"
    server = EmbeddedServer.start(data_dir, bin_dir, settings=QUICK)
    server.stop()
    assert server.bin_dir == bin_dir if os.geteuid() else server.bin_dir.is_relative_to(data_dir / "programs")
    assert private.stat().st_mode & 0o777 == 0o700


def test_the_data_directory_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_data_dir({"DAYBOOK_DATA_DIR": "/srv/daybook"}) == Path("/srv/daybook")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_dir({"XDG_DATA_HOME": "/x"}) == Path("/var/lib/daybook")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_data_dir({"XDG_DATA_HOME": "/x"}) == Path("/x/daybook")
    monkeypatch.setenv("HOME", "/h")
    assert default_data_dir({"XDG_DATA_HOME": "not/absolute"}) == Path("/h/.local/share/daybook")
