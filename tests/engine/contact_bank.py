"""Customers and campaigns in a real record, and touches proposed to them: how an example of contacting reads."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.campaign import ApproveCampaign, LaunchCampaign, PlanCampaign
from domain.customer import AddContactPoint, GrantConsent, RegisterCustomer
from domain.kernel import Command
from domain.touch_messages import ProposeTouch, TouchDecided
from engine.answers import Answer
from engine.deciding import Context
from engine.wiring import Daybook
from store.identity import new_id

EVERYWHERE = ("Europe/Lisbon", "Asia/Shanghai", "America/Los_Angeles", "Pacific/Auckland", "America/New_York")


def awake() -> str:
    """A time zone in which it is day now, so that no test depends on when it runs."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour - 12:+d}" if hour != 12 else "Etc/GMT"


def asleep() -> str:
    """A time zone in which it is between midnight and one."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour:+d}" if hour <= 12 else f"Etc/GMT{hour - 24:+d}"


class Bank:
    """Gives commands."""

    def __init__(self, daybook: Daybook) -> None:
        self.daybook = daybook

    async def give(self, kind: type[Command], /, **fields: Any) -> Answer:
        context = Context("staff:1", new_id(), b"r", new_id())
        command = kind.model_validate({"occurred_at": datetime.now(UTC), **fields})
        return await self.daybook.handler.handle([command], context)

    async def campaign(self, *, launched: bool = True, purpose: str = "marketing", **plan: Any) -> UUID:
        campaign_id = new_id()
        plan = {"title": "Spring", "channel": "email", "purpose": purpose, "planned_by": "staff:1", **plan}
        await self.give(PlanCampaign, campaign_id=campaign_id, **plan)
        await self.give(ApproveCampaign, campaign_id=campaign_id, approved_by="staff:2")
        if launched:
            await self.give(LaunchCampaign, campaign_id=campaign_id)
        return campaign_id

    async def customer(self, *, consents: bool = True, zone: str | None = None, **grant: Any) -> tuple[UUID, UUID]:
        """A customer with an e-mail address; the ids of both."""
        customer_id = new_id()
        point = new_id(customer_id)
        whose = {"customer_id": customer_id}
        await self.give(RegisterCustomer, **whose, kind="person", time_zone=zone or awake())
        await self.give(AddContactPoint, **whose, contact_point_id=point, kind="email", value="a@bank.example")
        if consents:
            await self.give(GrantConsent, **scope(customer_id, point), evidence_channel="web", **grant)
        return customer_id, point

    async def propose(self, customer_id: UUID, campaign_id: UUID, **wish: Any) -> TouchDecided:
        touch_id = new_id(customer_id)
        await self.give(ProposeTouch, touch_id=touch_id, customer_id=customer_id, campaign_id=campaign_id, **wish)
        return (await self.touch(touch_id))[0]

    async def touch(self, touch_id: UUID) -> list[Any]:
        """The events of a touch."""
        return [self.daybook.mapper.fact(one).event for one in await self.daybook.record.read_stream(touch_id)]

    async def touches(self, customer_id: UUID) -> dict[UUID, list[str]]:
        """Types of a customer's touch events, by touch."""
        found: dict[UUID, list[str]] = {}
        for one in reversed(await self.daybook.record.read_customer(customer_id)):
            if one.type.startswith("touch."):
                found.setdefault(one.stream_id, []).append(one.type)
        return found


def scope(customer_id: UUID, contact_point_id: UUID, **other: Any) -> dict[str, Any]:
    """A consent to marketing by e-mail, unless said otherwise."""
    return {
        "customer_id": customer_id, "contact_point_id": contact_point_id, "channel": "email", "purpose": "marketing",
        "text_version": "v1", **other,
    }  # fmt: skip
