"""UCI Bank Marketing (Moro, Cortez, Rita 2014): a phone campaign's contacts and what came of them.

Each row is the last contact with one client of a Portuguese bank. The file names no client, no year
and no day of the month: each row gets a person of its own, known by a keyed pseudonym only, and all
of its events stand at the start of the campaign.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from domain.campaign import ApproveCampaign, LaunchCampaign, PlanCampaign
from domain.codes import AgeBand
from domain.kernel import Command
from domain.touch import ConfirmTouchDelivery, DecideTouch, RecordTouchConversion, RecordTouchResponse
from engine.handling import Unit
from engine.importing.columns import find_columns
from engine.importing.identities import Identities, command_key, noon, part_of
from engine.importing.reading import Mapped, Origin, Revision, reasons_of
from engine.importing.rows import Row
from engine.importing.verdict import Reason, Unreadable
from projections.fact import Fact

SOURCE: Final = "uci.bank-marketing"
PERIOD: Final = (date(2008, 5, 1), date(2010, 11, 30))
_AT: Final = noon(PERIOD[0])
_CAMPAIGN_VERSION: Final = 2
"""The campaign's stream version that touches cite: planned, approved, launched."""

INFERRED: Final[tuple[str, ...]] = (
    "The file has no customer ids: each row is a person of its own, and equal rows are different persons.",
    "The file has no full dates: all events stand at 2008-05-01, the start of its period (to November 2010).",
    "Month and weekday of a contact are attributes.",
    "The file does not say who planned and approved the campaign: the import stands in for both.",
    "A row is the last contact with a person; how many there were is the attribute 'campaign', their days are unknown.",
    "A contact of more than 0 seconds was delivered and answered: accepted if y is yes, else declined.",
    "Ages are kept as bands; pdays 999 means not contacted before and is left out.",
)

