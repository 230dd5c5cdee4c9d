"""Another time that complainant and bank agree on: it goes before the one that the rules count (2020 No. 3, art. 21).

It may be earlier or later, and no limit is set to it. So it takes two people of the bank: one who agreed with the
complainant, and another who has seen what shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.codes import ActorId, Code
from domain.complaint_case import (
    ClockMoving,
    Complaint,
    ComplaintCommand,
    is_recorded,
    refuse,
    require_no_interest,
    require_not_ended,
    with_one,
)
from domain.four_eyes import require_another
from domain.kernel import Command, Event, Facts, clear_facts, happened

# Facts that events and commands share


class AgreedTime(Facts):
    """The last day of a clock as both sides agreed on it, who did so for the bank, and what shows it.

    `due_on` is a local day of the clock's calendar; `evidence` the kind of it, such as `recorded-call`.
    """

    agreement_id: UUID
    clock: Code
    due_on: date
    agreed_by: ActorId
    evidence: Code


# Events


class ComplaintTimeAgreed(AgreedTime, Event, name="complaint.time-agreed"):
    """Complainant and bank have agreed on the last day of a clock, and another person has seen what shows it."""

    confirmed_by: ActorId


# Evolve


def _time_agreed(state: Complaint, event: ComplaintTimeAgreed) -> Complaint:
    known = with_one(state.timing.agreements, event.agreement_id, AgreedTime, event)
    return replace(state, timing=replace(state.timing, agreements=known))


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {ComplaintTimeAgreed: _time_agreed}

# Commands


class AgreeComplaintTime(ClockMoving, AgreedTime, ComplaintCommand, name="complaint.agree-time"):
    """Record the last day that another person has agreed on with the complainant, having seen what shows it."""

    actor_field = "confirmed_by"

    confirmed_by: ActorId


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType({})


def _agree_time(command: AgreeComplaintTime, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.timing.agreements, command.agreement_id, clear_facts(AgreedTime, command), "agreement_id"):
        return []
    if not state.review.reviews:  # a review goes on after the case is closed
        require_not_ended(state)
    require_no_interest(command.confirmed_by, state, "confirmed_by")
    second = refuse("complaint.second-person-required", "confirmed_by")
    require_another(command.confirmed_by, [command.agreed_by, state.handler], second)
    return [happened(ComplaintTimeAgreed, command)]


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {AgreeComplaintTime: _agree_time}
