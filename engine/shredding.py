"""Where erasing is put together: the role it logs in as, every place that keys and blobs are in, and the replay."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import asyncpg

from engine.importing.quarantine import QuarantinedBlobs
from engine.settings import Settings
from store.connecting import CONNECTING, keep_session
from store.embedded import EmbeddedServer
from store.erasing import SealedBlobs
from store.role_powers import ERASER, require_fit_role
from vault.blind_index import IndexedTokens
from vault.errors import TombstonesNotReplayed
from vault.replaying import replay, replay_due
from vault.shredding import BlobStore, KeyTable, Shredder
from vault.tombstone_file import TombstoneFile
from vault.vault import Vault

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

CONNECTIONS: Final = 2

_log = logging.getLogger(__name__)


class HasServer(Protocol):
    """How the database is reached: through an embedded server, or not."""

    @property
    def server(self) -> EmbeddedServer | None:
        """The embedded server, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Eraser:
    """Connected as the role of erasure."""

    pool: "Pool"
    shredder: Shredder


class NoEraser(ValueError):
    """This process was not told how to log in as the role of erasure."""

    def __init__(self) -> None:
        super().__init__("set DAYBOOK_ERASER_URL to the database as role daybook_eraser: only that role erases")


def eraser_dsn(settings: Settings, databases: HasServer) -> str | None:
    """How to reach the database as the eraser; None: nobody said how, so this process erases nothing."""
    if databases.server is not None:
        return databases.server.dsn(settings.database, ERASER)
    return settings.eraser_url


@asynccontextmanager
async def open_eraser(settings: Settings, databases: HasServer, vault: Vault | None = None) -> AsyncGenerator[Eraser]:
    """Connect as the eraser; `vault`: the one of this process, whose caches forget what was shredded.

    Raises:
        NoEraser: nobody said how.
        RoleUnfit: the role may do too much or too little.
    """
    dsn = eraser_dsn(settings, databases)
    if dsn is None:
        raise NoEraser
    async with asyncpg.create_pool(dsn, min_size=0, max_size=CONNECTIONS, reset=keep_session, **CONNECTING) as pool:
        await require_fit_role(pool, ERASER)
        forget = (lambda: None) if vault is None else vault.keyring.forget
        journals = (TombstoneFile(settings.keys),)
        shredder = Shredder(pool, (KeyTable(pool),), _blob_stores(pool), journals=journals, forget=forget)
        yield Eraser(pool, shredder)


async def replay_tombstones(settings: Settings, databases: HasServer, pool: "Pool", partitions: int) -> None:
    """Before anything is served: what was erased and has come back with a restore goes again.

    Raises:
        TombstonesNotReplayed: it has come back, and this process may not or could not destroy it.
    """
    noted = TombstoneFile(settings.keys).read()
    due = await replay_due(pool, partitions, noted, (SealedBlobs(pool), QuarantinedBlobs(pool), IndexedTokens(pool)))
    if not due:
        return
    _log.warning(
        "tombstones missing from the database: %d; erased classes missing: %d; keys under tombstones: %d; blobs: %d",
        *due,
    )
    try:
        async with open_eraser(settings, databases) as eraser:
            errors = await replay(eraser.pool, eraser.shredder, partitions, noted)
    except NoEraser as error:
        if due.tombstones or due.erasures:
            raise TombstonesNotReplayed(str(error)) from error
        _log.warning("what is left under tombstones opens nothing and is not deleted here: %s", error)
        return
    if errors:
        raise TombstonesNotReplayed("; ".join(errors))


def _blob_stores(pool: "Pool") -> tuple[BlobStore, ...]:
    return SealedBlobs(pool), QuarantinedBlobs(pool), IndexedTokens(pool)
