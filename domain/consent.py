"""Consents of a customer: the last word on each scope, and what may be said next.

Every word is an event with its evidence: the text's version, the channel it came by, and the actor in the envelope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from domain.codes import Channel, Code, Purpose
from domain.customer_messages import (
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentTopic,
    ConsentWithdrawn,
    DenyConsent,
    ExpireConsent,
    GrantConsent,
    WithdrawConsent,
)
from domain.kernel import Event, Refusal, happened, refusal

ConsentKey = tuple[UUID, Channel, Purpose, Code]
ConsentStatus = Literal["granted", "denied", "withdrawn", "expired"]


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word on one scope; a scope never asked about is absent, which is not a denial."""

    status: ConsentStatus
    text_version: Code
    valid_until: datetime | None = None


Consents = Mapping[ConsentKey, Consent]

REFUSALS: Final[Mapping[str, str]] = {
    "customer.consent-not-granted": "No consent of this scope is granted; record an objection by denying it.",
    "customer.consent-still-valid": "The consent is valid until another time, or until it is withdrawn.",
    "customer.consent-over-at-once": "A consent must be valid for some time after it is given.",
}

_STATUS: Final[Mapping[type[Event], ConsentStatus]] = {
    ConsentGranted: "granted",
    ConsentDenied: "denied",
    ConsentWithdrawn: "withdrawn",
    ConsentExpired: "expired",
}


def key_of(scope: ConsentTopic) -> ConsentKey:
    """What a consent is of."""
    return scope.contact_point_id, scope.channel, scope.purpose, scope.topic


def heard(consents: Consents, event: ConsentGranted | ConsentDenied | ConsentWithdrawn | ConsentExpired) -> Consents:
    """The consents after another word."""
    until = event.valid_until if isinstance(event, ConsentGranted) else None
    return {**consents, key_of(event): Consent(_STATUS[type(event)], event.text_version, until)}


def grant(command: GrantConsent, consents: Consents) -> Sequence[Event]:
    """Granted once more: only another text or time is news."""
    if consents.get(key_of(command)) == Consent("granted", command.text_version, command.valid_until):
        return []
    if command.valid_until is not None and command.valid_until <= command.occurred_at:
        raise _refuse("customer.consent-over-at-once", "valid_until")
    return [happened(ConsentGranted, command)]


def deny(command: DenyConsent, consents: Consents) -> Sequence[Event]:
    """Denied, whatever was before."""
    if consents.get(key_of(command)) == Consent("denied", command.text_version):
        return []
    return [happened(ConsentDenied, command)]


def withdraw(command: WithdrawConsent, consents: Consents) -> Sequence[Event]:
    """Only what was granted can be taken back; what has expired, too: it is clear then what is wished."""
    consent = consents.get(key_of(command))
    if consent is None or consent.status == "denied":
        raise _refuse("customer.consent-not-granted")
    if consent.status == "withdrawn":
        return []
    return [happened(ConsentWithdrawn, command)]


def expire(command: ExpireConsent, consents: Consents) -> Sequence[Event]:
    """Over when its time is; before, it can only be withdrawn."""
    consent = consents.get(key_of(command))
    if consent is not None and consent.status == "expired":
        return []
    if consent is None or consent.status != "granted":
        raise _refuse("customer.consent-not-granted")
    if consent.valid_until is None or command.occurred_at < consent.valid_until:
        raise _refuse("customer.consent-still-valid")
    return [happened(ConsentExpired, command)]


def _refuse(code: str, field: str | None = None) -> Refusal:
    return refusal(REFUSALS, code, field)
