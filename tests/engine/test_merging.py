"""Merges over two partitions: carried through whoever stops where, refused, reversed; answers of the whole person."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import orjson
import pytest

from domain.customer import CUSTOMER
from domain.customer_messages import AddContactPoint
from domain.identity_messages import LinkIdentity, MergeCustomers, RecordIdentityDocument, ReverseMerge
from domain.kernel import Refusal
from domain.reservation import RESERVATION
from engine.access import Viewer, first_table
from engine.looking import Looker
from engine.merging import Merging
from engine.personal_export import export_of
from engine.program_commands import Program
from engine.spanning import Spanning
from engine.wiring import read_model_setup
from projections.person_profile import combined
from projections.persons import person
from projections.profile_query import profile
from projections.satisfaction_history import history_of_person
from projections.seeing import EVERYTHING
from projections.timeline import timeline_of_person
from replay.rebuild import rebuild
from store.errors import VersionConflict
from store.identity import new_id
from tests.engine.privacy import DISP, Bank, made, privacy_bank

OFFICER = Looker(
    Viewer("staff:7", frozenset({"privacy-officer"}), "privacy-request"), first_table(), "export", new_id()
)
NUMBER = "11010519491231002X"


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as made:
        yield made


async def two(bank: Bank) -> tuple[UUID, UUID]:
    """Two people in different partitions, the one with the smaller id first."""
    while True:
        one, other = sorted((await bank.person(), await bank.person()))
        if bank.elsewhere(one, other):
            return one, other


async def link(bank: Bank, one: UUID, other: UUID) -> UUID:
    smaller, larger = sorted((one, other))
    link_id = new_id()
    said = {"link_id": link_id, "other_id": larger, "reason": "registered-twice", "linked_by": "staff:1"}
    await bank.give(made(LinkIdentity, customer_id=smaller, occurred_at=bank.at, **said))
    return link_id


async def merge(bank: Bank, one: UUID, other: UUID) -> UUID:
    link_id = await link(bank, one, other)
    said = {"link_id": link_id, "reason": "registered-twice", "merged_by": "staff:2"}
    await bank.give(made(MergeCustomers, customer_id=min(one, other), occurred_at=bank.at, **said))
    return link_id


async def reverse(bank: Bank, one: UUID, other: UUID, merge_id: UUID) -> None:
    said = {"merge_id": merge_id, "reason": "mistake", "reversed_by": "staff:1"}
    await bank.give(made(ReverseMerge, customer_id=min(one, other), occurred_at=bank.at, **said))


async def seen(bank: Bank) -> None:
    for name in bank.daybook.models.projections:
        assert await bank.daybook.models.wait_for(name, await bank.daybook.record.end(), 20) == "seen"


async def ids(bank: Bank, one: UUID) -> tuple[UUID, ...]:
    await seen(bank)
    return (await person(bank.daybook.models, one)).customer_ids


async def states(bank: Bank, merge_id: UUID, *customers: UUID) -> list[str | None]:
    """How a merge stands in each customer's stream."""
    program = Program(bank.daybook)
    found = [(await program.story(CUSTOMER, one)).state.identity.merges.get(merge_id) for one in customers]
    return [None if one is None else one.status for one in found]


async def told(bank: Bank, one: UUID) -> dict:
    """Every answer about a customer, but for what merging itself has recorded."""
    await seen(bank)
    models = bank.daybook.models
    who = await person(models, one)
    known = [found for id_ in who.customer_ids if (found := await profile(models, id_, EVERYTHING)) is not None]
    entries = (await timeline_of_person(models, who.customer_ids, EVERYTHING, limit=500)).entries
    return {
        "who": who,
        "profile": replace(combined(who, known), last_event=None),
        "timeline": [
            entry.recorded.event_id
            for entry in entries
            if not entry.recorded.topic.startswith(("customer.merge", "customer.identity-"))
        ],
        "satisfaction": (await history_of_person(models, who.customer_ids, limit=500)).invitations,
    }


