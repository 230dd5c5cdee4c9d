"""Redress of a complaint: offered, approved by another person where one may not decide it alone, accepted, paid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.access_rules import RedressLimit
from domain.codes import ActorId, Money
from domain.complaint_case import Complaint, ComplaintCommand, Redress, refuse
from domain.four_eyes import require_another
from domain.kernel import Command, Event, Facts, clear_facts, happened, refusal

# Facts that events and commands share


class RedressOffer(Facts):
    """What is offered to make it good, known by its id."""

    redress_id: UUID
    redress: Literal["monetary", "non_monetary"]
    amount: Money | None = None


# Events


class RedressOffered(RedressOffer, Event, name="complaint.redress-offered"):
    """The bank offers to make it good, once another person approved it where `needs_approval` says so."""

    offered_by: ActorId | None = None
    needs_approval: bool = False


class RedressApproved(Event, name="complaint.redress-approved"):
    """Another person agreed to an offer above what one may decide alone."""

    redress_id: UUID
    approved_by: ActorId


class RedressAccepted(Event, name="complaint.redress-accepted"):
    """The complainant accepted the offer."""

    redress_id: UUID


class RedressPaid(Event, name="complaint.redress-paid"):
    """What was accepted was paid or done."""

    redress_id: UUID


# Evolve


def _offered(state: Complaint, event: RedressOffered) -> Complaint:
    status = "proposed" if event.needs_approval else "offered"
    offer = Redress(clear_facts(RedressOffer, event), event.offered_by, status)
    return replace(state, redress={**state.redress, event.redress_id: offer})


def _got_to(
    status: Literal["offered", "accepted", "paid"],
) -> Callable[[Complaint, RedressApproved | RedressAccepted | RedressPaid], Complaint]:
    def evolve(state: Complaint, event: RedressApproved | RedressAccepted | RedressPaid) -> Complaint:
        known = state.redress.get(event.redress_id)
        if known is None:
            return state
        return replace(state, redress={**state.redress, event.redress_id: replace(known, status=status)})

    return evolve


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    RedressOffered: _offered,
    RedressApproved: _got_to("offered"),
    RedressAccepted: _got_to("accepted"),
    RedressPaid: _got_to("paid"),
}

# Commands


class OfferRedress(RedressOffer, ComplaintCommand, name="complaint.offer-redress"):
    """Offer to make it good; above what `redress_limits` let one person decide, another must approve."""

    actor_field = "offered_by"
    limits_field = "redress_limits"

    offered_by: ActorId
    redress_limits: Annotated[tuple[RedressLimit, ...], Field(max_length=200)] = ()


class ApproveRedress(ComplaintCommand, name="complaint.approve-redress"):
    """Agree to an offer that one person may not make alone."""

    actor_field = "approved_by"

    redress_id: UUID
    approved_by: ActorId


class AcceptRedress(ComplaintCommand, name="complaint.accept-redress"):
    """Record that the complainant accepts the offer."""

    redress_id: UUID


class PayRedress(ComplaintCommand, name="complaint.pay-redress"):
    """Record that the accepted redress was paid or done."""

    redress_id: UUID


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.redress-id-reused": "This redress id names another offer.",
        "complaint.redress-unknown": "No such redress was offered.",
        "complaint.redress-not-accepted": "The complainant must accept the redress first.",
        "complaint.redress-not-approved": "Another person must approve the redress first.",
        "complaint.redress-approver-not-another": "Who offers redress above the limit cannot approve it.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _offer(command: OfferRedress, state: Complaint) -> Sequence[Event]:
    if (command.redress == "monetary") != (command.amount is not None):
        raise refuse("complaint.redress-amount-mismatch", "amount")
    known = state.redress.get(command.redress_id)
    if known is None:
        return [happened(RedressOffered, command, needs_approval=_is_above(command))]
    if known.terms != clear_facts(RedressOffer, command):
        raise _refuse("complaint.redress-id-reused", "redress_id")
    return []


def _is_above(command: OfferRedress) -> bool:
    amount = command.amount
    if amount is None:
        return False
    alone = [limit.amount_minor for limit in command.redress_limits if limit.currency == amount.currency]
    return amount.amount_minor > min(alone, default=0)


def _approve(command: ApproveRedress, state: Complaint) -> Sequence[Event]:
    offer = _known(state, command.redress_id)
    if offer.status != "proposed":
        return []
    refused = _refuse("complaint.redress-approver-not-another", "approved_by")
    require_another(command.approved_by, [offer.offered_by], refused)
    return [happened(RedressApproved, command)]


def _accept(command: AcceptRedress, state: Complaint) -> Sequence[Event]:
    offer = _known(state, command.redress_id)
    if offer.status == "proposed":
        raise _refuse("complaint.redress-not-approved", "redress_id")
    return [happened(RedressAccepted, command)] if offer.status == "offered" else []


def _pay(command: PayRedress, state: Complaint) -> Sequence[Event]:
    offer = _known(state, command.redress_id)
    if offer.status in {"proposed", "offered"}:
        raise _refuse("complaint.redress-not-accepted", "redress_id")
    return [] if offer.status == "paid" else [happened(RedressPaid, command)]


def _known(state: Complaint, redress_id: UUID) -> Redress:
    offer = state.redress.get(redress_id)
    if offer is None:
        raise _refuse("complaint.redress-unknown", "redress_id")
    return offer


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OfferRedress: _offer,
    ApproveRedress: _approve,
    AcceptRedress: _accept,
    PayRedress: _pay,
}
