"""Attribution: which campaigns get the credit for what customers took up, by the first touch, the last, or all alike.

A view of the same touches by three rules, none of which says what caused anything: that is what a holdout is for.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import chain
from typing import Final
from uuid import UUID

from projections.campaign_results import NAME
from projections.models import ReadModels

LOOKBACK_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Credit:
    """What one campaign's touches of a channel get: conversions by the first, the last and the linear rule."""

    campaign_id: UUID
    channel: str
    first: int
    last: int
    linear: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """Credits of a period. `conversions` of it had touches that could get any; each rule's credits add up to them."""

    credits: tuple[Credit, ...]
    conversions: int
    parked: int


async def attribution(models: ReadModels, since: datetime, until: datetime, lookback: timedelta) -> Attribution:
    """Divide the conversions from `since` on and before `until` among the touches sent at most `lookback` before."""
    firsts: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    lasts: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    shares: defaultdict[tuple[UUID, str], Fraction] = defaultdict(Fraction)
    for row in chain.from_iterable(await models.fetch_all(NAME, "attribution", since, until, lookback)):
        key = (row["campaign_id"], row["channel"])
        firsts[key] += row["firsts"]
        lasts[key] += row["lasts"]
        shares[key] += Fraction(row["touches"], row["of"])  # exact, so that the credits add up
    found = tuple(Credit(*key, firsts[key], lasts[key], float(shares[key])) for key in sorted(shares, key=str))
    return Attribution(found, sum(firsts.values()), (await models.progress(NAME)).parked)
