"""PostgreSQL's programs: the account that they run as."""

import pwd
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from store import postgres_programs
from store.postgres_programs import Account, server_account


def test_the_system_user_is_made_once_however_many_ask(monkeypatch, tmp_path):
    """`useradd` does not notice another that begins with it: on a new machine both make the user, with two ids."""
    made: list[int] = []

    def useradd(command, _account):
        if command[0] == "useradd":
            seen = len(made)
            time.sleep(0.05)
            made.append(999 - seen)

    def found(name):
        if not made:
            raise KeyError(name)
        return SimpleNamespace(pw_uid=made[-1], pw_gid=made[-1])

    monkeypatch.setattr(postgres_programs, "run", useradd)
    monkeypatch.setattr(pwd, "getpwnam", found)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with ThreadPoolExecutor(8) as threads:
        accounts = list(threads.map(server_account, [tmp_path / "cluster"] * 8))
    assert (set(accounts), made) == ({Account(999, 999)}, [999])
