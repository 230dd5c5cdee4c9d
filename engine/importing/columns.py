"""Finding columns by their names, in whatever order and spelling a file has them."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from engine.importing.verdict import ImportRefused

_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")


class Columns(NamedTuple):
    """`pick` gives a row's values in the importer's own order, "" where the file lacks the column."""

    pick: Callable[[Sequence[str]], tuple[str, ...]]
    present: frozenset[str]
    ignored: tuple[str, ...]


def find_columns(header: Sequence[str], names: Mapping[str, Sequence[str]], required: frozenset[str]) -> Columns:
    """Match a header with the columns that an importer knows; `names` maps a column to its spellings.

    Raises:
        ImportRefused: a required column is absent, or one is there twice.
    """
    known = {_normal(spelling): column for column, spellings in names.items() for spelling in spellings}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, title in enumerate(header):
        column = known.get(_normal(title))
        if column is None:
            ignored.append(title[:100])
        elif column in places:
            raise ImportRefused("import.column-twice", f"The header names the column {names[column][0]!r} twice.")
        else:
            places[column] = place
    missing = [column for column in names if column in required and column not in places]
    if missing:
        raise ImportRefused("import.columns-missing", _missing_text(missing, names, header))
    # A file's missing column is read from an empty field behind the row's last.
    order = [places.get(column, len(header)) for column in names]
    pick = itemgetter(*order)

    def picked(fields: Sequence[str]) -> tuple[str, ...]:
        return pick((*fields, ""))

    return Columns(picked, frozenset(places), tuple(ignored))


def _missing_text(missing: Sequence[str], names: Mapping[str, Sequence[str]], header: Sequence[str]) -> str:
    wanted = ", ".join(f"{names[column][0]!r}" for column in missing)
    found = ", ".join(repr(title[:40]) for title in header[:40])
    return f"The header lacks {wanted}; it has {found}. Is it the right file, with its header as the first line?"


def _normal(title: str) -> str:
    return _BETWEEN_WORDS.sub(" ", title).strip().removesuffix("?").strip().lower()
