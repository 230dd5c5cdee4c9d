"""The actor directory: whom the pseudonyms of the record stand for."""

import re
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from uuid import UUID

from domain.actor import ACTOR
from engine.one_stream import one_stream
from projections import actor_directory
from projections.actor_directory import ActorRow
from projections.models import ReadModels

_PROGRAM: Final = re.compile(r"system:([A-Za-z0-9._:/-]+)@([A-Za-z0-9.+-]+)")


def program(name: str) -> str:
    """The pseudonym of a part of this program, with the version of its code: `system:importer-cfpb@0.1.0`."""
    try:
        code_version = version("daybook")
    except PackageNotFoundError:
        code_version = "0"
    return f"system:{name}@{code_version}"


def program_of(actor: str) -> tuple[str, str] | None:
    """Name and code version of a program's pseudonym."""
    found = _PROGRAM.fullmatch(actor)
    return None if found is None else (found[1], found[2])


class Directory:
    """Finds entries by pseudonym: each has one stream, whose id only this installation can work out from it."""

    def __init__(self, models: ReadModels, hmac: Callable[..., bytes]) -> None:
        self._models = models
        self._hmac = hmac

    def entry_id(self, actor: str) -> UUID:
        """The stream of a pseudonym's entry."""
        return one_stream(self._hmac, ACTOR.name, (actor,))

    async def entries(self, actors: Collection[str]) -> list[ActorRow]:
        """The entries of these pseudonyms, of those that have one."""
        return await actor_directory.entries(self._models, [self.entry_id(actor) for actor in set(actors)])
