"""From a row to a touch, without a database."""

from collections.abc import Callable

import pytest

from domain.touch import ConfirmTouchDelivery, DecideTouch, RecordTouchConversion, RecordTouchResponse
from engine.importing.bank_marketing import BankMarketingImporter
from engine.importing.reading import Mapped
from engine.importing.rows import Row
from engine.importing.verdict import ImportRefused, Unreadable
from tests.engine.importing.made_up import CONTACT


@pytest.fixture
def read(identities, origin) -> Callable[..., Mapped]:
    importer = BankMarketingImporter(list(CONTACT), identities, origin)

    def read_one(**values: str) -> Mapped:
        fields = list((CONTACT | values).values())
        return importer.read(Row(1, 2, fields, [b""], None, fallback=False))

    return read_one


def test_a_declined_call(read) -> None:
    mapped = read(y="no", duration="100")
    decided, delivered, responded = mapped.unit.commands
    assert isinstance(decided, DecideTouch)
    assert (decided.decision, decided.channel, decided.campaign_version) == ("send", "phone", 2)
    assert isinstance(delivered, ConfirmTouchDelivery)
    assert isinstance(responded, RecordTouchResponse)
    assert responded.response == "declined"


def test_an_accepted_call_is_a_conversion(read) -> None:
    *_, responded, converted = read(y="yes").unit.commands
    assert responded.response == "accepted"
    assert isinstance(converted, RecordTouchConversion)
    assert converted.product == "term_deposit"


def test_a_call_of_no_seconds_was_not_delivered(read) -> None:
    mapped = read(y="no", duration="0")
    assert [type(command) for command in mapped.unit.commands] == [DecideTouch]
    assert mapped.notes == ("no-talk",)


def test_attributes_are_whole_numbers_and_text_and_the_age_is_a_band(read) -> None:
    (decided, *_) = read(age="39", pdays="999", previous="0").unit.commands
    assert decided.attributes["age_band"] == "35-44"
    assert decided.attributes["euribor3m"] == "3.21"
    assert decided.attributes["campaign"] == 4
    assert "pdays" not in decided.attributes
    assert "age" not in decided.attributes
    assert all(type(value) in {int, str} for value in decided.attributes.values())


def test_never_contacted_before_but_previous_contacts_is_noted(read) -> None:
    assert read(pdays="999", previous="2").notes == ("never-contacted-but-previous-contacts",)
    assert read(pdays="3", previous="2").notes == ()


def test_equal_rows_are_different_persons(read) -> None:
    first, second = read(), read()
    assert first.unit.commands[0].customer_id != second.unit.commands[0].customer_id
    assert first.stream_id != second.stream_id


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"y": "perhaps"}, "word-unknown:y"),
        ({"y": ""}, "value-missing:y"),
        ({"job": "astronaut"}, "word-unknown:job"),
        ({"age": "forty"}, "number-unreadable:age"),
        ({"age": "131"}, "number-out-of-range:age"),
        ({"duration": "-1"}, "number-unreadable:duration"),
        ({"euribor3m": "1e-3"}, "number-unreadable:euribor3m"),
        ({"nr.employed": "5,000"}, "number-unreadable:nr.employed"),
    ],
)
def test_what_cannot_be_read_says_why_and_where(read, values: dict[str, str], reason: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read(**values)
    assert [str(found) for found in unreadable.value.reasons] == [reason]


def test_the_older_data_set_is_refused_with_the_columns_it_lacks(identities, origin) -> None:
    header = ["age", "job", "marital", "education", "default", "balance", "housing", "loan", "contact", "day", "month"]
    with pytest.raises(ImportRefused, match="lacks 'duration'"):
        BankMarketingImporter(header, identities, origin)