_YES_NO_UNKNOWN: Final = frozenset({"yes", "no", "unknown"})
_JOBS: Final = frozenset({
    "admin.", "blue-collar", "entrepreneur", "housemaid", "management", "retired", "self-employed", "services",
    "student", "technician", "unemployed", "unknown",
})  # fmt: skip
_EDUCATIONS: Final = frozenset({
    "basic.4y", "basic.6y", "basic.9y", "high.school", "illiterate", "professional.course",
    "university.degree", "unknown",
})  # fmt: skip
_WORDS: Final[dict[str, frozenset[str]]] = {
    "job": _JOBS,
    "marital": frozenset({"divorced", "married", "single", "unknown"}),
    "education": _EDUCATIONS,
    "default": _YES_NO_UNKNOWN,
    "housing": _YES_NO_UNKNOWN,
    "loan": _YES_NO_UNKNOWN,
    "contact": frozenset({"cellular", "telephone"}),
    "month": frozenset({"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}),
    "day_of_week": frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"}),
    "poutcome": frozenset({"failure", "nonexistent", "success"}),
    "y": frozenset({"yes", "no"}),
}
_COUNTS: Final = ("age", "duration", "campaign", "pdays", "previous")
_DECIMALS: Final = ("emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed")
_COLUMNS: Final = {name: (name,) for name in (*_COUNTS, *_DECIMALS, *_WORDS)}
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_DECIMAL: Final = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,12})?")
_NEVER: Final = 999
_AGE_BANDS: Final[tuple[tuple[int, AgeBand], ...]] = (
    (18, "0-17"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"),
    (75, "65-74"), (131, "75+"),
)  # fmt: skip


class BankMarketingImporter:
    """Maps the rows of one file."""

    source: str = SOURCE
    inferred: tuple[str, ...] = INFERRED
    revisable: str | None = None

    def __init__(self, header: Sequence[str], identities: Identities, origin: Origin) -> None:
        """Find the columns; all of them are needed.

        Raises:
            ImportRefused: the header lacks one.
        """
        self._pick, _, self.ignored_columns = find_columns(header, _COLUMNS, frozenset(_COLUMNS))
        self._identities = identities
        self._origin = origin
        self._same: Counter[bytes] = Counter()
        self._campaign_secret = identities.secret(b"campaign")
        self._campaign_id = part_of(self._campaign_secret, b"campaign", at=_AT)

    def preface(self) -> Sequence[Unit]:
        """The campaign: planned by one stand-in, approved and launched by another."""
        campaign_id, secret = self._campaign_id, self._campaign_secret
        planner, approver = Origin(self._origin.actor.replace("@", "/planner@"), self._origin.import_id), self._origin
        plan = PlanCampaign(
            campaign_id=campaign_id,
            occurred_at=_AT,
            title="Term deposits by phone, May 2008 to November 2010 (UCI Bank Marketing)",
            purpose="marketing",
            channel="phone",
            topic="term_deposit",
            starts_on=PERIOD[0],
            ends_on=PERIOD[1],
            planned_by=planner.actor,
        )
        approve = ApproveCampaign(campaign_id=campaign_id, occurred_at=_AT, approved_by=approver.actor)
        launch = LaunchCampaign(campaign_id=campaign_id, occurred_at=_AT)
        return (
            Unit((plan,), planner.context(command_key(secret, b"plan", at=_AT), None)),
            Unit((approve, launch), approver.context(command_key(secret, b"launch", at=_AT), None)),
        )

    def read(self, row: Row) -> Mapped:
        """Map one row to a touch and its outcome.

        Raises:
            Unreadable: a value is missing, unknown or of the wrong form.
        """
        texts = tuple(text.strip() for text in self._pick(row.fields))
        values = dict(zip(_COLUMNS, texts, strict=True))
        counts = _counts(values)
        content = "\x1f".join(texts).encode()
        secret = self._secret(content)
        person_id = part_of(secret, b"person", at=_AT)
        touch_id = part_of(secret, b"touch", at=_AT, beside=person_id)
        notes = _notes(counts)
        try:
            commands = (
                self._decide(values, counts, person_id, touch_id),
                *_outcome(values["y"] == "yes", counts["duration"], secret, touch_id),
            )
        except ValidationError as error:
            raise Unreadable(*reasons_of(error)) from None
        unit = Unit(commands, self._origin.context(command_key(secret, content, at=_AT), row, notes))
        return Mapped(row, touch_id, unit, secret, content, notes)

    def revise(self, mapped: Mapped, recorded: Sequence[Fact]) -> Revision:
        """A row is never another state of a recorded touch: its ids derive from all of it."""
        raise AssertionError(mapped.stream_id, len(recorded))

    def _secret(self, content: bytes) -> bytes:
        digest = sha256(content).digest()
        ordinal = self._same[digest]
        self._same[digest] = ordinal + 1
        return self._identities.secret(b"contact", content, ordinal.to_bytes(4, "big"))

    def _decide(self, values: dict[str, str], counts: dict[str, int], person_id: UUID, touch_id: UUID) -> DecideTouch:
        return DecideTouch(
            touch_id=touch_id,
            occurred_at=_AT,
            customer_id=person_id,
            campaign_id=self._campaign_id,
            campaign_version=_CAMPAIGN_VERSION,
            channel="phone",
            purpose="marketing",
            decision="send",
            rule=SOURCE,
            rule_version=1,
            reason="in-source-file",
            attributes=_attributes(values, counts),
        )


def _counts(values: dict[str, str]) -> dict[str, int]:
    """The row's whole numbers, once all of its values are known to be right."""
    reasons = [
        Reason("word-unknown" if values[name] else "value-missing", name)
        for name, words in _WORDS.items()
        if values[name] not in words
    ]
    reasons.extend(Reason("number-unreadable", name) for name in _COUNTS if not _COUNT.fullmatch(values[name]))
    reasons.extend(Reason("number-unreadable", name) for name in _DECIMALS if not _DECIMAL.fullmatch(values[name]))
    if reasons:
        raise Unreadable(*reasons)
    counts = {name: int(values[name]) for name in _COUNTS}
    if counts["age"] >= _AGE_BANDS[-1][0]:
        raise Unreadable(Reason("number-out-of-range", "age"))
    return counts


def _attributes(values: dict[str, str], counts: dict[str, int]) -> dict[str, str | int]:
    """Coarse values in clear, under the file's own names; decimals as text, as written."""
    attributes: dict[str, str | int] = {name: values[name] for name in (*_DECIMALS, *_WORDS) if name != "y"}
    attributes.update({name: counts[name] for name in ("duration", "campaign", "previous")})
    attributes["age_band"] = next(band for below, band in _AGE_BANDS if counts["age"] < below)
    if counts["pdays"] != _NEVER:
        attributes["pdays"] = counts["pdays"]
    return attributes


def _notes(counts: dict[str, int]) -> tuple[str, ...]:
    notes: list[str] = []
    if counts["pdays"] == _NEVER and counts["previous"] > 0:
        notes.append("never-contacted-but-previous-contacts")
    if counts["duration"] == 0:
        notes.append("no-talk")
    return tuple(notes)


def _outcome(accepted: bool, duration_s: int, secret: bytes, touch_id: UUID) -> list[Command]:  # noqa: FBT001
    if duration_s == 0 and not accepted:
        return []
    response_id = part_of(secret, b"response", at=_AT, beside=touch_id)
    commands: list[Command] = [
        ConfirmTouchDelivery(touch_id=touch_id, occurred_at=_AT),
        RecordTouchResponse(
            touch_id=touch_id,
            occurred_at=_AT,
            response_id=response_id,
            response="accepted" if accepted else "declined",
        ),
    ]
    if accepted:
        conversion_id = part_of(secret, b"conversion", at=_AT, beside=touch_id)
        commands.append(
            RecordTouchConversion(
                touch_id=touch_id, occurred_at=_AT, conversion_id=conversion_id, product="term_deposit"
            )
        )
    return commands
