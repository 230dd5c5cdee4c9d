"""Carrying out what people have approved: erasures, restrictions, disposals, and giving released holds way."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from eventsourcing.persistence import PersistenceError

from audit.errors import CertificatesUnavailable
from domain import DISPOSAL, LEGAL_HOLD, PRIVACY_REQUEST
from domain.disposal import CompleteDisposal, Disposal, DisposalApproved, Kept
from domain.erasure import Cause, RequestErasure
from domain.kernel import Command, Refusal
from domain.privacy_messages import (
    BY_PROGRAM,
    ApprovePrivacyRequest,
    CheckPrivacyRequestIdentity,
    DecidePrivacyRequest,
    FinishPrivacyRequest,
    PrivacyRequestDecided,
    PrivacyRequestReceived,
    ReceivePrivacyRequest,
    Wish,
    WithdrawPrivacyRequest,
)
from domain.privacy_request import PrivacyRequest
from domain.privacy_rules import HELD, ClassHeld, RetentionRule, judge
from engine.certificates import issue_once
from engine.clear_data import ClearData, dispose_of_clear_data
from engine.dossier import Dossier, dossier_of
from engine.erasing import Erasing, ErasureIncomplete, Reached
from engine.persons import ids_known
from engine.program_commands import ACTOR, Program, Story, now
from engine.retention import schedule_in_force
from engine.shredding import Eraser, open_eraser
from engine.wiring import Daybook
from projections import audit_trail, privacy_register, privacy_search
from projections.errors import ReadModelError
from projections.persons import PROFILES
from projections.privacy_search import RequestFilter
from store.envelope import NO_STREAM
from vault.errors import VaultError
from vault.holds import release_hold, standing_holds

CAUGHT_UP_S: Final = 30.0
AT_ONCE: Final = 200
"""So many of each kind are taken up in one run."""
NO_DATA: Final = "no-data"
"""The basis of a disposal that finds nothing."""


class NotNow(RuntimeError):
    """Something cannot be carried out now; the message says what is missing."""


TROUBLES: Final = (
    NotNow, ErasureIncomplete, CertificatesUnavailable, Refusal, PersistenceError, VaultError, ReadModelError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError, OSError, TimeoutError,
)  # fmt: skip
"""What keeps one thing from being carried out, and the others not from theirs."""


@dataclass(slots=True)
class Carried:
    """What one run did: ids that are done, and why others are not."""

    erasures: list[UUID] = field(default_factory=list[UUID])
    requests: list[UUID] = field(default_factory=list[UUID])
    disposals: list[UUID] = field(default_factory=list[UUID])
    released: list[UUID] = field(default_factory=list[UUID])
    troubles: dict[UUID, str] = field(default_factory=dict[UUID, str])


class CarryingOut:
    """The program's part of privacy requests, disposals and holds."""

    def __init__(self, daybook: Daybook, eraser: Eraser, reached: Reached = lambda _: None) -> None:
        self._daybook = daybook
        self._eraser = eraser
        self._reached = reached
        self._program = Program(daybook)
        self._erasing = Erasing(daybook, eraser, self._program, reached)

    @classmethod
    @asynccontextmanager
    async def open(cls, daybook: Daybook) -> "AsyncGenerator[CarryingOut]":
        """Connect as the role of erasure.

        Raises:
            NoEraser: nobody said how.
        """
        async with open_eraser(daybook.settings, daybook.databases, daybook.vault) as eraser:
            yield cls(daybook, eraser)

    async def run(self) -> Carried:
        """Take up everything that waits; what cannot be done now is told and tried again by the next run."""
        await self._caught_up()
        done = Carried()
        await self._each(done, done.released, await self._standing(), self.release)
        await self._each(done, done.erasures, await self._under_way(), self._erasing.carry_on)
        await self._each(done, done.requests, await self._waiting(), self.request)
        disposals = await privacy_search.listed(self._daybook.models, "disposals", limit=AT_ONCE)
        approved = [one.disposal_id for one in disposals.rows if one.status == "approved"]
        await self._each(done, done.disposals, approved, self.disposal)
        return done

    async def _each(
        self, done: Carried, into: list[UUID], ids: Iterable[UUID], work: Callable[[UUID], Awaitable[bool]]
    ) -> None:
        for one in ids:
            try:
                if await work(one):
                    into.append(one)
            except TROUBLES as trouble:
                done.troubles[one] = str(trouble) or type(trouble).__name__

    async def _caught_up(self) -> None:
        """What was approved, and which schedule is in force, is seen before anything is destroyed."""
        end = await self._daybook.record.end()
        for name in (privacy_register.NAME, audit_trail.NAME, PROFILES):
            if await self._daybook.models.wait_for(name, end, CAUGHT_UP_S) == "timeout":
                raise NotNow(f"the read model {name} is behind; nothing is carried out by an old one")

    async def _under_way(self) -> list[UUID]:
        """Erasures that somebody began and nobody ended, whatever they were begun for."""
        listed = await privacy_search.listed(self._daybook.models, "erasures", limit=AT_ONCE)
        return [one.erasure_id for one in listed.rows if one.certificate_sha256 is None]

    async def _waiting(self) -> list[UUID]:
        """Requests of the program's kinds that were approved, and those whose restriction has ended."""
        models = self._daybook.models
        found: list[UUID] = []
        for status in ("approved", "decided"):
            for kind in sorted(BY_PROGRAM):
                page = await privacy_search.requests(
                    models, RequestFilter(open=True, status=status, kind=kind), limit=AT_ONCE
                )
                found += [one.request_id for one in page.rows]
        found += await privacy_search.to_look_at_again(models, now().date(), AT_ONCE)
        return list(dict.fromkeys(found))

    # Requests

    async def request(self, request_id: UUID) -> bool:
        """Carry an approved erasure or restriction out; whether anything was done.

        Raises:
            TROUBLES: it could not be done now.
        """
        story = await self._story(request_id)
        state = story.state
        if state.kind not in BY_PROGRAM or state.status not in {"approved", "decided", "completed"}:
            return False
        if state.status == "approved" and not await self._stands(request_id, story):
            return False
        done = await self._carry_on(request_id, story)
        if state.status == "approved" or (state.status == "decided" and not done) or _due(state):
            await self._decide(request_id, story)
            await self._begin(request_id, await self._story(request_id))
        return await self._finish(request_id)

    async def _stands(self, request_id: UUID, story: Story[PrivacyRequest]) -> bool:
        """Ask the same for each other customer id of the person; of who is that person no more nothing is asked."""
        received = story.facts[0].recorded
        if received.actor != ACTOR:
            await self._ask_for_other_ids(request_id, story)
            return True
        first, customer_id = await self._story(received.correlation_id), cast("UUID", story.state.customer_id)
        if first.state.customer_id in await ids_known(self._daybook.models, customer_id):
            return True
        withdraw = WithdrawPrivacyRequest(occurred_at=now(), request_id=request_id, reason="another-person")
        await self._program.give(withdraw, received.correlation_id, story.version)
        return False

    async def _ask_for_other_ids(self, request_id: UUID, story: Story[PrivacyRequest]) -> None:
        """The same request for each other customer id of the person, which the next run carries out like any."""
        wish = cast("PrivacyRequestReceived", story.facts[0].event)
        for other in (await ids_known(self._daybook.models, wish.customer_id))[1:]:
            asked = self._program.derived("request-of-same-person", request_id.bytes, other.bytes, beside=other)
            known = (await self._story(asked)).version
            for command in _the_same_request(asked, other, wish, story.state)[known + 1 :]:
                await self._program.give(command, request_id, known)
                known += 1
        self._reached("asked")

    async def _story(self, request_id: UUID) -> Story[PrivacyRequest]:
        return await self._program.story(PRIVACY_REQUEST, request_id)

    async def _carry_on(self, request_id: UUID, story: Story[PrivacyRequest]) -> bool:
        """Go on with the erasure of the last decision; whether it is completed."""
        erasure_id = await self._erasure_of(request_id, story)
        if erasure_id is None or (await self._erasing.story(erasure_id)).state.status == "absent":
            return False
        return await self._erasing.carry_on(erasure_id)

    async def _erasure_of(self, request_id: UUID, story: Story[PrivacyRequest]) -> UUID | None:
        """The id of the erasure that the last decision leads to: a new one after each that was abandoned."""
        decided = _last_decision(story)
        if decided is None:
            return None
        customer_id, attempt = decided[1].customer_id, 0
        while True:
            parts = (request_id.bytes, str(decided[0]).encode(), str(attempt).encode())
            erasure_id = self._program.derived("erasure", *parts, beside=customer_id)
            if (await self._erasing.story(erasure_id)).state.status != "abandoned":
                return erasure_id
            attempt += 1

    async def _decide(self, request_id: UUID, story: Story[PrivacyRequest]) -> None:
        state, decided = story.state, _last_decision(story)
        held: Sequence[ClassHeld] = (await dossier_of(self._daybook, cast("UUID", state.customer_id))).held
        if decided is not None:  # what was recorded since the first decision is no part of the request
            wanted = {one.record_class for one in decided[1].decisions} if state.status == "decided" else _due(state)
            held = [of for of in held if of.record_class in wanted]
        version, rules = await self._rules(needed=state.kind == "erasure")
        command = DecidePrivacyRequest(
            occurred_at=now(), request_id=request_id, schedule_version=version, held=tuple(held), rules=tuple(rules)
        )
        await self._program.give(command, request_id, story.version)
        self._reached("decided")

    async def _rules(self, *, needed: bool = True) -> tuple[int | None, Sequence[RetentionRule]]:
        found = await schedule_in_force(self._daybook.models, self._daybook.mapper)
        if found is None:
            if needed:
                raise NotNow("no retention schedule is in force: propose one, sign it off and activate it")
            return None, ()
        return found[1].schedule_version, found[1].rules

    async def _begin(self, request_id: UUID, story: Story[PrivacyRequest]) -> None:
        """Request the erasure that the last decision leads to, and carry it on."""
        decided = _last_decision(story)
        erasure_id = await self._erasure_of(request_id, story)
        if decided is None or erasure_id is None or (await self._erasing.story(erasure_id)).facts:
            return
        dossier = await dossier_of(self._daybook, decided[1].customer_id)
        gone = {one.record_class for one in decided[1].decisions if one.outcome == "erased"}
        classes = gone.intersection(dossier.classes)
        if classes:
            final = dossier.relationship_ended
            await self._order(erasure_id, dossier, classes, "privacy-request", request_id, final=final)

    async def _order(  # noqa: PLR0913  # what an erasure is told
        self,
        erasure_id: UUID,
        dossier: Dossier,
        classes: Collection[str],
        cause: Cause,
        cause_id: UUID,
        *,
        final: bool = False,
    ) -> None:
        command = RequestErasure(
            occurred_at=now(),
            erasure_id=erasure_id,
            customer_id=dossier.customer_id,
            cause=cause,
            cause_id=cause_id,
            record_classes=tuple(sorted(classes)),
            key_ids=tuple(sorted(key_id for name in classes for key_id in dossier.classes[name])),
            final=final,
            recipients=dossier.recipients(classes),
        )
        await self._program.give(command, cause_id, NO_STREAM)
        self._reached("requested")
        await self._erasing.carry_on(erasure_id)

    async def _finish(self, request_id: UUID) -> bool:
        story = await self._story(request_id)
        if story.state.status != "decided":
            return False
        erasure_id = await self._erasure_of(request_id, story)
        certified = None if erasure_id is None else (await self._erasing.story(erasure_id)).state.certified
        done = "erased" if certified is not None else "restricted" if story.state.kind == "restriction" else "kept"
        command = FinishPrivacyRequest(
            occurred_at=now(), request_id=request_id, done=done, evidence_sha256=certified, completed_by=ACTOR
        )
        await self._program.give(command, request_id, story.version)
        self._reached("finished")
        return True

    # Disposals

    async def disposal(self, disposal_id: UUID) -> bool:
        """Carry an approved disposal out, customer by customer.

        Raises:
            TROUBLES: it could not be done now; the customers that are done stay done.
        """
        story = await self._program.story(DISPOSAL, disposal_id)
        if story.state.status != "approved":
            return False
        _, rules = await self._rules()
        erasures: list[UUID] = []
        kept: list[Kept] = []
        streams = 0
        for customer_id in story.state.customer_ids:
            outcome = await self._dispose(disposal_id, story.state, customer_id, rules)
            if isinstance(outcome, Kept):
                kept.append(outcome)
                continue
            erasures.append(outcome)
            if story.state.clear:
                of = ClearData(customer_id, story.state.record_class, outcome)
                streams += await dispose_of_clear_data(self._daybook, self._eraser.pool, of, rules)
        self._reached("cleared")
        content = _disposal_content(disposal_id, story, erasures, kept, streams)
        settings, record = self._daybook.settings, self._daybook.record
        await issue_once(
            settings, record.pool, "disposal/1", str(disposal_id), content, partition=record.partition_of(disposal_id)
        )
        self._reached("issued")
        command = CompleteDisposal(
            occurred_at=now(), disposal_id=disposal_id, erasures=tuple(erasures), kept=tuple(kept), streams=streams
        )
        await self._program.give(command, disposal_id, story.version)
        return True

    async def _dispose(
        self, disposal_id: UUID, lot: Disposal, customer_id: UUID, rules: Sequence[RetentionRule]
    ) -> UUID | Kept:
        erasure_id = self._program.derived("disposal", disposal_id.bytes, customer_id.bytes, beside=customer_id)
        if (await self._erasing.story(erasure_id)).state.status == "absent":
            dossier = await dossier_of(self._daybook, customer_id)
            of = next((one for one in dossier.held if one.record_class == lot.record_class), None)
            if of is None:
                return Kept(NO_DATA, customer_id)
            judged = judge(of, rules, now().date(), "retention-end")
            if judged.outcome != "erased":
                return Kept(judged.basis or judged.outcome, customer_id)
            await self._order(erasure_id, dossier, [lot.record_class], "disposal", disposal_id)
        done = await self._erasing.carry_on(erasure_id)
        return erasure_id if done else Kept(HELD, customer_id)

    # Holds

    async def _standing(self) -> list[UUID]:
        """Holds that the database enforces although the record says that they were released."""
        found = set[UUID]()
        for partition in range(self._daybook.record.partitions):
            found.update(hold_id for hold_id, _ in await standing_holds(self._daybook.record.pool, partition))
        return sorted(found)

    async def release(self, hold_id: UUID) -> bool:
        """Let a hold give way that was released; whether it was."""
        story = await self._program.story(LEGAL_HOLD, hold_id)
        if story.state.status != "released":
            return False
        subject_id = cast("UUID", story.state.customer_id)
        await release_hold(self._eraser.pool, self._daybook.record.partitions, hold_id, subject_id)
        return True


