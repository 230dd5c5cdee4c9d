"""A link claims nothing but what a comparison confirms; without a rule and evidence it is somebody's own judgement."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import CUSTOMER
from domain.identity_messages import Comparison, IdentityLinked, LinkIdentity
from domain.kernel import Refusal
from domain.linking_rules import IdentifierKind
from tests.domain.identity_refusals import LINK, REGISTER
from tests.domain.scenario import ONE, history, play

KINDS = st.lists(st.sampled_from(get_args(IdentifierKind)[:5]), unique=True, max_size=3).map(tuple)
RULES = ("name-and-phone", "passport", "resident-id")
FOUND = st.builds(
    Comparison,
    agrees=KINDS,
    rules=st.lists(st.sampled_from(RULES), unique=True).map(tuple),
    rules_version=st.integers(0, 2),
    shared=KINDS,
)


@given(FOUND, st.none() | st.sampled_from(RULES), st.none() | st.integers(0, 2), KINDS)
def test_a_link_is_accepted_if_and_only_if_the_comparison_confirms_all_that_it_claims(found, rule, version, evidence):
    claims = {"rule": rule, "rules_version": version, "evidence": evidence}
    command = LINK.model_copy(update={**claims, "comparison": found})
    confirmed = (
        rule in {None, *found.rules}
        and version in {None, found.rules_version}
        and set(evidence) <= set(found.agrees)
    )  # fmt: skip
    state = play(CUSTOMER, history(CUSTOMER, [REGISTER]))
    if not confirmed:
        with pytest.raises(Refusal) as refused:
            CUSTOMER.decide(command, state)
        assert refused.value.field in {"rule", "rules_version", "evidence"}
        return
    (event,) = CUSTOMER.decide(command, state)
    assert isinstance(event, IdentityLinked)
    assert (event.rule, event.evidence, event.comparison) == (rule, evidence, found)


def test_a_link_of_before_and_one_by_hand_say_that_nothing_was_compared():
    before = {**LINK.model_dump(mode="json"), "rule": "passport", "rules_version": 0, "evidence": ["passport"]}
    del before["comparison"]
    by_hand = history(CUSTOMER, [REGISTER, LINK])[-1]
    for event in (IdentityLinked.model_validate(before), by_hand):
        assert isinstance(event, IdentityLinked)
        assert event.comparison is None
        assert not play(CUSTOMER, [event]).identity.links[ONE].compared
    assert not LINK.is_judged
    assert LinkIdentity.model_validate(before).is_judged
