"""Unusual access over a small made-up history: what is unusual is found and explained, what is usual is not."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from types import SimpleNamespace
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pool import Pool

from domain.matters import Sight
from domain.unusual_access import WatchRules
from engine.access import Decision, Grant, Viewer, first_table
from engine.looking import Looked, Looker
from engine.watch_rules import first_rules, rules_of
from engine.watching import watching
from projections.access_days import AccessDays
from projections.looks import looks
from projections.seeing import EVERYTHING
from projections.unusual_access import DatedRules, Period, RulesInForce, UnusualAccess, UnusualFilter
from projections.unusual_evidence import evidence
from store.envelope import NO_STREAM, AppendRequest, NewEvent, Participant
from store.identity import new_id

RULES = first_rules().rules
LAST = date(2026, 3, 20)
NOON = time(12, tzinfo=UTC)
NOBODY = Sight("staff:officer", frozenset())


def always(rules: WatchRules) -> RulesInForce:
    """These rules on every day."""
    return RulesInForce((DatedRules(0, date.min, rules),))


def looker(actor: str, role: str | None = "front-office", grant: Grant | None = None) -> Looker:
    viewer = Viewer(actor, frozenset() if role is None else frozenset({role}), "service", grant=grant)
    return Looker(viewer, first_table(), "customer", new_id())


class Bank:
    """A daybook whose looks are dated as the test says."""

    def __init__(self, daybook, superuser: Pool) -> None:
        self.daybook = daybook
        self._superuser = superuser

    async def look(self, actor: str, *customers: UUID, decision: Decision = "shown", events=(), **who) -> None:
        looked = [Looked(one, "identity", ("name",), decision, tuple(events)) for one in customers]
        await self.daybook.looks.commit(looker(actor, **who), looked)

    async def dated(self, day: date, at: time = NOON, schema: str = "reads") -> None:
        """What was recorded since the last time was recorded then."""
        async with self._superuser.acquire() as connection, connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            sql = f"update {schema}.event set recorded_at = $1 where recorded_at > now() - interval '1 hour'"
            await connection.execute(sql, datetime.combine(day, at))

    async def related(self, customer: UUID, kind: str = "interaction.recorded", beside: UUID | None = None) -> UUID:
        """Something was recorded of a customer; `beside`: of whom they only take part."""
        first = beside or customer
        event_id, stream = new_id(beside=first), new_id(beside=first)
        event = NewEvent(
            event_id, stream, 0, first, kind, 1, datetime.now(UTC), "staff:x", new_id(), None, b"{}", b"{}"
        )
        partition = self.daybook.record.partition_of(first)
        others = [] if beside is None else [Participant(0, customer, "complainant")]
        await self.daybook.record.append(AppendRequest(partition, (event,), {stream: NO_STREAM}, participants=others))
        return event_id

    async def found(self, rules=RULES, sight: Sight = NOBODY, days: int = 1, **of):
        await self.daybook.access_days.catch_up()
        period = Period(LAST - timedelta(days=days - 1), LAST)
        page = await self.daybook.unusual_access.search(always(rules), UnusualFilter(period, **of), sight)
        return page.days

    async def rules_passed(self, actor: str, **how) -> set[str]:
        return {one.found.rule for one in await self.found(actor=actor, **how)}


@pytest.fixture
async def bank(daybook, database) -> AsyncGenerator[Bank]:
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=1) as superuser:
        yield Bank(daybook, superuser)


def customers(number: int) -> list[UUID]:
    return [new_id() for _ in range(number)]


async def test_a_day_far_above_the_norms_is_found_with_figures_thresholds_and_looks(bank):
    for back in range(8, 0, -1):
        for number in range(6):
            await bank.look(f"staff:{number}", *customers(3 + number % 2))
        await bank.dated(LAST - timedelta(days=back))
    many = customers(30)
    for customer in many:
        await bank.look("staff:0", customer)
    for number in range(1, 6):
        await bank.look(f"staff:{number}", *customers(4))
    await bank.dated(LAST)
    found = await bank.found()
    assert {(one.actor, one.found.rule) for one in found} == {
        ("staff:0", "above-own-norm"), ("staff:0", "above-role-norm"), ("staff:0", "no-relation")
    }  # fmt: skip
    own, role, unrelated = found
    assert own.found.figures == {"customers": 30, "days": 8, "median": 3}
    assert own.found.thresholds == {"days_least": 5, "history_days": 30, "least": 20, "times": 3}
    assert role.found.figures == {"actors": 6, "customers": 30, "median": 4}
    assert unrelated.found.figures == {"customers": 30}
    assert set(unrelated.customers) <= set(many)
    record, reads = bank.daybook.record, bank.daybook.looks.record
    zone = bank.daybook.unusual_access.zone
    proof = await evidence(reads, record, NOBODY, zone, own)
    assert (len(proof.events), proof.more) == (20, True)
    shown = await looks(reads, record, NOBODY, actor="staff:0", recorded_from=proof.recorded_from, limit=100)
    assert set(proof.events) <= {one.event_id for one in shown.looks}
    assert {part.subject for one in shown.looks for part in one.looked} == set(many)
    assert await bank.found(rules=rules_of("")) == ()


async def test_a_relation_explains_a_look_and_its_lack_does_not_pass_unnoticed(bank):
    known, beside, old, strangers = customers(5), customers(3), customers(3), customers(5)
    for customer in old:
        await bank.related(customer)
    await bank.dated(LAST - timedelta(days=100), schema="record")
    for customer in known:
        await bank.related(customer)
    for customer in beside:
        await bank.related(customer, "complaint.received", beside=known[0])
    for customer in strangers:
        await bank.related(customer, "touch.decided")  # that the bank wrote to them explains nothing
    await bank.dated(LAST - timedelta(days=3), schema="record")
    same = [
        one for one in beside if bank.daybook.record.partition_of(one) == bank.daybook.record.partition_of(known[0])
    ]
    await bank.look("staff:good", *known, *same)
    await bank.look("staff:curious", *known, *old, *strangers)
    await bank.dated(LAST)
    assert await bank.rules_passed("staff:good") == set()
    (found,) = await bank.found(actor="staff:curious", rule="no-relation")
    assert found.found.figures == {"customers": 8}
    assert set(found.customers) == {*old, *strangers}


async def test_nights_searches_denials_and_broken_glass_are_counted(bank):
    daybook, (customer,) = bank.daybook, customers(1)
    for _ in range(5):
        await bank.look("staff:owl", customer)
    await bank.dated(LAST, time(3, tzinfo=UTC))
    await bank.look("staff:glass", customer, grant=Grant(new_id(), customer, frozenset({"identity"})))
    for found in (*[0] * 10, 1):
        await daybook.looks.searched(looker("staff:searching"), "name", found)
    await daybook.looks.searched(looker("staff:finding"), "name", 1)
    for times in (4, 6):
        await daybook.looks.denied(looker("staff:trying"), times)
    await daybook.looks.reviewed(looker("staff:reading"), {}, 0)
    await bank.look("staff:masked", *customers(30), decision="masked")
    await bank.dated(LAST)
    found = {(one.actor, one.found.rule): one for one in await bank.found()}
    assert found.keys() == {
        ("staff:owl", "night"), ("staff:glass", "break-glass"), ("staff:searching", "empty-searches"),
        ("staff:trying", "denied-requests"),
    }  # fmt: skip
    figures = {actor: one.found.figures for (actor, _), one in found.items()}
    assert figures["staff:owl"] == {"looks": 5}
    assert figures["staff:searching"] == {"searches": 10}
    assert figures["staff:trying"] == {"requests": 10}
    record, reads = daybook.record, daybook.looks.record
    zone = daybook.unusual_access.zone
    of = {actor: await evidence(reads, record, NOBODY, zone, one) for (actor, _), one in found.items()}
    assert {actor: len(one.events) for actor, one in of.items()} == {
        "staff:owl": 5, "staff:glass": 1, "staff:searching": 11, "staff:trying": 2
    }  # fmt: skip


async def test_looks_at_confidential_matters_are_for_those_who_may_see_them(bank, database):
    daybook, (customer, other) = bank.daybook, customers(2)
    event_id = await bank.related(customer, "complaint.received")
    (stream,) = [
        row[0]
        for row in await daybook.record.pool.fetch("select stream_id from record.event where event_id = $1", event_id)
    ]
    data = b'{"group":"whistleblower","withheld_from":["staff:named"]}'
    marked = NewEvent(
        new_id(beside=stream), stream, 1, customer, "complaint.marked-confidential", 1, datetime.now(UTC), "staff:x",
        new_id(), None, data, b"{}",
    )  # fmt: skip
    await daybook.record.append(AppendRequest(daybook.record.partition_of(stream), (marked,), {stream: 0}))
    await bank.look("staff:curious", customer, events=[event_id])
    await bank.look("staff:curious", other)
    await bank.dated(LAST)
    assert await bank.found() == ()
    assert await bank.found(sight=replace(EVERYTHING, actor="staff:named")) == ()
    (found,) = await bank.found(sight=EVERYTHING)
    assert (found.actor, found.found.rule, found.customers) == ("staff:curious", "confidential-matter", (customer,))
    everybody = rules_of("[no-relation]\ndays = 90\nleast = 1\nrelations = ['interaction.*']")
    (plain,) = await bank.found(rules=everybody)
    assert plain.customers == (other,), "who is looked at in a confidential matter alone is in no count"
    zone = daybook.unusual_access.zone
    proof = await evidence(daybook.looks.record, daybook.record, EVERYTHING, zone, found)
    assert len(proof.events) == 1


async def test_pages_go_on_where_the_one_before_ended(bank):
    for back in (2, 1, 0):
        for number in range(3):
            await bank.daybook.looks.denied(looker(f"staff:{number}"), 10)
            await bank.look(f"staff:{number}", *customers(5))
        await bank.dated(LAST - timedelta(days=back))
    await bank.daybook.access_days.catch_up()
    of = UnusualFilter(Period(LAST - timedelta(days=5), LAST))
    whole = (await bank.daybook.unusual_access.search(always(RULES), of, NOBODY)).days
    assert len(whole) == 18
    assert [one.day for one in whole] == sorted((one.day for one in whole), reverse=True)
    pages, after = [], None
    for _ in count():
        page = await bank.daybook.unusual_access.search(always(RULES), of, NOBODY, after=after, limit=4)
        pages += page.days
        after = page.next
        if after is None:
            break
    assert pages == list(whole)
    only = replace(of, actor="staff:1", rule="no-relation")
    one = await bank.daybook.unusual_access.search(always(RULES), only, NOBODY)
    assert [(found.day, found.actor) for found in one.days] == [
        (LAST - timedelta(days=back), "staff:1") for back in range(3)
    ]


async def test_counting_in_small_steps_by_two_and_anew_gives_the_same(bank, monkeypatch):
    known = customers(6)
    for back in (1, 0):
        for customer in (*known, *known[:2]):
            await bank.look("staff:1", customer, known[0])
        await bank.daybook.looks.denied(looker("staff:1", "investigator"), 2)
        await bank.dated(LAST - timedelta(days=back))
    daybook = bank.daybook

    async def rows():
        sql = "select * from read_model.access_day order by partition, day, actor"
        more = "select * from read_model.access_customer order by partition, day, actor, customer_id"
        return [tuple(row) for row in [*await daybook.record.pool.fetch(sql), *await daybook.record.pool.fetch(more)]]

    one, two = daybook.access_days, AccessDays(daybook.looks.record, daybook.record, daybook.models.writers, "UTC")
    partitions = range(daybook.record.partitions)
    assert await one.behind() > 0
    while any([await each.step(partition, 2) for each in (one, two) for partition in partitions]):
        pass
    assert await one.behind() == 0
    counted = await rows()
    assert sum(row[4] for row in counted if isinstance(row[3], list)) == 12
    # Two that count the same page at once: one of them writes it.
    late = await daybook.models.writers.fetchrow(
        "select * from read_model.access_bookmark order by position desc limit 1"
    )
    assert late["position"] > 0
    await one._write(late["partition"], 0, late["position"], SimpleNamespace(days={}, customers={}, confidential=set()))
    assert await rows() == counted
    # In another time zone all is counted anew, and back again.
    there = AccessDays(daybook.looks.record, daybook.record, daybook.models.writers, "Pacific/Kiritimati")
    await there.catch_up()
    assert {row[1] for row in await rows()} == {LAST, LAST + timedelta(days=1)}
    await one.catch_up()
    assert await rows() == counted


async def test_looks_of_somebody_without_a_role_are_counted_too(bank):
    (customer,) = customers(1)
    for _ in range(2):
        await bank.look("staff:1", customer, role=None)
        await bank.daybook.access_days.catch_up()
    (row,) = await bank.daybook.record.pool.fetch("select roles, looks from read_model.access_day")
    assert (row["roles"], row["looks"]) == ([], 2)


async def test_it_is_counted_beside_whatever_else_a_process_does(bank):
    await bank.look("staff:1", *customers(5))
    async with watching(bank.daybook, interval_s=0.01):
        while await bank.daybook.access_days.behind():
            pass
    assert await bank.daybook.record.pool.fetchval("select sum(customers) from read_model.access_day") == 5


async def test_the_day_is_that_of_the_banks_time_zone(bank):
    await bank.look("staff:1", *customers(5))
    await bank.dated(LAST, time(20, tzinfo=UTC))  # four in the morning of the next day in Shanghai
    daybook = bank.daybook
    await AccessDays(daybook.looks.record, daybook.record, daybook.models.writers, "Asia/Shanghai").catch_up()
    there = UnusualAccess(daybook.models, daybook.looks.record, "Asia/Shanghai")
    night = rules_of("[night]\nleast = 1\nsince_hour = 4\nuntil_hour = 5")
    next_day = LAST + timedelta(days=1)
    (found,) = (await there.search(always(night), UnusualFilter(Period(LAST, next_day)), NOBODY)).days
    assert found.day == next_day
    proof = await evidence(daybook.looks.record, daybook.record, NOBODY, there.zone, found)
    assert len(proof.events) >= 1


async def test_each_day_is_judged_by_the_version_in_force_on_it(bank):
    for back in (2, 1, 0):
        await bank.look("staff:1", *customers(4))
        await bank.dated(LAST - timedelta(days=back), time(3, tzinfo=UTC))
    night = rules_of("[night]\nleast = 1\nsince_hour = 2\nuntil_hour = 4")
    versions = (
        DatedRules(0, date.min, rules_of("")),
        DatedRules(1, LAST - timedelta(days=1), night),
        DatedRules(3, LAST, rules_of("[no-relation]\ndays = 9\nleast = 4\nrelations = ['interaction.*']")),
        DatedRules(2, LAST, night),
        DatedRules(4, LAST + timedelta(days=1), night),
    )
    await bank.daybook.access_days.catch_up()
    of = UnusualFilter(Period(LAST - timedelta(days=2), LAST))
    found = (await bank.daybook.unusual_access.search(RulesInForce(versions), of, NOBODY)).days
    assert [(one.day, one.found.rule, one.by.version) for one in found] == [
        (LAST, "no-relation", 3), (LAST - timedelta(days=1), "night", 1)
    ]  # fmt: skip
    zone = bank.daybook.unusual_access.zone
    proof = await evidence(bank.daybook.looks.record, bank.daybook.record, NOBODY, zone, found[1])
    assert len(proof.events) >= 1, "the looks of that night, by the rule of that day"
