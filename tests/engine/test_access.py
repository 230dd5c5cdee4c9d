"""The decision is pure: nothing is shown but by a role, for a purpose of that role, by a row of the table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access_rules import MATTER_GROUPS, PURPOSES, ROLES, AccessRules, RoleRights, Showing
from engine.access import AccessTable, Viewer, first_table, mask_of, personal_registry, rules_of

NAMES = sorted({name for names in personal_registry().values() for name in names})
CLASSES = sorted(personal_registry())
SOME_PURPOSES = st.lists(st.sampled_from(PURPOSES), unique=True).map(tuple)
RIGHTS = st.builds(
    RoleRights,
    role=st.sampled_from(ROLES),
    purposes=SOME_PURPOSES,
    queries=st.lists(st.sampled_from(["audit", "customer*", "feed"]), unique=True).map(tuple),
    commands=st.lists(st.sampled_from(["customer.*", "complaint.close"]), unique=True).map(tuple),
    confidential=st.lists(st.sampled_from(MATTER_GROUPS), unique=True).map(tuple),
)
SHOWINGS = st.builds(
    Showing,
    role=st.sampled_from(ROLES),
    purpose=st.sampled_from(PURPOSES),
    record_class=st.sampled_from(CLASSES),
    fields=st.none() | st.lists(st.sampled_from(NAMES), unique=True).map(tuple),
)
RULES = st.builds(
    AccessRules,
    roles=st.lists(RIGHTS, unique_by=lambda one: one.role).map(tuple),
    showings=st.lists(SHOWINGS, unique_by=lambda one: (one.role, one.purpose, one.record_class)).map(tuple),
)
VIEWERS = st.builds(
    Viewer,
    actor=st.just("staff:1"),
    roles=st.frozensets(st.sampled_from([*ROLES, "unknown", "*"])),
    purpose=st.none() | st.sampled_from([*PURPOSES, "unknown"]),
)


@given(RULES, VIEWERS, st.sampled_from(CLASSES), st.sampled_from(NAMES))
def test_what_is_shown_has_a_row_of_a_role_that_has_the_purpose(rules, viewer, record_class, name):
    wanted = any(
        viewer.purpose in rights.purposes
        for rights in rules.roles
        for row in rules.showings
        if rights.role in viewer.roles
        and (row.role, row.purpose, row.record_class) == (rights.role, viewer.purpose, record_class)
        and (row.fields is None or name in row.fields)
    )
    assert AccessTable(1, rules).decide(viewer, record_class, name) == ("shown" if wanted else "masked")


@given(RULES, VIEWERS, st.sampled_from(CLASSES), st.sampled_from(NAMES), st.sampled_from(ROLES))
def test_one_role_more_never_shows_less(rules, viewer, record_class, name, role):
    table = AccessTable(1, rules)
    more = Viewer(viewer.actor, viewer.roles | {role}, viewer.purpose)
    if table.decide(viewer, record_class, name) == "shown":
        assert table.decide(more, record_class, name) == "shown"
    assert table.sight(viewer).groups <= table.sight(more).groups
    assert table.purposes(viewer.roles) <= table.purposes(more.roles)


@given(VIEWERS, st.sampled_from(CLASSES), st.sampled_from(NAMES))
def test_an_empty_table_shows_and_allows_nothing(viewer, record_class, name):
    table = AccessTable(1, AccessRules(roles=(), showings=()))
    assert table.decide(viewer, record_class, name) == "masked"
    assert not table.may_ask(viewer, "feed")
    assert not table.may_command(viewer, "customer.register")


@given(st.sampled_from(ROLES), st.sampled_from(CLASSES), st.sampled_from(NAMES))
def test_without_a_purpose_nothing_is_shown(role, record_class, name):
    assert first_table().decide(Viewer("a", frozenset({role})), record_class, name) == "masked"


def test_a_star_stands_for_a_rest_and_for_nothing_else():
    table = first_table()
    handler = Viewer("a", frozenset({"complaint-handler"}))
    assert table.may_command(handler, "complaint.close")
    assert not table.may_command(handler, "complaints.close")
    assert not table.may_command(handler, "campaign.plan")
    assert not table.may_ask(handler, "audit")


def test_the_first_table_names_every_role_and_only_what_exists():
    rules = first_table().rules
    assert {one.role for one in rules.roles} == set(ROLES)
    for row in rules.showings:
        assert row.purpose in first_table().purposes([row.role]), row
        assert set(row.fields or ()) <= set(personal_registry()[row.record_class]), row
    assert len(first_table().digest) == 64


@pytest.mark.parametrize(
    "text",
    ['[front-office]\npurposes=["fun"]\nqueries=[]\ncommands=[]\nconfidential=[]', "[front-office]\npurposes=[]", "x"],
)
def test_a_table_that_is_none(text):
    with pytest.raises(ValueError, match=r".+"):
        rules_of(text)


def test_every_personal_field_has_a_mask():
    assert {mask_of(record_class, name) for record_class in CLASSES for name in personal_registry()[record_class]}
    assert mask_of("unknown", "unknown") == "***"
