"""What the bank decides: one aggregate a file. Pure: no input or output, no clock, no randomness."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Final, TypeVar

from domain.access_table import ACCESS_TABLE
from domain.actor import ACTOR
from domain.break_glass import BREAK_GLASS
from domain.campaign import CAMPAIGN
from domain.clock_policy import CLOCK_POLICY
from domain.code_map import CODE_MAP
from domain.complaint import COMPLAINT
from domain.contact_policy import CONTACT_POLICY
from domain.customer import CUSTOMER
from domain.disclosure import DISCLOSURE
from domain.disposal import DISPOSAL
from domain.engagement import ENGAGEMENT
from domain.erasure import ERASURE
from domain.holding import HOLDING
from domain.interaction import INTERACTION
from domain.kernel import Aggregate, Command, Event, Message, open_to_all
from domain.lead import LEAD
from domain.legal_hold import LEGAL_HOLD
from domain.linking_rules import LINKING_RULES
from domain.need import NEED
from domain.organisation_unit import ORGANISATION_UNIT
from domain.portfolio_handover import PORTFOLIO_HANDOVER
from domain.privacy_request import PRIVACY_REQUEST
from domain.reservation import RESERVATION
from domain.retention_schedule import RETENTION_SCHEDULE
from domain.sampling_plan import SAMPLING_PLAN
from domain.survey import SURVEY
from domain.survey_plan import SURVEY_PLAN
from domain.task import TASK
from domain.touch import TOUCH
from domain.watch_rules import WATCH_RULES
from domain.working_calendar import CALENDAR

__all__ = [
    "ACCESS_TABLE",
    "ACTOR",
    "AGGREGATES",
    "BREAK_GLASS",
    "CALENDAR",
    "CAMPAIGN",
    "CLOCK_POLICY",
    "CODE_MAP",
    "COMPLAINT",
    "CONFIDABLE",
    "CONTACT_POLICY",
    "CUSTOMER",
    "DISCLOSURE",
    "DISPOSAL",
    "ENGAGEMENT",
    "ERASURE",
    "HOLDING",
    "INTERACTION",
    "LEAD",
    "LEGAL_HOLD",
    "LINKING_RULES",
    "NEED",
    "ORGANISATION_UNIT",
    "PORTFOLIO_HANDOVER",
    "PRIVACY_REQUEST",
    "RESERVATION",
    "RETENTION_SCHEDULE",
    "SAMPLING_PLAN",
    "SURVEY",
    "SURVEY_PLAN",
    "TASK",
    "TOUCH",
    "WATCH_RULES",
    "aggregate_of",
    "command_types",
    "event_types",
]

M = TypeVar("M", bound=Message)

AGGREGATES: Final[tuple[Aggregate[Any], ...]] = (
    CUSTOMER,
    INTERACTION,
    COMPLAINT,
    CAMPAIGN,
    TOUCH,
    SURVEY,
    SURVEY_PLAN,
    ENGAGEMENT,
    TASK,
    ACCESS_TABLE,
    PRIVACY_REQUEST,
    ERASURE,
    LEGAL_HOLD,
    RETENTION_SCHEDULE,
    DISPOSAL,
    DISCLOSURE,
    BREAK_GLASS,
    ACTOR,
    CALENDAR,
    CLOCK_POLICY,
    CODE_MAP,
    RESERVATION,
    SAMPLING_PLAN,
    WATCH_RULES,
    ORGANISATION_UNIT,
    HOLDING,
    NEED,
    LEAD,
    PORTFOLIO_HANDOVER,
    CONTACT_POLICY,
    LINKING_RULES,
)


CONFIDABLE: Final[dict[str, str]] = {
    one.commands[0].stream_field: one.name for one in AGGREGATES if one.matter_of is not open_to_all
}
"""The kinds of streams that can be confidential, by the field that holds the id of one."""


@cache
def event_types() -> dict[str, type[Event]]:
    """Map every event's stable name to its class; a name given twice raises ValueError."""
    return _by_name(event for aggregate in AGGREGATES for event in aggregate.events)


@cache
def command_types() -> dict[str, type[Command]]:
    """Map every command's stable name to its class; a name given twice raises ValueError."""
    return _by_name(command for aggregate in AGGREGATES for command in aggregate.commands)


@cache
def aggregate_of(message: type[Message]) -> Aggregate[Any]:
    """Find the aggregate of an event or command class; a class of none raises KeyError."""
    known: dict[type[Message], Aggregate[Any]] = {m: a for a in AGGREGATES for m in (*a.events, *a.commands)}
    return known[message]


def _by_name(messages: Iterable[type[M]]) -> dict[str, type[M]]:
    named: dict[str, type[M]] = {}
    for message in messages:
        known = named.setdefault(message.type, message)
        if known is not message:
            raise ValueError(f"{known.__name__} and {message.__name__} are both named {message.type!r}")
    return named


# Refuse a name given twice when the package is imported, not when it is first used.
event_types()
command_types()
