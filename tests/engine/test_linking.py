"""Who is proposed to be one person, by which rule and evidence; what many share links nobody."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.customer_messages import AddContactPoint, RegisterCustomer
from domain.identity_messages import LinkIdentity, MergeCustomers, RecordIdentityDocument, UnlinkIdentity
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
from tests.engine.privacy import made, privacy_bank

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


def test_the_first_rules_ask_for_what_they_know():
    first = first_linking()
    assert {kind for rule in first.rules for kind in rule.needs} == {one.kind for one in first.identifiers}
    assert first.shared_mailbox("info@any.example")
    assert not first.shared_mailbox("ada@info.example")
