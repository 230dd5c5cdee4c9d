"""Lift and its intervals, held against statsmodels."""

from importlib import import_module
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.lift import Compared, compared, katz, newcombe, wilson


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    """Imported here: it takes five seconds, which who collects or runs other tests need not spend."""
    return import_module("statsmodels.stats.proportion")


@st.composite
def groups(draw, least: int = 0) -> tuple[Compared, Compared]:
    def group(name) -> Compared:
        customers = draw(st.integers(max(1, least), 100_000))
        return Compared(name, customers, draw(st.integers(least, customers)))

    return group("treated"), group("holdout")


CONFIDENCE = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(groups(), CONFIDENCE)
def test_the_interval_of_the_difference_is_that_of_statsmodels(theirs, both, confidence):
    one, other = both
    expected = theirs.confint_proportions_2indep(
        one.converted, one.customers, other.converted, other.customers,
        method="newcomb", compare="diff", alpha=1 - confidence,
    )  # fmt: skip
    assert newcombe(one, other, confidence) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    alone = theirs.proportion_confint(one.converted, one.customers, alpha=1 - confidence, method="wilson")
    assert wilson(one.converted, one.customers, confidence) == pytest.approx(alone, rel=1e-9, abs=1e-9)


@given(groups(least=1), CONFIDENCE)
def test_the_interval_of_the_ratio_is_that_of_statsmodels(theirs, both, confidence):
    one, other = both
    expected = theirs.confint_proportions_2indep(
        one.converted, one.customers, other.converted, other.customers,
        method="log", compare="ratio", alpha=1 - confidence,
    )  # fmt: skip
    assert katz(one, other, confidence) == pytest.approx(expected, rel=1e-9)


def test_what_cannot_be_told_is_not_told():
    nobody = compared(Compared("treated", 10, 3), Compared("holdout", 0, 0))
    assert (nobody.difference, nobody.difference_interval, nobody.relative) == (None, None, None)
    nothing = compared(Compared("treated", 10, 3), Compared("holdout", 10, 0))
    assert nothing.difference == pytest.approx(0.3)
    assert nothing.difference_interval is not None
    assert (nothing.relative, nothing.relative_interval) == (None, None)


def test_relative_to_the_holdouts_rate():
    found = compared(Compared("treated", 1000, 60), Compared("holdout", 500, 20))
    assert found.relative == pytest.approx(0.5)
    assert found.relative_interval is not None
    assert found.relative_interval.low < 0.5 < found.relative_interval.high
