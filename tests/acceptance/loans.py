"""What the loan log says, read with nothing but the standard library: no importer, no word list of the product's."""

import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

Event = tuple[str, str, datetime, str]
"""Name, transition, time, resource."""


@dataclass(frozen=True)
class Case:
    """One application as the log tells it."""

    number: str
    amount: str
    events: tuple[Event, ...]

    def times(self, *names: str) -> list[datetime]:
        """When anything of these names happened."""
        return [at for name, _, at, _ in self.events if name in names]

    @property
    def opened(self) -> datetime:
        """When it was submitted."""
        return self.times("A_SUBMITTED")[0]

    def offers_sent(self, *, taken: bool = False) -> list[datetime]:
        """When each offer went out; `taken`: that of the last one, if the customer took it."""
        sent = self.times("O_SENT")
        return sent if not taken else sent[-1:] if self.times("O_ACCEPTED") else []

    @property
    def decided(self) -> tuple[str, datetime] | None:
        """Which way and when."""
        decisions = {"A_APPROVED": "approved", "A_DECLINED": "declined", "A_CANCELLED": "cancelled"}
        return next(((decisions[name], at) for name, _, at, _ in self.events if name in decisions), None)


def cases(path: Path) -> Iterator[Case]:
    """Every trace of a log."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, element in ET.iterparse(file):  # noqa: S314  # a file that we know
            if element.tag == "trace":
                own = {one.get("key"): one.get("value", "") for one in element if one.tag != "event"}
                events = tuple(_event(one) for one in element if one.tag == "event")
                yield Case(own["concept:name"], own["AMOUNT_REQ"], events)
                element.clear()


def _event(element: ET.Element) -> Event:
    told = {one.get("key"): one.get("value", "") for one in element}
    name, _, transition = told["concept:name"].partition("+")
    at = datetime.fromisoformat(told["time:timestamp"])
    return name, transition, at, told["org:resource"]


def counts(log: Sequence[Case]) -> Counter[tuple[str, str]]:
    """How often each name came with each transition."""
    return Counter((name, transition) for case in log for name, transition, _, _ in case.events)


def first_of(path: Path, many: int, into: Path) -> Path:
    """A log of the first so many traces, byte by byte as they stand in the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file, into.open("w", encoding="utf-8") as cut:
        ends = 0
        for line in islice(file, 10_000_000):
            cut.write(line)
            ends += "</trace>" in line
            if ends == many:
                cut.write("</log>\n")
                break
    return into


def by_month(times: Sequence[datetime], names: Sequence[str], **values: str) -> Counter[Any]:
    """Count by dimensions, of which all but the month have one value."""
    return Counter(tuple({"month": f"{at:%Y-%m}", **values}[name] for name in names) for at in times)
