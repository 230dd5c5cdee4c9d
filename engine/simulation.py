"""A small simulated bank: a year of customers, contacts, complaints, campaigns and surveys, under the rules it has.

Everything follows from the seed and the end of the year, ids included, so the same bank is never recorded twice.
Figures are made up; the shapes are those of retail banking: most contacts are about servicing, one customer in ten
complains, one touch in eight is answered, who waited long is less content.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from domain.campaign import EndCampaign, LaunchCampaign
from domain.kernel import Event, Refusal
from domain.touch_messages import ReconsiderTouch
from engine.answers import Answer, CommandReused
from engine.carried_out import CarriedOutJudge
from engine.contact_judging import ContactJudge
from engine.handling import CommandHandler, Outcome, Unit
from engine.judging import Judges
from engine.link_judging import LinkJudge
from engine.simulated_campaigns import SimulatedCampaigns
from engine.simulated_course import Happening
from engine.simulated_customer import SimulatedCustomer, SimulatedYear
from engine.simulated_ids import SimulatedIds
from engine.simulated_persons import registered_twice
from engine.simulated_relations import SimulatedRelations
from engine.simulated_rules import SimulatedRules
from engine.survey_judging import SurveyJudge

if TYPE_CHECKING:
    from engine.wiring import Daybook

UNTIL: Final = datetime(2026, 7, 1, tzinfo=UTC)
DAYS: Final = 365
START: Final = UNTIL - timedelta(days=DAYS)
CUSTOMERS: Final = 200
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class SimulatedBank:
    """What the bank and its customers do; `recorded` has it done.

    `key(purpose, *parts)` is a keyed HMAC (the vault's), so that the ids cannot be guessed. Nothing happens at
    `until`, a midnight in UTC, or later.
    """

    def __init__(
        self, key: Callable[..., bytes], *, seed: int = 1, customers: int = CUSTOMERS, until: datetime = UNTIL
    ) -> None:
        start = until - timedelta(days=DAYS)
        random = Random(seed)  # noqa: S311  # a simulation is meant to be repeatable
        self._afterwards = partial(SimulatedIds, key, f"{seed}/afterwards")
        self._relations = SimulatedRelations(key, seed)
        self._campaigns = SimulatedCampaigns(SimulatedIds(key, f"{seed}/campaigns"), random, start)
        self.rules = SimulatedRules(key, seed, start, until)
        year = SimulatedYear(start, until, self._campaigns.all)
        self.customers = [SimulatedCustomer(key, seed, number, year) for number in range(customers)]

    def opening(self) -> Iterator[Unit]:
        """The bank's units and staff: before the year, and the same whenever it ends."""
        yield from self._relations.organisation()

    def phases(self) -> Iterator[tuple[Sequence[Unit], datetime]]:
        """What the bank itself does, and until when its customers then go on: until a campaign begins, or ends."""
        for customer in self.customers:
            customer.live()
            customer.course.add(self._relations.of(customer.joined))
        units = list(self.rules.units())
        for unit in sorted(self._campaigns.units(), key=_time):
            if isinstance(unit.commands[0], LaunchCampaign | EndCampaign):
                yield units, _time(unit)
                units = []
            units.append(unit)
        yield units, _LATEST

    def afterwards(self) -> Iterator[Unit]:
        """Some people came twice, and are merged."""
        people = [one.person for one in self.customers[: max(2, len(self.customers) // 40)]]
        yield from registered_twice(people, self._afterwards())


async def is_recorded(daybook: "Daybook", bank: SimulatedBank) -> bool:
    """Whether all of it was recorded before."""
    *_, last = bank.afterwards()
    partition = daybook.record.partition_of(last.context.command_id)
    return bool(await daybook.record.find_answers(partition, [last.context.command_id]))


async def recorded(daybook: "Daybook", bank: SimulatedBank) -> AsyncGenerator[int]:
    """Have everything recorded, as the bank's desks would have sent it; tells how many units are, now and then.

    Customers go on beside each other, each in the order of their time: what is judged sees what came before it, and
    nothing of what came later. Touches and invitations are judged by the bank's rules at the command's own time; a
    campaign is as it was then, for its every change waits until all customers have come so far. What was recorded
    before it was stopped is answered, and it goes on from there.
    """
    done = len(await opened(daybook, bank))
    for units, until in bank.phases():
        done += len(await _given(daybook.handler, units))
        judging = _judging(daybook, bank.rules)
        while steps := [step for customer in bank.customers if (step := customer.course.step(until))]:
            done += await _wave(daybook, judging, steps)
            yield done
    linking = _judging(daybook, bank.rules)
    linking.spanning = daybook.handler.spanning
    done += len(await _given(linking, list(bank.afterwards())))
    yield done


async def opened(daybook: "Daybook", bank: SimulatedBank) -> Sequence[Answer]:
    """Have the bank's units and staff recorded: the bank itself first, and nothing where there is another one.

    Raises:
        Refusal: there is.
    """
    first, *others = bank.opening()
    return await _given(daybook.handler, [first]) + await _given(daybook.handler, others)


def _judging(daybook: "Daybook", rules: SimulatedRules) -> CommandHandler:
    """A handler that judges by these rules, and knows nothing yet of how any campaign stands."""
    record, mapper, vault = daybook.record, daybook.mapper, daybook.vault
    contact = ContactJudge(record, mapper, rules, vault.keyed_hmac, moment_of=attrgetter("occurred_at"))
    links = LinkJudge(daybook, rules.linking)
    judges = Judges(contact, SurveyJudge(record, mapper, rules), CarriedOutJudge(record, mapper), links)
    return CommandHandler(record, vault, mapper, judges)


async def _wave(daybook: "Daybook", judging: CommandHandler, steps: Sequence[Sequence[Happening]]) -> int:
    """One step of each customer who has one."""
    plain = [one.unit for step in steps for one in step if one.then is None]
    judged = [one for step in steps for one in step if one.then is not None]
    await _given(daybook.handler, plain)
    again = [one for one in judged if isinstance(one.unit.commands[0], ReconsiderTouch)]
    first = [one for one in judged if not isinstance(one.unit.commands[0], ReconsiderTouch)]
    answers = await _given(judging, [one.unit for one in first]) + await _given(judging, [one.unit for one in again])
    events = await _events(daybook, answers)
    for one, answer in zip(first + again, answers, strict=True):
        if one.then is not None:
            one.then([events[of.event_id] for of in answer.events])
    return len(plain) + len(judged)


async def _events(daybook: "Daybook", answers: Sequence[Answer]) -> Mapping[UUID, Event]:
    """The events of these answers by their ids."""
    found: dict[UUID, Event] = {}
    for partition, of in groupby(sorted(answers, key=_partition), key=_partition):
        streams = await daybook.record.read_streams(partition, [one.stream_id for one in of if one.events])
        found |= {one.event_id: daybook.mapper.fact(one).event for stream in streams.values() for one in stream}
    return found


async def _given(handler: CommandHandler, units: Sequence[Unit]) -> list[Answer]:
    """Answers of these units, none of which may be refused."""
    outcomes: Sequence[Outcome] = await handler.handle_copy(units) if units else ()
    for unit, outcome in zip(units, outcomes, strict=True):
        if isinstance(outcome, Refusal | CommandReused | PersistenceError):
            outcome.add_note(f"given by {unit.context.actor}: {unit.commands}")
            raise outcome
    return [one for one in outcomes if isinstance(one, Answer)]


def _time(unit: Unit) -> datetime:
    return unit.commands[0].occurred_at


def _partition(answer: Answer) -> int:
    return answer.partition
