"""The relations of the simulated bank: its units and relationship managers, what customers hold and need, and leads.

It has a random source and ids of its own, so that it changes nothing of what the other desks do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from domain.actor import ACTOR, RegisterActor
from domain.codes import Language, Money
from domain.holding import CategoryTotal, CloseHolding, OpenHolding, SummariseActivity
from domain.kernel import Command
from domain.lead import CaptureLead, ConvertLead, LoseLead, QualifyLead, RecordLeadCost
from domain.need import NoteNeed, SettleNeed
from domain.organisation_unit import ORGANISATION_UNIT, OpenUnit, UnitKind, UnitName
from domain.task import CompleteTask, ScheduleTask
from engine.handling import Unit
from engine.one_stream import one_stream
from engine.simulated_ids import SimulatedIds
from engine.simulated_places import SimulatedPlace

MANAGERS: Final = 8
MONTHS: Final = 3
OPENED: Final = datetime(2020, 1, 2, 9, tzinfo=UTC)
UNITS: Final[Sequence[tuple[str, UnitKind, str | None, Mapping[Language, str]]]] = (
    ("bank", "bank", None, {"en": "Sample Bank", "zh": "示例银行"}),
    ("shanghai", "region", "bank", {"en": "Shanghai region", "zh": "上海分行"}),
    ("london", "region", "bank", {"en": "London region", "zh": "伦敦分行"}),
    ("new-york", "region", "bank", {"en": "New York region", "zh": "纽约分行"}),
    ("pudong", "branch", "shanghai", {"en": "Pudong branch", "zh": "浦东支行"}),
    ("holborn", "branch", "london", {"en": "Holborn branch", "zh": "霍尔本支行"}),
    ("midtown", "branch", "new-york", {"en": "Midtown branch", "zh": "中城支行"}),
    ("advice", "team", "bank", {"en": "Personal advice", "zh": "理财顾问团队"}),
)
_NAMES: Final = ("Li Na", "Eva Lind", "Tom Reed", "Mia Reis", "Wu Gang", "Amy Hart", "Joe Melo", "Zhao Min")
_PRODUCTS: Final = ("current_account", "savings", "credit_card")
_SOURCES: Final = {"partner_site": 4500, "branch": 0, "advertisement": 9000}
"""Where leads come from, and what one costs in cents."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A customer of the simulated bank, and since when."""

    customer_id: UUID
    at: datetime
    manager: str
    place: SimulatedPlace


