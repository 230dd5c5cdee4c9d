"""Who is who depends on the merges that stand, on nothing else."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.person import people_of, person_of

IDS = [UUID(int=n) for n in range(1, 9)]
PAIRS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=12)


def test_a_chain_and_a_cycle_are_one_person():
    one, two, three, other = IDS[:4]
    for merged in ([(one, two), (two, three)], [(one, two), (two, three), (one, three)], [(three, two), (two, one)]):
        for asked in (one, two, three):
            who = person_of(asked, merged)
            assert (who.canonical_id, who.merged_ids) == (one, (two, three))
        assert person_of(other, merged).customer_ids == (other,)


@given(PAIRS, st.randoms())
def test_the_order_and_the_way_of_merges_say_nothing(merged, random):
    shuffled = [pair[::-1] if random.random() < 0.5 else pair for pair in merged]
    random.shuffle(shuffled)
    for one in IDS:
        assert person_of(one, merged) == person_of(one, shuffled)


@given(PAIRS)
def test_every_customer_is_one_person_who_is_the_same_asked_by_any_id(merged):
    people = {person_of(one, merged) for one in IDS}
    assert sorted(one for who in people for one in who.customer_ids) == IDS
    for who in people:
        assert who.canonical_id == min(who.customer_ids)
        assert {person_of(one, merged) for one in who.customer_ids} == {who}
    assert people_of(merged) == {one: person_of(one, merged) for pair in merged for one in pair}
    for one, other in merged:
        assert person_of(one, merged) == person_of(other, merged)
