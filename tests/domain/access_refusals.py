"""What the commands about access refuse: confidential matters, break-glass access, the directory of actors."""

from collections.abc import Sequence

from domain.access_rules import AccessRules, RoleRights
from domain.access_table import (
    ActivateAccessTable,
    ProposeAccessTable,
    SignOffAccessTable,
    WithdrawAccessTable,
)
from domain.actor import MoveActor, RecordActorLeft, RegisterActor
from domain.break_glass import OpenBreakGlass, ReviewBreakGlass
from domain.kernel import Command
from tests.domain.scenario import ANNA, to

Case = tuple[str, str | None, Sequence[Command], Command]


def confidential_cases(
    kind: str, opened: Command, mark: type[Command], ask: type[Command], declassify: type[Command]
) -> list[Case]:
    """What is refused of every kind that can be confidential; `opened` is one about a colleague."""
    own = to(declassify, declassified_by="staff:1")
    asked, done = to(ask, reason="unfounded", requested_by="staff:1"), to(declassify, declassified_by="staff:2")
    from_19 = to(mark, group="about-colleague", withheld_from=tuple(f"staff:{100 + one}" for one in range(19)))
    from_more = to(mark, group="about-colleague", withheld_from=("staff:1", "staff:2"))
    return [
        (f"{kind}.already-confidential", "group", [opened], to(mark, group="whistleblower")),
        (f"{kind}.declassification-not-requested", None, [opened], done),
        (f"{kind}.declassifier-not-another", "declassified_by", [opened, asked], own),
        (f"{kind}.not-confidential", None, [opened, asked, done], asked),
        (f"{kind}.withheld-from-too-many", "withheld_from", [opened, from_19], from_more),
    ]


OPEN_GLASS = to(
    OpenBreakGlass, customer_id=ANNA, record_classes=("contact",), reason="danger", minutes=5, opened_by="staff:1"
)
REVIEW = to(ReviewBreakGlass, finding="justified", reviewed_by="staff:2")
BREAK_GLASS_CASES: list[Case] = [
    ("break-glass.not-opened", "grant_id", [], REVIEW),
    ("break-glass.already-opened", "grant_id", [OPEN_GLASS], OPEN_GLASS),
    ("break-glass.nothing-wanted", "record_classes", [], OPEN_GLASS.model_copy(update={"record_classes": ()})),
    ("break-glass.already-reviewed", None, [OPEN_GLASS, REVIEW], REVIEW),
    (
        "break-glass.reviewer-not-another", "reviewed_by", [OPEN_GLASS],
        to(ReviewBreakGlass, finding="justified", reviewed_by="staff:1"),
    ),
]  # fmt: skip

REGISTER_ACTOR = to(RegisterActor, actor="staff:1", kind="person")
ACTOR_CASES: list[Case] = [
    ("actor.not-registered", "entry_id", [], to(MoveActor, organisation_unit="branch")),
    ("actor.already-registered", "actor", [REGISTER_ACTOR], REGISTER_ACTOR),
    ("actor.already-left", None, [REGISTER_ACTOR, to(RecordActorLeft)], to(MoveActor, organisation_unit="branch")),
]

RIGHTS = RoleRights(commands=("access-table.*",), confidential=(), purposes=(), queries=(), role="operator")
RULES = AccessRules(roles=(RIGHTS,), showings=())
PROPOSE = to(ProposeAccessTable, table_version=1, rules=RULES, proposed_by="staff:1")
SIGNED = [to(SignOffAccessTable, signed_by="staff:2"), to(SignOffAccessTable, signed_by="staff:3")]
ACTIVATE = to(ActivateAccessTable, activated_by="staff:2")
WITHDRAW_TABLE = to(WithdrawAccessTable, reason="mistake")
LOCKED = to(ProposeAccessTable, table_version=1, rules=AccessRules(roles=(), showings=()), proposed_by="staff:1")
OWN = to(SignOffAccessTable, signed_by="staff:1")
ACCESS_TABLE_CASES: list[Case] = [
    ("access-table.not-proposed", "table_id", [], ACTIVATE),
    ("access-table.already-proposed", "table_id", [PROPOSE], PROPOSE),
    ("access-table.locks-itself", "rules", [], LOCKED),
    ("access-table.second-person-required", "signed_by", [PROPOSE], OWN),
    ("access-table.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("access-table.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], WITHDRAW_TABLE),
    ("access-table.withdrawn", None, [PROPOSE, WITHDRAW_TABLE], SIGNED[0]),
]
