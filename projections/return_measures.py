"""What returns to regulators count, by the names that templates use. Of complaints only; see `kpi_sources`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from projections.kpi_sources import CLOSED_EVENTS, COMPLAINT, LASTED, MONEY_PAID, OPEN, RECEIVED, REDRESS
from projections.measures import Measure

_UPHELD: Final = "r.outcome in ('upheld', 'partly_upheld')"
_DAYS_OF_8_WEEKS: Final = 56
_WEEKDAYS: Final = "(array[3, 3, 5, 5, 5, 4, 3])"
"""So many days to the third weekday after a Monday, a Tuesday, ..."""

_BY_TAG: Final = "r.tags ? '{tag}'"
_CURRENCIES: Final = ("CNY", "EUR", "GBP", "USD")


def _closed(says: str, where: str = "true") -> Measure:
    return Measure(says, COMPLAINT, "closed_at", CLOSED_EVENTS, where=where)


def _tagged(tag: str, says: str) -> Measure:
    return Measure(says, COMPLAINT, "received_at", RECEIVED.events, where=_BY_TAG.format(tag=tag))


def _paid(currency: str) -> Measure:
    return Measure(
        f"minor units of {currency} paid as redress in the period", REDRESS, "s.at", MONEY_PAID.events, "amount",
        f"s.step = 'paid' and s.currency = '{currency}'", MONEY_PAID.amount,
    )  # fmt: skip


@dataclass(frozen=True)
class BusinessDays:
    """Where three business days after the day of receipt are no three weekdays: how many days they are.

    Days are those of `zone`, an IANA name.
    """

    zone: str = "UTC"
    days: Mapping[date, int] = field(default_factory=dict[date, int])

    @property
    def soon(self) -> str:
        """Closed on the third business day after the day of receipt at the latest, in SQL over the row `r`."""
        received, closed = (f"(r.{at} at time zone '{self.zone}')::date" for at in ("received_at", "closed_at"))
        weekdays = f"{_WEEKDAYS}[extract(isodow from {received})::int]"
        told = ", ".join(f'"{day}": {days}' for day, days in sorted(self.days.items()))
        return (
            f"({closed} - {received}) <= "
            f"coalesce(('{{{told}}}'::jsonb ->> to_char({received}, 'YYYY-MM-DD'))::int, {weekdays})"
        )


def measures(days: BusinessDays) -> Mapping[str, Measure]:
    """All measures by name, with these business days."""
    soon = days.soon
    return {
        **MEASURES,
        SOON: _closed("complaints closed within 3 business days after the day of receipt", soon),
        LATER: _closed("complaints closed later, within 8 weeks", f"not {soon} and ({LASTED}) <= {_DAYS_OF_8_WEEKS}"),
    }


SOON: Final = "closed-within-3-business-days"
LATER: Final = "closed-within-8-weeks"
_BY_WEEKDAYS: Final = BusinessDays().soon

MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(  # weekdays stand for business days
    {
        "opened": RECEIVED,
        "outstanding": OPEN,
        "closed": _closed("complaints closed"),
        SOON: _closed("complaints closed within 3 weekdays after the day of receipt", _BY_WEEKDAYS),
        LATER: _closed(
            "complaints closed later, within 8 weeks", f"not {_BY_WEEKDAYS} and ({LASTED}) <= {_DAYS_OF_8_WEEKS}"
        ),
        "closed-after-8-weeks": _closed("complaints closed after 8 weeks", f"({LASTED}) > {_DAYS_OF_8_WEEKS}"),
        "upheld": _closed("complaints closed that were upheld, at least in part", _UPHELD),
        "major": Measure("complaints received that were marked major", COMPLAINT, "received_at",
                         ("complaint.received", "complaint.marked-major"), where="r.major"),
        "vulnerable-customer": _tagged("vulnerable-customer", "complaints received of customers known as vulnerable"),
        "vulnerability-failure": _tagged(
            "vulnerability-failure", "complaints received about a failure to heed a customer's vulnerability"
        ),
        **{f"redress-paid-{currency.lower()}": _paid(currency) for currency in _CURRENCIES},
    }
)  # fmt: skip
