"""Figures of satisfaction: CSAT, NPS, CES and response rates by month, channel, product and branch.

They are computed from counts that add up over partitions, which `satisfaction_history` keeps.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from projections.models import ReadModels

NAME: Final = "satisfaction_history"
NPS_PROMOTER_MIN: Final = 9
NPS_DETRACTOR_MAX: Final = 6

By: TypeAlias = Literal["month", "channel", "product", "branch"]


@dataclass(frozen=True, slots=True)
class Slice:
    """What figures to add up: of one metric, channel, product or branch (None: all), of months first to last."""

    metric: str | None = None
    channel: str | None = None
    product: str | None = None
    branch: str | None = None
    first_month: date | None = None
    last_month: date | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """Figures of one metric on one scale in one group; what is not grouped by is None.

    `invited`, `responded` and `expired` are of invitations of these months, `scores` (score to count) of
    answers given in these months.
    """

    metric: str
    scale_min: int
    scale_max: int
    month: date | None
    channel: str | None
    product: str | None
    branch: str | None
    invited: int
    responded: int
    expired: int
    scores: dict[int, int]

    @property
    def answers(self) -> int:
        """Answers given."""
        return sum(self.scores.values())

    @property
    def response_rate_percent(self) -> float | None:
        """Of the invitations of these months, those answered until now."""
        return _percent(self.responded, self.invited)

    @property
    def mean_score(self) -> float | None:
        """Mean of the answers, on their own scale: what CES is reported as."""
        total = sum(score * count for score, count in self.scores.items())
        return round(total / self.answers, 2) if self.answers else None

    @property
    def csat_percent(self) -> float | None:
        """Answers in the top quarter of the scale (4 and 5 of 1 to 5), of all answers; CSAT only."""
        span = self.scale_max - self.scale_min
        satisfied = sum(n for score, n in self.scores.items() if 4 * (score - self.scale_min) >= 3 * span)
        return _percent(satisfied, self.answers) if self.metric == "csat" else None

    @property
    def nps(self) -> float | None:
        """Promoters (9, 10) less detractors (0 to 6), in percent of all answers; NPS only."""
        promoters = sum(n for score, n in self.scores.items() if score >= NPS_PROMOTER_MIN)
        detractors = sum(n for score, n in self.scores.items() if score <= NPS_DETRACTOR_MAX)
        return _percent(promoters - detractors, self.answers) if self.metric == "nps" else None


@dataclass(frozen=True, slots=True)
class Series:
    """Figures in the order of their groups. Incomplete unless `parked` is 0: so many customers are left out."""

    points: tuple[Point, ...]
    parked: int


async def series(models: ReadModels, of: Slice, *, by: Collection[By] = ("month",)) -> Series:
    """Figures added up over all partitions, grouped by what is asked, and always by metric and scale."""
    asked = (of.first_month, of.last_month, of.metric, of.channel, of.product, of.branch, *(name in by for name in _BY))
    counted = await models.fetch_all(NAME, "satisfaction_invited", *asked)
    scored = await models.fetch_all(NAME, "satisfaction_scores", *asked)
    found: dict[tuple[Any, ...], _Figures] = {}
    for row in chain.from_iterable(counted):
        figures = found.setdefault(tuple(row[name] for name in _GROUP), _Figures())
        figures.invited += row["invited"]
        figures.responded += row["responded"]
        figures.expired += row["expired"]
    for row in chain.from_iterable(scored):
        figures = found.setdefault(tuple(row[name] for name in _GROUP), _Figures())
        figures.scores[row["score"]] += row["answers"]
    points = (_point(group, found[group]) for group in sorted(found, key=_sorted_with_none))
    return Series(tuple(points), (await models.progress(NAME)).parked)


_BY: Final[tuple[By, ...]] = ("month", "channel", "product", "branch")
_GROUP: Final = ("metric", "scale_min", "scale_max", *_BY)


@dataclass(slots=True)
class _Figures:
    invited: int = 0
    responded: int = 0
    expired: int = 0
    scores: Counter[int] = field(default_factory=Counter[int])


def _point(group: tuple[Any, ...], figures: _Figures) -> Point:
    metric, scale_min, scale_max, month, channel, product, branch = group
    counts = (figures.invited, figures.responded, figures.expired, dict(sorted(figures.scores.items())))
    return Point(metric, scale_min, scale_max, month, channel, product or None, branch or None, *counts)


def _sorted_with_none(group: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(one is not None, one or 0) for one in group]


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
