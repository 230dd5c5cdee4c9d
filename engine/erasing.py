"""One erasure from its request to its certificate. Every step can be done again: whoever comes next goes on.

Tombstones, keys in all stores and blobs are `vault.shredding`; here is what the record says before and after them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from audit.moment import moment
from domain import CUSTOMER, PRIVACY_REQUEST
from domain.erasure import (
    ERASURE,
    AbandonErasure,
    CertifyErasure,
    CompleteErasure,
    DestroyedKey,
    Erasure,
    ErasureCompleted,
    ErasureRequested,
    ReportErasureAttempt,
)
from domain.identity_messages import WithdrawIdentityDocument
from domain.privacy_rules import ClassDecision
from engine.certificates import issue_once
from engine.dossier import dossier_of
from engine.program_commands import Program, Story, now
from engine.shredding import Eraser
from engine.wiring import Daybook
from vault.holds import ALL_CLASSES, holds_of
from vault.shredding import FAILURES, Shredded
from vault.subjects import tombstones_of

TOMBSTONES: Final = "vault.tombstone"
HOLD: Final = "vault.hold"
IDENTITY: Final = "identity"

Reached = Callable[[str], None]
"""Told the name of every step that was just done; tests let it fail."""


class ErasureIncomplete(RuntimeError):
    """Some stores still have what is to go; it is tried again."""

    def __init__(self, erasure_id: UUID, stores: Iterable[str]) -> None:
        self.stores = tuple(sorted(set(stores)))
        super().__init__(f"erasure {erasure_id} is incomplete in {', '.join(self.stores)}; it is tried again")


class Erasing:
    """Carries erasures on from wherever they are."""

    def __init__(self, daybook: Daybook, eraser: Eraser, program: Program, reached: Reached) -> None:
        self._daybook = daybook
        self._eraser = eraser
        self._program = program
        self._reached = reached

    async def story(self, erasure_id: UUID) -> Story[Erasure]:
        """The erasure as it stands in the record."""
        return await self._program.story(ERASURE, erasure_id)

    async def carry_on(self, erasure_id: UUID) -> bool:
        """Bring an erasure that was requested to its end; whether it was not abandoned.

        Raises:
            ErasureIncomplete: not every store could be seen to; the record says which.
            CertificatesUnavailable: all is gone, but nobody here can sign that.
        """
        story = await self.story(erasure_id)
        if story.state.status == "requested":
            await self._shred(erasure_id, story)
            story = await self.story(erasure_id)
        if story.state.status == "completed" and story.state.certified is None:
            await self._certify(erasure_id, story)
        return story.state.status == "completed"

    async def _shred(self, erasure_id: UUID, story: Story[Erasure]) -> None:
        order = cast("ErasureRequested", story.facts[0].event)
        holds = await self._holds(order)
        if holds and not await self._begun(order):
            command = AbandonErasure(occurred_at=now(), erasure_id=erasure_id, holds=tuple(sorted(holds)))
            await self._program.give(command, order.cause_id, story.version)
            return
        shredded, failing = await self._shred_everywhere(order)
        self._reached("shredded")
        if failing:
            report = ReportErasureAttempt(
                occurred_at=now(), erasure_id=erasure_id, stores=tuple(sorted(failing)), reason="store-failed"
            )
            await self._program.give(report, order.cause_id, story.version)
            raise ErasureIncomplete(erasure_id, failing)
        if IDENTITY in order.record_classes:
            await self._give_numbers_back(order)
        keys = _destroyed(shredded)
        blobs = (await dossier_of(self._daybook, order.customer_id)).blobs(order.record_classes)
        complete = CompleteErasure(occurred_at=now(), erasure_id=erasure_id, keys=keys, blobs=blobs)
        await self._program.give(complete, order.cause_id, story.version)
        self._reached("completed")

    async def _give_numbers_back(self, order: ErasureRequested) -> None:
        """Documents whose numbers nobody can read any more hold them against nobody else."""
        story = await self._program.story(CUSTOMER, order.customer_id)
        for document_id, document in story.state.identity.documents.items():
            if not document.withdrawn:
                withdraw = WithdrawIdentityDocument(
                    occurred_at=now(), customer_id=order.customer_id, document_id=document_id, reason="erased"
                )
                await self._program.give(withdraw, order.cause_id, story.version)

    async def _shred_everywhere(self, order: ErasureRequested) -> tuple[list[Shredded], set[str]]:
        """A subject may have keys in every partition; one that fails does not keep the others from being shredded."""
        shredded: list[Shredded] = []
        failing: set[str] = set()
        for partition in range(self._daybook.record.partitions):
            try:
                one = await self._eraser.shredder.shred(
                    partition, order.customer_id, order.record_classes, final=order.final
                )
            except FAILURES:
                failing.add(TOMBSTONES)
                continue
            shredded.append(one)
            failing |= {of.store for of in (*one.keys, *one.blobs, *one.journals) if of.error is not None}
            failing |= {HOLD for of in one.classes if of.verdict == "held"}
        return shredded, failing

    async def _holds(self, order: ErasureRequested) -> set[UUID]:
        pool = self._daybook.record.pool
        return {
            hold.hold_id
            for partition in range(self._daybook.record.partitions)
            for hold in await holds_of(pool, partition, order.customer_id)
            if hold.record_class in {ALL_CLASSES, *order.record_classes}
        }

    async def _begun(self, order: ErasureRequested) -> bool:
        """Whether any of the keys is destroyed already: then there is no way back."""
        pool, ordered = self._daybook.record.pool, set(order.key_ids)
        for partition in range(self._daybook.record.partitions):
            found = await tombstones_of(pool, partition, order.customer_id, order.record_classes)
            if not ordered.isdisjoint(one.key_id for one in found):
                return True
        return False

    async def _certify(self, erasure_id: UUID, story: Story[Erasure]) -> None:
        daybook = self._daybook
        order = cast("ErasureRequested", story.facts[0].event)
        issued = await issue_once(
            daybook.settings,
            daybook.record.pool,
            "erasure/1",
            str(erasure_id),
            _content(erasure_id, story, await self._outcomes(order)),
            partition=daybook.record.partition_of(order.customer_id),
        )
        self._reached("issued")
        command = CertifyErasure(occurred_at=now(), erasure_id=erasure_id, sha256=issued.sha256.hex())
        await self._program.give(command, order.cause_id, story.version)
        self._reached("certified")

    async def _outcomes(self, order: ErasureRequested) -> Iterable[ClassDecision]:
        """What was decided of each record class of the customer."""
        if order.cause == "disposal":
            return [ClassDecision(None, (), "erased", name, None) for name in order.record_classes]
        story = await self._program.story(PRIVACY_REQUEST, order.cause_id)
        return story.state.decisions.values()


def _destroyed(shredded: Iterable[Shredded]) -> tuple[DestroyedKey, ...]:
    return tuple(
        DestroyedKey(
            commitment=None if tombstone.commitment is None else tombstone.commitment.hex(),
            key_id=tombstone.key_id,
            partition=one.partition,
            record_class=tombstone.record_class,
        )
        for one in shredded
        for of in one.classes
        for tombstone in of.tombstones
    )


def _content(erasure_id: UUID, story: Story[Erasure], decisions: Iterable[ClassDecision]) -> dict[str, Any]:
    """What the certificate says: whose, why, what is gone, and what became of each record class."""
    order = cast("ErasureRequested", story.facts[0].event)
    requested, completed = story.facts[0], next(one for one in story.facts if isinstance(one.event, ErasureCompleted))
    gone = cast("ErasureCompleted", completed.event)
    return {
        "erasure_id": str(erasure_id),
        "customer_id": str(order.customer_id),
        "cause": order.cause,
        "cause_id": str(order.cause_id),
        "record_classes": sorted(order.record_classes),
        "requested": {"event_id": str(requested.recorded.event_id), "at": moment(requested.recorded.recorded_at)},
        "completed": {"event_id": str(completed.recorded.event_id), "at": moment(completed.recorded.recorded_at)},
        "tombstones": [_told(key) for key in gone.keys],
        "blobs": gone.blobs,
        "outcomes": [outcome_told(one) for one in decisions],
        "recipients": [
            {"disclosure_id": str(one.disclosure_id), "recipient": one.recipient} for one in order.recipients
        ],
    }


def _told(key: DestroyedKey) -> Mapping[str, Any]:
    return {
        "commitment": key.commitment,
        "key_id": str(key.key_id),
        "partition": key.partition,
        "record_class": key.record_class,
    }


def outcome_told(one: ClassDecision) -> dict[str, Any]:
    """A decision as certificates tell it."""
    return {
        "basis": one.basis,
        "holds": [str(hold) for hold in one.holds],
        "outcome": one.outcome,
        "record_class": one.record_class,
        "until": None if one.until is None else one.until.isoformat(),
    }
