"""Puts the house together: one place that knows every room."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import asyncpg

from engine.access_tables import InForce
from engine.carried_out import CarriedOutJudge
from engine.clock_catalogue import ClockCatalogue
from engine.contact_judging import ContactJudge
from engine.contact_places import ContactPlaces
from engine.contact_policies import ContactPolicies
from engine.directory import Directory
from engine.handling import CommandHandler
from engine.hardware_token import key_provider
from engine.judging import Judges
from engine.keeping import Ends
from engine.link_judging import LinkJudge
from engine.linking_rules import linking_in_force
from engine.looking import SCHEMA as READS
from engine.looking import Looks
from engine.mapping import EventMapper
from engine.opening import Opener
from engine.searching import CustomerSearch
from engine.settings import Settings
from engine.shredding import replay_tombstones
from engine.spanning import Spanning
from engine.survey_judging import SurveyJudge
from engine.survey_plans import SurveyPlans
from projections.access_days import AccessDays
from projections.models import ReadModels
from projections.people import PeopleRead
from projections.projection import Decode, Projection
from projections.registry import PROJECTIONS
from projections.unusual_access import UnusualAccess
from store.embedded import EmbeddedServer
from store.errors import NotInitialised
from store.initialising import create_partitions
from store.lane import LaneLimits
from store.migrate import migrate
from store.record import Record
from store.role_powers import APPLICATION, require_fit_role
from vault.vault import Vault


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


def find_database(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Databases:
    """The configured database, or the embedded server, started if it does not run yet; blocks."""
    if settings.database_url is not None:
        return Databases(settings.database_url, settings.migrate_url or settings.database_url, None)
    server = EmbeddedServer.start(settings.data_dir, say=say)
    server.ensure_database(settings.database)
    return Databases(server.dsn(settings.database, APPLICATION), server.admin_dsn(settings.database), server)


async def initialise(
    databases: Databases, partitions: int | None, *, progress: Callable[[str, int, int], None]
) -> tuple[list[str], int]:
    """Migrate, and make the record with so many partitions unless there is one; what was applied, and how many.

    Raises:
        RecordMismatch: there is a record, with another number of partitions.
        MigrationError: see `store.migrate`.
    """
    applied = await migrate(databases.migrate, progress=progress)
    made = await create_partitions(databases.migrate, partitions)
    await create_partitions(databases.migrate, made, schema=READS)
    return applied, made


class Daybook:
    """An open Daybook: the record, the vault, and what works on them."""

    def __init__(  # noqa: PLR0913, PLR0917  # the rooms of the house
        self,
        settings: Settings,
        databases: Databases,
        record: Record,
        vault: Vault,
        mapper: EventMapper,
        models: ReadModels,
        looks: Looks,
    ) -> None:
        self.settings = settings
        self.databases = databases
        self.record = record
        self.vault = vault
        self.mapper = mapper
        self.models = models
        self.ends = Ends(record)
        self.contact_policies = ContactPolicies(models, mapper)
        self.contact = ContactJudge(record, mapper, self.contact_policies, vault.keyed_hmac)
        self.survey_plans = SurveyPlans(models, mapper)
        surveys = SurveyJudge(record, mapper, self.survey_plans)
        self.opener = Opener(record, mapper.fact, vault, looks)
        links = LinkJudge(self, partial(linking_in_force, models, mapper))
        self.judges = Judges(self.contact, surveys, CarriedOutJudge(record, mapper), links)
        self.handler = CommandHandler(record, vault, mapper, self.judges)
        self.handler.spanning = Spanning(self)
        self.contact.places = self.places = ContactPlaces(self)
        self.looks = looks
        self.search = CustomerSearch(PeopleRead(models), vault.index, self.opener)
        self.access = InForce(models, mapper)
        self.clock_catalogue = ClockCatalogue(models, mapper)
        self.directory = Directory(models, vault.keyed_hmac)
        self.access_days = AccessDays(looks.record, record, models.writers, settings.time_zone)
        self.unusual_access = UnusualAccess(models, looks.record, settings.time_zone)

    @classmethod
    async def open(cls, settings: Settings | None = None, databases: Databases | None = None) -> Self:
        """Connect to what the settings name; `databases` where the caller has found them already.

        Raises:
            NotInitialised, RecordMismatch: see `store.errors`.
            KeyStoreMismatch, KeyStoreRefused: the key store is not the one of this database.
            TombstonesNotReplayed: erased data has come back with a restore and could not be destroyed again.
            RoleUnfit: the role of an external database could change the record, or lacks what it needs.
        """
        settings = settings or Settings()
        databases = databases or await asyncio.to_thread(find_database, settings)
        limits = LaneLimits(waiting=settings.waiting_max)
        try:
            record = await Record.open(databases.application, partitions=settings.partitions, limits=limits)
        except asyncpg.InvalidAuthorizationSpecificationError as error:  # the application's role is not made yet
            raise NotInitialised(f"{error}; run `daybook init` first") from error
        try:
            if databases.server is None:
                await require_fit_role(record.pool, APPLICATION)
            vault = await _vault(record.pool, settings)
            await replay_tombstones(settings, databases, record.pool, record.partitions)
            mapper = EventMapper()
            models = await ReadModels.open(record, mapper.fact, PROJECTIONS)
            looks = await Looks.open(databases.application, record.partitions, limits)
        except BaseException:
            await record.close()
            raise
        return cls(settings, databases, record, vault, mapper, models, looks)

    async def close(self, *, release: bool = True) -> None:
        """Write what waits and disconnect; `release`: also leave the embedded server, if there is one."""
        await self.models.close()
        await self.looks.close()
        await self.record.close()
        if release:
            await asyncio.to_thread(self.databases.release)


async def _vault(pool: "asyncpg.Pool[asyncpg.Record]", settings: Settings) -> Vault:
    vault = Vault(pool, key_provider(settings))
    await vault.keyring.check()
    return vault


def read_model_setup() -> tuple[Decode, Sequence[Projection]]:
    """What a process of a rebuild needs: how to decode, and which read models there are."""
    return EventMapper().fact, PROJECTIONS