def _the_same_request(
    request_id: UUID, customer_id: UUID, wish: PrivacyRequestReceived, state: PrivacyRequest
) -> Sequence[Command]:
    """The steps that a request went through, of another customer id of the same person, by the same people."""
    said: dict[str, Any] = {name: getattr(wish, name) for name in Wish.model_fields} | {"customer_id": customer_id}
    at: dict[str, Any] = {"request_id": request_id, "occurred_at": wish.occurred_at}
    return (
        ReceivePrivacyRequest(**at, **said),
        CheckPrivacyRequestIdentity(**at, method="same-person", checked_by=cast("str", state.checked_by)),
        ApprovePrivacyRequest(**at, approved_by=cast("str", state.approved_by)),
    )


def _last_decision(story: Story[PrivacyRequest]) -> tuple[int, PrivacyRequestDecided] | None:
    """The last decision of the record classes and its version in the stream."""
    for fact in reversed(story.facts):
        if isinstance(fact.event, PrivacyRequestDecided):
            return fact.recorded.version, fact.event
    return None


def _due(state: PrivacyRequest) -> set[str]:
    """Classes whose restriction has ended by its date."""
    if state.status != "completed":
        return set()
    day = now().date()
    return {name for name, one in state.decisions.items() if one.until is not None and one.until <= day}


def _disposal_content(
    disposal_id: UUID, story: Story[Disposal], erasures: Sequence[UUID], kept: Sequence[Kept], streams: int
) -> dict[str, Any]:
    approved = next(fact for fact in story.facts if isinstance(fact.event, DisposalApproved))
    return {
        "disposal_id": str(disposal_id),
        "record_class": story.state.record_class,
        "proposed_by": story.state.proposed_by,
        "approved_by": cast("DisposalApproved", approved.event).approved_by,
        "clear": story.state.clear,
        "streams": streams,
        "erasures": [str(one) for one in erasures],
        "kept": [{"basis": one.basis, "customer_id": str(one.customer_id)} for one in kept],
    }