async def leaves(bank: Bank) -> dict[UUID, bytes]:
    pool, found = bank.daybook.record.pool, {}
    for partition in range(bank.daybook.record.partitions):
        rows = await pool.fetch("select event_id, data, meta, salt from record.event where partition = $1", partition)
        found |= {row["event_id"]: row["data"] + row["meta"] + row["salt"] for row in rows}
    return found


async def test_a_person_is_answered_for_by_any_of_their_ids(bank):
    one, other = await two(bank)
    await merge(bank, one, other)
    here, there = await told(bank, one), await told(bank, other)
    assert here == there
    assert (here["who"].canonical_id, here["who"].merged_ids) == (one, (other,))
    assert here["profile"].complaints == 2
    assert {point.customer_id for point in here["profile"].contact_points} == {one, other}
    assert {invitation.customer_id for invitation in here["satisfaction"]} == {one, other}


async def test_pages_of_a_person_have_everything_once(bank):
    one, other = await two(bank)
    await merge(bank, one, other)
    await seen(bank)
    models, who = bank.daybook.models, (one, other)
    whole = (await timeline_of_person(models, who, EVERYTHING, limit=500)).entries
    paged, after = [], None
    while True:
        page = await timeline_of_person(models, who, EVERYTHING, after=after, limit=3)
        paged += page.entries
        after = page.next
        if after is None:
            break
    assert [entry.recorded.event_id for entry in paged] == [entry.recorded.event_id for entry in whole]
    assert len({entry.recorded.event_id for entry in whole}) == len(whole) > 20
    answers, after = [], None
    while True:
        some = await history_of_person(models, who, after=after, limit=1)
        answers += some.invitations
        after = some.next
        if after is None:
            break
    assert {one.customer_id for one in answers} == set(who)
    assert len(answers) == 2


async def test_reversed_it_is_as_if_never_merged_with_what_came_in_between_and_no_event_is_another(bank):
    one, other = await two(bank)
    before = await leaves(bank)
    merge_id = await merge(bank, one, other)
    point = {"occurred_at": bank.at, "kind": "phone", "value": "1"}
    between = [made(AddContactPoint, **point, customer_id=who, contact_point_id=new_id()) for who in (one, other)]
    for command in between:
        await bank.give(command)
    assert len((await told(bank, one))["profile"].contact_points) == 4
    await reverse(bank, one, other, merge_id)
    assert await states(bank, merge_id, one, other) == ["reversed", "reversed"]
    for who, added in zip((one, other), between, strict=True):
        answer = await told(bank, who)
        assert answer["who"].customer_ids == (who,)
        assert [point.contact_point_id for point in answer["profile"].contact_points][1:] == [added.contact_point_id]
        assert len(answer["satisfaction"]) == 1
    after = await leaves(bank)
    assert {event_id: after[event_id] for event_id in before} == before


@pytest.mark.parametrize("step", ["claimed", "decided", "told"])
async def test_whoever_comes_next_goes_on_where_somebody_stopped(bank, monkeypatch, step):
    one, other = await two(bank)

    def stop(reached: str) -> None:
        if reached == step:
            raise OSError(step)

    monkeypatch.setattr(bank.daybook.handler, "spanning", Spanning(bank.daybook))
    bank.daybook.handler.spanning._merging = Merging(bank.daybook, stop)
    merge_id = await merge(bank, one, other)
    if step != "told":
        assert await states(bank, merge_id, one, other) != ["merged", "merged"]
    await seen(bank)
    await Merging(bank.daybook).run()
    assert await states(bank, merge_id, one, other) == ["merged", "merged"]
    await reverse(bank, one, other, merge_id)
    await seen(bank)
    await Merging(bank.daybook).run()
    assert await states(bank, merge_id, one, other) == ["reversed", "reversed"]
    before = await leaves(bank)
    await Merging(bank.daybook).run()
    assert await leaves(bank) == before, "nothing is left to do"


async def test_a_merge_that_the_other_cannot_take_part_in_is_cancelled(bank, monkeypatch):
    one, other = await two(bank)
    third = await bank.person()
    real = bank.daybook.handler.spanning._merging
    monkeypatch.setattr(real, "carry_on", _nothing)
    claimed = await merge(bank, one, other)
    with pytest.raises(Refusal) as refused:
        await merge(bank, one, third)
    assert refused.value.code == "customer.merge-under-way"
    monkeypatch.undo()
    await bank.request(other, "erasure", "identity")
    await bank.schedule()
    await bank.run()
    await Merging(bank.daybook).carry_on(one, claimed)
    assert await states(bank, claimed, one, other) == ["cancelled", None]
    assert await ids(bank, one) == (one,)


