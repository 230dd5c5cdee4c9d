"""What an access table says: which role may do what, and which personal data it is shown for which purpose."""

from typing import Annotated, Final, Literal, get_args

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from domain.codes import INTEGER_MAX, Currency

Role = Literal[
    "front-office",
    "complaint-handler",
    "campaign-manager",
    "compliance-auditor",
    "investigator",
    "privacy-officer",
    "operator",
    "importer",
]
Purpose = Literal[
    "service", "complaint-handling", "marketing", "audit", "investigation", "privacy-request", "operations"
]
"""Why somebody looks; not the purpose of an interaction, which is the customer's."""

MatterGroup = Literal["suspicious-activity", "whistleblower", "about-colleague"]

CustomerField = Literal["age_band", "branch", "language", "name", "region", "residence_country", "time_zone"]
InteractionField = Literal[
    "authentication", "channel", "direction", "disposition", "product", "purpose", "summary", "topic"
]
"""What can be corrected of a customer and of an interaction."""

NamePattern = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9_.-]*\*?$", min_length=1)]
"""A command's type or an operation's id; a star at the end stands for any rest."""

FieldName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
MATTER_GROUPS: Final[tuple[MatterGroup, ...]] = get_args(MatterGroup)


# Values are dataclasses with their fields in alphabetical order, as in `domain.codes`.
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class RoleRights:
    """What one role may do; what is not named it may not."""

    commands: Annotated[tuple[NamePattern, ...], Field(max_length=200)]
    confidential: Annotated[tuple[MatterGroup, ...], Field(max_length=10)]
    purposes: Annotated[tuple[Purpose, ...], Field(max_length=20)]
    queries: Annotated[tuple[NamePattern, ...], Field(max_length=200)]
    role: Role


@dataclass(frozen=True, slots=True, config=_STRICT)
class Showing:
    """Personal data of a record class that a role is shown for a purpose; `fields` None: all of them."""

    fields: Annotated[tuple[FieldName, ...], Field(max_length=100)] | None
    purpose: Purpose
    record_class: FieldName
    role: Role


@dataclass(frozen=True, slots=True, config=_STRICT)
class RedressLimit:
    """The most, in minor units of a currency, one person may offer as redress; of one not named, nothing."""

    amount_minor: Annotated[int, Field(ge=0, le=INTEGER_MAX)]
    currency: Currency


@dataclass(frozen=True, slots=True, config=_STRICT)
class CorrectionsAlone:
    """What one person may correct alone; a correction that has anything else takes another person."""

    customer: Annotated[tuple[CustomerField, ...], Field(max_length=100)] = ()
    interaction: Annotated[tuple[InteractionField, ...], Field(max_length=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class AccessRules:
    """A whole table."""

    corrections_alone: CorrectionsAlone = CorrectionsAlone()
    redress_limits: Annotated[tuple[RedressLimit, ...], Field(max_length=200)] = ()
    roles: Annotated[tuple[RoleRights, ...], Field(max_length=50)]
    showings: Annotated[tuple[Showing, ...], Field(max_length=2000)]
