"""Customers who share a phone, and a policy that caps what is sent to it, whoever they are."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from domain.contact_catalogue import FIRST_RULES
from domain.contact_rules import SharedWindow
from domain.customer import AddContactPoint, RegisterCustomer
from domain.touch_messages import ProposeTouch
from engine import contact_policies
from engine.contact_policies import PolicyVersion
from engine.deciding import Context
from store.identity import derive_id, new_id
from tests.engine.contact_bank import Bank

NUMBER = "+86 138 1234 5678"
WRITTEN = (NUMBER, "0086 13812345678", "+86-138-1234-5678", "(+86) 138 12345678")
"""One number, as different customers may have given it."""


def capped(limit: int) -> PolicyVersion:
    """The first policy, with a cap on servicing over all who share a number."""
    window = SharedWindow(
        channels=("sms", "phone"), days=1, limit=limit, reached="hold", source="the bank's own", window="servicing.day"
    )
    purposes = [replace(one, shared=window) if one.purpose == "servicing" else one for one in FIRST_RULES.purposes]
    return PolicyVersion(0, None, date.min, replace(FIRST_RULES, purposes=tuple(purposes)))


def put_in_force(policy: PolicyVersion) -> None:
    """In this process, as the policy that came with the program."""
    contact_policies.FIRST = policy  # pyright: ignore[reportConstantRedefinition, reportAttributeAccessIssue]


class Sharers(Bank):
    """Gives commands about customers with one phone."""

    async def sharer(self, written: str = NUMBER) -> tuple[UUID, UUID]:
        """A customer with the number; the ids of both."""
        customer_id = new_id()
        point = new_id(customer_id)
        await self.give(RegisterCustomer, customer_id=customer_id, kind="person")
        await self.give(AddContactPoint, customer_id=customer_id, contact_point_id=point, kind="mobile", value=written)
        return customer_id, point

    async def notice(self) -> UUID:
        """A campaign that sends by SMS what serves the customer, at any hour and unless refused."""
        return await self.campaign(purpose="servicing", channel="sms")

    async def send(self, number: int, customer_id: UUID, campaign_id: UUID) -> UUID:
        """Propose the customer's touch of this number; given again it is the same command. The touch's id."""
        key = b"%d" % number
        touch_id, command_id = (derive_id(what + key, beside=customer_id) for what in (b"touch", b"command"))
        wish: dict[str, Any] = {"touch_id": touch_id, "customer_id": customer_id, "campaign_id": campaign_id}
        command = ProposeTouch(occurred_at=datetime.now(UTC), **wish)
        await self.daybook.handler.handle([command], Context("staff:1", command_id, b"r", command_id))
        return touch_id
