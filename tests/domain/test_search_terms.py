"""The same value is always the same text, however it is written; different values stay different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import event_types
from domain.kernel import personal_fields
from domain.search_terms import ByField, normalised

KINDS = ("name", "phone", "email", "address", "document")


@pytest.mark.parametrize(
    ("kind", "written", "compared"),
    [
        ("name", "  Wang\u3000 Fang ", "wang fang"),
        ("name", "\uff37ang FANG", "wang fang"),
        ("name", "Stra\u00dfe", "strasse"),
        ("name", "Zoe\u0308", "zo\u00eb"),
        ("name", "\u738b\u82b3", "\u738b\u82b3"),
        ("name", "\u738b\u3000\u82b3", "\u738b\u82b3"),
        ("name", " \u738b \u5c0f \u660e ", "\u738b\u5c0f\u660e"),
        ("name", "\u738b Fang", "\u738b fang"),
        (
            "name",
            "\u963f\u535c\u675c\u62c9\u2022\u4e70\u4e70\u63d0",
            "\u963f\u535c\u675c\u62c9\u00b7\u4e70\u4e70\u63d0",
        ),
        (
            "name",
            "\u963f\u535c\u675c\u62c9 \u30fb \u4e70\u4e70\u63d0",
            "\u963f\u535c\u675c\u62c9\u00b7\u4e70\u4e70\u63d0",
        ),
        ("name", "\u65b0\u7586\u5929\u5c71\uff08\u96c6\u56e2\uff09", "\u65b0\u7586\u5929\u5c71(\u96c6\u56e2)"),
        ("name", "\u81fa\u7063", "\u81fa\u7063"),
        ("document", "\uff11\uff110105 19491231-002x", "11010519491231002x"),
        ("document", "9135 0100 M000100Y43", "91350100m000100y43"),
        ("phone", "+86 138-0000 0000", "+8613800000000"),
        ("phone", "0086 138 0000 0000", "+8613800000000"),
        ("phone", "\uff0b86 \uff11\uff13\uff18 0000 0000", "+8613800000000"),
        ("phone", "+44 (0)20 7946 0000", "+442079460000"),
        ("phone", "(020) 7946 0000", "02079460000"),
        ("phone", "\u0661\u0662\u0663", "123"),
        ("phone", "none", ""),
        ("email", " Fang.Wang@Example.COM ", "fang.wang@example.com"),
        ("email", "A\u00b4", "\u00e1"),
        ("address", "12 Main St., Springfield", "12 main st springfield"),
        ("address", "Flat 3-2, 12 Main St", "flat 3 2 12 main st"),
        (
            "address",
            "\u5317\u4eac\u5e02 \u6d77\u6dc0\u533a\u3001\u4e2d\u5173\u6751\u5927\u8857\uff12\uff17\u53f7 3-101",
            "\u5317\u4eac\u5e02\u6d77\u6dc0\u533a\u4e2d\u5173\u6751\u5927\u885727\u53f73 101",
        ),
        (
            "address",
            "\u4e2d\u56fd\u5317\u4eac\u5e02\u6d77\u6dc0\u533a \u90ae\u7f16\uff1a100080",
            "\u5317\u4eac\u5e02\u6d77\u6dc0\u533a",
        ),
        ("address", "100080 \u5317\u4eac\u5e02\u6d77\u6dc0\u533a", "\u5317\u4eac\u5e02\u6d77\u6dc0\u533a"),
        ("address", "\u4e2d\u56fd", "\u4e2d\u56fd"),
    ],
)
def test_how_values_are_compared(kind, written, compared):
    assert normalised(kind, written) == compared


@given(st.sampled_from(KINDS), st.text(max_size=60))
def test_what_is_normalised_stays_as_it_is(kind, value):
    once = normalised(kind, value)
    assert normalised(kind, once) == once


@given(st.text("abcXYZ\u00c9\u00e9\u738b ", max_size=40), st.sampled_from([" ", "\u3000", "\u00a0 ", "  "]))
def test_a_name_does_not_depend_on_case_or_spaces(value, space):
    wanted = normalised("name", value)
    assert normalised("name", value.upper()) == normalised("name", value.lower()) == wanted
    assert normalised("name", f"{space}{value.replace(' ', space)}{space}") == wanted


@given(st.from_regex(r"[1-9][0-9]{5,14}", fullmatch=True), st.lists(st.sampled_from(" -./()"), min_size=3, max_size=3))
def test_a_phone_number_does_not_depend_on_what_stands_between_its_digits(digits, between):
    first, second, third = between
    written = f"{digits[:2]}{first}{digits[2:4]}{second}{third}{digits[4:]}"
    for before, wanted in (("+", f"+{digits}"), ("00", f"+{digits}"), ("", digits)):
        assert normalised("phone", before + written) == wanted


def test_every_searched_field_says_of_which_kind_it_is():
    searched = [
        (event, mark.search)
        for event in event_types().values()
        for _, mark in personal_fields(event)
        if mark.search is not None
    ]
    assert {event.type for event, _ in searched} == {
        "customer.registered", "customer.details-corrected", "customer.correction-requested",
        "customer.contact-point-added",
        "customer.identity-document-recorded",
    }  # fmt: skip
    for event, search in searched:
        kinds = [kind for _, kind in search.kinds] if isinstance(search, ByField) else [search]
        assert set(kinds) <= set(KINDS)
        assert not isinstance(search, ByField) or search.field in event.model_fields
