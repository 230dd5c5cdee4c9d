"""What a campaign's touches added: who would be contacted and was, against who would be and was kept out.

Both groups are compared whole, whatever became of a touch: chance alone decided who is in which. Intervals are
Newcombe's for the difference of two proportions (Statistics in Medicine 17, 1998, method 10, from Wilson's score
intervals) and Katz's for their ratio (Biometrics 34, 1978). A test holds them against those of statsmodels.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Final, Literal, NamedTuple
from uuid import UUID

from projections.campaign_results import NAME
from projections.models import ReadModels

CONFIDENCE: Final = 0.95
METHODS: Final = ("newcombe", "katz-log")

Group = Literal["treated", "holdout"]


class Interval(NamedTuple):
    """From and to, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One group: customers, and those of them who took something up until now."""

    group: Group
    customers: int
    converted: int

    @property
    def rate(self) -> float | None:
        """The share that took something up; None: nobody is in the group."""
        return self.converted / self.customers if self.customers else None


@dataclass(frozen=True, slots=True)
class Lift:
    """The groups, and how far apart they are: by difference of the rates, and relative to the holdout's rate.

    Each is None where it cannot be told: nobody is in a group; of the relative one, nobody in one of them took
    anything up. `parked`: so many customers are left out.
    """

    treated: Compared
    holdout: Compared
    confidence: float
    difference: float | None
    difference_interval: Interval | None
    relative: float | None
    relative_interval: Interval | None
    parked: int


async def lift(models: ReadModels, campaign_id: UUID, confidence: float = CONFIDENCE) -> Lift:
    """Compare the groups of a campaign, added up over all partitions: a customer lies in one of them."""
    customers: Counter[str] = Counter()
    converted: Counter[str] = Counter()
    for row in chain.from_iterable(await models.fetch_all(NAME, "campaign_groups", campaign_id)):
        customers[row["compared"]] += row["customers"]
        converted[row["compared"]] += row["converted"]
    parked = (await models.progress(NAME)).parked
    return compared(
        Compared("treated", customers["treated"], converted["treated"]),
        Compared("holdout", customers["holdout"], converted["holdout"]),
        confidence,
        parked,
    )


def compared(treated: Compared, holdout: Compared, confidence: float = CONFIDENCE, parked: int = 0) -> Lift:
    """How far apart two groups are."""
    one, other = treated.rate, holdout.rate
    difference = interval = relative = relative_interval = None
    if one is not None and other is not None:
        difference = one - other
        interval = newcombe(treated, holdout, confidence)
        if treated.converted and holdout.converted:
            ratio = katz(treated, holdout, confidence)
            relative, relative_interval = one / other - 1, Interval(ratio.low - 1, ratio.high - 1)
    return Lift(treated, holdout, confidence, difference, interval, relative, relative_interval, parked)


def wilson(converted: int, customers: int, confidence: float) -> Interval:
    """Wilson's score interval of a proportion."""
    z = _z(confidence)
    rate = converted / customers
    middle = (rate + z * z / (2 * customers)) / (1 + z * z / customers)
    half = z * sqrt(rate * (1 - rate) / customers + z * z / (4 * customers**2)) / (1 + z * z / customers)
    return Interval(middle - half, middle + half)


def newcombe(one: Compared, other: Compared, confidence: float) -> Interval:
    """Of the difference of two proportions, from their score intervals."""
    p1, p2 = one.converted / one.customers, other.converted / other.customers
    of_one = wilson(one.converted, one.customers, confidence)
    of_other = wilson(other.converted, other.customers, confidence)
    below = sqrt((p1 - of_one.low) ** 2 + (of_other.high - p2) ** 2)
    above = sqrt((of_one.high - p1) ** 2 + (p2 - of_other.low) ** 2)
    return Interval(p1 - p2 - below, p1 - p2 + above)


def katz(one: Compared, other: Compared, confidence: float) -> Interval:
    """Of the ratio of two proportions, on the scale of its logarithm; neither may be 0."""
    ratio = (one.converted / one.customers) / (other.converted / other.customers)
    spread = sqrt(1 / one.converted - 1 / one.customers + 1 / other.converted - 1 / other.customers)
    half = _z(confidence) * spread
    return Interval(exp(log(ratio) - half), exp(log(ratio) + half))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
