"""Who is proposed to be one person, by which rule and evidence; what many share links nobody; what a link may claim."""

from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID

import pytest

from domain.customer_messages import AddContactPoint, RegisterCustomer, RemoveContactPoint
from domain.identity_messages import (
    Comparison,
    IdentityLinked,
    LinkIdentity,
    MergeCustomers,
    RecordIdentityDocument,
    UnlinkIdentity,
)
from domain.kernel import Refusal
from domain.linking_rules import (
    ActivateLinkingRules,
    ProposeLinkingRules,
    SignOffLinkingRules,
)
from engine.access import Viewer
from engine.linking import Candidates, link_candidates
from engine.linking_rules import first_linking, linking_in_force
from projections import looks
from store.identity import new_id
from tests.engine.lookers import LOOKER
from tests.engine.privacy import Bank, made, privacy_bank
from tests.examples import examples

NAME, PHONE, EMAIL = "\u738b\u82b3", "+86 138 0000 0000", "fang@mail.example"
NUMBER = "11010519491231002X"


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as made:
        yield made


async def customer(bank, name: str = NAME, number: str | None = None, **points: str) -> UUID:
    who, when = new_id(), {"occurred_at": bank.at}
    await bank.give(made(RegisterCustomer, customer_id=who, **when, kind="person", name=name))
    for kind, value in points.items():
        said = {"contact_point_id": new_id(), "kind": kind, "value": value}
        await bank.give(made(AddContactPoint, customer_id=who, **when, **said))
    if number is not None:
        said = {"document_id": new_id(), "kind": "resident_id", "number": number, "if_taken": "contest"}
        await bank.give(made(RecordIdentityDocument, customer_id=who, **when, **said))
    return who


async def found(bank, who: UUID, looker=LOOKER) -> Candidates:
    for name in ("customer_profile", "audit_trail"):
        assert await bank.daybook.models.wait_for(name, await bank.daybook.record.end(), 20) == "seen"
    candidates = await link_candidates(bank.daybook, looker, who)
    assert candidates is not None
    return candidates


def told(candidates: Candidates) -> dict[tuple[UUID, UUID], tuple[str, ...]]:
    return {(one.customer_id, one.other_id): one.rules for one in candidates.candidates}


async def test_one_number_or_a_name_with_a_phone_proposes_and_the_evidence_says_so(bank):
    one = await customer(bank, number=NUMBER, mobile=PHONE)
    same_number = await customer(bank, "Wang Fang", number=NUMBER)
    same_phone = await customer(bank, " \u738b\u3000\u82b3", phone="0086 138-0000-0000")
    await customer(bank, mobile="+86 139 1111 1111")  # a namesake
    await customer(bank, "Li Na", mobile=PHONE)  # of the same family
    candidates = await found(bank, one)
    assert told(candidates) == {
        tuple(sorted((one, same_number))): ("resident-id",),
        tuple(sorted((one, same_phone))): ("name-and-phone",),
    }
    by_rule = {of.rules: of for of in candidates.candidates}
    assert [(of.kind, of.strength, of.people) for of in by_rule["name-and-phone",].evidence] == [
        ("name", "weak", 3), ("phone", "weak", 3)
    ]  # fmt: skip
    assert told(await found(bank, same_number)) == {tuple(sorted((one, same_number))): ("resident-id",)}
    assert NAME not in repr(candidates)
    assert NUMBER not in repr(candidates)


async def test_a_phone_of_too_many_and_a_mailbox_of_a_desk_link_nobody(bank):
    one = await customer(bank, mobile=PHONE, email="Info@trading.example")
    for _ in range(3):
        await customer(bank, mobile=PHONE, email="info@trading.example")
    candidates = await found(bank, one)
    assert candidates.candidates == ()
    assert {(of.kind, of.why, of.people) for of in candidates.shared} == {
        ("phone", "too-many-people", 4), ("email", "role-mailbox", None)
    }  # fmt: skip


async def test_of_what_very_many_have_nothing_is_opened(bank):
    one = await customer(bank, "Li Na", mobile=PHONE)
    for _ in range(25):
        await customer(bank, mobile=PHONE)
    (shared,) = (await found(bank, one)).shared
    assert (shared.why, shared.people) == ("too-many-people", 4)
    looked = (await looks.looks(bank.daybook.looks.record, bank.daybook.record, LOOKER.sight, limit=500)).looks
    assert {part.subject for look in looks_of(looked, "contact") for part in look.looked} == {one}


def looks_of(looked: Any, record_class: str) -> list[Any]:
    return [one for one in looked if any(part.record_class == record_class for part in one.looked)]


