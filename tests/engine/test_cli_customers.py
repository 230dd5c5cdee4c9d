"""Links, merges, leads and touches on the command line, by the same commands and queries as over the API."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from domain.customer_messages import AddContactPoint, RegisterCustomer
from domain.lead import CaptureLead, QualifyLead
from engine.cli import app
from store.identity import new_id
from tests.engine.contact_bank import Bank

LOOKING = ("--actor", "staff:1", "--role", "front-office", "--purpose", "service")


@pytest.fixture
def bank(daybook) -> Bank:
    return Bank(daybook)


@pytest.fixture
def cli(daybook, monkeypatch):
    """Runs a command in this process: its exit code, and what it printed as JSON, as text, or to people."""
    for name in ("database_url", "data_dir"):
        monkeypatch.setenv(f"DAYBOOK_{name.upper()}", str(getattr(daybook.settings, name)))

    async def run(*arguments: object, text: bool = False) -> tuple[int, Any]:
        asked = [*map(str, arguments), *([] if text else ["--json"])]
        done = await asyncio.to_thread(CliRunner().invoke, app, asked)
        if not done.stdout:
            return done.exit_code, done.stderr
        return done.exit_code, done.stdout if text else json.loads(done.stdout.splitlines()[-1])

    return run


async def person(bank: Bank, name: str = "Wang Fang", phone: str = "+86 138 0000 0000") -> UUID:
    customer = new_id()
    await bank.give(RegisterCustomer, customer_id=customer, kind="person", name=name)
    point = {"contact_point_id": new_id(customer), "kind": "mobile", "value": phone}
    await bank.give(AddContactPoint, customer_id=customer, **point)
    return customer


async def test_whom_a_rule_proposes_is_linked_merged_by_another_and_parted_again(bank, cli):
    one, other = sorted([await person(bank), await person(bank)])
    stranger = await person(bank, "Chen Bo", "+86 139 1111 1111")
    _, found = await cli("links", "list", other, *LOOKING)
    (candidate,) = found["candidates"]
    assert (candidate["customer_id"], candidate["other_id"], candidate["link"]) == (str(one), str(other), None)
    assert {each["kind"] for each in candidate["evidence"]} == {"name", "phone"}
    by_rule = ("--reason", "registered-twice", *LOOKING)
    code, why = await cli("links", "confirm", other, stranger, *by_rule)
    assert (code, "No rule proposes" in why) == (1, True)
    _, linked = await cli("links", "confirm", other, one, *by_rule)
    assert (linked["rule"], linked["evidence"]) == (candidate["rules"][0], ["name", "phone"])
    link = linked["link_id"]
    assert f"{one} {other}  name-and-phone: name" in (await cli("links", "list", one, *LOOKING, text=True))[1]
    (waiting,) = (await cli("links", "proposed"))[1]["waiting"]
    assert (waiting["customer_id"], [each["link_id"] for each in waiting["links"]]) == (str(one), [link])
    told = f"{one} {other}  link {link} by staff:1, registered-twice: name-and-phone"
    assert told in (await cli("links", "proposed", text=True))[1]
    code, why = await cli("links", "confirm", other, one, *by_rule)
    assert (code, f"other: They are linked already (proposed): {link}." in why) == (1, True)
    code, why = await cli("merges", "agree", one, link, "--reason", "registered-twice", "--actor", "staff:1")
    assert (code, why.splitlines()[-1]) == (1, "daybook: merged_by: Who proposed the link cannot merge its customers.")
    _, merged = await cli("merges", "agree", one, link, "--reason", "registered-twice", "--actor", "staff:2")
    assert (merged["status"], merged["other_id"]) == ("merged", str(other))
    assert (await cli("links", "proposed"))[1]["waiting"] == []
    assert await cli("merges", "unfinished") == (0, {"unfinished": []})
    _, parted = await cli("merges", "reverse", one, link, "--reason", "mother-and-daughter", "--actor", "staff:1")
    assert [step["type"].partition(".")[2] for step in parted["steps"]] == [
        "identity-linked", "merge-claimed", "merged", "merge-reversed",
    ]  # fmt: skip


async def test_a_link_of_ones_own_judgement_is_given_up(bank, cli):
    one, other = sorted([await person(bank), await person(bank, "Chen Bo", "+86 139 1111 1111")])
    _, proposed = await cli("merges", "propose", other, one, "--reason", "same-face", "--actor", "staff:1")
    assert (proposed["status"], proposed["customer_id"]) == ("proposed", str(one))
    given_up = ("links", "reject", one, proposed["link_id"], "--reason", "twins", "--actor", "staff:1")
    assert (await cli(*given_up))[1]["status"] == "given-up"
    _, shown = await cli("merges", "show", one, proposed["link_id"], text=True)
    assert shown.startswith(f"given-up: {one} and {other}")
    assert "customer.identity-unlinked  staff:1" in shown
    for nobody in (new_id(), one):
        code, why = await cli("merges", "show", nobody, new_id())
        assert (code, "link_id: The customer has no such link" in why) == (1, True)


async def test_a_merge_that_somebody_left_is_unfinished(bank, cli, daybook, monkeypatch):
    one, other = sorted([await person(bank), await person(bank)])
    _, proposed = await cli("merges", "propose", one, other, "--reason", "registered-twice", "--actor", "staff:1")
    # No other process goes on with what this one, which claims alone, has left.
    monkeypatch.setattr("engine.spanning.Merging.carry_on", lambda *_: asyncio.sleep(0))
    await cli("merges", "agree", one, proposed["link_id"], "--reason", "registered-twice", "--actor", "staff:2")
    assert f"claimed   {one}" in (await cli("merges", "unfinished", text=True))[1]
    (left,) = (await cli("merges", "unfinished"))[1]["unfinished"]
    assert (left["customer_id"], left["merge_id"], left["status"]) == (str(one), proposed["link_id"], "claimed")


async def test_leads_by_source_and_state(bank, cli):
    leads = [new_id() for _ in range(3)]
    for lead, source in zip(leads, ("fair", "fair", "web"), strict=True):
        await bank.give(CaptureLead, lead_id=lead, source=source, channel="visit")
    await bank.give(QualifyLead, lead_id=leads[0], score=80, qualified_by="staff:1")
    _, found = await cli("leads", "list", "--source", "fair")
    assert {one["lead_id"] for one in found["leads"]} == {*map(str, leads[:2])}
    _, found = await cli("leads", "list", "--source", "fair", "--status", "qualified")
    assert [(one["lead_id"], one["score"]) for one in found["leads"]] == [(str(leads[0]), 80)]
    assert f"qualified  fair           {leads[0]}" in (await cli("leads", "list", text=True))[1]
    assert (await cli("leads", "show", leads[2]))[1]["source"] == "web"
    assert "source         web\n" in (await cli("leads", "show", leads[2], text=True))[1]
    code, why = await cli("leads", "show", new_id())
    assert (code, "no such lead" in why) == (1, True)


async def test_touches_of_a_customer_with_rule_and_reason_and_whether_they_were_lawful(bank, cli):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    for _ in range(3):
        await bank.propose(customer, campaign)
    _, found = await cli("touches", "list", customer)
    assert [(one["status"], one["rule"], one["rule_version"], one["reason"]) for one in found["touches"]] == [
        ("held", "window", 0, "marketing.week"), *[("sent", "allowed", 0, "all-rules-pass")] * 2,
    ]  # fmt: skip
    assert (await cli("touches", "list", customer, "--campaign", new_id()))[1]["touches"] == []
    _, of_campaign = await cli("touches", "list", "--campaign", campaign)
    assert of_campaign == found
    (held,) = (await cli("touches", "list", "--campaign", campaign, "--status", "held"))[1]["touches"]
    assert held == found["touches"][0]
    assert (await cli("touches", "list", customer, "--status", "held"))[1]["touches"] == [held]
    _, first = await cli("touches", "list", "--campaign", campaign, "--limit", 2)
    _, rest = await cli("touches", "list", "--campaign", campaign, "--after", first["next"])
    assert (first["touches"] + rest["touches"], rest["next"]) == (found["touches"], None)
    code, why = await cli("touches", "list")
    assert (code, "name a customer, a campaign, or both" in why) == (2, True)
    _, told = await cli("touches", "explain", found["touches"][1]["touch_id"])
    assert (told["lawful"], told["then"]["decision"], told["with_hindsight"]["decision"]) == (True, "send", "send")
    assert {one["rule"] for one in told["then"]["rules"]} >= {"consent", "window", "hours"}
    assert "marketing by email: window, version 0" in (await cli("touches", "list", customer, text=True))[1]
    _, told = await cli("touches", "explain", found["touches"][0]["touch_id"], text=True)
    assert told.startswith("hold at ")
    assert "as it was known then: not sent\n" in told
    assert "  hold      window         marketing.week" in told
    code, why = await cli("touches", "explain", new_id())
    assert (code, "no such touch" in why) == (1, True)