async def _nothing(*_) -> None:
    pass


async def test_who_is_erased_or_unknown_is_not_merged(bank):
    await bank.schedule()
    one, other = await two(bank)
    await bank.request(other, "erasure", "identity")
    await bank.run()
    with pytest.raises(Refusal) as refused:
        await merge(bank, one, other)
    assert refused.value.code == "customer.merge-erased"
    stranger = next(made for made in iter(new_id, None) if made > one)
    with pytest.raises(Refusal) as refused:
        await merge(bank, one, stranger)
    assert refused.value.code == "customer.merge-other-unknown"


async def test_chains_and_cycles_are_one_person_until_the_last_link_is_undone(bank):
    people = sorted([await bank.person() for _ in range(3)])
    one, two_, three = people
    merges = [await merge(bank, one, two_), await merge(bank, two_, three), await merge(bank, one, three)]
    assert {await ids(bank, who) for who in people} == {tuple(people)}
    await reverse(bank, one, two_, merges[0])
    assert {await ids(bank, who) for who in people} == {tuple(people)}
    await reverse(bank, one, three, merges[2])
    assert [await ids(bank, who) for who in people] == [(one,), (two_, three), (two_, three)]


async def test_many_who_merge_the_same_at_once_leave_no_claim_behind(bank):
    people = sorted([await bank.person() for _ in range(4)])
    pairs = [(people[n], people[m]) for n in range(4) for m in range(n + 1, 4)]
    outcomes = await asyncio.gather(*(merge(bank, *pair) for pair in pairs), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Refusal)]
    assert {one.code for one in refused} <= {"customer.merge-under-way"}
    assert all(isinstance(one, UUID | Refusal | VersionConflict) for one in outcomes), "who met others in the stream"
    await seen(bank)
    await Merging(bank.daybook).run()
    program = Program(bank.daybook)
    for who in people:
        assert not (await program.story(CUSTOMER, who)).state.identity.claimed
    who = await ids(bank, people[0])
    for one, merge_id in zip(pairs, outcomes, strict=True):
        if isinstance(merge_id, UUID):
            assert len(set(await states(bank, merge_id, *one)) - {None}) == 1
    assert set(who) <= set(people)


@pytest.mark.parametrize("seed", range(4))
async def test_over_histories_a_rebuild_gives_the_same_people_and_reversal_those_that_never_were(bank, database, seed):
    random = Random(seed)
    people = [await bank.person() for _ in range(4)]
    never = [await told(bank, who) for who in people]
    standing: dict[UUID, tuple[UUID, UUID]] = {}
    for _ in range(10):
        if standing and random.random() < 0.3:
            merge_id = random.choice(sorted(standing))
            await reverse(bank, *standing.pop(merge_id), merge_id)
        else:
            pair = random.sample(people, 2)
            standing[await merge(bank, *pair)] = (pair[0], pair[1])
    merged = [await told(bank, who) for who in people]
    before = await leaves(bank)
    await rebuild(bank.daybook.models, read_model_setup)
    bank.daybook.models.look_again()
    assert [await told(bank, who) for who in people] == merged
    assert await leaves(bank) == before
    for merge_id, pair in standing.items():
        await reverse(bank, *pair, merge_id)
    assert [await told(bank, who) for who in people] == never


# What the law wants to know of the whole person


async def test_an_export_is_of_the_whole_person_and_tells_each_event_once(bank):
    await bank.schedule(DISP)
    one, other = await two(bank)
    await merge(bank, one, other)
    made_of = await export_of(bank.daybook, OFFICER, other)
    content = orjson.loads(made_of.json)
    assert content["customer_ids"] == [str(one), str(other)]
    assert [value for who in (one, other) for value in bank.canaries[who] if value.encode() not in made_of.json] == []
    events = [event["event_id"] for event in content["events"]]
    assert len(events) == len(set(events))


