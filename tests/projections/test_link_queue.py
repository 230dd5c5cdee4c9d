"""The link queue: over all partitions, page by page, and only what waits."""

from typing import Any
from uuid import UUID

from domain.customer_messages import CustomerRegistered
from domain.identity_messages import (
    Comparison,
    CustomersMerged,
    IdentityLinked,
    IdentityUnlinked,
    MergeCancelled,
    MergeClaimed,
)
from projections.link_queue import proposed_links
from store.identity import new_id

COMPARISON = Comparison(("resident_id",), ("resident-id",), 1, ())
RULE = {"rule": "resident-id", "rules_version": 1, "evidence": ("resident_id",), "comparison": COMPARISON}


async def linked(bank, customer_id: UUID, **more: Any) -> UUID:
    link_id = new_id(customer_id)
    facts = {"link_id": link_id, "other_id": new_id(), "reason": "r", "linked_by": "staff:1", **more}
    await bank.happens(customer_id, IdentityLinked, customer_id=customer_id, **facts)
    return link_id


async def waiting(bank) -> list[tuple[UUID, list[UUID]]]:
    await bank.follow()
    found, after = [], None
    while True:
        page = await proposed_links(bank.models, after=after, limit=2)
        found += [(one.customer_id, [link.link_id for link in one.links]) for one in page.waiting]
        after = page.next
        if after is None:
            return found


async def test_links_wait_longest_first_until_they_are_merged_or_given_up(bank):
    people = [bank.customer(n % 4) for n in range(6)]
    for one in people:
        await bank.happens(one, CustomerRegistered, customer_id=one, kind="person")
    links = [await linked(bank, one, **RULE) for one in people]
    more = await linked(bank, people[0])
    expected = [(one, [link]) for one, link in zip(people, links, strict=True)]
    assert await waiting(bank) == [(people[0], [links[0], more]), *expected[1:]]
    other: dict[str, Any] = {"other_id": new_id()}
    given_up = {"customer_id": people[0], "link_id": links[0], "reason": "twins", "unlinked_by": "staff:2", **other}
    await bank.happens(people[0], IdentityUnlinked, **given_up)
    for one, link in zip(people[1:4], links[1:4], strict=True):
        merge = {"customer_id": one, "merge_id": link, **other}
        await bank.happens(one, MergeClaimed, **merge, reason="r", merged_by="staff:2")
        if one == people[2]:
            await bank.happens(one, CustomersMerged, **merge)
        if one == people[3]:
            await bank.happens(one, MergeCancelled, **merge, reason="merge-erased")
    assert await waiting(bank) == [*expected[4:], (people[0], [more])]
    first, *_, last = (await proposed_links(bank.models)).waiting
    assert [(one.rule, one.rules_version, one.evidence, one.compared) for one in (first.links[0], last.links[0])] == [
        ("resident-id", 1, ("resident_id",), True), (None, None, (), False),
    ]  # fmt: skip
    assert (last.since, last.links[0].linked_by) == (last.links[0].linked_at, "staff:1")
