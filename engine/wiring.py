"""Puts the house together: one place that knows every room."""

import asyncio
from dataclasses import dataclass
from typing import Self

import asyncpg

from engine.handling import CommandHandler
from engine.mapping import EventMapper
from engine.opening import Opener
from engine.settings import Settings
from store.embedded import EmbeddedServer
from store.lane import LaneLimits
from store.record import Record
from vault.provider import FileKeyProvider
from vault.vault import Vault

APPLICATION_ROLE = "daybook_app"


@dataclass(frozen=True, slots=True)
class Databases:
    """How to reach the database, as the application and as the one who migrates."""

    application: str
    migrate: str
    server: EmbeddedServer | None

    def release(self) -> None:
        """Leave the embedded server; the last one to leave stops it."""
        if self.server is not None:
            self.server.stop()


def find_database(settings: Settings) -> Databases:
    """The configured database, or the embedded server, started if it does not run yet."""
    if settings.database_url is not None:
        return Databases(settings.database_url, settings.migrate_url or settings.database_url, None)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    server = EmbeddedServer.start(settings.data_dir / "postgres")
    server.ensure_database(settings.database)
    return Databases(server.dsn(settings.database, APPLICATION_ROLE), server.admin_dsn(settings.database), server)


class Daybook:
    """An open Daybook: the record, the vault, and what works on them."""

    def __init__(self, settings: Settings, databases: Databases, record: Record, vault: Vault) -> None:
        self.settings = settings
        self.databases = databases
        self.record = record
        self.vault = vault
        self.mapper = EventMapper()
        self.handler = CommandHandler(record, vault, self.mapper)
        self.opener = Opener(record, vault)

    @classmethod
    async def open(cls, settings: Settings | None = None, databases: Databases | None = None) -> Self:
        """Connect to what the settings name; `databases` where the caller has found them already.

        Raises:
            NotInitialised, RecordMismatch: see `store.errors`.
            KeyStoreMismatch, KeyStoreRefused: the key store is not the one of this database.
        """
        settings = settings or Settings()
        databases = databases or await asyncio.to_thread(find_database, settings)
        record = await Record.open(
            databases.application,
            partitions=settings.partitions,
            limits=LaneLimits(waiting=settings.waiting_max),
        )
        try:
            vault = await _vault(record.pool, settings)
        except BaseException:
            await record.close()
            raise
        return cls(settings, databases, record, vault)

    async def close(self) -> None:
        """Write what waits, disconnect, leave the embedded server."""
        await self.record.close()
        await asyncio.to_thread(self.databases.release)


async def _vault(pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings) -> Vault:
    vault = Vault(pool, FileKeyProvider.load_or_create(settings.keys))
    await vault.keyring.check()
    return vault
