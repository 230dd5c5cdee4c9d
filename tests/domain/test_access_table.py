"""A table is proposed by one, signed off by two others, and only then active."""

import pytest

from domain.access_rules import AccessRules, RoleRights, Showing
from domain.access_table import (
    ACCESS_TABLE,
    AccessTableActivated,
    AccessTableProposed,
    AccessTableSignedOff,
    AccessTableWithdrawn,
    ActivateAccessTable,
    ProposeAccessTable,
    SignOffAccessTable,
    WithdrawAccessTable,
)
from tests.domain.scenario import given, it, to

RIGHTS = RoleRights(
    commands=("access-table.*",), confidential=(), purposes=("audit",), queries=("audit*",), role="compliance-auditor"
)
SHOWING = Showing(fields=None, purpose="audit", record_class="identity", role="compliance-auditor")
RULES = AccessRules(roles=(RIGHTS,), showings=(SHOWING,))
PROPOSED = {"table_version": 1, "rules": RULES, "proposed_by": "staff:1"}
PROPOSE = to(ProposeAccessTable, **PROPOSED)
SIGN_2 = to(SignOffAccessTable, signed_by="staff:2")
SIGN_3 = to(SignOffAccessTable, signed_by="staff:3")
ACTIVATE = to(ActivateAccessTable, activated_by="staff:1")
WITHDRAW = to(WithdrawAccessTable, reason="mistake")


def test_two_others_sign_what_one_proposes():
    given(ACCESS_TABLE).when(PROPOSE).then(it(AccessTableProposed, **PROPOSED))
    given(ACCESS_TABLE, PROPOSE).when(SIGN_2).then(it(AccessTableSignedOff, signed_by="staff:2"))
    given(ACCESS_TABLE, PROPOSE, SIGN_2).when(SIGN_2).then()
    activated = it(AccessTableActivated, table_version=1, activated_by="staff:1")
    given(ACCESS_TABLE, PROPOSE, SIGN_2, SIGN_3).when(ACTIVATE).then(activated)
    given(ACCESS_TABLE, PROPOSE, SIGN_2, SIGN_3, ACTIVATE).when(ACTIVATE).then()


def test_who_proposes_signs_nothing_and_one_signature_is_too_few():
    own = to(SignOffAccessTable, signed_by="staff:1")
    given(ACCESS_TABLE, PROPOSE).when(own).refused("access-table.second-person-required", "signed_by")
    given(ACCESS_TABLE, PROPOSE, SIGN_2).when(ACTIVATE).refused("access-table.signatures-missing")
    given(ACCESS_TABLE, PROPOSE, SIGN_2, SIGN_2).when(ACTIVATE).refused("access-table.signatures-missing")


def test_what_is_withdrawn_or_active_stays_so():
    given(ACCESS_TABLE, PROPOSE).when(WITHDRAW).then(it(AccessTableWithdrawn, reason="mistake"))
    given(ACCESS_TABLE, PROPOSE, WITHDRAW).when(SIGN_2).refused("access-table.withdrawn")
    given(ACCESS_TABLE, PROPOSE, SIGN_2, SIGN_3, ACTIVATE).when(WITHDRAW).refused("access-table.already-active")
    given(ACCESS_TABLE, PROPOSE).when(PROPOSE).refused("access-table.already-proposed", "table_id")


@pytest.mark.parametrize("commands", [(), ("access-table.propose",), ("customer.*", "access-table.sign-off")])
def test_a_table_that_could_never_be_changed_again_is_refused(commands):
    rights = RoleRights(commands=commands, confidential=(), purposes=(), queries=(), role="operator")
    locked = to(ProposeAccessTable, **{**PROPOSED, "rules": AccessRules(roles=(rights,), showings=())})
    given(ACCESS_TABLE).when(locked).refused("access-table.locks-itself", "rules")
