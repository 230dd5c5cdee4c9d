"""Consumer complaints of the US CFPB, in any column set of its public export or its intake.

One row tells all of one complaint so far: it becomes one unit of commands. The database has no
customers, so each complaint has a complainant of its own; it gives no response date, so responses
stand at the day the complaint went to the company, and "timely" is what the source asserts.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from domain.complaint import CloseComplaint
from domain.complaint_handling import ForwardComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse, PublishResponse, SendHoldingResponse
from domain.complaint_review import DisputeComplaint
from domain.kernel import Command
from engine.handling import Unit
from engine.importing.cfpb_revision import revise
from engine.importing.cfpb_values import Meaning, Values, meaning_of, notes_of
from engine.importing.cfpb_words import COLUMNS, REQUIRED
from engine.importing.columns import find_columns
from engine.importing.identities import Identities, command_key, noon, part_of
from engine.importing.reading import Mapped, Origin, Revision, reasons_of
from engine.importing.rows import Row
from engine.importing.verdict import Unreadable
from projections.fact import Fact

SOURCE: Final = "us.cfpb"
INFERRED: Final[tuple[str, ...]] = (
    "A day without a time stands at noon UTC.",
    "No response date is given: responses, closing and dispute stand at the later of received and sent to company.",
    "'Timely' and 'disputed' are what the source asserts; no clock computed them.",
    "No response says who was right: every outcome is 'not_stated'.",
    "The source has no customers: each complaint has a complainant of its own.",
)
WITHOUT_ID: Final = (
    "The file has no complaint numbers: a complaint is known by its row's whole content, so a row that changed is "
    "another complaint, and one that another file has with its number is not recognised."
)
_DATABASE_OPENED: Final = datetime(2011, 12, 1, tzinfo=UTC)


class CfpbImporter:
    """Maps the rows of one file."""

    source: str = SOURCE
    revisable: str | None = "complaint.already-received"

    def __init__(self, header: Sequence[str], identities: Identities, origin: Origin) -> None:
        """Find the columns.

        Raises:
            ImportRefused: the header lacks what a complaint needs.
        """
        self._pick, present, self.ignored_columns = find_columns(header, COLUMNS, REQUIRED)
        self._identities = identities
        self._origin = origin
        self._numbered = "complaint_id" in present
        self._same: Counter[bytes] = Counter()
        self.inferred: tuple[str, ...] = INFERRED if self._numbered else (*INFERRED, WITHOUT_ID)

    def preface(self) -> Sequence[Unit]:
        """Nothing."""
        return ()

    def read(self, row: Row) -> Mapped:
        """Map one row to the commands of its complaint.

        Raises:
            Unreadable: a value is missing, unknown or of the wrong form.
        """
        values, repaired = Values.of(self._pick(row.fields))
        meaning = meaning_of(values, numbered=self._numbered)
        received_on, sent_on = meaning.received_on, meaning.sent_on
        content = "\x1f".join((values[0], received_on.isoformat(), str(sent_on or ""), *values[3:])).encode()
        secret, near = self._secret(values, content, noon(received_on))
        key = command_key(secret, content, at=noon(received_on))
        ids = _Ids.of(secret, near)
        notes = (*notes_of(values, meaning), *repaired)
        try:
            commands = _commands(values, meaning, ids)
        except ValidationError as error:
            raise Unreadable(*reasons_of(error)) from None
        unit = Unit(commands, self._origin.context(key, row, notes))
        return Mapped(row, ids.complaint, unit, secret, content, notes)

    def revise(self, mapped: Mapped, recorded: Sequence[Fact]) -> Revision:
        """See `cfpb_revision.revise`."""
        return revise(mapped.unit.commands, recorded)

    def _secret(self, values: Values, content: bytes, received_at: datetime) -> tuple[bytes, datetime]:
        """What the complaint's ids derive from, and a time to put them near others of their time."""
        if self._numbered:
            number = values.complaint_id
            # Numbers grow with time; unlike the day received, they are never corrected.
            return self._identities.secret(b"number", number.encode()), _DATABASE_OPENED + timedelta(
                seconds=int(number)
            )
        digest = sha256(content).digest()
        ordinal = self._same[digest]
        self._same[digest] = ordinal + 1
        return self._identities.secret(b"content", content, ordinal.to_bytes(4, "big")), received_at


class _Ids(NamedTuple):
    """Ids of one complaint; no other fact of it changes them."""

    complaint: UUID
    complainant: UUID
    secret: bytes
    near: datetime

    @classmethod
    def of(cls, secret: bytes, near: datetime) -> "_Ids":
        complaint = part_of(secret, b"complaint", at=near)
        return cls(complaint, part_of(secret, b"complainant", at=near, beside=complaint), secret, near)

    def holding_response(self) -> UUID:
        return part_of(self.secret, b"holding", at=self.near, beside=self.complaint)


def _commands(values: Values, meaning: Meaning, ids: _Ids) -> tuple[Command, ...]:
    """All that the row says of its complaint, in the order in which it happened."""
    received_at = noon(meaning.received_on)
    sent_at = received_at if meaning.sent_on is None else noon(meaning.sent_on)
    respondent = values.company
    forward = ForwardComplaint(
        complaint_id=ids.complaint, occurred_at=sent_at, respondent=respondent, sent_on=meaning.sent_on
    )
    return (
        _receive(values, meaning, ids),
        forward,
        *_respond(values, meaning, ids, max(received_at, sent_at)),
    )


def _receive(values: Values, meaning: Meaning, ids: _Ids) -> ReceiveComplaint:
    return ReceiveComplaint(
        complaint_id=ids.complaint,
        occurred_at=noon(meaning.received_on),
        complainant_id=ids.complainant,
        channel=meaning.channel,
        product=values.product,
        sub_product=values.sub_product or None,
        issue=values.issue or None,
        sub_issue=values.sub_issue or None,
        received_on=meaning.received_on,
        regime=SOURCE,
        respondent=values.company,
        source=SOURCE,
        external_ref=values.complaint_id or None,
        region=meaning.region.code,
        postal_prefix=meaning.postal_code.prefix,
        tags=_tags(values.tags, values.event_tag),
        narrative_consent=meaning.consent,
        postal_code=meaning.postal_code.whole,
        description=values.narrative or None,
    )


def _respond(values: Values, meaning: Meaning, ids: _Ids, at: datetime) -> Iterator[Command]:
    response = meaning.response
    if response.kind == "holding":
        yield SendHoldingResponse(
            complaint_id=ids.complaint,
            occurred_at=at,
            response_id=ids.holding_response(),
            company_response=values.company_response,
        )
    elif response.kind == "final":
        yield IssueFinalResponse(
            complaint_id=ids.complaint,
            occurred_at=at,
            outcome="not_stated",
            redress=response.redress,
            company_response=values.company_response,
            timely_asserted=meaning.timely,
            disputed_asserted=meaning.disputed,
        )
    if values.public_response:
        yield PublishResponse(complaint_id=ids.complaint, occurred_at=at, public_response=values.public_response)
    if response.closes:
        yield CloseComplaint(complaint_id=ids.complaint, occurred_at=at)
    if response.kind == "final" and meaning.disputed:
        yield DisputeComplaint(complaint_id=ids.complaint, occurred_at=at)


@lru_cache(maxsize=1024)
def _tags(tags: str, event_tag: str) -> tuple[str, ...]:
    """The source's own words; it separates several tags by a comma."""
    return tuple(tag for tag in (*(part.strip() for part in tags.split(",")), event_tag) if tag)
