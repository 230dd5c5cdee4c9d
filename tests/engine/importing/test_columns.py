import pytest

from engine.importing.cfpb_words import COLUMNS, REQUIRED
from engine.importing.columns import find_columns
from engine.importing.verdict import ImportRefused
from tests.engine.importing.made_up import PUBLIC

INTAKE = [
    "date_received", "product", "sub_product", "issue", "sub_issue", "consumer_narrative", "company_public_response",
    "company", "state", "zip_code", "tag", "consent_status", "submitted_via", "date_sent_to_company",
    "company_response_to_consumer", "timely_response", "consumer_disputed", "public_id", "event_tag",
]  # fmt: skip
OLD = [
    "Complaint ID", "Product", "Sub-product", "Issue", "Sub-issue", "State", "ZIP code", "Submitted via",
    "Date received", "Date sent to company", "Company", "Company response", "Timely response?", "Consumer disputed?",
]  # fmt: skip


@pytest.mark.parametrize("header", [PUBLIC, [*PUBLIC, "Event tag"], INTAKE, OLD, [title.upper() for title in OLD]])
def test_every_column_set_is_known(header: list[str]) -> None:
    columns = find_columns(header, COLUMNS, REQUIRED)
    assert columns.ignored == ()
    assert len(columns.present) == len(header)


def test_values_come_in_the_importers_order_and_absent_ones_are_empty() -> None:
    columns = find_columns(["b", " C-c? ", "x"], {"a": ("A",), "b": ("B",), "c": ("c c",)}, frozenset({"b"}))
    assert columns.pick(["1", "2", "3"]) == ("", "1", "2")
    assert columns.ignored == ("x",)


def test_a_header_that_lacks_columns_is_told_which() -> None:
    with pytest.raises(ImportRefused, match=r"lacks 'Date received', 'Company'; it has 'Product', 'Submitted via'"):
        find_columns(["Product", "Submitted via", "Company response"], COLUMNS, REQUIRED)


def test_two_spellings_of_one_column_are_refused() -> None:
    with pytest.raises(ImportRefused, match="'Company response to consumer' twice"):
        find_columns([*PUBLIC, "Company response"], COLUMNS, REQUIRED)
