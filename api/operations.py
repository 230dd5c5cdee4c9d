"""From the command classes of the domain to operations of the API, by rule.

`POST /<collection>` creates a stream; `POST /<collection>/{id}/<what>` is a command to one, where the
command's type is `<aggregate>.<what>`. A body has the command's fields except those that the edge
fills in: the stream's id (from the path, or made), and the acting person (from the token).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

import orjson
from asyncpg.pgproto import pgproto
from pydantic import AwareDatetime, ValidationError
from pydantic.fields import FieldInfo

from api.problems import FieldError
from api.validation import TIME_HINT, faults, invalid, unknown_field
from domain import AGGREGATES
from domain.access_rules import AccessRules
from domain.kernel import Command
from store.identity import derive_id

EMPTY: Final = UUID(int=0)

COLLECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer": "customers",
        "interaction": "interactions",
        "complaint": "complaints",
        "campaign": "campaigns",
        "touch": "touches",
        "survey": "surveys",
        "engagement": "engagements",
        "task": "tasks",
        "access-table": "access-tables",
        "privacy-request": "privacy-requests",
        "erasure": "erasures",
        "legal-hold": "legal-holds",
        "retention-schedule": "retention-schedules",
        "disposal": "disposals",
        "disclosure": "disclosures",
        "break-glass": "break-glass",
        "actor": "actors",
        "calendar": "calendars",
        "clock-policy": "clock-policies",
        "code-map": "code-maps",
        "survey-plan": "survey-plans",
        "reservation": "reservations",
        "sampling-plan": "sampling-plans",
        "watch-rules": "watch-rules",
        "organisation-unit": "organisation-units",
        "holding": "holdings",
        "need": "needs",
        "lead": "leads",
        "portfolio-handover": "portfolio-handovers",
        "contact-policy": "contact-policies",
        "linking-rules": "linking-rules",
    }
)

_FROM_TOKEN: Final = "it is taken from the token"  # noqa: S105  # not a secret
_FROM_TABLE: Final = "it is taken from the access table"
_FROM_POLICY: Final = "it is taken from the policy and calendar in force"
_FROM_RULES: Final = "the policy or plan in force, or the record, says it"
_FROM_RECORD: Final = "it is looked up in the record"
_FROM_REQUEST: Final = "it is taken from the token and the time of the request"

# Whose slice a new stream gets: the first of these fields that the body has.
_OWNERS: Final = ("customer_id", "complainant_id")

# The id of a new thing inside a stream; made from the Idempotency-Key where the caller gives none.
_OWN_IDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "actor.rename": "renaming_id",
        "campaign.record-cost": "cost_id",
        "complaint.add-representative": "representative_id",
        "complaint.agree-time": "agreement_id",
        "complaint.attach": "attachment_id",
        "complaint.check-quality": "check_id",
        "complaint.issue-final-response": "letter_id",
        "complaint.notify": "notification_id",
        "complaint.offer-redress": "redress_id",
        "complaint.pause": "pause_id",
        "complaint.record-delivery": "attempt_id",
        "complaint.refer": "referral_id",
        "complaint.request-extension": "extension_id",
        "complaint.request-review": "review_id",
        "complaint.restart": "restart_id",
        "complaint.send-holding-response": "response_id",
        "complaint.send-letter": "letter_id",
        "complaint.send-summary-resolution": "letter_id",
        "complaint.supplement": "supplement_id",
        "customer.add-contact-point": "contact_point_id",
        "customer.correct-details": "correction_id",
        "engagement.make-offer": "offer_id",
        "holding.change": "change_id",
        "touch.object": "objection_id",
        "customer.link-identity": "link_id",
        "customer.record-identity-document": "document_id",
        "interaction.annotate": "note_id",
        "interaction.screen": "screening_id",
        "interaction.attach": "attachment_id",
        "interaction.correct": "correction_id",
        "interaction.schedule-follow-up": "follow_up_id",
        "lead.record-cost": "cost_id",
        "touch.record-conversion": "conversion_id",
        "touch.record-response": "response_id",
    }
)


@dataclass(frozen=True)
class Operation:
    """One command as an operation: its path, what the caller gives and what the edge adds."""

    command: type[Command]
    aggregate: str
    creates: bool

    @cached_property
    def type(self) -> str:
        """The command's stable name."""
        return self.command.type

    @cached_property
    def collection(self) -> str:
        """First part of the path."""
        return COLLECTIONS[self.aggregate]

    @cached_property
    def stream_field(self) -> str:
        """The field that holds the stream's id; in the path it has the same name."""
        return self.command.stream_field

    @cached_property
    def path(self) -> str:
        """The route's template."""
        what = self.type.removeprefix(self.aggregate + ".")
        if self.creates:
            return f"/{self.collection}/{what}" if self.command.opens else f"/{self.collection}"
        return f"/{self.collection}/{{{self.stream_field}}}/{what}"

    @cached_property
    def own_id(self) -> str | None:
        """The field whose id is made where the caller gives none."""
        return _OWN_IDS.get(self.type)

    @cached_property
    def _filled(self) -> tuple[str | None, ...]:
        command = self.command
        return (
            self.stream_field, command.actor_field, command.limits_field, command.given_field, command.clock_field,
            command.judged_field,
            command.spans_field,
        )  # fmt: skip

    @cached_property
    def filled(self) -> frozenset[str]:
        """Fields that a body must not have."""
        return frozenset(name for name in self._filled if name)

    @cached_property
    def given(self) -> Mapping[str, FieldInfo]:
        """Fields that a body may have."""
        return {name: info for name, info in self.command.model_fields.items() if name not in self.filled}

    @cached_property
    def optional(self) -> frozenset[str]:
        """Fields that a body may leave out."""
        made = {"occurred_at", self.own_id}
        return frozenset(name for name, info in self.given.items() if name in made or not info.is_required())

    @cached_property
    def moments(self) -> tuple[str, ...]:
        """Fields that hold a day or a time."""
        return tuple(name for name, info in self.given.items() if _holds_moment(info.annotation))

    # Building the command

    def build(self, given: "Given", now: datetime) -> Command:
        """The command of a body.

        Raises:
            Problem: validation-failed, with every fault.
        """
        body = given.body
        if not self.filled.isdisjoint(body):
            raise invalid(self._misplaced(body))
        for name in self.moments:
            if name in body and _is_number(body[name]):  # pydantic would take it for seconds since 1970
                raise invalid([FieldError("body", f"/{name}", "is not a time", TIME_HINT)])
        stream_id = given.stream_id
        added: dict[str, Any] = {self.stream_field: self._new_id(given, now) if stream_id is None else stream_id}
        if "occurred_at" not in body:
            added["occurred_at"] = now
        if self.command.actor_field:
            added[self.command.actor_field] = given.actor
        if self.command.limits_field:
            added[self.command.limits_field] = getattr(given.rules, self.command.limits_field)
        if self.command.given_field:
            added[self.command.given_field] = {"at": now, "by": given.actor}
        if self.own_id and self.own_id not in body:
            added[self.own_id] = self._own_id(given)
        try:
            # Strict, which only JSON input can be for UUIDs and times: "5" is no number, 5 is no time.
            return self.command.model_validate_json(_joined(added, given.content), strict=True)
        except ValidationError as error:
            raise invalid(faults(error, tuple(self.given))) from None

    def _own_id(self, given: "Given") -> UUID:
        """The id of a new thing inside the stream, in the same partition: it may be somebody's."""
        beside = None if given.stream_id is None else UUID(given.stream_id)
        return derive_id(given.command_id.bytes + str(self.own_id).encode(), beside=beside)

    def _new_id(self, given: "Given", now: datetime) -> UUID:
        """The id of the stream that is created: always the same for the same command id and time."""
        if self.command.key_fields:
            return given.named
        return derive_id(given.command_id.bytes, at=_given_time(given.body) or now, beside=self._owner(given.body))

    def _owner(self, body: Mapping[str, Any]) -> UUID | None:
        for name in _OWNERS:
            if name in self.given and isinstance(value := body.get(name), str):
                try:
                    return pgproto.UUID(value)
                except ValueError:
                    return None  # the command's own check says so
        return None

    def _misplaced(self, body: Mapping[str, Any]) -> Sequence[FieldError]:
        command = self.command
        source = {
            self.stream_field: "the server makes it" if self.creates else "it stands in the path",
            command.actor_field: _FROM_TOKEN,
            command.limits_field: _FROM_TABLE,
            command.given_field: _FROM_REQUEST,
            command.clock_field: _FROM_POLICY,
            command.judged_field: _FROM_RULES,
            command.spans_field: _FROM_RECORD,
        }
        return [unknown_field(name, (), source[name]) for name in sorted(self.filled.intersection(body))]


