"""Least group size: no number that was left out can be computed from what is told, its totals and its like."""

from collections import defaultdict
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.group_size import withheld

Table = dict[str, tuple[int, ...]]
quick = settings(max_examples=60, deadline=None, database=None)


def told(table: Table, least: int) -> tuple[object, ...]:
    """What somebody learns who asks by the dimension, for its total, and for each value that it may have."""
    hidden = withheld(table, least)
    cells = tuple(sorted((group, counts) for group, counts in table.items() if group not in hidden and any(counts)))
    totals = tuple(map(sum, zip(*table.values(), strict=True)))
    return cells, None if withheld({"": totals}, least) else totals, bool(hidden)


@cache
def alike(groups: int, most: int, columns: int, least: int) -> dict[tuple[object, ...], list[Table]]:
    """All tables over the same groups of at most so many people, by what is told. A part is no more than its whole."""
    counts = [one for one in product(range(most + 1), repeat=columns) if list(one) == sorted(one, reverse=True)]
    found = defaultdict[tuple[object, ...], list[Table]](list)
    for values in product(counts, repeat=groups):
        if sum(one[0] for one in values) > most:
            continue
        table = dict(zip("abcd", values, strict=False))
        found[told(table, least)].append(table)
    return found


@pytest.mark.parametrize(
    ("groups", "most", "columns", "least"), [(1, 9, 1, 3), (2, 12, 1, 5), (3, 12, 1, 3), (4, 10, 1, 4), (3, 7, 2, 3)]
)
def test_of_each_number_that_is_left_out_another_one_would_be_answered_the_same(groups, most, columns, least):
    for tables in alike(groups, most, columns, least).values():
        for table in tables:
            for group in withheld(table, least):
                assert {one[group] for one in tables} != {table[group]}, (table, group)


tables = st.dictionaries(
    st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda one: (max(one), min(one)))
)


@quick
@given(tables, st.integers(3, 12))
def test_what_is_told_is_no_handful_nor_is_what_is_left(table, least):
    hidden = withheld(table, least)
    for counts in (table[group] for group in table if group not in hidden):
        assert all(count == 0 or count >= least for count in counts)
    for n in range(2):
        left = [table[group][n] for group in hidden if table[group][n]]
        if any(count < least for count in left) and len(left) < sum(counts[n] > 0 for counts in table.values()):
            assert len(left) >= 2
            assert sum(left) >= max(least, len(left) + 1)


@quick
@given(tables, st.integers(3, 12))
def test_a_number_is_left_out_of_a_rate_wherever_it_is_left_out_alone(table, least):
    for n in range(2):
        alone = withheld({group: (counts[n],) for group, counts in table.items()}, least)
        assert alone <= withheld(table, least)


@quick
@given(tables, st.integers(3, 12))
def test_large_groups_alone_are_all_told_and_it_does_not_matter_in_which_order(table, least):
    large = {group: counts for group, counts in table.items() if all(count >= least for count in counts)}
    assert withheld(large, least) == set()
    assert withheld(dict(reversed(table.items())), least) == withheld(table, least)