async def test_an_erasure_is_of_the_whole_person(bank):
    await bank.schedule()
    one, other = await two(bank)
    await merge(bank, one, other)
    request = await bank.request(one, "erasure", "contact")
    first = await bank.run()
    await bank.run()
    assert first.troubles == {}
    assert (await bank.types(request))[-1] == "privacy-request.completed"
    for who in (one, other):
        shown = await bank.opened(who)
        assert all(getattr(value, "at", None) for name, value in shown.items() if name.endswith(".value")), shown
    assert (await bank.run()).requests == []


async def test_who_turns_out_to_be_another_person_is_not_erased_with_the_first(bank):
    await bank.schedule()
    one, other = await two(bank)
    merge_id = await merge(bank, one, other)
    await bank.request(one, "erasure", "contact")
    await bank.run()
    await reverse(bank, one, other, merge_id)
    assert (await bank.run()).troubles == {}
    shown = await bank.opened(other)
    assert [value for name, value in shown.items() if name.endswith(".value")] == [bank.canaries[other][1]]
    types = [event.type for event in await bank.daybook.record.read_customer(other)]
    assert types.count("privacy-request.withdrawn") == 1


async def test_a_hold_on_one_id_holds_the_whole_person_while_it_is_one(bank):
    await bank.schedule()
    one, other = await two(bank)
    merge_id = await merge(bank, one, other)
    await bank.hold(other, "contact")
    await bank.request(one, "erasure", "contact")
    for _ in range(2):
        assert (await bank.run()).troubles == {}
    shown = await bank.opened(one)
    assert [value for name, value in shown.items() if name.endswith(".value")] == [bank.canaries[one][1]]
    await reverse(bank, one, other, merge_id)
    await bank.request(one, "erasure", "contact")
    await bank.run()
    assert bank.canaries[one][1] not in (await bank.opened(one)).values()


# Numbers of documents


def show(who: UUID, at: datetime, **more) -> RecordIdentityDocument:
    said = {"document_id": new_id(), "kind": "resident_id", "number": NUMBER, **more}
    return made(RecordIdentityDocument, customer_id=who, occurred_at=at, **said)


async def places(bank: Bank, who: UUID) -> dict[UUID, bool]:
    program = Program(bank.daybook)
    *_, document = (await program.story(CUSTOMER, who)).state.identity.documents.values()
    story = await program.story(RESERVATION, document.reservation_id)
    return {holder: place.confirmed for holder, place in story.state.places.items()}


async def test_of_many_at_once_one_customer_gets_a_number(bank):
    people = [await bank.person() for _ in range(5)]
    at = datetime.now(UTC)
    outcomes = await asyncio.gather(*(bank.give(show(who, at)) for who in people), return_exceptions=True)
    codes = [one.code for one in outcomes if isinstance(one, Refusal)]
    assert codes == ["customer.document-taken"] * 4
    (holder,) = [who for who, one in zip(people, outcomes, strict=True) if one is None]
    assert await places(bank, holder) == {holder: True}


async def test_a_number_is_free_again_when_its_holder_is_erased(bank):
    await bank.schedule()
    one, other = await two(bank)
    at = datetime.now(UTC) - timedelta(minutes=1)
    await bank.give(show(one, at))
    with pytest.raises(Refusal):
        await bank.give(show(other, at))
    await bank.give(show(other, at, if_taken="contest"))
    await bank.request(one, "erasure", "identity")
    assert (await bank.run()).troubles == {}
    assert await places(bank, one) == {}
    third = await bank.person()
    await bank.give(show(third, at))
    assert await places(bank, third) == {third: True}


async def test_a_refused_document_leaves_no_place_taken(bank):
    who, other = await two(bank)
    at = datetime.now(UTC)
    document = show(who, at)
    await bank.give(document)
    with pytest.raises(Refusal) as refused:
        await bank.give(show(who, at, document_id=document.document_id, kind="passport", number="E12345678"))
    assert refused.value.code == "customer.document-id-reused"
    await bank.give(show(other, at, kind="passport", number="E12345678"))
    assert await places(bank, other) == {other: True}
