"""Approved erasures, restrictions and disposals are carried out, class by class, and holds stand in their way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from audit.certificate import read
from audit.certificates import certificate_keys, find
from domain.complaint import WithdrawComplaint
from domain.complaint_intake import SupplementComplaint
from engine.access import Viewer
from projections.withheld import Withheld
from store.identity import new_id
from tests.engine.lookers import LOOKER
from tests.engine.privacy import DISP, TOUCHES, made, personal_names, privacy_bank
from vault.vault import Missing


@pytest.fixture
async def bank(daybook, database):
    async with privacy_bank(daybook, database) as made:
        yield made


CLERK = replace(LOOKER, viewer=Viewer("staff:9", frozenset({"front-office"}), "service"))


async def test_one_person_is_erased_and_another_stays_readable(bank):
    await bank.schedule()
    who, other = await bank.person(), await bank.person()
    await bank.disclose(who, "contact")
    request = await bank.request(who)
    done = await bank.run()
    assert (done.requests, done.troubles) == ([request], {})
    assert (await bank.types(request))[-2:] == ["privacy-request.decided", "privacy-request.completed"]
    shown = await bank.opened(who)
    assert len(shown) == len(bank.canaries[who])
    assert all(isinstance(value, Missing) and value.at is not None for value in shown.values()), shown
    assert set((await bank.opened(other)).values()) == set(bank.canaries[other])
    assert (await bank.run()).requests == []


async def test_in_one_event_of_two_people_only_the_erased_one_is_gone(bank):
    await bank.schedule()
    customer = await bank.person()
    agent = next(made for made in iter(new_id, None) if bank.elsewhere(made, customer))
    complaint = await bank.complains_for(customer, agent)
    (own,) = await bank.daybook.record.read_stream(complaint)
    assert own.customer_id == customer
    await bank.request(customer)
    await bank.run()
    assert set((await bank.opened_of(complaint)).values()) == set(bank.canaries[agent])
    await bank.request(agent)
    assert (await bank.run()).troubles == {}
    assert all(isinstance(value, Missing) for value in (await bank.opened_of(complaint)).values())


async def test_the_certificate_says_what_is_gone(bank):
    await bank.schedule(DISP)
    who = await bank.person()
    disclosure = await bank.disclose(who, "contact")
    to = {"complaint_id": await bank.complains_for(new_id(), who), "occurred_at": bank.at}
    more = {"supplement_id": new_id(), "basis": bank.canary(who, "basis")}
    await bank.give(made(SupplementComplaint, **to, **more), made(WithdrawComplaint, **to))
    blobs = await bank.daybook.record.pool.fetchval("select count(*) from record.sealed where subject_id = $1", who)
    request = await bank.request(who)
    await bank.run()
    listed = await bank.daybook.record.read_customer(who)
    erasure = next(one.stream_id for one in listed if one.type == "erasure.requested")
    pool = bank.daybook.record.pool
    issued = await find(pool, "erasure/1", str(erasure), bank.daybook.record.partition_of(who))
    assert issued is not None
    content = read(issued.note, *await certificate_keys(pool)).content
    assert content["customer_id"] == str(who)
    assert content["cause_id"] == str(request)
    assert content["blobs"] == blobs
    assert [one["recipient"] for one in content["recipients"]] == ["Credit bureau"]
    assert content["recipients"][0]["disclosure_id"] == str(disclosure)
    assert {one["outcome"] for one in content["outcomes"]} == {"erased"}
    gone = {one["key_id"] for one in content["tombstones"]}
    assert gone
    assert await pool.fetchval("select count(*) from vault.tombstone where key_id = any($1::uuid[])", gone) == len(gone)
    assert all(len(one["commitment"]) == 64 for one in content["tombstones"])
    completed = next(one for one in await bank.daybook.record.read_stream(request) if one.type.endswith("completed"))
    assert issued.sha256.hex().encode() in completed.state


async def test_what_a_duty_keeps_is_restricted_and_erased_when_its_time_has_come(bank, monkeypatch):
    bank.at = datetime.now(UTC) - timedelta(days=365 * 3)
    await bank.schedule(replace(DISP, months=48))
    who = await bank.person()
    request = await bank.request(who)
    await bank.run()
    shown = await bank.opened(who, CLERK)
    kept = {name: value for name, value in shown.items() if isinstance(value, Withheld)}
    assert kept.keys() == personal_names("complaint")
    assert {value.reason for value in kept.values()} == {"restricted"}
    assert all(isinstance(value, Missing) for name, value in shown.items() if name not in kept and value != "***")
    for_audit = await bank.opened(who)
    assert for_audit["complaint.received.description"] in bank.canaries[who]
    assert (await bank.run()).requests == []
    then = datetime.now(UTC) + timedelta(days=366)
    monkeypatch.setattr("engine.carrying_out.now", lambda: then)
    done = await bank.run()
    assert done.requests == [request], done.troubles
    assert isinstance((await bank.opened(who))["complaint.received.description"], Missing)
    pool = bank.daybook.record.pool
    assert await pool.fetchval("select count(*) from vault.data_key where subject_id = $1", who) == 0
    assert (await bank.types(request)).count("privacy-request.completed") == 2
    assert (await bank.run()).requests == []


FILES = personal_names("attachment")
LETTERS = personal_names("complaint_letter")


async def test_attachments_and_letters_are_erased_by_their_classes_alone(bank):
    await bank.schedule()
    who = await bank.person()
    before = await bank.opened(who)
    assert before.keys() >= FILES | LETTERS
    await bank.request(who, "erasure", "attachment", "complaint_letter")
    assert (await bank.run()).troubles == {}
    after = await bank.opened(who)
    gone = {name for name, value in after.items() if isinstance(value, Missing)}
    assert gone == FILES | LETTERS
    assert {name: value for name, value in after.items() if name not in gone} == {
        name: value for name, value in before.items() if name not in gone
    }
    left = await bank.daybook.record.pool.fetch("select record_class from record.sealed where subject_id = $1", who)
    assert {row["record_class"] for row in left} == {
        "identity",
        "contact",
        "interaction",
        "complaint",
        "touch",
        "survey",
        "account",
        "break_glass",
    }


@pytest.mark.parametrize(("held", "kept"), [("attachment", FILES), ("complaint_letter", LETTERS)])
async def test_a_hold_keeps_attachments_and_letters(bank, held, kept):
    await bank.schedule()
    who = await bank.person()
    await bank.hold(who, held)
    await bank.request(who)
    assert (await bank.run()).troubles == {}
    after = await bank.opened(who)
    assert {name for name, value in after.items() if not isinstance(value, Missing)} == kept
    assert {after[name] for name in kept} <= set(bank.canaries[who])


async def test_a_restriction_hides_from_most_and_is_lifted(bank):
    who = await bank.person()
    await bank.request(who, "restriction", "contact")
    assert (await bank.run()).troubles == {}
    assert isinstance((await bank.opened(who, CLERK))["customer.contact-point-added.value"], Withheld)
    assert (await bank.opened(who))["customer.contact-point-added.value"] in bank.canaries[who]
    assert (await bank.opened(who, CLERK))["customer.registered.name"] in bank.canaries[who]


async def test_without_a_schedule_nothing_is_erased(bank):
    who = await bank.person()
    request = await bank.request(who)
    assert "no retention schedule" in (await bank.run()).troubles[request]
    assert set((await bank.opened(who)).values()) == set(bank.canaries[who])


async def test_a_hold_refuses_in_the_domain_and_in_the_database(bank, database):
    await bank.schedule()
    who = await bank.person()
    hold = await bank.hold(who, "complaint")
    request = await bank.request(who)
    assert (await bank.run()).troubles == {}
    shown = await bank.opened(who)
    assert shown["complaint.received.description"] in bank.canaries[who]
    assert isinstance(shown["customer.registered.name"], Missing)
    (decided,) = [one for one in await bank.daybook.record.read_stream(request) if one.type.endswith("decided")]
    assert b'"legal-hold"' in decided.state
    eraser = await asyncpg.connect(database.app_dsn.replace("daybook_app", "daybook_eraser"))
    try:
        with pytest.raises(asyncpg.PostgresError, match="a legal hold stands"):
            await eraser.execute(
                "insert into vault.tombstone (partition, key_id) select partition, key_id from vault.data_key "
                "where subject_id = $1 and record_class = 'complaint'", who,
            )  # fmt: skip
    finally:
        await eraser.close()
    await bank.release(hold)
    assert (await bank.run()).released == [hold]
    assert await bank.daybook.record.pool.fetchval("select count(*) from vault.hold") == 0
    await bank.request(who)
    await bank.run()
    assert isinstance((await bank.opened(who))["complaint.received.description"], Missing)


async def test_a_hold_that_comes_between_ends_the_erasure_and_the_classes_are_decided_anew(bank):
    await bank.schedule()
    who = await bank.person()
    request = await bank.request(who)

    class Stop(Exception):
        pass

    def stop(step):
        if step == "requested":
            raise Stop

    with pytest.raises(Stop):
        await bank.run(stop)
    hold = await bank.hold(who, "contact")
    assert all(
        isinstance(value, Withheld) and value.reason == "erasure-requested"
        for value in (await bank.opened(who)).values()
    )
    done = await bank.run()
    assert done.requests == [request], done.troubles
    shown = await bank.opened(who)
    assert shown["customer.contact-point-added.value"] in bank.canaries[who]
    assert isinstance(shown["customer.registered.name"], Missing)
    assert (await bank.types(request)).count("privacy-request.decided") == 2
    assert hold


async def test_a_disposal_takes_what_is_over_and_keeps_the_rest(bank):
    await bank.schedule(TOUCHES)
    old, held = await bank.person(), await bank.person()
    bank.at = datetime.now(UTC)
    young = await bank.person()
    await bank.hold(held)
    nobody = new_id()
    disposal = await bank.dispose("touch", old, held, young, nobody)
    done = await bank.run()
    assert (done.disposals, done.troubles) == ([disposal], {})
    assert isinstance((await bank.opened(old))["touch.responded.text"], Missing)
    assert (await bank.opened(old))["customer.registered.name"] in bank.canaries[old]
    for kept in (held, young):
        assert (await bank.opened(kept))["touch.responded.text"] in bank.canaries[kept]
    issued = await find(
        bank.daybook.record.pool, "disposal/1", str(disposal), bank.daybook.record.partition_of(disposal)
    )
    assert issued is not None
    content = read(issued.note, *await certificate_keys(bank.daybook.record.pool)).content
    assert [one["basis"] for one in content["kept"]] == ["legal-hold", "policy", "no-data"]
    assert len(content["erasures"]) == 1
