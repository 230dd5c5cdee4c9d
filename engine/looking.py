"""Looks: who was shown which personal data of whom and why, committed before anything is opened.

A look is an event of the reads log, a record of its own (schema `reads`). It stands in the partition of
its subjects, so that "who looked at this customer" asks one partition; a look at subjects of several
partitions is one event in each, and they share a correlation id.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import asyncpg
from eventsourcing.persistence import OperationalError, PersistenceError

from domain.matters import Sight
from engine.access import AccessTable, Decision, Viewer
from projections.looks import DENIED, LOOKED, REVIEWED, SEARCHED
from store.canonical import canonical_json
from store.envelope import NO_STREAM, AppendRequest, NewEvent, Participant
from store.identity import new_id
from store.lane import LaneLimits
from store.record import Record

SCHEMA: Final = "reads"
CLASS_VERSION: Final = 1
READERS: Final = 2
NOT_RECORDED: Final = (PersistenceError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class LookNotRecorded(OperationalError):
    """A look could not be committed, so nothing was opened."""


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, for what, by which operation, under which table."""

    viewer: Viewer
    table: AccessTable
    operation: str
    correlation_id: UUID

    @property
    def sight(self) -> Sight:
        """The confidential matters that exist for this looker."""
        return self.table.sight(self.viewer)

    def decide(self, subject_id: UUID, record_class: str, name: str) -> Decision:
        """Whether this looker is shown a personal field of somebody: by the table, or by breaking the glass."""
        grant = self.viewer.grant
        if grant is not None and grant.shows(subject_id, record_class):
            return "shown"
        return self.table.decide(self.viewer, record_class, name)


class Looked(NamedTuple):
    """One subject's fields of one record class, what was decided about them, and of which events they are."""

    subject_id: UUID
    record_class: str
    fields: tuple[str, ...]
    decision: Decision
    events: tuple[UUID, ...]


class Looks:
    """The reads log of an open Daybook."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @classmethod
    async def open(cls, dsn: str, partitions: int, limits: LaneLimits) -> Self:
        """Connect as the application's role.

        Raises:
            NotInitialised, RecordMismatch: see `store.errors`.
        """
        return cls(await Record.open(dsn, partitions=partitions, schema=SCHEMA, limits=limits, readers=READERS))

    async def close(self) -> None:
        """Write what waits and disconnect."""
        await self.record.close()

    async def commit(self, looker: Looker, looked: Collection[Looked]) -> None:
        """Record a look; once this returns it is committed. Nothing to look at is no look.

        Raises:
            LookNotRecorded: it is not known to be committed; nothing may be opened.
        """
        by_partition: dict[int, list[Looked]] = {}
        for one in looked:
            by_partition.setdefault(self.record.partition_of(one.subject_id), []).append(one)
        try:
            await asyncio.gather(
                *(self.record.append(_request(partition, looker, of)) for partition, of in by_partition.items())
            )
        except NOT_RECORDED as error:
            raise LookNotRecorded(f"the look was not recorded: {type(error).__name__}") from error

    async def searched(self, looker: Looker, kind: str, found: int) -> None:
        """Record a search: what was searched by, and how many were found; not what for.

        Raises:
            LookNotRecorded: it is not known to be committed; nothing may be answered.
        """
        await self._note(looker, SEARCHED, {"kind": kind, "found": found})

    async def denied(self, looker: Looker, times: int) -> None:
        """Record that somebody asked for what their roles do not allow.

        Raises:
            LookNotRecorded: it is not known to be committed.
        """
        await self._note(looker, DENIED, {"times": times})

    async def reviewed(self, looker: Looker, asked: Mapping[str, object], found: int) -> None:
        """Record that somebody read who looked at what.

        Raises:
            LookNotRecorded: it is not known to be committed; nothing may be answered.
        """
        await self._note(looker, REVIEWED, {"asked": asked, "found": found})

    async def _note(self, looker: Looker, kind: str, more: Mapping[str, object]) -> None:
        note_id = new_id()
        data = {**_asker(looker), **more}
        event = NewEvent(
            new_id(beside=note_id), note_id, 0, None, kind, CLASS_VERSION, datetime.now(UTC), looker.viewer.actor,
            looker.correlation_id, None, canonical_json(data), b"{}",
        )  # fmt: skip
        partition = self.record.partition_of(note_id)
        try:
            await self.record.append(AppendRequest(partition, (event,), {note_id: NO_STREAM}))
        except NOT_RECORDED as error:
            raise LookNotRecorded(f"the look was not recorded: {type(error).__name__}") from error


def _request(partition: int, looker: Looker, looked: Iterable[Looked]) -> AppendRequest:
    of = sorted(set(looked))
    subjects = list(dict.fromkeys(one.subject_id for one in of))
    look_id = new_id(beside=subjects[0])
    event = NewEvent(
        new_id(beside=subjects[0]), look_id, 0, subjects[0], LOOKED, CLASS_VERSION, datetime.now(UTC),
        looker.viewer.actor, looker.correlation_id, None, canonical_json(_data(looker, of)), b"{}",
    )  # fmt: skip
    others = [Participant(0, subject_id, "subject") for subject_id in subjects[1:]]
    return AppendRequest(partition, (event,), {look_id: NO_STREAM}, participants=others)


def _asker(looker: Looker) -> dict[str, Any]:
    return {
        **({} if looker.viewer.grant is None else {"break_glass": looker.viewer.grant.grant_id}),
        "operation": looker.operation,
        "purpose": looker.viewer.purpose,
        "roles": sorted(looker.viewer.roles),
        "table_version": looker.table.version,
        "table_sha256": looker.table.digest,
    }


def _data(looker: Looker, of: Iterable[Looked]) -> Mapping[str, Any]:
    return {
        **_asker(looker),
        "looked": [
            {
                "class": one.record_class,
                "decision": one.decision,
                "events": one.events,
                "fields": one.fields,
                "subject": one.subject_id,
            }
            for one in of
        ],
    }