class Given(NamedTuple):
    """What a caller gives: a body and the same as canonical JSON, the stream (None: to be made), who acts.

    `rules` are those of the access table in force; `named` is made from what there is one stream for.
    """

    body: Mapping[str, Any]
    content: bytes
    stream_id: str | None
    actor: str
    command_id: UUID
    rules: AccessRules
    named: UUID = EMPTY


def named_id(digest: bytes) -> UUID:
    """The UUIDv8 of a keyed digest."""
    octets = bytearray(digest[:16])
    octets[6] = 0x80 | octets[6] & 15
    octets[8] = 0x80 | octets[8] & 0x3F
    return pgproto.UUID(bytes(octets))


def operations() -> Mapping[str, Operation]:
    """Every command of the domain that is given from outside, by its type."""
    return _OPERATIONS


def _joined(added: Mapping[str, Any], content: bytes) -> bytes:
    """One JSON object of two that share no field."""
    head = orjson.dumps(added, default=str)
    return head if content == b"{}" else head[:-1] + b"," + content[1:]


def _holds_moment(annotation: object) -> bool:
    return any(one in {date, datetime, AwareDatetime} for one in (annotation, *get_args(annotation)))


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.strip().lstrip("+-").replace(".", "", 1).isdigit()


def _given_time(body: Mapping[str, Any]) -> datetime | None:
    value = body.get("occurred_at")
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


_OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        command.type: Operation(command, aggregate.name, creates=command.opens or command is aggregate.commands[0])
        for aggregate in AGGREGATES
        for command in aggregate.commands
        if not command.internal
    }
)
