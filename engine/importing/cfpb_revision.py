"""A later file on a complaint that is recorded already: what is new, and what differs.

No file says when it was exported, so files may come in any order. A complaint therefore only moves
on: in progress, answered, closed, disputed; a row that is behind changes nothing. Other facts stay
as first recorded, and a row that tells them otherwise is noted.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from domain.complaint import CloseComplaint, ComplaintClosed
from domain.complaint_handling import ComplaintForwarded, ForwardComplaint
from domain.complaint_intake import ComplaintReceived, ReceiveComplaint
from domain.complaint_letters import (
    FinalResponseIssued,
    HoldingResponseSent,
    IssueFinalResponse,
    PublishResponse,
    ResponsePublished,
    SendHoldingResponse,
)
from domain.complaint_review import ComplaintDisputed, DisputeComplaint
from domain.kernel import Command, Event
from engine.importing.reading import Revision
from projections.fact import Fact

_SAID_ONCE: Final[dict[type[Command], type[Event]]] = {
    ReceiveComplaint: ComplaintReceived,
    ForwardComplaint: ComplaintForwarded,
    SendHoldingResponse: HoldingResponseSent,
    IssueFinalResponse: FinalResponseIssued,
    PublishResponse: ResponsePublished,
    CloseComplaint: ComplaintClosed,
    DisputeComplaint: ComplaintDisputed,
}
# Conventions of the import, or told by a command of its own.
_NOT_COMPARED: Final = frozenset({"occurred_at", "outcome", "redress", "disputed_asserted"})


def revise(commands: Sequence[Command], recorded: Sequence[Fact]) -> Revision:
    """Keep the commands that say something new; note where the others differ from what is recorded.

    Notes: `differs:<field>`, the record says otherwise; `not-recorded:<field>`, the record has no
    value and the domain no way to add it later; `state-older`.
    """
    known = {type(fact.event): fact for fact in recorded}
    news: list[Command] = []
    notes: list[str] = []
    for command in commands:
        fact = known.get(_SAID_ONCE[type(command)])
        if fact is not None:
            notes.extend(_differences(command, fact))
            if isinstance(command, IssueFinalResponse):
                notes.extend(_denied_dispute(command, fact.event, disputed=ComplaintDisputed in known))
        elif isinstance(command, SendHoldingResponse) and FinalResponseIssued in known:
            notes.append("state-older")
        else:
            news.append(command)
    return Revision(tuple(news), tuple(notes))


def _differences(command: Command, fact: Fact) -> list[str]:
    """Compare what command and event share; of sealed fields only whether they are there."""
    event = fact.event
    sealed = {field for part in fact.sealed for field in part.fields}
    differing: list[str] = []
    for name in _shared(type(command), type(event)):
        given, said = getattr(command, name), getattr(event, name)
        if given is None or given == said or name in sealed:
            continue
        differing.append(f"not-recorded:{name}" if said is None else f"differs:{name}")
    return differing


@cache
def _shared(command: type[Command], event: type[Event]) -> tuple[str, ...]:
    return tuple(name for name in event.model_fields if name in command.model_fields and name not in _NOT_COMPARED)


def _denied_dispute(command: IssueFinalResponse, event: Event, *, disputed: bool) -> Iterator[str]:
    if command.disputed_asserted is False and isinstance(event, FinalResponseIssued):
        if disputed:
            yield "differs:disputed"
        elif event.disputed_asserted is None:
            yield "not-recorded:disputed_asserted"
