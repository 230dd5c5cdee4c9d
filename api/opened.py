"""Personal data in answers: where it belongs, opened for this answer and this viewer only."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.access import opened_alone
from engine.looking import Looker
from engine.opening import Opener
from engine.wiring import Daybook
from projections.fact import Fact
from projections.references import SealedAt
from projections.withheld import Withheld
from vault.vault import Missing


def told(value: Any) -> Any:  # noqa: ANN401  # a personal field's value
    """A personal field as an answer shows it; one that is erased or withheld says since when."""
    match value:
        case Missing():
            return {"erased_on": value.at}
        case Withheld():
            return value._asdict()
        case _:
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

    async def fill(self, opener: Opener, looker: Looker) -> None:
        """Open what the looker is shown and put it, or a mask, in its place."""
        for partition, gaps in self._gaps.items():
            opened = await opener.open(looker, partition, _wanted((at, field) for _, _, at, field in gaps))
            for body, name, at, field in gaps:
                body[name] = _part(opened[at], field)


def _wanted(of: Iterable[tuple[SealedAt, str | None]]) -> Mapping[SealedAt, tuple[str, ...]]:
    """The fields wanted of each part; none named where any place wants all of them."""
    fields: dict[SealedAt, set[str | None]] = {}
    for at, field in of:
        fields.setdefault(at, set()).add(field)
    return {at: () if None in names else tuple(sorted(name for name in names if name)) for at, names in fields.items()}


def _part(opened: dict[str, Any], field: str | None) -> Any:  # noqa: ANN401
    if field is not None:
        return told(opened.get(field))
    gone = next((value for value in opened.values() if isinstance(value, Missing | Withheld)), None)
    return told(gone) if gone is not None else opened


async def personal_of(daybook: Daybook, looker: Looker, partition: int, facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The personal fields of events of one partition; a file that is attached has an answer of its own."""
    opened = await daybook.opener.open_facts(looker, partition, facts, but=opened_alone())
    return [{name: told(value) for name, value in fields.items()} for fields in opened]
