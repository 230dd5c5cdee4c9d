"""Shared closed vocabularies, coded types and values.

Codes: ISO 3166 (country, subdivision), ISO 4217 (currency), BCP 47 (language). Every text has a
greatest length. Integers stay within 2^53, as canonical JSON demands.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

INTEGER_MAX: Final = 2**53 - 1

Channel = Literal[
    "branch",
    "phone",
    "mobile_app",
    "web",
    "email",
    "sms",
    "messaging",
    "chat",
    "letter",
    "fax",
    "video",
    "visit",
    "atm",
    "social_media",
    "referral",
    "other",
]
Direction = Literal["inbound", "outbound"]
Purpose = Literal[
    "servicing",
    "consultation",
    "advice",
    "complaint",
    "onboarding",
    "marketing",
    "research",
    "collection",
    "security",
    "regulatory",
]
Authentication = Literal["none", "knowledge", "document", "one_time_code", "biometric", "strong"]
ContactPointKind = Literal["phone", "mobile", "email", "postal_address", "messaging", "social_media", "app"]
CustomerKind = Literal["person", "organisation"]
AgeBand = Literal["0-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+"]
Metric = Literal["csat", "nps", "ces"]
Severity = Literal["low", "medium", "high", "critical"]

Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9]+(?:[._-][a-z0-9]+)*$")]
"""A bank's or regime's own code, such as `us.cfpb` or `mortgage_escrow`."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\p{Cc}]*$")]
"""One line of clear text from somebody's list; never free text about a person."""

Reference = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$")]
"""Another system's number for the same thing; must identify no person."""

ActorId = Annotated[str, StringConstraints(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")]
"""The pseudonym of a member of staff or an automated actor, never a name."""

Country = Annotated[str, StringConstraints(max_length=2, pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, StringConstraints(max_length=6, pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]
"""ISO 3166-2, such as `US-FL`."""

PostalPrefix = Annotated[str, StringConstraints(max_length=5, pattern=r"^[A-Z0-9]+$")]
"""The leading part of a postal code that still covers many people, such as `330`."""

Language = Annotated[
    str, StringConstraints(max_length=12, pattern=r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$")
]
Currency = Annotated[str, StringConstraints(max_length=3, pattern=r"^[A-Z]{3}$")]

TEXT_MAX: Final = 50_000

Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=r"^[^\x00]*$")]
"""Free text: personal data wherever it stands."""

PersonalLine = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\p{Cc}]*[\p{L}\p{N}][^\p{Cc}]*$")
]
"""One line of personal data: a name, a number, an address. A letter, of any script, or a digit is in it."""

Sha256 = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9a-f]{64}$")]

Integer = Annotated[int, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Count = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
Score = Annotated[int, Field(ge=-1000, le=1000)]

# Values are dataclasses with their fields in alphabetical order: orjson writes dataclasses without
# help, but in declared order, and canonical JSON wants sorted keys.
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class Money:
    """An amount in minor units of an ISO 4217 currency, such as 1250 `EUR` for 12.50 euros."""

    amount_minor: Integer
    currency: Currency


@dataclass(frozen=True, slots=True, config=_STRICT)
class Giving:
    """Who gave a command, and when it came in."""

    at: AwareDatetime
    by: ActorId


@dataclass(frozen=True, slots=True, config=_STRICT)
class Change:
    """One corrected clear field, as it stands after and stood before; None is "not known"."""

    after: Label | None
    before: Label | None
    field: Code


Changes = Annotated[tuple[Change, ...], Field(max_length=50)]


def changes(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> tuple[Change, ...]:
    """List what `after` really changes."""
    return tuple(
        Change(after=value, before=before.get(name), field=name)
        for name, value in after.items()
        if value != before.get(name)
    )
