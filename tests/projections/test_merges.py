"""Merging rewrites nothing: over generated histories, reversed it is as if nobody had ever been merged.

Customers live, by commands of every aggregate; between these, links are proposed, merged and reversed, and the
program's steps come whenever they come. The same lives without any of this are the other world.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import AGGREGATES, CUSTOMER
from domain.customer_identity import DECIDE
from domain.identity_messages import (
    AgreeToMerge,
    CancelMerge,
    CompleteMerge,
    FollowReversal,
    LinkIdentity,
    MergeCustomers,
    Parties,
    ReverseMerge,
)
from domain.kernel import Aggregate, Command, Refusal
from domain.person import Person, person_of
from projections.customer_profile import PROFILE
from projections.person_profile import combined
from projections.persons import pairs, read_merges
from projections.profile_query import Profile, profile_of
from projections.projection import Holding
from projections.references import LastEvent
from tests.domain.generate import VARIANTS, variant
from tests.examples import examples
from tests.projections.histories import Happened, facts, folded

PEOPLE = [UUID(int=0x018BCFE5_6800_7000_8000_000000000000 + 0x1000 * n) for n in range(1, 5)]
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
GOOD = Parties(erased=False, other_claimed=False, other_known=True)
LIVES = [
    (aggregate, kind)
    for aggregate in AGGREGATES
    if any("customer_id" in event.model_fields for event in aggregate.events)
    for kind in aggregate.commands
    if kind not in DECIDE
]
OWN = ("position", "event_id")
"""What a row says of the event that changed it last, which may have been a merge."""


@dataclass
class World:
    """All streams as they stand, and everything that has happened."""

    states: dict[UUID, Any] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    merges: list[tuple[UUID, UUID, UUID]] = field(default_factory=list)

    def give(self, aggregate: Aggregate[Any], stream_id: UUID, command: Command, step: int) -> bool:
        """Decide; whether it was accepted."""
        state = self.states.get(stream_id, aggregate.initial)
        try:
            events = aggregate.decide(command, state)
        except Refusal:
            return False
        for number, event in enumerate(events):
            state = aggregate.evolve(state, event)
            self.versions[stream_id] = version = self.versions.get(stream_id, -1) + 1
            event_id = UUID(int=(step << 64) + (number << 32) + (stream_id.int & 0xFFFF))
            self.happened.append(Happened(stream_id, version, aggregate.customer_of(state), event_id, event))
        self.states[stream_id] = state
        return True

    def lives(self, step: int, who: UUID, chosen: int, number: int) -> None:
        aggregate, kind = LIVES[chosen % len(LIVES)]
        stream_id = who if aggregate is CUSTOMER else UUID(int=who.int + 1 + AGGREGATES.index(aggregate))
        mine = {kind.stream_field: stream_id} | ({"customer_id": who} if "customer_id" in kind.model_fields else {})
        self.give(aggregate, stream_id, variant(kind, number % VARIANTS).model_copy(update=mine), step)

    # Merging, of the two customers with the smaller id first

    def merge(self, step: int, one: UUID, other: UUID) -> None:
        smaller, larger = sorted((one, other))
        merge_id = UUID(int=step + 1)
        at: dict[str, Any] = {"customer_id": smaller, "occurred_at": NOON, "link_id": merge_id, "reason": "twice"}
        link = LinkIdentity(**at, other_id=larger, linked_by="staff:1")
        busy = self.states.get(larger, CUSTOMER.initial)
        parties = replace(GOOD, other_known=busy.customer_id is not None, other_claimed=busy.identity.claimed)
        merge = MergeCustomers(**at, merged_by="staff:2", parties=parties)
        if all(self.give(CUSTOMER, smaller, command, step + n) for n, command in enumerate((link, merge))):
            self.merges.append((merge_id, smaller, larger))

    def carry(self, step: int, merge: tuple[UUID, UUID, UUID]) -> bool:
        """One step of the program, by what stands in both streams; whether there was one to do."""
        merge_id, smaller, larger = merge
        here = self.states[smaller].identity.merges[merge_id].status
        there = self.states[larger].identity.merges.get(merge_id)
        at: dict[str, Any] = {"occurred_at": NOON, "merge_id": merge_id}
        back: dict[str, Any] = {"other_id": smaller, "reason": "twice"}
        match here, there and there.status:
            case "claimed", None:
                agree = AgreeToMerge(**at, **back, customer_id=larger, merged_by="staff:2")
                if not self.give(CUSTOMER, larger, agree, step):
                    self.give(CUSTOMER, smaller, CancelMerge(**at, customer_id=smaller, reason="busy"), step)
            case "claimed", "claimed":
                self.give(CUSTOMER, smaller, CompleteMerge(**at, customer_id=smaller), step)
            case "merged", "claimed":
                self.give(CUSTOMER, larger, CompleteMerge(**at, customer_id=larger), step)
            case "reversed", "claimed" | "merged":
                follow = FollowReversal(**at, **back, customer_id=larger, reversed_by="staff:1")
                self.give(CUSTOMER, larger, follow, step)
            case _:
                return False
        return True

    def reverse(self, step: int, merge: tuple[UUID, UUID, UUID]) -> None:
        merge_id, smaller, _ = merge
        undo = ReverseMerge(
            occurred_at=NOON, customer_id=smaller, merge_id=merge_id, reason="mistake", reversed_by="staff:1"
        )
        self.give(CUSTOMER, smaller, undo, step)

    def settle(self, step: int) -> int:
        """Every step that the program has to do."""
        while sum(self.carry(step, merge) for merge in self.merges):  # all of them, so no `any`
            step += 4
        return step

    def stand(self) -> set[tuple[UUID, UUID]]:
        """The pairs that are merged, by the streams of the smaller ids."""
        return {
            (smaller, larger)
            for merge_id, smaller, larger in self.merges
            if self.states[smaller].identity.merges[merge_id].status == "merged"
        }


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "settle", "lives", "merge", "carry", "lives", "settle", "lives", "reverse", "carry"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 10_000),
    ),
    min_size=10,
    max_size=40,
)


def world(steps: list[tuple[str, int, int, int]], *, merging: bool) -> World:
    made = World()
    for n, who in enumerate(PEOPLE[:3]):  # the fourth may never be registered
        made.lives(n * 4, who, LIVES.index((CUSTOMER, CUSTOMER.commands[0])), n)
    for n, (what, one, other, number) in enumerate(steps):
        step = 100 + n * 100
        if what == "lives":
            made.lives(step, PEOPLE[one], number, number // len(LIVES))
        elif merging and what == "merge" and one != other:
            made.merge(step, PEOPLE[one], PEOPLE[other])
        elif merging and what == "settle":
            made.settle(step)
        elif merging and made.merges and what in {"carry", "reverse"}:
            getattr(made, what)(step, made.merges[number % len(made.merges)])
    return made


def rows(holdings: list[Holding]) -> dict[str, list[dict[str, Any]]]:
    """Rows of every read model by table, as the database gets them; of the audit trail, which tells of merges, none."""
    found: dict[str, list[dict[str, Any]]] = {}
    for holding in holdings:
        for held in holding.tables if holding.name != "audit_trail" else ():
            kept = [held.table.record_of(one) for one in getattr(held, "changed", {}).values()]
            found[held.table.name] = [dict(zip(held.table.columns, one, strict=True)) for one in kept]
    return found


def without_merges(of: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    left_out = {*OWN, "links", "linked_since", "merges"}
    return {
        name: sorted(
            repr({column: value for column, value in row.items() if column not in left_out})
            for row in kept
            if not _is_of_merges_alone(name, row)
        )
        for name, kept in of.items()
    }


def _is_of_merges_alone(name: str, row: dict[str, Any]) -> bool:
    """A profile that nothing but merging has begun: of a customer who was never registered."""
    return name == PROFILE.name and row["status"] == "unregistered" and row["merges"] != "{}"


def profiles(of: dict[str, list[dict[str, Any]]]) -> dict[UUID, Profile]:
    return {row["customer_id"]: profile_of(row) for row in of[PROFILE.name]}


def people(of: dict[str, list[dict[str, Any]]]) -> dict[UUID, Person]:
    merged = list(pairs({row["customer_id"]: read_merges(row["merges"]) for row in of[PROFILE.name]}))
    return {one: person_of(one, merged) for one in PEOPLE}


def told(of: dict[str, list[dict[str, Any]]]) -> dict[UUID, Profile]:
    """The answer about each customer, but for the last event."""
    known, nobody = profiles(of), LastEvent(0, 0, UUID(int=0))
    return {
        one: replace(combined(who, [known[id_] for id_ in who.customer_ids if id_ in known]), last_event=nobody)
        for one, who in people(of).items()
        if any(id_ in known for id_ in who.customer_ids)
    }


def data(happened: list[Happened]) -> list[tuple[UUID, UUID, str]]:
    """The events of lives in their order, with all that they say."""
    return [(one.stream_id, one.event_id, repr(one.event.__dict__)) for one in happened if not _of_merges(one)]


def _of_merges(one: Happened) -> bool:
    return one.event.type.startswith(("customer.merge", "customer.identity-"))


thorough = settings(
    max_examples=examples(500),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@thorough
@given(STEPS)
def test_reversed_everything_is_as_if_nobody_had_ever_been_merged(steps):
    merged, never = world(steps, merging=True), world(steps, merging=False)
    step = merged.settle(1 << 20)
    for merge in merged.merges:
        merged.reverse(step := step + 4, merge)
    merged.settle(step + 4)
    assert merged.stand() == set()
    here, there = rows(folded(facts(merged.happened))), rows(folded(facts(never.happened)))
    assert without_merges(here) == without_merges(there)
    assert told(here) == told(there)
    assert all(who == Person((one,)) for one, who in people(here).items())


@thorough
@given(STEPS, st.randoms())
def test_canonical_ids_are_those_of_the_merges_that_stand_however_it_is_folded(steps, random):
    made = world(steps, merging=True)
    incremental = rows(folded(facts(made.happened)))
    wanted = {one: person_of(one, made.stand()) for one in PEOPLE}
    assert people(incremental) == wanted
    rebuilt = rows(folded(facts(_in_another_order(made.happened, random))))
    assert people(rebuilt) == wanted
    assert told(rebuilt) == told(incremental)
    by_any = told(incremental)
    for one, answer in by_any.items():
        for other in wanted[one].customer_ids:
            assert by_any.get(other, answer) == answer


def _in_another_order(happened: list[Happened], random: Random) -> list[Happened]:
    """Of each customer in their order, customers interleaved anew: as partitions may be read."""
    of: dict[UUID | None, list[Happened]] = {}
    for one in happened:
        of.setdefault(one.customer_id, []).append(one)
    turns = [key for key, some in of.items() for _ in some]
    random.shuffle(turns)
    left = {key: iter(some) for key, some in of.items()}
    return [next(left[key]) for key in turns]


@thorough
@given(STEPS)
def test_no_event_of_anybodys_life_is_another_one_for_a_merge(steps):
    assert data(world(steps, merging=True).happened) == data(world(steps, merging=False).happened)
