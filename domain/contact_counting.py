"""Which contacts a window of the contact policy counts: touches, and what staff recorded of their own accord."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from domain.codes import Channel, Code, Purpose
from domain.contact_facts import ContactFacts
from domain.contact_rules import ContactWindow

Contact: TypeAlias = tuple[datetime, UUID]
"""When it was, and the event that says so."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A touch that somebody wants, or that is held."""

    touch_id: UUID
    purpose: Purpose
    channel: Channel
    topic: Code
    matter: UUID | None = None
    contact_point_id: UUID | None = None


def contacts_counted(facts: ContactFacts, wanted: Wanted, window: ContactWindow) -> list[Contact]:
    """Contacts of the window's kind that are held against a touch, however long ago, each once; in no order."""
    touches = _touches(facts, wanted, window)
    counted = list(touches.values())
    if facts.contacts:
        counted += _interactions(facts, wanted, window, touches)
    return counted


def _touches(facts: ContactFacts, wanted: Wanted, window: ContactWindow) -> dict[UUID, Contact]:
    counted: dict[UUID, Contact] = {}
    for touch_id, one in facts.touches.items():
        if one.purpose != wanted.purpose or touch_id == wanted.touch_id:
            continue
        if (window.channels and one.channel not in window.channels) or (window.matter and one.matter != wanted.matter):
            continue
        sent = window.counts == "sent"
        at, event = (one.sent_at, one.sent_event) if sent else (one.delivered_at, one.delivered_event)
        if at is not None and event is not None:
            counted[touch_id] = (at, event)
    return counted


def _interactions(
    facts: ContactFacts, wanted: Wanted, window: ContactWindow, touches: Collection[UUID]
) -> Iterator[Contact]:
    """Contacts that were recorded as interactions, but for those that carried out one of the `touches` counted.

    What was recorded took place, so it reached the customer. Its matter is that of its touch; of another it is not
    known, and it counts for each.
    """
    for interaction_id, one in facts.contacts.items():
        if one.direction != "outbound" or one.purpose != wanted.purpose or interaction_id in facts.confidential:
            continue
        if (window.channels and one.channel not in window.channels) or one.touch_id == wanted.touch_id:
            continue
        touch = None if one.touch_id is None else facts.touches.get(one.touch_id)
        if window.matter and touch is not None and touch.matter not in {None, wanted.matter}:
            continue
        if one.touch_id not in touches:
            yield one.at, one.event_id
