"""Caps on a number or address that customers share: its places are a reservation, in a partition of its own.

Who holds a place is the command that would send the touch: a command is answered once, in the customer's partition, so
what became of it is known for certain or not yet. A place is given back only when it is known. Until then, whoever
stopped wherever, the claim counts: it ends by itself, not before the touch would have ceased to count.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import orjson

from domain.contact_facts import ContactFacts
from domain.contact_rules import SharedWindow
from domain.reservation import RESERVATION, Place, Reservation
from domain.shared_points import SharedSeen, Taken
from domain.touch_messages import TouchDecided, TouchReleased, TouchSuppressed
from engine.deciding import Context
from engine.program_commands import Program
from engine.reserving import ACTOR, Deed, Done, Reservations, Wish, reservation_id_of
from projections.fact import Fact
from store.envelope import NO_STREAM, FoundAnswer

if TYPE_CHECKING:
    from engine.wiring import Daybook

PURPOSE: Final = "contact-point"
"""What the places of numbers and addresses are reserved for."""

NOT_SENT: Final = "not-sent"
NEVER: Final = datetime.max.replace(tzinfo=UTC)
COUNTED: Final = (TouchDecided, TouchReleased, TouchSuppressed)


class ContactPlaces:
    """Looks at places, takes them, and settles what became of them."""

    def __init__(self, daybook: "Daybook") -> None:
        self._record = daybook.record
        self._mapper = daybook.mapper
        self._vault = daybook.vault
        self._reservations = Reservations(Program(daybook, ACTOR))
        self._taken: dict[UUID, UUID] = {}
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def look(
        self,
        contact_point_id: UUID,
        purpose: str,
        window: SharedWindow,
        facts: ContactFacts,
        holder: UUID | None = None,
    ) -> SharedSeen:
        """Who has places; `holder`: the command whose own one may be among them."""
        reservation_id = await self._reservation(contact_point_id, purpose, window, facts)
        if reservation_id is None:
            return SharedSeen(contact_point_id)
        return seen_of(contact_point_id, reservation_id, (await self._reservations.story(reservation_id)).facts, holder)

    async def claim(  # noqa: PLR0913, PLR0917  # of whom, where, for what
        self,
        contact_point_id: UUID,
        purpose: str,
        window: SharedWindow,
        facts: ContactFacts,
        customer_id: UUID,
        context: Context,
    ) -> SharedSeen:
        """Take a place for a command if there is one; who has places then.

        Raises:
            PersistenceError, ...: see `engine.handling`.
        """
        reservation_id = await self._reservation(contact_point_id, purpose, window, facts)
        if reservation_id is None:
            return SharedSeen(contact_point_id)
        wish = Wish(reservation_id, PURPOSE, context.command_id, window.limit, customer_id, window.lasts)
        turn = self._turns.setdefault(reservation_id, asyncio.Lock())
        async with turn:  # of many that would change one stream, those of this process do not get in each other's way
            if await self._reservations.claim(wish, self._deed, context.correlation_id):
                self._taken[context.command_id] = reservation_id
        return await self.look(contact_point_id, purpose, window, facts, context.command_id)

    async def settle(self, command_id: UUID, story: Sequence[Fact], correlation_id: UUID) -> None:
        """Confirm or give back the places of a command, by what the record says of it; `story`: the touch's events.

        Raises:
            PersistenceError, ...: see `engine.handling`.
        """
        named = {found for fact in story if _command_of(fact) == command_id and (found := _counted(fact)) is not None}
        taken = self._taken.pop(command_id, None)
        for reservation_id in named if taken is None else named | {taken}:
            place = (await self._reservations.story(reservation_id)).state.places.get(command_id)
            if place is None or place.confirmed:
                continue
            match await self._deed(command_id, place):
                case Done(ends_at):
                    await self._reservations.confirm(reservation_id, command_id, correlation_id, ends_at=ends_at)
                case "not-done":
                    await self._reservations.release(reservation_id, command_id, NOT_SENT, correlation_id)
                case "unknown":
                    continue

    async def settle_told(self, fact: Fact) -> None:
        """The same for a touch's event that was read: whoever decided it may have stopped before settling."""
        if _counted(fact) is not None:
            await self.settle(_command_of(fact), [fact], fact.recorded.correlation_id)

    async def told(
        self, touch: Fact, contact_point_id: UUID, moment: datetime
    ) -> tuple[SharedSeen, SharedSeen, Sequence[Fact]]:
        """The places as a touch's event saw them, as they were by all that is known now, and all their events."""
        event = touch.event
        if not isinstance(event, COUNTED) or event.reservation_id is None:
            unknown = SharedSeen(contact_point_id)
            return unknown, unknown, ()
        reservation_id, version = event.reservation_id, event.reservation_version
        facts = (await self._reservations.story(reservation_id)).facts
        seen = [one for one in facts if version is not None and one.recorded.version <= version]
        happened = [one for one in facts if one.recorded.occurred_at <= moment]
        holder = _command_of(touch)
        return (
            seen_of(contact_point_id, reservation_id, seen, holder),
            seen_of(contact_point_id, reservation_id, happened, holder),
            facts,
        )

    async def _reservation(
        self, contact_point_id: UUID, purpose: str, window: SharedWindow, facts: ContactFacts
    ) -> UUID | None:
        """The stream of a contact point's value; None: it cannot be found by it."""
        added = facts.points[contact_point_id].event_id
        token = await self._vault.index.token_of(self._record.partition_of(added), added)
        if token is None:
            return None
        parts = (purpose.encode(), window.window.encode(), token[0].encode(), token[1])
        return reservation_id_of(self._vault.keyed_hmac, PURPOSE, *parts)

    async def _deed(self, command_id: UUID, place: Place) -> Deed:
        """What became of a command: sent, not sent, or nobody has answered it yet."""
        if place.customer_id is None or place.ends_at is None or place.lapses_at is None:
            return "unknown"
        partition = self._record.partition_of(place.customer_id)
        answer = (await self._record.find_answers(partition, [command_id])).get(command_id)
        if answer is None:
            return "unknown"
        for touch_id in _touches_of(answer):
            for recorded in await self._record.read_stream(touch_id):
                fact = self._mapper.fact(recorded)
                if _command_of(fact) == command_id and _is_sent(fact):
                    return Done(fact.event.occurred_at + (place.ends_at - place.lapses_at))
        return "not-done"