class SimulatedRelations:
    """Yields commands in units, as `SimulatedBank` does."""

    def __init__(self, key: Callable[..., bytes], seed: int) -> None:
        self._key = key
        self._ids = SimulatedIds(key, f"{seed}/relations")
        self._random = Random(seed + 1_000_003)  # noqa: S311  # a simulation is meant to be repeatable

    def organisation(self) -> Iterator[Unit]:
        """Units of the bank, and who works where."""
        for code, kind, parent, names in UNITS:
            yield self._ids.unit(
                "staff:organisation",
                OpenUnit(
                    unit_id=one_stream(self._key, ORGANISATION_UNIT.name, (code,)), occurred_at=OPENED, code=code,
                    unit_kind=kind, parent=parent,
                    names=tuple(UnitName(language=one, name=name) for one, name in names.items()),
                ),
            )  # fmt: skip
        for n in range(MANAGERS):
            actor = f"staff:rm-{n}"
            yield self._ids.unit(
                "staff:organisation",
                RegisterActor(
                    entry_id=one_stream(self._key, ACTOR.name, (actor,)), occurred_at=OPENED, actor=actor,
                    kind="person", organisation_unit=UNITS[4 + n % 4][0], name=_NAMES[n],
                ),
            )  # fmt: skip

    def of(self, joined: Joined) -> Iterator[Unit]:
        """What a customer holds and needs, what their manager does for them, and the lead that they were."""
        random = self._random
        for product in random.sample(_PRODUCTS, random.randrange(1, 3)):
            yield self._holding(joined, product)
        if random.random() < 0.3:  # noqa: PLR2004  # shares of the simulation
            yield self._need(joined)
        if random.random() < 0.4:  # noqa: PLR2004
            yield self._visit(joined)
        if random.random() < 0.5:  # noqa: PLR2004
            yield self._lead(joined)
        if random.random() < 0.3:  # noqa: PLR2004
            yield self._lead(replace(joined, manager=""))

    def _holding(self, joined: Joined, product: str) -> Unit:
        random, holding_id = self._random, self._ids.new(joined.at, joined.customer_id)
        commands: list[Command] = [
            OpenHolding(
                holding_id=holding_id, occurred_at=joined.at, customer_id=joined.customer_id, product=product,
                account=f"{joined.place.country}50 {random.randrange(10**12):012}",
            )
        ]  # fmt: skip
        for n in range(MONTHS):
            first = _month(joined.at, n + 1)
            last = _month(joined.at, n + 2) - timedelta(days=1)
            stated = datetime.combine(last, joined.at.time(), UTC) + timedelta(days=1)
            commands.append(
                SummariseActivity(
                    holding_id=holding_id, occurred_at=stated,
                    first_on=first, last_on=last, statement_version=1, totals=self._totals(joined.place.currency),
                )
            )  # fmt: skip
        if random.random() < 0.05:  # noqa: PLR2004
            closed = joined.at + timedelta(days=200)
            commands.append(CloseHolding(holding_id=holding_id, occurred_at=closed, reason="customer_request"))
        return self._ids.unit("system:core-banking", *commands)

    def _totals(self, currency: str) -> tuple[CategoryTotal, ...]:
        random = self._random
        salary = Money(random.randrange(90_000, 400_000), currency)
        spent = Money(random.randrange(20_000, 200_000), currency)
        return (
            CategoryTotal(salary, "salary", "in", 1),
            CategoryTotal(spent, "card_payments", "out", random.randrange(1, 60)),
        )

    def _need(self, joined: Joined) -> Unit:
        random, need_id = self._random, self._ids.new(joined.at, joined.customer_id)
        at = joined.at + timedelta(days=random.randrange(5, 90))
        commands: list[Command] = [
            NoteNeed.model_validate(
                {
                    "need_id": need_id, "occurred_at": at, "customer_id": joined.customer_id,
                    "product": random.choice(("mortgage", "pension_plan", "consumer_loan")),
                    "basis": random.choice(("stated", "observed")),
                }
            )
        ]  # fmt: skip
        if random.random() < 0.5:  # noqa: PLR2004
            settled: dict[str, object] = {"need_id": need_id, "occurred_at": at + timedelta(days=30)}
            commands.append(SettleNeed.model_validate({**settled, "outcome": random.choice(("met", "declined"))}))
        return self._ids.unit(joined.manager, *commands)

    def _visit(self, joined: Joined) -> Unit:
        random, task_id = self._random, self._ids.new(joined.at, joined.customer_id)
        planned = joined.at + timedelta(days=random.randrange(10, 200))
        due_on = (planned + timedelta(days=14)).date()
        commands: list[Command] = [
            ScheduleTask(
                task_id=task_id, occurred_at=planned, customer_id=joined.customer_id, kind="visit",
                assignee=joined.manager, due_on=due_on,
            )
        ]  # fmt: skip
        if random.random() < 0.7:  # noqa: PLR2004
            done = planned + timedelta(days=10)
            commands.append(
                CompleteTask(task_id=task_id, occurred_at=done, performed_by=joined.manager, result="met_customer")
            )
        return self._ids.unit(joined.manager, *commands)

    def _lead(self, joined: Joined) -> Unit:
        """The lead that a customer was; without a manager one that nothing came of."""
        random = self._random
        at = joined.at - timedelta(days=random.randrange(1, 30))
        source, lead_id = random.choice(tuple(_SOURCES)), self._ids.new(at)
        commands: list[Command] = [
            CaptureLead(lead_id=lead_id, occurred_at=at, source=source, channel="web", product="current_account")
        ]
        if _SOURCES[source]:
            cost = Money(_SOURCES[source], "EUR")
            commands.append(
                RecordLeadCost(
                    lead_id=lead_id, occurred_at=at, cost_id=self._ids.new(at), kind="commission", amount=cost
                )
            )
        if joined.manager:
            commands.append(QualifyLead(lead_id=lead_id, occurred_at=at, qualified_by="staff:sales"))
            commands.append(ConvertLead(lead_id=lead_id, occurred_at=joined.at, customer_id=joined.customer_id))
        else:
            commands.append(LoseLead(lead_id=lead_id, occurred_at=joined.at, reason="no_answer"))
        return self._ids.unit("staff:sales", *commands)


def _month(at: datetime, later: int) -> date:
    """The first day of a month, so many months later."""
    months = at.year * 12 + at.month - 1 + later
    return date(months // 12, months % 12 + 1, 1)
