"""What an access table says: which role may do what, and which personal data it is shown for which purpose."""

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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

NamePattern = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9_.-]*\*?$", min_length=1)]
"""A command's type or an operation's id; a star at the end stands for any rest."""

FieldName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
MATTER_GROUPS: Final[tuple[MatterGroup, ...]] = get_args(MatterGroup)


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class RoleRights(_Rule):
    """What one role may do; what is not named it may not."""

    role: Role
    purposes: tuple[Purpose, ...]
    queries: tuple[NamePattern, ...]
    commands: tuple[NamePattern, ...]
    confidential: tuple[MatterGroup, ...]


class Showing(_Rule):
    """Personal data of a record class that a role is shown for a purpose; `fields` None: all of them."""

    role: Role
    purpose: Purpose
    record_class: FieldName
    fields: tuple[FieldName, ...] | None


class AccessRules(_Rule):
    """A whole table."""

    roles: Annotated[tuple[RoleRights, ...], Field(max_length=50)]
    showings: Annotated[tuple[Showing, ...], Field(max_length=2000)]
