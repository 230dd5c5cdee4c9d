"""People of the simulated bank who are registered twice: they show one passport, are linked and merged, one wrongly."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.customer_messages import AddContactPoint, RegisterCustomer
from domain.identity_messages import LinkIdentity, MergeCustomers, RecordIdentityDocument, ReverseMerge
from domain.kernel import Command
from engine.handling import Unit
from engine.simulated_ids import SimulatedIds


class KnownPerson(NamedTuple):
    """A customer as registered first."""

    customer_id: UUID
    name: str
    email: str
    joined: datetime


def registered_twice(
    people: Sequence[KnownPerson],
    ids: SimulatedIds,
) -> Iterator[Unit]:
    """Each of these people comes again through the app and is merged; the last merge was a mistake and is reversed."""
    new_id, unit = ids.new, ids.unit
    for number, first in enumerate(people):
        later = first.joined + timedelta(days=90)
        again = new_id(later, None)
        yield unit("staff:branch", *_shows(first.customer_id, number, first.joined, new_id))
        yield unit(
            "system:app",
            RegisterCustomer(
                customer_id=again, occurred_at=later, kind="person", name=first.name, source="mobile_app"
            ),
            AddContactPoint(
                customer_id=again, occurred_at=later, contact_point_id=new_id(later, again), kind="email",
                value=first.email,
            ),
        )  # fmt: skip
        yield unit("system:app", *_shows(again, number, later, new_id))
        yield from _merged(
            first.customer_id, again, later + timedelta(days=30), new_id, unit, wrongly=number + 1 == len(people)
        )


def _shows(
    customer_id: UUID, number: int, at: datetime, new_id: Callable[[datetime, UUID | None], UUID]
) -> Sequence[Command]:
    return (
        RecordIdentityDocument(
            customer_id=customer_id, occurred_at=at, document_id=new_id(at, customer_id), kind="passport",
            country="GB", number=f"{100_000_000 + 7919 * number}", if_taken="contest",
        ),
    )  # fmt: skip


def _merged(  # noqa: PLR0913  # who, when, and how ids and units are made
    one: UUID,
    other: UUID,
    at: datetime,
    new_id: Callable[[datetime, UUID | None], UUID],
    unit: Callable[..., Unit],
    *,
    wrongly: bool,
) -> Iterator[Unit]:
    smaller, larger = sorted((one, other))
    link_id = new_id(at, smaller)
    yield unit(
        "staff:branch",
        LinkIdentity(
            customer_id=smaller, occurred_at=at, link_id=link_id, other_id=larger, rule="passport", rules_version=0,
            evidence=("name", "email", "passport"), reason="registered-twice", linked_by="staff:branch",
        ),
    )  # fmt: skip
    merge = MergeCustomers(
        customer_id=smaller, occurred_at=at + timedelta(days=1), link_id=link_id, reason="registered-twice",
        merged_by="staff:back-office",
    )  # fmt: skip
    yield unit("staff:back-office", merge)
    if wrongly:
        undo = ReverseMerge(
            customer_id=smaller, occurred_at=at + timedelta(days=20), merge_id=link_id, reason="twins",
            reversed_by="staff:branch",
        )  # fmt: skip
        yield unit("staff:branch", undo)
