"""Ids and units of the simulated bank: each part of it counts its own, so what one part does changes no other's ids."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby
from uuid import UUID

from domain.kernel import Command
from engine.deciding import Context, stream_of
from engine.handling import FOR_EVER, Unit
from store.identity import derive_id


class SimulatedIds:
    """Makes the ids of one part. `key(purpose, *parts)` is a keyed HMAC (the vault's): nobody can guess them."""

    def __init__(self, key: Callable[..., bytes], part: str) -> None:
        self.key = key
        self._part = part
        self._made = 0

    def new(self, at: datetime, beside: UUID | None = None) -> UUID:
        """The next id, of this time."""
        self._made += 1
        return derive_id(self.key("simulation", f"{self._part}/{self._made}".encode()), at=at, beside=beside)

    def unit(self, actor: str, *commands: Command) -> Unit:
        """Commands that are given together."""
        stream_id, _ = stream_of(commands[0])
        command_id = self.new(commands[0].occurred_at, stream_id)
        return Unit(
            commands,
            Context(
                actor=actor, command_id=command_id, request_hmac=self.key("simulated-unit", command_id.bytes),
                correlation_id=command_id, reason="simulated", expires_at=FOR_EVER,
            ),
        )  # fmt: skip

    def units(self, actor: str, *commands: Command) -> Iterator[Unit]:
        """Commands in the order of their times, those of one time together."""
        for _, of in groupby(sorted(commands, key=_time), key=_time):
            yield self.unit(actor, *of)


def _time(command: Command) -> datetime:
    return command.occurred_at
