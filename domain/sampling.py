"""Drawing samples: which rate holds for an interaction, which period it is in, and whether its digest is drawn.

Nobody chooses what is drawn: the digest is an HMAC under a key of the plan's version (`drawing_text` is what it is
of), so who records an interaction cannot know it, and who has the key can do the drawing again.
"""

from collections.abc import Iterable
from datetime import datetime
from math import sqrt
from typing import Annotated, Final, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from domain.codes import Channel, Purpose

Period = Literal["week", "month", "quarter"]
PeriodName = Annotated[str, StringConstraints(max_length=8, pattern=r"^[0-9]{4}-(?:[0-9]{2}|W[0-9]{2}|Q[1-4])$")]
"""Such as `2026-11`, `2026-W48` (ISO 8601) or `2026-Q4`."""

TEN_THOUSAND: Final = 10_000
PerTenThousand = Annotated[int, Field(ge=0, le=TEN_THOUSAND)]
_QUARTER_MONTHS: Final = 3
_DIGEST_BITS: Final = 64
Z_95: Final = 1.959963984540054
"""The quantile of the normal distribution that leaves 2.5% on each side."""


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class SamplingRate:
    """How many of ten thousand interactions are drawn; without a channel or a purpose for all of them."""

    channel: Channel | None
    per_10_000: PerTenThousand
    purpose: Purpose | None

    def fits(self, channel: str, purpose: str) -> bool:
        """Whether it holds for such an interaction."""
        return self.channel in {None, channel} and self.purpose in {None, purpose}


SamplingRates = Annotated[tuple[SamplingRate, ...], Field(min_length=1, max_length=200)]


def rate_of(rates: Iterable[SamplingRate], channel: str, purpose: str) -> int:
    """Of ten thousand so many: by the first rate that fits; where none does, nothing is drawn."""
    return next((one.per_10_000 for one in rates if one.fits(channel, purpose)), 0)


def period_of(period: Period, zone: str, at: datetime) -> str:
    """The name of the period that a moment is in, on the clock of a time zone."""
    local = at.astimezone(ZoneInfo(zone))
    if period == "week":
        year, week, _ = local.isocalendar()
        return f"{year:04d}-W{week:02d}"
    if period == "quarter":
        return f"{local.year:04d}-Q{(local.month - 1) // _QUARTER_MONTHS + 1}"
    return f"{local.year:04d}-{local.month:02d}"


def drawing_text(seed: str, period: str, interaction_id: UUID) -> bytes:
    """What the digest of an interaction is of: seed, period and id, a line each."""
    return f"{seed}\n{period}\n{interaction_id}".encode("ascii")


def is_drawn(digest: bytes, per_10_000: int) -> bool:
    """Whether the first eight bytes of a digest, as a share of all that they can be, are below the rate."""
    return int.from_bytes(digest[:8], "big") * TEN_THOUSAND < per_10_000 << _DIGEST_BITS


# What a sample says


class Share(NamedTuple):
    """A share of a sample, and the interval that holds that of all with a confidence of 95%."""

    share: float
    low: float
    high: float


def share_of(found: int, looked_at: int) -> Share | None:
    """Wilson's score interval; None: nothing was looked at.

    Wilson 1927, Journal of the American Statistical Association 22, p. 209: it stays within 0 and 1, also where
    nothing or everything was found, and in small samples, where the plain interval is wrong.
    """
    if looked_at == 0:
        return None
    share, spread = found / looked_at, Z_95**2 / looked_at
    middle = (share + spread / 2) / (1 + spread)
    reach = Z_95 * sqrt(share * (1 - share) / looked_at + spread / looked_at / 4) / (1 + spread)
    low = 0.0 if found == 0 else max(middle - reach, 0.0)
    high = 1.0 if found == looked_at else min(middle + reach, 1.0)
    return Share(share, low, high)
