"""Redress of a complaint: offered, approved by another person where one may not decide it alone, accepted, paid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal, TypeAlias
from uuid import UUID

from domain.codes import ActorId
from domain.complaint_messages import (
    AcceptRedress,
    ApproveRedress,
    OfferRedress,
    PayRedress,
    RedressAccepted,
    RedressApproved,
    RedressOffer,
    RedressOffered,
    RedressPaid,
)
from domain.four_eyes import require_another
from domain.kernel import Command, Event, clear_facts, happened, refusal

RedressEvent: TypeAlias = RedressOffered | RedressApproved | RedressAccepted | RedressPaid
RedressCommand: TypeAlias = OfferRedress | ApproveRedress | AcceptRedress | PayRedress
EVENTS: Final[tuple[type[Event], ...]] = (RedressOffered, RedressApproved, RedressAccepted, RedressPaid)
COMMANDS: Final[tuple[type[Command], ...]] = (OfferRedress, ApproveRedress, AcceptRedress, PayRedress)

# State


@dataclass(frozen=True, slots=True)
class Redress:
    """One offer and how far it got."""

    terms: tuple[object, ...]
    offered_by: ActorId | None = None
    status: Literal["proposed", "offered", "accepted", "paid"] = "offered"


Offers: TypeAlias = Mapping[UUID, Redress]

# Evolve


def evolve(offers: Offers, event: RedressEvent) -> Offers:
    """Fold one event into the offers."""
    if isinstance(event, RedressOffered):
        status = "proposed" if event.needs_approval else "offered"
        return {**offers, event.redress_id: Redress(clear_facts(RedressOffer, event), event.offered_by, status)}
    known = offers.get(event.redress_id)
    return offers if known is None else {**offers, event.redress_id: replace(known, status=_AFTER[type(event)])}


_AFTER: Final[Mapping[type[Event], Literal["offered", "accepted", "paid"]]] = {
    RedressApproved: "offered",
    RedressAccepted: "accepted",
    RedressPaid: "paid",
}

# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.redress-amount-mismatch": "Monetary redress needs an amount, and only monetary redress has one.",
        "complaint.redress-id-reused": "This redress id names another offer.",
        "complaint.redress-unknown": "No such redress was offered.",
        "complaint.redress-not-accepted": "The complainant must accept the redress first.",
        "complaint.redress-not-approved": "Another person must approve the redress first.",
        "complaint.redress-approver-not-another": "Who offers redress above the limit cannot approve it.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def decide(command: RedressCommand, offers: Offers) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    return _DECIDE[type(command)](command, offers)


def _offer(command: OfferRedress, offers: Offers) -> Sequence[Event]:
    if (command.redress == "monetary") != (command.amount is not None):
        raise _refuse("complaint.redress-amount-mismatch", "amount")
    known = offers.get(command.redress_id)
    if known is None:
        return [happened(RedressOffered, command, needs_approval=_is_above(command))]
    if known.terms != clear_facts(RedressOffer, command):
        raise _refuse("complaint.redress-id-reused", "redress_id")
    return []


def _is_above(command: OfferRedress) -> bool:
    amount = command.amount
    if amount is None:
        return False
    alone = [limit.amount_minor for limit in command.limits if limit.currency == amount.currency]
    return amount.amount_minor > min(alone, default=0)


def _approve(command: ApproveRedress, offers: Offers) -> Sequence[Event]:
    offer = _known(offers, command.redress_id)
    if offer.status != "proposed":
        return []
    refused = _refuse("complaint.redress-approver-not-another", "approved_by")
    require_another(command.approved_by, [offer.offered_by], refused)
    return [happened(RedressApproved, command)]


def _accept(command: AcceptRedress, offers: Offers) -> Sequence[Event]:
    offer = _known(offers, command.redress_id)
    if offer.status == "proposed":
        raise _refuse("complaint.redress-not-approved", "redress_id")
    return [happened(RedressAccepted, command)] if offer.status == "offered" else []


def _pay(command: PayRedress, offers: Offers) -> Sequence[Event]:
    offer = _known(offers, command.redress_id)
    if offer.status in {"proposed", "offered"}:
        raise _refuse("complaint.redress-not-accepted", "redress_id")
    return [] if offer.status == "paid" else [happened(RedressPaid, command)]


def _known(offers: Offers, redress_id: UUID) -> Redress:
    offer = offers.get(redress_id)
    if offer is None:
        raise _refuse("complaint.redress-unknown", "redress_id")
    return offer


_DECIDE: Final[dict[type[RedressCommand], Callable[..., Sequence[Event]]]] = {
    OfferRedress: _offer,
    ApproveRedress: _approve,
    AcceptRedress: _accept,
    PayRedress: _pay,
}
