"""The rules of unusual access: more of what a rule counts is never less unusual; a rule that is off is silent."""

from dataclasses import fields, replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.unusual_access import (
    RULE_NAMES,
    AboveOwnNorm,
    AboveRoleNorm,
    ActorDay,
    AtLeast,
    Night,
    NoRelation,
    WatchedSegment,
    WatchRules,
    unusual,
)

LEAST = AtLeast(3)
RULES = WatchRules(
    above_own_norm=AboveOwnNorm(days_least=2, history_days=30, least=5, times=3),
    above_role_norm=AboveRoleNorm(actors_least=2, least=5, times=3),
    break_glass=LEAST,
    colleague=LEAST,
    confidential_matter=LEAST,
    denied_requests=LEAST,
    empty_searches=LEAST,
    night=Night(least=3, since_hour=22, until_hour=6),
    no_relation=NoRelation(days=30, least=3, relations=("interaction.*",)),
    own_record=LEAST,
    watched_segment=WatchedSegment(least=3, segments=("vip",)),
)
NAMED = ("colleague", "no-relation", "own-record", "watched-segment")
IDS = [UUID(int=one) for one in range(10)]
COUNTS = st.integers(0, 40)


@st.composite
def days(draw: st.DrawFn) -> ActorDay:
    return ActorDay(
        customers=draw(COUNTS),
        hours=tuple(draw(st.lists(st.integers(0, 4), min_size=24, max_size=24))),
        break_glass=draw(st.integers(0, 5)),
        empty_searches=draw(st.integers(0, 5)),
        denied=draw(st.integers(0, 5)),
        confidential=draw(st.integers(0, 5)),
        history=draw(st.lists(st.integers(1, 20), max_size=6)),
        role_medians=draw(
            st.dictionaries(st.sampled_from(["a", "b"]), st.tuples(st.integers(1, 5), st.integers(0, 10)))
        ),
        named={name: IDS[: draw(st.integers(0, 6))] for name in NAMED},
    )


def passed(day: ActorDay, rules: WatchRules = RULES) -> set[str]:
    return {one.rule for one in unusual(rules, day)}


def test_every_rule_has_a_field_and_a_judge():
    assert tuple(one.name.replace("_", "-") for one in fields(WatchRules)) == RULE_NAMES
    assert passed(ActorDay(), WatchRules()) == set()


@given(days(), st.sampled_from(RULE_NAMES))
def test_a_rule_that_is_off_is_silent_and_the_others_are_as_before(day, name):
    off = replace(RULES, **{name.replace("-", "_"): None})
    assert passed(day, off) == passed(day) - {name}


@given(days(), st.data())
def test_more_of_what_is_counted_never_takes_a_rule_back(day, data):
    more = replace(
        day,
        customers=day.customers + data.draw(COUNTS),
        hours=tuple(one + data.draw(st.integers(0, 2)) for one in day.hours),
        break_glass=day.break_glass + data.draw(st.integers(0, 2)),
        empty_searches=day.empty_searches + data.draw(st.integers(0, 2)),
        denied=day.denied + data.draw(st.integers(0, 2)),
        confidential=day.confidential + data.draw(st.integers(0, 2)),
        named={name: [*of, *IDS[7:]] for name, of in day.named.items()},
    )
    assert passed(day) <= passed(more)


@given(days())
def test_each_row_says_its_figures_and_the_thresholds_that_they_passed(day):
    for one in unusual(RULES, day):
        rule = getattr(RULES, one.rule.replace("-", "_"))
        assert one.thresholds == {of.name: getattr(rule, of.name) for of in fields(rule)}
        counted = one.figures.get("customers", one.figures.get("looks", one.figures.get("requests")))
        assert (one.figures["searches"] if counted is None else counted) >= rule.least
        if "times" in one.thresholds:
            assert one.figures["customers"] > rule.times * one.figures["median"]


def test_a_norm_needs_enough_days_and_enough_people():
    many = ActorDay(customers=100, history=[1], role_medians={"a": (1, 1)})
    assert passed(many) == set()
    assert passed(replace(many, history=[1, 1])) == {"above-own-norm"}
    assert passed(replace(many, role_medians={"a": (2, 1)})) == {"above-role-norm"}
    busier = replace(many, role_medians={"a": (2, 1), "b": (9, 60)})
    assert passed(busier) == set(), "of two roles the one that looks at more"


@pytest.mark.parametrize(
    ("night", "hours"),
    [(Night(least=1, since_hour=22, until_hour=6), {22, 23, 0, 1, 2, 3, 4, 5}), (Night(1, 1, 4), {1, 2, 3})],
)
def test_a_night_may_go_over_midnight(night, hours):
    assert {hour for hour in range(24) if night.has(hour)} == hours
