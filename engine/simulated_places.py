"""Where the simulated bank is: a branch in each of three countries, under the rules of that country."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from domain.codes import Language

_PAYMENTS: Final = frozenset({"transfer", "declined_payment", "lost_card"})
"""Issues of payment services, whose complaints have shorter limits in the United Kingdom."""


@dataclass(frozen=True, slots=True)
class SimulatedPlace:
    """A branch, and what holds for its customers. `regime`: of their complaints, but for those about payments."""

    branch: str
    country: str
    region: str
    language: Language
    zone: str
    currency: str
    regime: str
    regime_of_payments: str

    def regime_of(self, issue: str) -> str:
        """By which clocks a complaint about this is timed."""
        return self.regime_of_payments if issue in _PAYMENTS else self.regime

    def local(self, day: datetime, minutes: int) -> datetime:
        """So many minutes after midnight of a day, by the clocks at the branch."""
        at = datetime.combine(day.date(), time(minutes // 60, minutes % 60), ZoneInfo(self.zone))
        return at.astimezone(UTC)


PLACES: Final = (
    SimulatedPlace("pudong", "CN", "CN-SH", "zh", "Asia/Shanghai", "CNY", "cn", "cn"),
    SimulatedPlace("holborn", "GB", "GB-LND", "en", "Europe/London", "GBP", "uk", "uk.psd"),
    SimulatedPlace("midtown", "US", "US-NY", "en", "America/New_York", "USD", "us.cfpb", "us.cfpb"),
)
