"""KPIs: every definition, in one place. A new one is one more entry of `KPIS`, over measures of `kpi_sources`.

A definition that changes gets the next version; a test holds the digest of each against what it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, Literal

from projections import kpi_sources as over
from projections.errors import MeasureRefused
from projections.measures import OR, Asked, Measure
from projections.persons import PROFILES

Part = Literal["numerator", "denominator"]


@dataclass(frozen=True)
class Basis:
    """One way in which the figure is known; figures of several bases stand side by side and are never mixed."""

    name: str
    numerator: Measure
    denominator: Measure | None = None

    def part(self, name: Part) -> Measure:
        """Its numerator or denominator.

        Raises:
            MeasureRefused: it has no denominator.
        """
        if name == "numerator":
            return self.numerator
        if self.denominator is None:
            raise MeasureRefused("it is a count and has no denominator")
        return self.denominator


@dataclass(frozen=True)
class Kpi:
    """A figure with a name and a version: `scale` times numerator by denominator, in `unit`.

    `only_within`: a dimension whose values are never added up, as are currencies.
    """

    name: str
    version: int
    title: str
    unit: str
    bases: tuple[Basis, ...]
    scale: int = 1
    note: str = ""
    only_within: str | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it can be grouped by: all that its numerator can. A denominator without one is shared by the cells."""
        return self.bases[0].numerator.dimensions

    @property
    def projections(self) -> tuple[str, ...]:
        """The read models that it is counted from."""
        known = [one.source.projection for one in self._measures()]
        return tuple(dict.fromkeys([*known, *(PROFILES for one in self._measures() if one.of_people)]))

    @property
    def clocks(self) -> bool:
        """Whether it counts clocks, which are kept apart from read models."""
        return any(one.source.clocks for one in self._measures())

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all that the figure depends on: another digest is another definition."""
        parts = [str(self.scale), *(one.name for one in self.bases)]
        for one in self._measures():
            parts += [one.source.table, one.source.seen, one.at, one.counts, one.where, one.amount, " ".join(one.until)]
            parts += [one.source.joined] if one.source.joined else []
            parts += ["people"] if one.of_people else []
        return sha256("\n".join(parts).encode()).hexdigest()

    def basis(self, name: str | None) -> Basis:
        """The basis of this name; None: the first.

        Raises:
            MeasureRefused: there is none of this name.
        """
        found = next((one for one in self.bases if name in (None, one.name)), None)
        if found is None:
            known = ", ".join(one.name for one in self.bases)
            raise MeasureRefused("{kpi} has no basis {name}; it has {known}", kpi=self.name, name=name, known=known)
        return found

    def _measures(self) -> Iterator[Measure]:
        for one in self.bases:
            yield one.numerator
            if one.denominator is not None:
                yield one.denominator


_RATIO: Final = 100
_REDRESS: Final = (
    "The mean; the numerator is the sum. Of one currency, or by currency; without one it is no money. By amount it is "
    "a histogram."
)

KPIS: Final[tuple[Kpi, ...]] = (
    Kpi("complaint.count", 1, "Complaints", "complaints", (Basis("recorded", over.RECEIVED),)),
    Kpi(
        "complaint.timely_rate", 2, "Complaints answered in time", "percent",
        (Basis("asserted", over.ASSERTED_TIMELY, over.ASSERTED), Basis("clock", over.CLOCKS_MET, over.CLOCKS_ENDED)),
        _RATIO,
        "`asserted` is what the source of an imported complaint says; no clock computed it. `clock` counts clocks, "
        "each by itself: group by clock. What can only lapse, or is void, is left out.",
    ),
    Kpi(
        "complaint.open", 1, "Open complaints", "complaints", (Basis("recorded", over.OPEN),),
        note="At the end of the last day, or now. The first day does not matter. Ages are days since receipt.",
    ),
    Kpi(
        "complaint.repeat_rate", 1, "Complaints of people who had complained before", "percent",
        (Basis("recorded", over.REPEATED, over.RECEIVED),), _RATIO,
        "Known by the id of the complainant; imported complaints do not tell who complained.",
    ),
    Kpi("complaint.answered", 1, "Complaints answered", "complaints", (Basis("recorded", over.ANSWERED),)),
    Kpi(
        "complaint.upheld_rate", 1, "Complaints upheld", "percent",
        (Basis("recorded", over.UPHELD, over.OUTCOME_STATED),), _RATIO,
        "Of the complaints answered in the period; partly upheld is upheld.",
    ),
    Kpi(
        "complaint.redress_offered", 1, "Redress offered", "minor units per offer",
        (Basis("recorded", over.MONEY_OFFERED, over.REDRESS_OFFERS),), note=_REDRESS, only_within="currency",
    ),
    Kpi(
        "complaint.redress_accepted", 1, "Redress accepted", "minor units per offer",
        (Basis("recorded", over.MONEY_ACCEPTED, over.REDRESS_ACCEPTED),), note=_REDRESS, only_within="currency",
    ),
    Kpi(
        "complaint.redress_paid", 1, "Redress paid", "minor units per offer",
        (Basis("recorded", over.MONEY_PAID, over.REDRESS_PAID),), note=_REDRESS, only_within="currency",
    ),
    Kpi(
        "complaint.relief_rate", 1, "Complaints with redress", "percent",
        (Basis("recorded", over.RELIEVED, over.RELIEF_STATED),), _RATIO,
        "Responses that do not say whether there is redress are left out of both.",
    ),
    Kpi(
        "complaint.rate", 2, "Complaints per customer", "complaints per 1,000 customers",
        (Basis("recorded", over.RECEIVED, over.CUSTOMERS),), 1000,
        "Complaints of people who are no customers count; imported complaints have no customers.",
    ),
    Kpi(
        "complaint.resolution_days", 1, "Days to resolve a complaint", "days",
        (Basis("recorded", over.DAYS_HERE, over.CLOSED_HERE), Basis("imported", over.DAYS_TOLD, over.CLOSED_TOLD)),
        note="The mean, with how often each number of days came; of the days of closing. A complaint that was reopened "
        "counts when it is closed again.",
    ),
    Kpi(
        "campaign.conversion_rate", 1, "Touches that led to a conversion", "percent",
        (Basis("recorded", over.CONVERTED, over.SENT),), _RATIO,
        "Of the touches sent in the period, whenever the customer took it up.",
    ),
    Kpi("campaign.touches", 1, "Touches", "touches", (Basis("recorded", over.SENT),)),
    Kpi(
        "campaign.touches_per_customer", 2, "Touches per customer touched", "touches per customer",
        (Basis("recorded", over.SENT, over.TOUCHED),),
        note="In each cell, of the customers touched in that cell.",
    ),
    Kpi(
        "customer.acquisition_cost", 2, "Cost of leads per customer acquired", "minor units per customer",
        (Basis("recorded", over.LEAD_COSTS, over.LEADS_CONVERTED),), only_within="currency",
        note="By `source`, of the leads captured in the period, whenever they became customers; leads that cost "
        "nothing are in neither. What campaigns cost is not in it: `campaign.acquisition_cost` tells that.",
    ),
    Kpi(
        "campaign.acquisition_cost", 2, "Campaign cost per customer won", "minor units of a currency per customer",
        (Basis("recorded", over.COSTS, over.WON),), only_within="currency",
        note="Costs incurred in the period by the people who took something up in it, at whatever price, who may have "
        "been customers before. A campaign costs before it wins: look at its whole time, with `campaign` named. What "
        "leads cost is not in it: `customer.acquisition_cost` tells that.",
    ),
    Kpi(
        "customer.retention", 2, "Customers kept", "percent",
        (Basis("recorded", over.CUSTOMERS_KEPT, over.CUSTOMERS_BEGUN),), _RATIO,
        "Of those who were customers when the period began; who joined in it is in neither. It needs a first day.",
    ),
    Kpi("engagement.count", 1, "Engagements opened", "engagements", (Basis("recorded", over.OPENED),)),
    Kpi(
        "engagement.approval_rate", 1, "Engagements approved", "percent",
        (Basis("recorded", over.APPROVED, over.DECIDED),), _RATIO, "Of the engagements decided in the period.",
    ),
    Kpi(
        "engagement.acceptance_rate", 1, "Engagements in which an offer was taken", "percent",
        (Basis("recorded", over.TAKEN, over.OFFERED),), _RATIO,
        "Of the engagements opened in the period in which any offer was made.",
    ),
    Kpi(
        "engagement.decision_days", 1, "Days to decide an engagement", "days",
        (Basis("recorded", over.DAYS_TO_DECISION, over.DECIDED),),
        note="The mean, with how often each number of days came; of the days of the decision.",
    ),
    Kpi(
        "satisfaction.csat", 1, "Satisfied answers (CSAT)", "percent",
        (Basis("recorded", over.CSAT_CONTENT, over.CSAT_ANSWERS),), _RATIO,
    ),
    Kpi(
        "satisfaction.nps", 1, "Net promoter score (NPS)", "points",
        (Basis("recorded", over.NPS_BALANCE, over.NPS_ANSWERS),), _RATIO,
    ),
    Kpi(
        "satisfaction.response_rate", 1, "Surveys answered", "percent",
        (Basis("recorded", over.INVITED_ANSWERED, over.INVITED),), _RATIO,
        "Of the invitations of the period, those answered until now.",
    ),
)  # fmt: skip


def added_up(kpi: Kpi, asked: Asked) -> Asked:
    """What was asked, if nothing is added up that never is.

    Raises:
        MeasureRefused: it is neither grouped by the dimension that the KPI keeps apart, nor of one value of it.
    """
    apart = kpi.only_within
    if apart is not None and apart not in asked.by and OR in asked.where.get(apart, OR):
        raise MeasureRefused("{kpi} is never added up over {name}: group by it, or name one", kpi=kpi.name, name=apart)
    return asked


_BY_NAME: Final = {one.name: one for one in KPIS}


def kpi_of(name: str) -> Kpi:
    """The definition of this name.

    Raises:
        MeasureRefused: there is none; the message names all.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise MeasureRefused("there is no KPI {name}; there are {known}", name=name, known=", ".join(_BY_NAME))
    return found
