"""BPI Challenge 2012 (van Dongen): a Dutch bank's loan applications, as an event log in XES.

One trace tells all of one application: it becomes an engagement with its stages and its decision, offers as touches,
what staff had to do as tasks, and calls as interactions. The log names no customers and numbers no offers: each
application has an applicant of its own, and which offer an event is about follows from the order of events.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from pydantic import ValidationError

from domain.campaign import ApproveCampaign, LaunchCampaign, PlanCampaign
from engine.handling import Unit
from engine.importing.identities import Identities, command_key, part_of
from engine.importing.loan_story import SOURCE, Application, Step, Story
from engine.importing.reading import Mapped, Origin, Revision, reasons_of
from engine.importing.rows import Row
from engine.importing.verdict import Reason, Unreadable
from engine.importing.xes import trace_of
from projections.fact import Fact

INFERRED: Final[tuple[str, ...]] = (
    "The file has no customers: each application has an applicant of its own, who is no customer of the bank's.",
    "The file has no numbers of offers: an event is about the offer that the order of events leaves for it.",
    "Offers answer what customers asked for: they are touches for servicing, of one campaign that stands for all.",
    "The file does not say how offers are sent: their channel is 'other'.",
    "The file does not say who planned and approved that campaign: the import stands in for both.",
    "A work item that is completed and started again was suspended in between; its last completion is the task's.",
    "Work that is completed and was not started began at that moment; when such a call began is not known.",
    "Work that is started twice was put down in between, at the latest when it was started again.",
    "W_Nabellen is a call to the applicant from its start to its completion; that it was answered is not known.",
    "Amounts are in euros: the bank is Dutch, and the file names no currency.",
    "The resource is a member of staff's pseudonym, and 'nan' none; resource 112 is the bank's system.",
    "An approved loan goes on after the file's last event: its engagement has not ended.",
)
_AT: Final = datetime(2011, 10, 1, tzinfo=UTC)
"""Near which ids lie: the month in which the log begins. No fact of an application changes them."""
_NUMBER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}")
_RESOURCE: Final = re.compile(r"([0-9]{1,9})(?:\.0)?")
_NO_RESOURCE: Final = frozenset({"", "nan"})
_TRANSITIONS: Final = frozenset({"SCHEDULE", "START", "COMPLETE"})


class LoanImporter:
    """Maps the traces of one log."""

    source: str = SOURCE
    inferred: tuple[str, ...] = INFERRED
    ignored_columns: tuple[str, ...] = ()
    revisable: str | None = "engagement.already-opened"

    def __init__(self, _: Sequence[str], identities: Identities, origin: Origin) -> None:
        self._identities = identities
        self._origin = origin
        self._campaign_secret = identities.secret(b"campaign")
        self._campaign_id = part_of(self._campaign_secret, b"campaign", at=_AT)
        self._met = set[bytes]()
        self._repeated = set[bytes]()

    def preface(self) -> Sequence[Unit]:
        """The campaign of all offers: planned by one stand-in, approved and launched by another."""
        campaign_id, secret = self._campaign_id, self._campaign_secret
        planner, approver = Origin(self._origin.actor.replace("@", "/planner@"), self._origin.import_id), self._origin
        plan = PlanCampaign(
            campaign_id=campaign_id,
            occurred_at=_AT,
            title="Offers in answer to loan applications, from October 2011 (BPI Challenge 2012)",
            purpose="servicing",
            channel="other",
            topic="loan",
            starts_on=_AT.date(),
            planned_by=planner.actor,
        )
        approve = ApproveCampaign(campaign_id=campaign_id, occurred_at=_AT, approved_by=approver.actor)
        launch = LaunchCampaign(campaign_id=campaign_id, occurred_at=_AT)
        return (
            Unit((plan,), planner.context(command_key(secret, b"plan", at=_AT), None)),
            Unit((approve, launch), approver.context(command_key(secret, b"launch", at=_AT), None)),
        )

    def read(self, row: Row) -> Mapped:
        """Map one trace to what it tells of its application.

        Raises:
            Unreadable: it is malformed, or tells what no application can do.
        """
        trace = trace_of(row.raw[0])
        number, amount, steps = _number(trace.attributes), _amount(trace.attributes), _steps(trace.events)
        content = "\x1e".join((number, str(amount), *("\x1f".join(_words(step)) for step in steps))).encode()
        secret = self._identities.secret(b"case", number.encode())
        key = command_key(secret, content, at=_AT)
        (self._repeated if key.request_hmac in self._met else self._met).add(key.request_hmac)
        application = Application(number, amount, steps[0].at, self._campaign_id, secret, _AT)
        notes = _notes(steps)
        try:
            commands = Story(application, steps).commands
        except ValidationError as error:
            raise Unreadable(*reasons_of(error)) from None
        unit = Unit(commands, self._origin.context(key, row, notes))
        return Mapped(row, application.engagement_id, unit, secret, content, notes)

    def revise(self, mapped: Mapped, recorded: Sequence[Fact]) -> Revision:  # noqa: ARG002  # what is recorded does not matter
        """An application that stands in one file twice is one; what another file tells otherwise is put aside.

        Raises:
            Unreadable: the application is recorded, with other events.
        """
        if mapped.unit.context.request_hmac in self._repeated:
            return Revision((), ("application-repeated",))
        raise Unreadable(Reason("application-told-otherwise"))


def _number(attributes: dict[str, str]) -> str:
    number = attributes.get("concept:name", "")
    if not _NUMBER.fullmatch(number):
        raise Unreadable(Reason("text-unreadable" if number else "value-missing", "concept:name"))
    return number


def _amount(attributes: dict[str, str]) -> int | None:
    """In cents; None: the log does not say."""
    text = attributes.get("AMOUNT_REQ")
    if text is None:
        return None
    if not _AMOUNT.fullmatch(text):
        raise Unreadable(Reason("number-unreadable", "AMOUNT_REQ"))
    return int(text) * 100


def _steps(events: Sequence[dict[str, str]]) -> list[Step]:
    if not events:
        raise Unreadable(Reason("value-missing", "event"))
    return [_step(event) for event in events]


def _step(event: dict[str, str]) -> Step:
    name, _, told = event.get("concept:name", "").partition("+")
    transition = event.get("lifecycle:transition", told).upper()
    resource = event.get("org:resource", "")
    found = _RESOURCE.fullmatch(resource)
    at = _time(event.get("time:timestamp", ""))
    if at is None:
        raise Unreadable(Reason("time-unreadable", "time:timestamp"))
    if transition not in _TRANSITIONS:
        raise Unreadable(Reason("word-unknown", "lifecycle:transition"))
    if found is None and resource not in _NO_RESOURCE:
        raise Unreadable(Reason("number-unreadable", "org:resource"))
    return Step(name, transition, at, None if found is None else f"{SOURCE}:{int(found[1])}")


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else at


def _words(step: Step) -> tuple[str, str, str, str]:
    return step.name, step.transition, step.at.astimezone(UTC).isoformat(), step.performed_by or ""


def _notes(steps: Sequence[Step]) -> tuple[str, ...]:
    pairs = list(pairwise(steps))
    found = {
        "events-without-resource": any(one.performed_by is None for one in steps),
        "equal-timestamps": any(one.at == other.at for one, other in pairs),
        "times-out-of-order": any(one.at > other.at for one, other in pairs),
    }
    return tuple(note for note, there in found.items() if there)
