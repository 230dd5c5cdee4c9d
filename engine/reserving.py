"""Reservations over partitions: claim, act, then confirm or release; what a crash left in between is settled.

A claim that was never confirmed is not simply dropped when it has lapsed: who finds it asks whether its holder has
acted, and confirms or expires it by that. So a crash between acting and confirming lets nobody else in.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final, Literal, TypeAlias
from uuid import UUID

from domain.kernel import Refusal
from domain.reservation import (
    RESERVATION,
    ClaimReservation,
    ConfirmReservation,
    ExpireReservation,
    Place,
    ReleaseReservation,
    Reservation,
    ReservationCommand,
)
from engine.program_commands import Program, Story, now
from store.errors import VersionConflict
from store.identity import derive_id

LAPSES_AFTER: Final = timedelta(minutes=10)
"""Far more than acting takes; a claim that is older was left by something that stopped."""

ATTEMPTS: Final = 20
"""So often a command is tried, each time three times by itself, while others change the same stream."""

ACTOR: Final = "daybook:reservations"
FULL: Final = "reservation.full"
NOT_HELD: Final = frozenset({"reservation.not-held", "reservation.not-claimed"})


@dataclass(frozen=True, slots=True)
class Done:
    """The holder has acted; the place is theirs until `ends_at` (None: until it is released)."""

    ends_at: datetime | None = None


Deed: TypeAlias = Done | Literal["not-done", "unknown"]
"""What a holder has done on its claim; unknown: it may still act."""

Acted: TypeAlias = Callable[[UUID, Place], Awaitable[Deed]]
"""What this holder, whose claim this is, has done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a place where: see `domain.reservation.Claim`.

    `lasts`: so long after it has lapsed the claim ends by itself, as nobody who is late may act on it any more.
    """

    reservation_id: UUID
    purpose: str
    holder: UUID
    holders_max: int = 1
    customer_id: UUID | None = None
    lasts: timedelta | None = None


def reservation_id_of(keyed_hmac: Callable[..., bytes], purpose: str, *parts: bytes) -> UUID:
    """The stream of what these parts name, such as the kind and the normalised number of a document.

    `keyed_hmac`: as `Vault.keyed_hmac`; without its secret nobody can try out which value an id was made from.
    """
    return derive_id(keyed_hmac("reservation", purpose.encode(), *parts))


class Reservations:
    """Takes places and gives them back. Everything can be done again: it is done once."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def claim(self, wish: Wish, acted: Acted, correlation_id: UUID) -> bool:
        """Keep a place for the one who acts now; False: as many have one as may.

        `acted` is asked of holders whose claims have lapsed, of no others.

        Raises:
            PersistenceError, ...: see `engine.handling`.
        """
        story = await self.story(wish.reservation_id)
        if story.state.taken_by_others(wish.holder, now()) >= wish.holders_max:
            await self._settle_lapsed(wish.reservation_id, story, acted, correlation_id)
            story = await self.story(wish.reservation_id)
            if story.state.taken_by_others(wish.holder, now()) >= wish.holders_max:
                return False
        lapses_at = now() + LAPSES_AFTER
        command = ClaimReservation(
            occurred_at=now(),
            reservation_id=wish.reservation_id,
            purpose=wish.purpose,
            holder=wish.holder,
            customer_id=wish.customer_id,
            holders_max=wish.holders_max,
            lapses_at=lapses_at,
            ends_at=None if wish.lasts is None else lapses_at + wish.lasts,
        )
        return await self._accepted(command, correlation_id, {FULL})

    async def confirm(
        self, reservation_id: UUID, holder: UUID, correlation_id: UUID, *, ends_at: datetime | None = None
    ) -> bool:
        """The holder has acted; False: it came so late that the place is not theirs any more."""
        command = ConfirmReservation(occurred_at=now(), reservation_id=reservation_id, holder=holder, ends_at=ends_at)
        return await self._accepted(command, correlation_id, NOT_HELD)

    async def release(self, reservation_id: UUID, holder: UUID, reason: str, correlation_id: UUID) -> None:
        """The holder needs the place no more."""
        story = await self.story(reservation_id)
        if holder in story.state.places:
            command = ReleaseReservation(occurred_at=now(), reservation_id=reservation_id, holder=holder, reason=reason)
            await self._accepted(command, correlation_id)

    async def story(self, reservation_id: UUID) -> Story[Reservation]:
        """What is reserved, as the record has it."""
        return await self._program.story(RESERVATION, reservation_id)

    async def _accepted(
        self, command: ReservationCommand, correlation_id: UUID, may_refuse: Collection[str] = ()
    ) -> bool:
        """Give a command, again while others change the stream; False: it is refused by one of these codes."""
        for attempt in count(1):
            story = await self.story(command.reservation_id)
            try:
                await self._program.give(command, correlation_id, story.version)
            except Refusal as refused:
                if refused.code not in may_refuse:
                    raise
                return False
            except VersionConflict:
                if attempt == ATTEMPTS:
                    raise
            else:
                break
        return True

    async def _settle_lapsed(
        self, reservation_id: UUID, story: Story[Reservation], acted: Acted, correlation_id: UUID
    ) -> None:
        """Confirm or expire what has lapsed, by whether there was acted on it."""
        at = now()
        for holder, place in story.state.places.items():
            if place.lapses_at is None or place.lapses_at > at:
                continue
            match await acted(holder, place):
                case Done(ends_at):
                    await self.confirm(reservation_id, holder, correlation_id, ends_at=ends_at)
                case "not-done":
                    expire = ExpireReservation(occurred_at=now(), reservation_id=reservation_id, holder=holder)
                    await self._accepted(expire, correlation_id, NOT_HELD)
                case "unknown":
                    continue