async def test_people_count_and_not_customers_and_known_links_are_told(bank):
    one, other = sorted([await customer(bank, mobile=PHONE), await customer(bank, mobile=PHONE)])
    link_id = new_id()
    link = {"link_id": link_id, "other_id": other, "reason": "twice", "linked_by": "staff:1"}
    await bank.give(made(LinkIdentity, customer_id=one, occurred_at=bank.at, **link))
    (candidate,) = (await found(bank, other)).candidates
    assert candidate.link is not None
    assert (candidate.link.link_id, candidate.link.status) == (link_id, "proposed")
    merge = {"link_id": link_id, "reason": "twice", "merged_by": "staff:2"}
    await bank.give(made(MergeCustomers, customer_id=one, occurred_at=bank.at, **merge))
    assert (await found(bank, other)).candidates == ()
    third = await customer(bank, mobile=PHONE)
    (candidate,) = {of.rules: of for of in (await found(bank, third)).candidates}.values()
    assert [of.people for of in candidate.evidence] == [2, 2]
    unlink = {"link_id": new_id(), "other_id": max(one, third), "reason": "twice", "linked_by": "staff:1"}
    smaller = min(one, third)
    await bank.give(made(LinkIdentity, customer_id=smaller, occurred_at=bank.at, **unlink))
    apart = {"link_id": unlink["link_id"], "reason": "father-and-son", "unlinked_by": "staff:1"}
    await bank.give(made(UnlinkIdentity, customer_id=smaller, occurred_at=bank.at, **apart))
    links = {(of.customer_id, of.other_id): of.link for of in (await found(bank, third)).candidates}
    link_of = links[smaller, max(one, third)]
    assert link_of is not None
    assert link_of.status == "given-up"


async def test_what_one_is_not_shown_is_not_compared(bank):
    one = await customer(bank, number=NUMBER, mobile=PHONE)
    await customer(bank, number=NUMBER, mobile=PHONE)
    auditor = replace(LOOKER, viewer=Viewer("staff:8", frozenset({"compliance-auditor"}), "audit"))
    candidates = await found(bank, one, auditor)
    assert candidates.candidates == ()
    assert set(candidates.not_shown) == {"phone", "resident_id"}


async def test_another_version_of_the_rules_is_in_force_once_two_have_signed_it(bank):
    one = await customer(bank, mobile=PHONE)
    other = await customer(bank, "Li Na", mobile=PHONE)
    assert (await found(bank, one)).candidates == ()
    to = {"linking_rules_id": new_id(), "occurred_at": bank.at}
    phone = {"kind": "phone", "persons_max": 2, "strength": "strong"}
    said = {"rules_version": 1, "identifiers": (phone,), "rules": ({"name": "phone", "needs": ("phone",)},)}
    await bank.give(
        made(ProposeLinkingRules, **to, **said, proposed_by="staff:1"),
        made(SignOffLinkingRules, **to, signed_by="staff:2"),
        made(SignOffLinkingRules, **to, signed_by="staff:3"),
        made(ActivateLinkingRules, **to, activated_by="staff:1"),
    )
    candidates = await found(bank, one)
    assert (candidates.rules_version, told(candidates)) == (1, {tuple(sorted((one, other))): ("phone",)})
    assert (await linking_in_force(bank.daybook.models, bank.daybook.mapper)).rules_version == 1
    assert await refused(bank, one, other, rule="phone", rules_version=0) == ("rules-not-in-force", "rules_version")
    linked = await proposed(bank, one, other, rule="phone")
    assert linked.comparison == Comparison(("phone",), ("phone",), 1, ())


def test_the_first_rules_ask_for_what_they_know():
    first = first_linking()
    assert {kind for rule in first.rules for kind in rule.needs} == {one.kind for one in first.identifiers}
    assert first.shared_mailbox("info@any.example")
    assert not first.shared_mailbox("ada@info.example")


# What a link claims is held against the record


async def proposed(bank, one: UUID, other: UUID, **claims: Any) -> IdentityLinked:
    """The event of a link that claims this, proposed at the customer with the smaller id."""
    smaller, larger = sorted((one, other))
    said = {"link_id": new_id(), "other_id": larger, "reason": "twice", "linked_by": "staff:1"}
    await bank.give(made(LinkIdentity, customer_id=smaller, occurred_at=bank.at, **said, **claims))
    event = bank.daybook.mapper.fact((await bank.daybook.record.read_stream(smaller))[-1]).event
    assert isinstance(event, IdentityLinked)
    return event


async def refused(bank, one: UUID, other: UUID, **claims: Any) -> tuple[str, str | None]:
    """Code and field of the refusal of such a link."""
    with pytest.raises(Refusal) as why:
        await proposed(bank, one, other, **claims)
    return why.value.code.removeprefix("customer.link-"), why.value.field


