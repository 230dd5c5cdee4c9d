"""The logs of an installation: who seals them, where their keys and the fork guard are, and what is asked of them."""

import secrets
from pathlib import Path
from typing import Final

from audit.certificate import CERTIFICATES
from audit.errors import SealingStopped
from audit.guard import ForkGuard
from audit.sealing import INTERVAL_S, Sealing, open_pool
from audit.signing import FileKeys
from audit.statements import statement
from engine.settings import Settings
from engine.wiring import Databases

SEALER_ROLE: Final = "daybook_sealer"


def sealer_dsn(settings: Settings, databases: Databases) -> str | None:
    """How to reach the database as the sealer; None: nobody said how, so this process seals nothing."""
    if databases.server is not None:
        return databases.server.dsn(settings.database, SEALER_ROLE)
    return settings.sealer_url


def guard_of(settings: Settings) -> ForkGuard:
    """The fork guard of this host."""
    return ForkGuard(settings.guard)


def guard_if_there(settings: Settings) -> ForkGuard | None:
    """The fork guard, if this host has one: who only verifies must not make an empty one."""
    return guard_of(settings) if settings.guard.is_dir() else None


async def start_sealing(settings: Settings, databases: Databases, *, interval_s: float = INTERVAL_S) -> Sealing | None:
    """Begin to seal, where this installation lets this process; None: it does not.

    Raises:
        SealingStopped: the logs were begun under another id, or keys are missing.
    """
    dsn = sealer_dsn(settings, databases)
    if dsn is None or not settings.seal:
        return None
    log_id = settings.log_id or await _log_id(dsn)
    return await Sealing.start(dsn, guard_of(settings), FileKeys(settings.signing), log_id, interval_s=interval_s)


async def _log_id(dsn: str) -> str:
    """The id that the logs have; before the first one a random name, so that no two records share one."""
    pool = await open_pool(dsn)
    try:
        return await pool.fetchval(statement("log_id")) or f"daybook.invalid/{secrets.token_hex(8)}"
    finally:
        await pool.close()


def trusted_keys(file: Path) -> dict[str, str]:
    """Verifier keys by origin from a trust policy's lines `log <vkey> [url]`; that of certificates is no log's.

    Raises:
        SealingStopped: it names no log.
    """
    lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()]
    named = {line[1].partition("+")[0]: line[1] for line in lines if len(line) > 1 and line[0] == "log"}
    keys = {name: vkey for name, vkey in named.items() if not name.endswith(CERTIFICATES)}
    if not keys:
        raise SealingStopped(f"{file} names no log: it has lines `log <verifier key>`")
    return keys
