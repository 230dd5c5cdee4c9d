"""Commands that need something of another partition: claimed or looked up before they are decided, settled after it.

What is done afterwards goes by what the record then says, not by the answer: so a command that is given again, after a
crash wherever it was, is brought to the same end.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.customer import CUSTOMER, Customer
from domain.identity_messages import (
    DocumentClaim,
    MergeCustomers,
    RecordIdentityDocument,
    ReverseMerge,
    WithdrawIdentityDocument,
)
from domain.kernel import Command, with_fact
from domain.reservation import Place
from domain.touch import TOUCH
from domain.touch_messages import ProposeTouch, ReconsiderTouch
from engine.deciding import Context
from engine.merging import TROUBLES, Merging
from engine.program_commands import Program, now
from engine.reserving import ACTOR, Deed, Done, Reservations, Wish, reservation_id_of

if TYPE_CHECKING:
    from engine.wiring import Daybook

DOCUMENT: Final = "identity-document"
"""What the places of documents' numbers are reserved for."""

TAKEN: Final = "number-taken"
TOUCHES: Final = (ProposeTouch, ReconsiderTouch)

_log = logging.getLogger(__name__)

Step = Callable[[Any, Context], Awaitable[Any]]


class Spanning:
    """What commands of some classes need beside their own stream."""

    def __init__(self, daybook: "Daybook") -> None:
        self._daybook = daybook
        self._program = Program(daybook, ACTOR)
        self._reservations = Reservations(self._program)
        self._merging = Merging(daybook)
        self._before: Mapping[type[Command], Step] = MappingProxyType(
            {RecordIdentityDocument: self._claim, MergeCustomers: self._parties}
        )
        self._after: Mapping[type[Command], Step] = MappingProxyType(
            {
                RecordIdentityDocument: self._recorded,
                WithdrawIdentityDocument: self._withdrawn,
                MergeCustomers: self._merged,
                ReverseMerge: self._reversed,
                ProposeTouch: self._touched,
                ReconsiderTouch: self._touched,
            }
        )

    def needs(self, command: Command) -> bool:
        """Whether this command needs anything of another partition."""
        kind = type(command)
        return kind in self._after and (kind not in TOUCHES or self._daybook.contact_policies.shared)

    async def before(self, command: Command, context: Context) -> Command:
        """The command with what the decision needs.

        Raises:
            PersistenceError, ...: see `engine.handling`.
        """
        fill = self._before.get(type(command))
        if fill is None or command.spans_field is None:
            return command
        return with_fact(command, command.spans_field, await fill(command, context))

    async def after(self, command: Command, context: Context) -> None:
        """Settle what was claimed, whether the command was accepted or not; what fails is settled by who comes next."""
        try:
            await self._after[type(command)](command, context)
        except TROUBLES as error:
            _log.warning("%s is settled later: %r", command.type, error)

    # Documents

    async def _claim(self, command: RecordIdentityDocument, context: Context) -> DocumentClaim:
        """A place for the document's number; of who is no customer nothing is claimed, for the command is refused."""
        parts = (command.kind.encode(), command.country.encode(), command.number.encode())
        reservation_id = reservation_id_of(self._daybook.vault.keyed_hmac, DOCUMENT, *parts)
        state = await self._customer(command.customer_id)
        if state.customer_id is None or state.ended:
            return DocumentClaim(held=False, reservation_id=reservation_id)
        wish = Wish(reservation_id, DOCUMENT, command.customer_id, customer_id=command.customer_id)

        async def acted(holder: UUID, _: Place) -> Deed:
            return Done() if (await self._customer(holder)).identity.holds(reservation_id) else "not-done"

        held = await self._reservations.claim(wish, acted, context.correlation_id)
        return DocumentClaim(held=held, reservation_id=reservation_id)

    async def _recorded(self, command: RecordIdentityDocument, context: Context) -> None:
        claim = command.claim
        if claim is not None and claim.held:
            await self._settle(claim.reservation_id, command, context)

    async def _settle(self, reservation_id: UUID, command: RecordIdentityDocument, context: Context) -> None:
        holder, correlation_id = command.customer_id, context.correlation_id
        if not (await self._customer(holder)).identity.holds(reservation_id):
            await self._reservations.release(reservation_id, holder, "not-recorded", correlation_id)
        elif not await self._reservations.confirm(reservation_id, holder, correlation_id):
            # So slow that the claim had lapsed and the number is another's by now.
            withdraw = WithdrawIdentityDocument(
                occurred_at=now(), customer_id=holder, document_id=command.document_id, reason=TAKEN
            )
            story = await self._program.story(CUSTOMER, holder)
            await self._program.give(withdraw, correlation_id, story.version)

    async def _withdrawn(self, command: WithdrawIdentityDocument, context: Context) -> None:
        identity = (await self._customer(command.customer_id)).identity
        document = identity.documents.get(command.document_id)
        if document is not None and not identity.holds(document.reservation_id):
            await self._reservations.release(
                document.reservation_id, command.customer_id, "withdrawn", context.correlation_id
            )

    # Touches: what they need is claimed when they are judged

    async def _touched(self, command: ProposeTouch | ReconsiderTouch, context: Context) -> None:
        story = await self._program.story(TOUCH, command.touch_id)
        await self._daybook.places.settle(context.command_id, story.facts, context.correlation_id)

    # Merges

    async def _parties(self, command: MergeCustomers, _: Context) -> Any:  # noqa: ANN401  # Parties, if there is a link
        return await self._merging.parties(command)

    async def _merged(self, command: MergeCustomers, _: Context) -> None:
        await self._merging.carry_on(command.customer_id, command.link_id)

    async def _reversed(self, command: ReverseMerge, _: Context) -> None:
        await self._merging.carry_on(command.customer_id, command.merge_id)

    async def _customer(self, customer_id: UUID) -> Customer:
        return (await self._program.story(CUSTOMER, customer_id)).state
