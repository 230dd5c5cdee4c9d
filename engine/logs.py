"""The logs of an installation: who seals them, where their keys and the fork guard are, and what is asked of them."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from audit.anchoring import Anchoring
from audit.certificate import CERTIFICATES
from audit.countersigning import Countersigning
from audit.errors import SealingStopped
from audit.guard import ForkGuard
from audit.policy import Policy, PolicyRefused
from audit.sealing import INTERVAL_S, Sealing, open_pool
from audit.statements import statement
from audit.timestamps import TimestampAuthority, TrustedCertificates
from audit.witnessing import Witnesses
from engine.hardware_token import signing_keys
from engine.settings import Settings
from store.role_powers import SEALER, require_fit_role

if TYPE_CHECKING:
    import asyncpg

    from engine.wiring import Databases


def sealer_dsn(settings: Settings, databases: "Databases") -> str | None:
    """How to reach the database as the sealer; None: nobody said how, so this process seals nothing."""
    if databases.server is not None:
        return databases.server.dsn(settings.database, SEALER)
    return settings.sealer_url


def guard_of(settings: Settings) -> ForkGuard:
    """The fork guard of this host."""
    return ForkGuard(settings.guard)


def guard_if_there(settings: Settings) -> ForkGuard | None:
    """The fork guard, if this host has one: who only verifies must not make an empty one."""
    return guard_of(settings) if settings.guard.is_dir() else None


async def start_sealing(
    settings: Settings, databases: "Databases", *, interval_s: float = INTERVAL_S
) -> Sealing | None:
    """Begin to seal in this process, where this installation lets it; None: it does not. See `seal_as`."""
    dsn = sealer_dsn(settings, databases)
    return await seal_as(settings, dsn, interval_s=interval_s) if dsn is not None and settings.seal else None


async def seal_as(
    settings: Settings, dsn: str, *, interval_s: float = INTERVAL_S, holder: str | None = None
) -> Sealing:
    """Begin to seal; `dsn` reaches the database as the sealer. `holder`: see `audit.sealing.Sealing.start`.

    Raises:
        SealingStopped: the logs were begun under another id, or keys are missing.
        RoleUnfit: the sealer's role may do too much or too little.
        PolicyRefused, TimestampRefused: see `countersigning`.
    """
    async with open_sealer(dsn) as pool:
        log_id = settings.log_id or await _log_id(pool)
    others = countersigning(settings)
    try:
        return await Sealing.start(
            dsn, guard_of(settings), signing_keys(settings), log_id, interval_s=interval_s, countersigner=others,
            gives_way=True, holder=holder,
        )  # fmt: skip
    except BaseException:
        if others is not None:
            await others.close()
        raise


def countersigning(settings: Settings) -> Countersigning | None:
    """Who else vouches for the record log: the witnesses and the timestamp authority of the settings; None: nobody.

    Raises:
        PolicyRefused, TimestampRefused: the files that the settings name are not what they should be.
        SealingStopped: a setting lacks another.
    """
    policy = None if settings.witness_policy is None else read_policy(settings.witness_policy)
    if policy is not None and not any(one.url for one in policy.witnesses):
        raise PolicyRefused(f"{settings.witness_policy} has no witness with an address: `witness NAME VKEY URL`")
    trusted = trusted_certificates(settings)
    anchoring = None
    if settings.tsa_url is not None:
        if trusted is None:
            raise SealingStopped("DAYBOOK_TSA_URL needs DAYBOOK_TSA_CERTIFICATES: whose timestamps are to be believed?")
        interval = timedelta(seconds=settings.anchor_interval_s)
        anchoring = Anchoring(TimestampAuthority(settings.tsa_url, trusted), interval)
    if policy is None and anchoring is None:
        return None
    witnesses = None if policy is None else Witnesses(policy)
    return Countersigning(witnesses, require=settings.witness_required, anchoring=anchoring)


def read_policy(file: Path) -> Policy:
    """A trust policy.

    Raises:
        PolicyRefused: it is none.
    """
    try:
        return Policy.parse(file.read_text(encoding="utf-8"))
    except (PolicyRefused, UnicodeDecodeError) as error:
        raise PolicyRefused(f"{file}: {error}") from None


def trusted_certificates(settings: Settings) -> TrustedCertificates | None:
    """Whose timestamps are believed; None: nobody was named.

    Raises:
        TimestampRefused: the file is not what it should be.
    """
    return None if settings.tsa_certificates is None else TrustedCertificates.load(settings.tsa_certificates)


@asynccontextmanager
async def open_sealer(dsn: str) -> "AsyncGenerator[asyncpg.Pool[asyncpg.Record]]":
    """Connect as the sealer.

    Raises:
        RoleUnfit: the role may do too much or too little.
    """
    async with await open_pool(dsn) as pool:
        await require_fit_role(pool, SEALER)
        yield pool


async def _log_id(pool: "asyncpg.Pool[asyncpg.Record]") -> str:
    """The id that the logs have; before the first one a random name, so that no two records share one."""
    return await pool.fetchval(statement("log_id")) or f"daybook.invalid/{secrets.token_hex(8)}"


def trusted_keys(policy: Policy) -> dict[str, list[str]]:
    """The verifier keys of each log of a policy, by origin; that of certificates is no log's.

    Raises:
        SealingStopped: it names no log.
    """
    keys = {name: [key.vkey for key in keys] for name, keys in policy.logs.items() if not name.endswith(CERTIFICATES)}
    if not keys:
        raise SealingStopped("the policy names no log: it has lines `log <verifier key>`")
    return keys


def certificate_keys_in(policy: Policy) -> list[str]:
    """Verifier keys of certificates of a policy, which need not name any."""
    return [key.vkey for name, keys in policy.logs.items() if name.endswith(CERTIFICATES) for key in keys]


def trusted_certificate_keys(policy: Policy) -> list[str]:
    """Verifier keys of certificates of a policy.

    Raises:
        SealingStopped: it names none.
    """
    keys = certificate_keys_in(policy)
    if not keys:
        raise SealingStopped("the policy names no key of certificates: `daybook logs list` shows its line")
    return keys