def seen_of(contact_point_id: UUID, reservation_id: UUID, story: Sequence[Fact], holder: UUID | None) -> SharedSeen:
    """What a reservation's events say of its places; `holder`: the command whose own one may be among them."""
    state: Reservation = RESERVATION.initial
    told: dict[UUID, UUID] = {}
    for fact in story:
        event: Any = fact.event
        state = RESERVATION.evolve(state, event)
        told[event.holder] = fact.recorded.event_id
    places = {one: Taken(place.ends_at or NEVER, told[one], place.confirmed) for one, place in state.places.items()}
    mine = None if holder is None else places.pop(holder, None)
    version = story[-1].recorded.version if story else NO_STREAM
    return SharedSeen(contact_point_id, reservation_id, version, tuple(places.values()), mine)


def _counted(fact: Fact) -> UUID | None:
    """The reservation that a touch's event names."""
    return fact.event.reservation_id if isinstance(fact.event, COUNTED) else None


def _is_sent(fact: Fact) -> bool:
    event = fact.event
    return isinstance(event, TouchReleased) or (isinstance(event, TouchDecided) and event.decision == "send")


def _command_of(fact: Fact) -> UUID:
    """The command that an event came of."""
    return UUID(orjson.loads(fact.recorded.meta)["command"])


def _touches_of(answer: FoundAnswer) -> set[UUID]:
    """The streams of the events that a command was answered with; none where it was refused."""
    return {UUID(stream) for _, stream, *_ in orjson.loads(answer.answer).get("events", ())}
