"""Personal data in answers: where it belongs, opened for this answer only."""

from collections.abc import Sequence
from typing import Any

from engine.opening import Opener
from engine.wiring import Daybook
from projections.fact import Fact
from projections.references import SealedAt
from vault.vault import Missing


def told(value: Any) -> Any:  # noqa: ANN401  # a personal field's value
    """A personal field as an answer shows it; one that is erased says since when."""
    if isinstance(value, Missing):
        return {"erased_on": value.at}
    return value


class Gaps:
    """Places in an answer that wait for personal data."""

    def __init__(self) -> None:
        self._gaps: dict[int, list[tuple[dict[str, Any], str, SealedAt, str | None]]] = {}

    def leave(self, body: dict[str, Any], name: str, partition: int, at: SealedAt | None, field: str | None) -> None:
        """Put a field of what is sealed there (None: all of its fields) into `body[name]`, later."""
        body[name] = None
        if at is not None:
            self._gaps.setdefault(partition, []).append((body, name, at, field))

    async def fill(self, opener: Opener) -> None:
        """Open everything and put it in its place."""
        for partition, gaps in self._gaps.items():
            opened = await opener.open(partition, {at for _, _, at, _ in gaps})
            for body, name, at, field in gaps:
                body[name] = _part(opened[at], field)


def _part(opened: dict[str, Any] | Missing, field: str | None) -> Any:  # noqa: ANN401
    if isinstance(opened, Missing) or field is None:
        return told(opened)
    return opened.get(field)


async def personal_of(daybook: Daybook, partition: int, facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The personal fields of events of one partition."""
    opened = await daybook.opener.open_facts(partition, facts)
    return [{name: told(value) for name, value in fields.items()} for fields in opened]
