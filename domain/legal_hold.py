"""Legal hold: data that a dispute or an authority may ask for is not erased until two people release the hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, Code, Reference
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal
from domain.privacy_rules import RecordClasses

Status = Literal["absent", "placed", "release-proposed", "released"]

# Facts that events and commands share


class Hold(Facts):
    """Whose data of which classes (none named: all) is held, for which matter and on which basis."""

    customer_id: UUID
    record_classes: RecordClasses = ()
    matter: Reference
    basis: Code
    placed_by: ActorId


# Events


class LegalHoldPlaced(Hold, Event, name="legal-hold.placed"):
    """Nothing of this is erased or disposed of from now on."""


class LegalHoldReleaseProposed(Event, name="legal-hold.release-proposed"):
    """Somebody thinks that the matter is over."""

    reason: Code
    proposed_by: ActorId


class LegalHoldReleased(Event, name="legal-hold.released"):
    """Another person agreed: the hold stands in nobody's way any more."""

    released_by: ActorId


# State


@dataclass(frozen=True, slots=True)
class LegalHold:
    """The hold as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None
    proposed_by: ActorId | None = None


# Evolve


def _placed(state: LegalHold, event: LegalHoldPlaced) -> LegalHold:
    return replace(state, status="placed", customer_id=event.customer_id)


def _release_proposed(state: LegalHold, event: LegalHoldReleaseProposed) -> LegalHold:
    return replace(state, status="release-proposed", proposed_by=event.proposed_by)


def _released(state: LegalHold, _: LegalHoldReleased) -> LegalHold:
    return replace(state, status="released")


_EVOLVE: Final[dict[type[Event], Callable[..., LegalHold]]] = {
    LegalHoldPlaced: _placed,
    LegalHoldReleaseProposed: _release_proposed,
    LegalHoldReleased: _released,
}


def evolve(state: LegalHold, event: Event) -> LegalHold:
    """Fold one event into the hold."""
    return _EVOLVE[type(event)](state, event)


# Commands


class LegalHoldCommand(Command):
    """A command to one hold's stream."""

    stream_field = "hold_id"

    hold_id: UUID


class PlaceLegalHold(Hold, LegalHoldCommand, name="legal-hold.place"):
    """Keep a customer's data from being erased."""

    actor_field = "placed_by"


class ProposeLegalHoldRelease(LegalHoldCommand, name="legal-hold.propose-release"):
    """Propose that the hold is released."""

    actor_field = "proposed_by"

    reason: Code
    proposed_by: ActorId


class ReleaseLegalHold(LegalHoldCommand, name="legal-hold.release"):
    """Release a hold; not for the one who proposed it."""

    actor_field = "released_by"

    released_by: ActorId


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "legal-hold.already-placed": "This hold is placed already.",
        "legal-hold.not-placed": "There is no such hold; place it first.",
        "legal-hold.release-not-proposed": "Somebody else must propose the release first.",
        "legal-hold.second-person-required": "Who proposed the release cannot release the hold.",
        "legal-hold.already-released": "The hold was released; place another one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _place(command: PlaceLegalHold, state: LegalHold) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("legal-hold.already-placed", "hold_id")
    return [happened(LegalHoldPlaced, command)]


def _propose_release(command: ProposeLegalHoldRelease, state: LegalHold) -> Sequence[Event]:
    if state.status == "released":
        raise _refuse("legal-hold.already-released")
    return [] if state.status == "release-proposed" else [happened(LegalHoldReleaseProposed, command)]


def _release(command: ReleaseLegalHold, state: LegalHold) -> Sequence[Event]:
    if state.status == "released":
        return []
    if state.status != "release-proposed":
        raise _refuse("legal-hold.release-not-proposed")
    refused = _refuse("legal-hold.second-person-required", "released_by")
    require_another(command.released_by, [state.proposed_by], refused)
    return [happened(LegalHoldReleased, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    PlaceLegalHold: _place,
    ProposeLegalHoldRelease: _propose_release,
    ReleaseLegalHold: _release,
}


def decide(command: Command, state: LegalHold) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not PlaceLegalHold:
        raise _refuse("legal-hold.not-placed", "hold_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: LegalHold) -> bool:
    return state.status == "released"


LEGAL_HOLD: Final = Aggregate(
    name="legal-hold",
    initial=LegalHold(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
