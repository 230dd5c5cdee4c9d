"""What the real files say, read with nothing but the standard library: no importer, no word list of the product's."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.settings import Settings
from engine.wiring import Databases
from tests.acceptance.loans import Case, cases

TITLES = {
    "company response": "company response to consumer",
    "public id": "complaint id",
    "consumer narrative": "consumer complaint narrative",
    "tag": "tags",
    "consent status": "consumer consent provided",
}
CHANNELS = {
    "Web": "web", "Web Referral": "referral", "Referral": "referral", "Phone": "phone", "Postal mail": "letter",
    "Fax": "fax", "Email": "email",
}  # fmt: skip
OPEN = {"", "In progress"}
RELIEF = {"Closed with monetary relief", "Closed with non-monetary relief"}
NO_RELIEF = {"Closed with explanation", "Closed without relief"}


def all_files(shared_data: Path) -> list[Path]:
    """Every file of complaints, in the order of import."""
    return sorted((shared_data / "cfpb").glob("*.csv"))


def small_files(shared_data: Path) -> list[Path]:
    """Those that have revisions, a row that is cut, and every column set but one."""
    return [path for path in all_files(shared_data) if "official" in path.name or "2023" in path.name]


def whole_rows(path: Path, delimiter: str = ",") -> tuple[list[dict[str, str]], int]:
    """The rows that have a value for every column, under one spelling of the titles, and how many have not."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter=delimiter)
    titles = [title.lower().replace("_", " ").replace("-", " ").removesuffix("?") for title in header]
    titles = [TITLES.get(title, title) for title in titles]
    whole = [dict(zip(titles, row, strict=True)) for row in rows if len(row) == len(titles)]
    return whole, len(rows) - len(whole)


def day(text: str) -> date:
    """A day, in either way that the files write one."""
    if "/" not in text:
        return date.fromisoformat(text[:10])
    month, of_month, year = text.split("/")
    return date(2000 + int(year[-2:]), int(month), int(of_month))


def letters(text: str) -> str:
    """One company has a letter of Windows-1252 that somebody took for Latin-1."""
    return re.sub("[\x80-\x9f]", lambda found: found[0].encode("latin-1").decode("cp1252"), text)


@dataclass(frozen=True)
class Told:
    """One complaint as the files tell it, in their own words."""

    number: str | None
    row: dict[str, str]

    @property
    def received(self) -> date:
        return day(self.row["date received"])

    @property
    def sent(self) -> date | None:
        return day(self.row["date sent to company"]) if self.row["date sent to company"] else None

    @property
    def response(self) -> str:
        return self.row["company response to consumer"].strip()

    @property
    def answered(self) -> bool:
        return self.response not in OPEN

    @property
    def closed(self) -> date | None:
        """The day that stands for its closing: no file has a day of the answer."""
        closes = self.response.startswith("Closed")
        return max(self.received, self.sent or self.received) if closes else None

    def value(self, dimension: str) -> str:
        """Its value of a KPI's dimension; "" is not known."""
        match dimension:
            case "month":
                return f"{self.received:%Y-%m}"
            case "closed month":
                return f"{self.closed:%Y-%m}"
            case "answered month":
                return f"{max(self.received, self.sent or self.received):%Y-%m}"
            case "channel":
                return CHANNELS[self.row["submitted via"].strip()]
            case "respondent":
                return letters(self.row["company"].strip())
            case _:
                return self.row[dimension.replace("_", " ")].strip()


@dataclass(frozen=True)
class Imported:
    """A record of files, and how to open it."""

    databases: Databases
    settings: Settings
    files: list[Path]
    campaign_file: Path
    loan_file: Path

    @cached_property
    def complaints(self) -> list[Told]:
        """Each once, as the first file tells it that has it; an answer is that of the first file that has one."""
        numbered: dict[str, Told] = {}
        others: list[Told] = []
        for path in self.files:
            for row in whole_rows(path)[0]:
                number = row.get("complaint id")
                if number is None:
                    others.append(Told(None, row))
                    continue
                first = numbered.setdefault(number, Told(number, row))
                if not first.answered and row["company response to consumer"] not in OPEN:
                    named = ("company response to consumer", "timely response", "consumer disputed")
                    numbered[number] = Told(number, {**first.row, **{name: row[name] for name in named}})
        return [*numbered.values(), *others]

    @cached_property
    def broken(self) -> int:
        """Rows of complaints that are none."""
        return sum(whole_rows(path)[1] for path in self.files)

    @cached_property
    def applications(self) -> list[Case]:
        """The loan log's cases."""
        return list(cases(self.loan_file))

    @cached_property
    def contacts(self) -> list[dict[str, str]]:
        """The campaign's rows."""
        return whole_rows(self.campaign_file, ";")[0]


def by(rows: Iterable[Told], names: Sequence[str], amount: Callable[[Told], int] = lambda _: 1) -> Counter[Any]:
    """Add up by dimensions."""
    found: Counter[Any] = Counter()
    for one in rows:
        found[tuple(one.value(name) for name in names)] += amount(one)
    return found
