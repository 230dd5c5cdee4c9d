"""Four eyes: what is hard to undo needs another person than the one who asked for it."""

from collections.abc import Collection
from typing import Final

from domain.codes import ActorId
from domain.kernel import Refusal

SIGNATURES: Final = 2
"""So many people sign rules that bind everybody, and who proposed them is none of them."""


def require_another(person: ActorId, before: Collection[ActorId | None], refused: Refusal) -> None:
    """Refuse a person who is among those that had a hand in it before.

    Pseudonyms are compared as they are: that one person has one is the actor directory's promise.

    Raises:
        Refusal: `refused`, for the one who would decide on their own.
    """
    if person in before:
        raise refused