async def test_a_link_says_what_the_record_agreed_in_although_no_read_model_has_read_it(daybook):
    bank = Bank(daybook)
    one = await customer(bank, number=NUMBER, mobile=PHONE, email="info@mail.example")
    other = await customer(bank, number=NUMBER, phone="0086 138-0000-0000", email="info@mail.example")
    linked = await proposed(bank, one, other, rule="name-and-phone", evidence=("phone",))
    assert (linked.evidence, linked.comparison) == (
        ("phone",),
        Comparison(("name", "phone", "resident_id"), ("resident-id", "name-and-phone"), 0, ("email",)),
    )
    assert await refused(bank, one, other, rule="passport") == ("rule-unmet", "rule")
    assert await refused(bank, one, other, evidence=("name", "email")) == ("evidence-shared", "evidence")
    assert await refused(bank, one, other, evidence=("passport",)) == ("evidence-differs", "evidence")
    assert await refused(bank, one, other, rules_version=1) == ("rules-not-in-force", "rules_version")
    stranger = await customer(bank, "Li Na")
    assert await refused(bank, one, stranger, rule="resident-id") == ("rule-unmet", "rule")
    assert await refused(bank, one, new_id(), evidence=("name",)) == ("evidence-differs", "evidence")
    assert (await proposed(bank, one, stranger)).comparison is None


async def test_what_is_compared_for_a_link_is_a_look_and_candidates_tell_whether_it_was(bank):
    one, other, third = [await customer(bank, mobile=PHONE) for _ in range(3)]
    await proposed(bank, one, other, rule="name-and-phone")
    await proposed(bank, one, third)
    looked = (await looks.looks(bank.daybook.looks.record, bank.daybook.record, LOOKER.sight, limit=500)).looks
    assert {(look.operation, look.actor) for look in looked} == {("customer.link-identity", "staff:1")}
    assert {part.subject for look in looks_of(looked, "contact") for part in look.looked} == {one, other, third}
    links = {(of.customer_id, of.other_id): of.link for of in (await found(bank, one)).candidates}
    was = {pair: link.compared for pair, link in links.items() if link is not None}
    assert was == {tuple(sorted((one, other))): True, tuple(sorted((one, third))): False}


async def test_who_is_being_erased_is_compared_no_more(bank):
    await bank.schedule()
    one, other = await customer(bank, mobile=PHONE), await customer(bank, mobile=PHONE)
    await bank.request(other, "erasure", "contact")
    for _ in range(2):  # it is carried out, and then it is over
        assert (await bank.run()).troubles == {}
        assert await refused(bank, one, other, rule="name-and-phone") == ("rule-unmet", "rule")
    assert (await proposed(bank, one, other, evidence=("name",))).comparison == Comparison(("name",), (), 0, ())


async def test_what_changes_while_a_link_is_judged_has_it_judged_again(daybook, monkeypatch):
    bank = Bank(daybook)
    one, other = sorted([await customer(bank), await customer(bank)])
    points = {who: new_id() for who in (one, other)}
    for who, point in points.items():
        said = {"contact_point_id": point, "kind": "phone", "value": PHONE}
        await bank.give(made(AddContactPoint, customer_id=who, occurred_at=bank.at, **said))
    judge, judgements = daybook.judges._links.judged, []

    async def judged(command, context):
        judgements.append(await judge(command, context))
        if len(judgements) == 1:
            gone = {"contact_point_id": points[one], "reason": "number-given-up"}
            await bank.give(made(RemoveContactPoint, customer_id=one, occurred_at=bank.at, **gone))
        return judgements[-1]

    monkeypatch.setattr(daybook.judges._links, "judged", judged)
    assert await refused(bank, one, other, rule="name-and-phone") == ("rule-unmet", "rule")
    assert [said.command.comparison.agrees for said in judgements] == [("name", "phone"), ("name",)]


@pytest.mark.parametrize("seed", range(examples(1)))
async def test_a_link_is_accepted_by_a_rule_if_and_only_if_the_candidates_name_it(bank, seed):
    random = Random(seed)
    people = []
    for _ in range(6):
        number = random.choice([None, None, NUMBER, "110101199001160179"])
        phone, name = random.choice([PHONE, "+86 139 1111 1111"]), random.choice([NAME, "Li Na"])
        people.append(await customer(bank, name, number, mobile=phone, email=random.choice([EMAIL, "info@x.example"])))
    named = {pair: rules for who in people for pair, rules in told(await found(bank, who)).items()}
    assert named
    for pair in combinations(sorted(people), 2):
        for rule in ("resident-id", "name-and-phone", "name-and-email"):
            if rule in named.get(pair, ()):
                linked = await proposed(bank, *pair, rule=rule)
                assert linked.comparison is not None
                assert linked.comparison.rules == named[pair]
            else:
                assert await refused(bank, *pair, rule=rule) == ("rule-unmet", "rule")
