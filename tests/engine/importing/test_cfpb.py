"""From a row to commands, without a database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

import pytest

from domain.complaint import CloseComplaint
from domain.complaint_handling import ForwardComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse, PublishResponse, SendHoldingResponse
from domain.complaint_review import DisputeComplaint
from domain.kernel import Command
from engine.importing.cfpb import CfpbImporter
from engine.importing.reading import Mapped, day_of
from engine.importing.rows import Row
from engine.importing.verdict import Reason, Unreadable
from tests.engine.importing.made_up import PUBLIC, complaint

NUMBERLESS = PUBLIC[:-1]
C = TypeVar("C", bound=Command)


@pytest.fixture
def read(identities, origin) -> Callable[..., Mapped]:
    importer = CfpbImporter(PUBLIC, identities, origin)
    return lambda **values: importer.read(row_of(complaint(**values), PUBLIC))


def row_of(values: dict[str, str], columns: list[str]) -> Row:
    return Row(1, 2, [values.get(title, "") for title in columns], [b""], None, fallback=False)


def kinds(mapped: Mapped) -> list[type[Command]]:
    return [type(command) for command in mapped.unit.commands]


def command(mapped: Mapped, kind: type[C]) -> C:
    (found,) = [command for command in mapped.unit.commands if isinstance(command, kind)]
    return found


def test_a_usual_row(read) -> None:
    mapped = read(consumer_complaint_narrative="They charged me XXXX.", zip_code="33511")
    assert kinds(mapped) == [ReceiveComplaint, ForwardComplaint, IssueFinalResponse, CloseComplaint]
    received = command(mapped, ReceiveComplaint)
    assert received.model_dump(exclude_none=True, exclude={"complaint_id", "complainant_id"}) == {
        "occurred_at": datetime(2023, 8, 25, 12, tzinfo=UTC),
        "channel": "web",
        "product": "Checking or savings account",
        "sub_product": "Checking account",
        "issue": "Managing an account",
        "sub_issue": "Fee problem",
        "received_on": date(2023, 8, 25),
        "regime": "us.cfpb",
        "respondent": "FIRST MADE-UP BANK",
        "source": "us.cfpb",
        "external_ref": "9000001",
        "region": "US-FL",
        "postal_prefix": "335",
        "tags": (),
        "capacity": "own",
        "complainants": 1,
        "complained_about": (),
        "narrative_consent": "provided",
        "postal_code": "33511",
        "description": "They charged me XXXX.",
    }
    assert received.customer_id is None
    forwarded = command(mapped, ForwardComplaint)
    assert (forwarded.respondent, forwarded.sent_on) == ("FIRST MADE-UP BANK", date(2023, 8, 26))
    final = command(mapped, IssueFinalResponse)
    assert final.occurred_at == datetime(2023, 8, 26, 12, tzinfo=UTC)
    assert final.timely_asserted is True
    assert final.notified_at is None
    assert mapped.notes == ()


@pytest.mark.parametrize(
    ("word", "redress", "closes"),
    [
        ("Closed", "not_stated", True),
        ("Closed with explanation", "none", True),
        ("Closed with monetary relief", "monetary", True),
        ("CLOSED WITH NON-MONETARY RELIEF", "non_monetary", True),
        ("Closed with relief", "not_stated", True),
        ("Closed without relief", "none", True),
        ("Untimely response", "not_stated", False),
    ],
)
def test_final_words_over_the_years(read, word: str, redress: str, closes: object) -> None:
    mapped = read(company_response_to_consumer=word)
    final = command(mapped, IssueFinalResponse)
    assert (final.outcome, final.redress, final.company_response) == ("not_stated", redress, word)
    assert (CloseComplaint in kinds(mapped)) is closes


def test_in_progress_is_a_holding_response(read) -> None:
    mapped = read(company_response_to_consumer="In progress", timely_response="No")
    assert kinds(mapped) == [ReceiveComplaint, ForwardComplaint, SendHoldingResponse]
    assert mapped.notes == ("timely-asserted-before-final:no",)
    assert "timely-asserted-before-final:no" in (mapped.unit.context.reason or "")


def test_no_response_word_is_noted(read) -> None:
    mapped = read(company_response_to_consumer="", timely_response="")
    assert kinds(mapped) == [ReceiveComplaint, ForwardComplaint]
    assert mapped.notes == ("response-missing",)


@pytest.mark.parametrize(("word", "asserted"), [("Yes", True), ("No", False), ("N/A", None), ("", None)])
def test_disputes(read, word: str, asserted: object) -> None:
    mapped = read(consumer_disputed=word)
    assert command(mapped, IssueFinalResponse).disputed_asserted is asserted
    assert (DisputeComplaint in kinds(mapped)) is (asserted is True)


def test_public_response_and_tags(read) -> None:
    mapped = read(company_public_response="Company disputes the facts", tags="Older American, Servicemember")
    assert command(mapped, PublishResponse).public_response == "Company disputes the facts"
    assert command(mapped, ReceiveComplaint).tags == ("Older American", "Servicemember")


def test_sent_before_received_is_kept_and_noted(read) -> None:
    mapped = read(date_sent_to_company="2023-08-01")
    assert mapped.notes == ("sent-before-received",)
    assert command(mapped, ForwardComplaint).occurred_at == datetime(2023, 8, 1, 12, tzinfo=UTC)
    assert command(mapped, IssueFinalResponse).occurred_at == datetime(2023, 8, 25, 12, tzinfo=UTC)


def test_letters_that_were_taken_for_control_characters(read) -> None:
    mapped = read(company="SMITH\x92S BANK")
    assert command(mapped, ForwardComplaint).respondent == "SMITH\u2019S BANK"
    assert mapped.notes == ("windows-1252-in-utf-8",)


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ({"complaint_id": ""}, ["value-missing:complaint_id"]),
        ({"complaint_id": "12a"}, ["number-unreadable:complaint_id"]),
        ({"product": " "}, ["value-missing:product"]),
        ({"company": ""}, ["value-missing:company"]),
        ({"date_received": ""}, ["value-missing:received_on"]),
        ({"date_received": "31/12/2023"}, ["date-unreadable:received_on"]),
        ({"date_sent_to_company": "soon"}, ["date-unreadable:sent_on"]),
        ({"state": "Atlantis"}, ["word-unknown:state"]),
        ({"submitted_via": "Pigeon"}, ["word-unknown:channel"]),
        ({"submitted_via": ""}, ["value-missing:channel"]),
        ({"consumer_consent_provided": "Maybe"}, ["word-unknown:consent"]),
        ({"company_response_to_consumer": "Closed for lunch"}, ["word-unknown:company_response"]),
        ({"timely_response": "1", "consumer_disputed": "0"}, ["word-unknown:timely", "word-unknown:disputed"]),
        ({"product": "x" * 201}, ["text-too-long:product"]),
        ({"issue": "two\nlines"}, ["text-unreadable:issue"]),
        ({"consumer_complaint_narrative": "x" * 50_001}, ["text-too-long:description"]),
        ({"consumer_complaint_narrative": "a\0b"}, ["text-unreadable:description"]),
        ({"tags": "a," * 30}, ["too-many-values:tags"]),
    ],
)
def test_what_cannot_be_read_says_why_and_where(read, values: dict[str, str], reasons: list[str]) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(**values)
    assert [str(reason) for reason in unreadable.value.reasons] == reasons


def test_reasons_hold_no_values(read) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(state="Jane Doe, 1 High Street")
    assert unreadable.value.reasons == (Reason("word-unknown", "state"),)


def test_ids_depend_on_the_number_alone_and_commands_on_all_of_the_row(read) -> None:
    first, again, later = read(), read(), read(company_response_to_consumer="In progress")
    other = read(complaint_id="9000002")
    assert first.unit == again.unit
    assert first.stream_id == later.stream_id == read(date_received="1/2/2023").stream_id
    assert first.unit.context.command_id != later.unit.context.command_id
    assert len({first.stream_id, other.stream_id}) == 2


def test_dates_in_any_form_make_the_same_command(read) -> None:
    contexts = {
        read(date_received=received, date_sent_to_company=sent).unit.context.command_id
        for received, sent in [("2023-08-25", "2023-08-26"), ("8/25/2023", "08/26/2023"), ("8/25/23", "8/26/23")]
    }
    assert len(contexts) == 1


def test_without_numbers_equal_rows_are_different_complaints(identities, origin) -> None:
    def read_two() -> list[Mapped]:
        importer = CfpbImporter(NUMBERLESS, identities, origin)
        return [importer.read(row_of(complaint(), NUMBERLESS)) for _ in range(2)]

    first, second = read_two()
    assert first.stream_id != second.stream_id
    assert [mapped.unit for mapped in read_two()] == [first.unit, second.unit]
    assert command(first, ReceiveComplaint).external_ref is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2014-11-13", date(2014, 11, 13)),
        ("2014-11-13T12:00:00-05:00", date(2014, 11, 13)),
        ("11/13/2014", date(2014, 11, 13)),
        ("1/3/14", date(2014, 1, 3)),
        ("2014-11", None),
        ("13.11.2014", None),
        ("11/13/014", None),
        ("-1/13/2014", None),
        ("2/30/2014", None),
        ("1/2/3/4", None),
        ("", None),
    ],
)
def test_days(text: str, day: date | None) -> None:
    assert day_of(text) == day
