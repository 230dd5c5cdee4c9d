"""Stock applications on the adapter, from opening an account to a system of applications."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from eventsourcing.application import AggregateNotFoundError, Application, ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import (
    Aggregate,
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    DomainEventProtocol,
    MetaDomainEvent,
    event,
)
from eventsourcing.persistence import IntegrityError
from eventsourcing.projection import EventSourcedProjectionRunner
from eventsourcing.system import MultiThreadedRunner, ProcessApplication, SingleThreadedRunner, System

# [in the guide]


class Account(Aggregate):
    @event("Opened")
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.balance = Decimal(0)

    @event("Credited")
    def credit(self, amount: Decimal) -> None:
        self.balance += amount


class Bank(Application[UUID]):
    is_snapshotting_enabled = True
    snapshotting_intervals = {Account: 10}  # noqa: RUF012

    def open_account(self, owner: str) -> UUID:
        account = Account(owner)
        self.save(account)
        return account.id

    def credit(self, account_id: UUID, amount: Decimal) -> None:
        account: Account = self.repository.get(account_id)
        account.credit(amount)
        self.save(account)

    def balance(self, account_id: UUID) -> Decimal:
        account: Account = self.repository.get(account_id)
        return account.balance


# [to here]


class Totals(Aggregate):
    def __init__(self) -> None:
        self.opened = 0

    @staticmethod
    def create_id() -> UUID:
        return uuid5(NAMESPACE_URL, "/totals")

    @event("Counted")
    def count(self) -> None:
        self.opened += 1


class Statistics(ProcessApplication[UUID]):
    """Counts the bank's accounts."""

    name = "statistics"

    @singledispatchmethod
    def policy(self, domain_event: DomainEventProtocol[UUID], processing_event: ProcessingEvent[UUID]) -> None:
        """Other events change no total."""

    @policy.register
    def opened(
        self,
        _: Account.Opened,  # pyright: ignore[reportAttributeAccessIssue] - made by the decorator
        processing_event: ProcessingEvent[UUID],
    ) -> None:
        try:
            totals: Totals = self.repository.get(Totals.create_id())
        except AggregateNotFoundError:
            totals = Totals()
        totals.count()
        processing_event.collect_events(totals)

    def total(self) -> int:
        totals: Totals = self.repository.get(Totals.create_id())
        return totals.opened


def test_an_account_lives_through_restarts():
    with Bank() as bank:
        account = bank.open_account("Ada")
        for _ in range(25):
            bank.credit(account, Decimal("1.10"))
    with Bank() as bank:
        assert bank.balance(account) == Decimal("27.50")
        assert bank.snapshots is not None
        assert [snapshot.originator_version for snapshot in bank.snapshots.get(account)] == [10, 20]
        assert [item.id for item in bank.notification_log["1,10"].items] == list(range(1, 11))
        with pytest.raises(AggregateNotFoundError):
            bank.balance(uuid4())


def test_a_decision_on_a_stale_account_is_refused():
    with Bank() as ours, Bank() as theirs:
        account = ours.open_account("Ada")
        stale: Account = theirs.repository.get(account)
        ours.credit(account, Decimal(5))
        stale.credit(Decimal(7))
        with pytest.raises(IntegrityError):
            theirs.save(stale)
        assert theirs.balance(account) == 5


def test_many_threads_credit_many_accounts():
    with Bank() as bank:
        accounts = [bank.open_account(str(number)) for number in range(8)]

        def credit(account: UUID) -> None:
            for _ in range(15):
                bank.credit(account, Decimal(1))

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(credit, accounts))
        assert [bank.balance(account) for account in accounts] == [15] * 8
        assert bank.recorder.max_notification_id() == 8 * 16


@pytest.mark.parametrize("runner_class", [SingleThreadedRunner, MultiThreadedRunner])
def test_a_system_of_applications(runner_class):
    with runner_class(System(pipes=[[Bank, Statistics]])) as runner:
        bank, statistics = runner.get(Bank), runner.get(Statistics)
        for number in range(5):
            bank.open_account(str(number))
        statistics.recorder.wait(bank.name, 5, timeout=10)
        assert statistics.total() == 5


def test_a_projection_resumes_after_the_last_event_it_processed():
    for expected in (3, 6):
        with EventSourcedProjectionRunner(application_class=Bank, projection_class=Statistics) as runner:
            recordings = [recording for number in range(3) for recording in runner.app.save(Account(str(number)))]
            runner.wait(recordings[-1].notification.id, timeout=10)
            assert runner.projection.total() == expected


class Customer(BaseAggregate[str]):
    """An aggregate whose id is text."""

    class Event(CanMutateAggregate[str], metaclass=MetaDomainEvent):
        originator_id: str
        originator_version: int
        timestamp: datetime

    class Created(Event, CanInitAggregate[str]):
        originator_topic: str
        number: int

    @staticmethod
    def create_id(number: int) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
        return f"客户-{number}"

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = ""

    @event("Renamed")
    def rename(self, name: str) -> None:
        self.name = name


def test_aggregates_may_have_text_ids():
    with Application[str]() as customers:
        customer = Customer(number=7)
        customer.rename("Ada")
        customers.save(customer)
        found: Customer = customers.repository.get("客户-7")
        assert (found.id, found.name, found.version) == ("客户-7", "Ada", 2)
        assert [item.originator_id for item in customers.notification_log["1,10"].items] == ["客户-7"] * 2


def test_the_guide_shows_code_that_runs():
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "use-with-eventsourcing.md"
    blocks = re.findall(r"```python\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert blocks
    assert [
        block for block in blocks if block.replace("# noqa", "") not in tested.replace("  # noqa: RUF012", "")
    ] == []
