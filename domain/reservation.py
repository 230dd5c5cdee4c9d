"""Reservation: so many may hold one thing at once, such as the number of a document: claim, act, confirm or release.

What is reserved lies in another partition than the stream that acts on it, and no transaction has both. So who would
act claims first and confirms afterwards; a claim that was never confirmed can be expired once it has lapsed, by who
has looked whether there was acted on it. The stream's id is made from a keyed HMAC of what is reserved. The program
gives these commands.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.codes import Code
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

HOLDERS_MAX: Final = 10_000

# Facts that events and commands share


class Claim(Facts):
    """What is reserved, and for whom.

    `holder`: the id of what holds it, such as a customer or a command; `customer_id`: whose that is. `holders_max`: so
    many may hold it at once. `lapses_at`: from then on the claim may be expired unless it was confirmed. `ends_at`:
    from then on it counts no more, whatever became of it (None: it counts until it is confirmed, released or expired).
    """

    purpose: Code
    holder: UUID
    customer_id: UUID | None = None
    holders_max: Annotated[int, Field(ge=1, le=HOLDERS_MAX)]
    lapses_at: AwareDatetime
    ends_at: AwareDatetime | None = None


# Events


class ReservationClaimed(Claim, Event, name="reservation.claimed"):
    """A place is kept for the holder, who acts now."""


class ReservationConfirmed(Event, name="reservation.confirmed"):
    """The holder has acted; the place is theirs until `ends_at` (None: until it is released)."""

    holder: UUID
    customer_id: UUID | None = None
    ends_at: AwareDatetime | None = None


class ReservationReleased(Event, name="reservation.released"):
    """The holder needs the place no more."""

    holder: UUID
    customer_id: UUID | None = None
    reason: Code


class ReservationExpired(Event, name="reservation.expired"):
    """The claim had lapsed and nothing was done on it."""

    holder: UUID
    customer_id: UUID | None = None


# State


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is taken: whose, and whether they have acted.

    `lapses_at`: from when on a claim may be expired (None: it is confirmed); `ends_at`: until when the place counts
    (None: until it is released).
    """

    customer_id: UUID | None
    confirmed: bool
    lapses_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is reserved as decisions see it."""

    purpose: Code | None = None
    places: Mapping[UUID, Place] = field(default_factory=dict[UUID, Place])

    def taken_by_others(self, holder: UUID, at: datetime) -> int:
        """How many places others have at this time; a claim that names no end counts until it is expired."""
        return sum(one != holder and not _is_over(place, at) for one, place in self.places.items())


def _is_over(place: Place, at: datetime) -> bool:
    """Whether the place has come to its end."""
    return place.ends_at is not None and place.ends_at <= at


# Evolve


def _claimed(state: Reservation, event: ReservationClaimed) -> Reservation:
    standing = {one: place for one, place in state.places.items() if not _is_over(place, event.occurred_at)}
    claimed = Place(event.customer_id, confirmed=False, lapses_at=event.lapses_at, ends_at=event.ends_at)
    return replace(state, purpose=event.purpose, places={**standing, event.holder: claimed})


def _confirmed(state: Reservation, event: ReservationConfirmed) -> Reservation:
    confirmed = Place(event.customer_id, confirmed=True, lapses_at=None, ends_at=event.ends_at)
    return replace(state, places={**state.places, event.holder: confirmed})


def _gone(state: Reservation, event: ReservationReleased | ReservationExpired) -> Reservation:
    return replace(state, places={one: place for one, place in state.places.items() if one != event.holder})


_EVOLVE: Final[dict[type[Event], Callable[..., Reservation]]] = {
    ReservationClaimed: _claimed,
    ReservationConfirmed: _confirmed,
    ReservationReleased: _gone,
    ReservationExpired: _gone,
}


def evolve(state: Reservation, event: Event) -> Reservation:
    """Fold one event into the reservation."""
    return _EVOLVE[type(event)](state, event)


# Commands


class ReservationCommand(Command):
    """A command to the stream of one thing that is reserved."""

    internal = True
    stream_field = "reservation_id"

    reservation_id: UUID


class ClaimReservation(Claim, ReservationCommand, name="reservation.claim"):
    """Keep a place for the holder; claimed again it lapses later."""


class ConfirmReservation(ReservationCommand, name="reservation.confirm"):
    """Say that the holder has acted, and until when the place is theirs."""

    holder: UUID
    ends_at: AwareDatetime | None = None


class ReleaseReservation(ReservationCommand, name="reservation.release"):
    """Give the place back; nothing happens where there is none."""

    holder: UUID
    reason: Code


class ExpireReservation(ReservationCommand, name="reservation.expire"):
    """Give back a place whose claim has lapsed, or that has come to its end."""

    holder: UUID


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reservation.not-claimed": "Nobody has claimed this.",
        "reservation.full": "As many hold this as may.",
        "reservation.not-held": "The holder has no place; claim one first.",
        "reservation.not-lapsed": "The place is still the holder's.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _claim(command: ClaimReservation, state: Reservation) -> Sequence[Event]:
    place, at = state.places.get(command.holder), command.occurred_at
    if place is not None and (place.lapses_at, place.ends_at) == (command.lapses_at, command.ends_at):
        return []
    if place is not None and not _is_over(place, at):
        later = place.lapses_at is not None and place.lapses_at < command.lapses_at
        return [happened(ReservationClaimed, command)] if later else []
    if state.taken_by_others(command.holder, at) >= command.holders_max:
        raise _refuse("reservation.full", "holder")
    return [happened(ReservationClaimed, command)]


def _confirm(command: ConfirmReservation, state: Reservation) -> Sequence[Event]:
    place = _place(command.holder, state)
    if place.confirmed and place.ends_at == command.ends_at:
        return []
    return [happened(ReservationConfirmed, command, customer_id=place.customer_id)]


def _release(command: ReleaseReservation, state: Reservation) -> Sequence[Event]:
    place = state.places.get(command.holder)
    return [] if place is None else [happened(ReservationReleased, command, customer_id=place.customer_id)]


def _expire(command: ExpireReservation, state: Reservation) -> Sequence[Event]:
    place = state.places.get(command.holder)
    if place is None:
        return []
    due = place.ends_at if place.confirmed else place.lapses_at
    if due is None or due > command.occurred_at:
        raise _refuse("reservation.not-lapsed", "holder")
    return [happened(ReservationExpired, command, customer_id=place.customer_id)]


def _place(holder: UUID, state: Reservation) -> Place:
    place = state.places.get(holder)
    if place is None:
        raise _refuse("reservation.not-held", "holder")
    return place


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ClaimReservation: _claim,
    ConfirmReservation: _confirm,
    ReleaseReservation: _release,
    ExpireReservation: _expire,
}


def decide(command: Command, state: Reservation) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.purpose is None and type(command) is not ClaimReservation:
        raise _refuse("reservation.not-claimed", "reservation_id")
    return _DECIDE[type(command)](command, state)


def _whose(event: Event) -> Sequence[tuple[UUID, str]]:
    customer_id: UUID | None = getattr(event, "customer_id", None)
    return () if customer_id is None else ((customer_id, "holder"),)


def _nobodys(_: Reservation) -> UUID | None:
    return None


def _ended(state: Reservation) -> bool:
    return state.purpose is not None and not state.places


RESERVATION: Final = Aggregate(
    name="reservation",
    initial=Reservation(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_nobodys,
    ended=_ended,
    participants_of=_whose,
    refusals=REFUSALS,
)
