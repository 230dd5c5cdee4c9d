"""Numbers of documents: what is right is taken however it is written, and one wrong character is found."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.identity_documents import (
    CREDIT_ALPHABET,
    PROVINCES,
    credit_check,
    fault_of,
    organisation_check,
    region_of,
    resident_check,
    written_plainly,
)
from domain.identity_messages import RecordIdentityDocument
from tests.domain.scenario import ONE, to

AT = datetime(2026, 11, 2, tzinfo=UTC)
# GB 11643 and GB 32100 have these examples themselves; the others are of well-known companies.
RESIDENT = ("11010519491231002X", "440524188001010014")
CREDIT = ("91350100M000100Y43", "91110000802100433B", "91440300708461136T", "91330106673959654P")
BORN = st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 1, 1))


@pytest.mark.parametrize("number", RESIDENT)
def test_resident_numbers(number):
    assert fault_of("resident_id", number, AT) is None
    assert region_of("resident_id", number) == number[:6]


@pytest.mark.parametrize("number", CREDIT)
def test_unified_social_credit_codes(number):
    assert fault_of("unified_social_credit_code", number, AT) is None
    assert region_of("unified_social_credit_code", number) == number[2:8]


@pytest.mark.parametrize(
    ("kind", "number", "fault"),
    [
        ("resident_id", "11010519491231002", "document_length"),
        ("resident_id", "110105491231002", "document_length"),  # of fifteen digits, out of use since 2013
        ("resident_id", "1101051949123100XX", "document_characters"),
        ("resident_id", "11010519491231002A", "document_characters"),
        ("resident_id", "01010519491231002X", "document_region"),
        ("resident_id", "11010519490231002X", "document_date"),
        ("resident_id", "11010520991231002X", "document_date"),
        ("resident_id", "110105194912310021", "document_checksum"),
        ("unified_social_credit_code", "91350100M000100Y4", "document_length"),
        ("unified_social_credit_code", "91350100M000100I43", "document_characters"),
        ("unified_social_credit_code", "913501A0M000100Y43", "document_characters"),
        ("unified_social_credit_code", "B1350100M000100Y43", "document_registrar"),
        ("unified_social_credit_code", "91350100M000100Y44", "document_checksum"),
        ("passport", "E12", "document_length"),
        ("passport", "E1234567\u738b", "document_characters"),
        ("passport", "E12345678", None),
        ("company_registration", "HRB 12345 B", None),
    ],
)
def test_what_is_wrong_is_named(kind, number, fault):
    assert fault_of(kind, number, AT) == fault


def test_an_organisation_code_has_a_check_of_its_own():
    body = CREDIT[0][:16] + "5"
    number = body + credit_check(body)
    assert fault_of("unified_social_credit_code", number, AT) == "document_organisation_checksum"


@given(st.sampled_from(sorted(PROVINCES)), st.integers(100, 9999), BORN, st.integers(1, 999), st.data())
def test_one_wrong_digit_of_a_resident_number_is_always_found(province, county, born, sequence, data):
    body = f"{province}{county:04d}{born:%Y%m%d}{sequence:03d}"
    number = body + resident_check(body)
    assert fault_of("resident_id", number, AT) is None
    place = data.draw(st.integers(0, 16))
    wrong = data.draw(st.sampled_from([one for one in "0123456789" if one != number[place]]))
    assert fault_of("resident_id", number[:place] + wrong + number[place + 1 :], AT) is not None


@given(st.text(CREDIT_ALPHABET, min_size=8, max_size=8), st.integers(100000, 659999), st.data())
def test_one_wrong_character_of_a_credit_code_is_always_found(organisation, region, data):
    body = f"91{region}{organisation}"
    checked = organisation_check(organisation)
    number = f"{body}{checked}{credit_check(body + checked)}"
    assert fault_of("unified_social_credit_code", number, AT) is None
    place = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from([one for one in CREDIT_ALPHABET if one != number[place]]))
    assert fault_of("unified_social_credit_code", number[:place] + wrong + number[place + 1 :], AT) is not None


def test_numbers_are_kept_as_they_are_compared():
    assert written_plainly("\uff11\uff110105 19491231-002x") == "11010519491231002X"
    given_by = to(RecordIdentityDocument, document_id=ONE, kind="resident_id", number=" 110105 19491231 002x ")
    assert given_by.number == "11010519491231002X"
    assert "19491231" not in repr(given_by)


def test_a_wrong_number_is_not_repeated_in_what_is_said_of_it():
    with pytest.raises(ValidationError) as caught:
        to(RecordIdentityDocument, document_id=ONE, kind="resident_id", number="110105194912310021")
    (told,) = caught.value.errors(include_input=False)
    assert (told["msg"], told["loc"]) == ("Value error, document_checksum", ("number",))
    assert "19491231" not in str(caught.value)
