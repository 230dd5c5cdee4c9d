"""Templates of returns: which figures and tables, over which measures, under which code maps. Data, not code."""

import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from projections.errors import MeasureRefused
from projections.kpi_sources import COMPLAINT
from projections.return_measures import MEASURES

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]
Text = Annotated[str, Field(min_length=1, max_length=300)]
CELL_CODE: Final = Field(min_length=1, max_length=64)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Strict):
    """One number. `moment`: of what stands, whether before the first day or at the end of the last."""

    code: Annotated[str, CELL_CODE]
    says: Text
    measure: str
    moment: Literal["start", "end"] = "end"

    @field_validator("measure")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MEASURES:
            raise ValueError(f"no measure is called {name!r}; there are {', '.join(MEASURES)}")
        return name


class Table(_Strict):
    """One row for each code of a map, or for each value of the dimension; one column for each measure."""

    name: Annotated[str, CELL_CODE]
    says: Text
    dimension: str
    map: Name | None = None
    columns: Annotated[tuple[Figure, ...], Field(min_length=1, max_length=50)]

    @field_validator("dimension")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in COMPLAINT.dimensions:
            raise ValueError(f"complaints have no dimension {name!r}; they have {', '.join(COMPLAINT.dimensions)}")
        return name


class Template(_Strict):
    """A return. `entity`: made for one legal entity; `half_years_from`: only for half-years, the first from then.

    `calendar`: whose business days count.
    """

    title: Text
    version: Annotated[int, Field(ge=1)]
    provisional: bool
    note: str = ""
    entity: bool = False
    half_years_from: date | None = None
    calendar: Annotated[str | None, Field(max_length=64)] = None
    figures: Annotated[tuple[Figure, ...], Field(max_length=100)] = ()
    tables: Annotated[tuple[Table, ...], Field(max_length=50)] = ()

    @property
    def measures(self) -> set[str]:
        """The names of what it counts."""
        return {one.measure for one in (*self.figures, *(column for table in self.tables for column in table.columns))}


def templates(own: Path | None) -> dict[str, Template]:
    """All templates by name: those that come with the program, and the bank's own before them.

    Raises:
        MeasureRefused: the bank's file is none of such templates; the message says where.
    """
    known = _read((files("engine") / "returns.toml").read_text(encoding="utf-8"), "returns.toml")
    return known if own is None else {**known, **_read(own.read_text(encoding="utf-8"), str(own))}


def _read(text: str, where: str) -> dict[str, Template]:
    try:
        told: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MeasureRefused("{where} is no TOML: {why}", where=where, why=error) from None
    return {name: _template(f"{where}: {name}", one) for name, one in told.items()}


def _template(where: str, told: object) -> Template:
    try:
        return Template.model_validate(told)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        place = ".".join(map(str, (where, *wrong["loc"])))
        raise MeasureRefused("{where} cannot be read: {why}", where=place, why=wrong["msg"]) from None
