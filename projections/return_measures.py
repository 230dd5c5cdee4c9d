"""What returns to regulators count, by the names that templates use. Of complaints only; see `kpi_sources`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from projections.kpi_sources import CLOSED_EVENTS, COMPLAINT, LASTED, RECEIVED
from projections.measures import Measure

_UPHELD: Final = "r.outcome in ('upheld', 'partly_upheld')"
_DAYS_OF_8_WEEKS: Final = 56
_SOON: Final = f"({LASTED}) <= (array[3, 5, 5, 5, 5, 4, 3])[extract(isodow from r.received_at at time zone 'UTC')::int]"
"""Closed on the third weekday after the day of receipt at the latest: so many days from a Monday, a Tuesday, ..."""

_BY_TAG: Final = "r.tags ? '{tag}'"
_CURRENCIES: Final = ("CNY", "EUR", "GBP", "USD")


def _closed(says: str, where: str = "true") -> Measure:
    return Measure(says, COMPLAINT, "closed_at", CLOSED_EVENTS, where=where)


def _tagged(tag: str, says: str) -> Measure:
    return Measure(says, COMPLAINT, "received_at", RECEIVED.events, where=_BY_TAG.format(tag=tag))


def _paid(currency: str) -> Measure:
    return Measure(
        f"minor units of {currency} paid as redress in complaints closed in the period",
        COMPLAINT, "closed_at", ("complaint.redress-paid", "complaint.closed"), "amount",
        f"r.redress_status = 'paid' and r.redress_currency = '{currency}'", "coalesce(r.redress_amount_minor, 0)",
    )  # fmt: skip


MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "opened": RECEIVED,
        "outstanding": Measure(
            "complaints received, and neither closed nor withdrawn", COMPLAINT, "received_at", RECEIVED.events,
            "standing", until=("closed_at", "withdrawn_at"),
        ),
        "closed": _closed("complaints closed"),
        "closed-within-3-weekdays": _closed("complaints closed within 3 weekdays after the day of receipt", _SOON),
        "closed-within-8-weeks": _closed(
            "complaints closed later, within 8 weeks", f"not {_SOON} and ({LASTED}) <= {_DAYS_OF_8_WEEKS}"
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
