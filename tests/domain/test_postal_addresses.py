"""What a Chinese address shows to be wrong, and that how it is written does not matter to who searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.customer_messages import AddContactPoint
from domain.postal_addresses import fault_of
from domain.search_terms import normalised
from tests.domain.scenario import ONE, to

BEIJING = "北京市海淀区示例路1号"


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (BEIJING, None),
        (f"100080 {BEIJING}", None),
        (f"{BEIJING} 邮编:100080", None),
        (f"{BEIJING} 邮编\uff1a\uff11\uff10\uff10\uff10\uff18\uff10", None),
        ("臺北市信義區市府路1號", None),
        ("东京都千代田区丸之内1-1", None),
        ("1 Example Street", None),
        ("Postfach", None),
        (f"{BEIJING} 邮编:10008", "address_postal_code"),
        (f"{BEIJING},邮政编码:1000800", "address_postal_code"),
        (f"{BEIJING} 邮编 900000", "address_postal_code"),
        ("王芳", "address_place"),
    ],
)
def test_what_makes_an_address_wrong(address, fault):
    assert fault_of(address) == fault


def test_it_is_refused_without_being_repeated():
    with pytest.raises(ValidationError) as caught:
        to(AddContactPoint, contact_point_id=ONE, kind="postal_address", value="王芳")
    (told,) = caught.value.errors(include_input=False)
    assert (told["msg"], told["loc"]) == ("Value error, address_place", ("value",))
    assert "王芳" not in str(caught.value)
    assert to(AddContactPoint, contact_point_id=ONE, kind="messaging", value="王芳").value == "王芳"


@given(
    st.lists(st.sampled_from(["海淀区", "示例路", "小区", "1号", "甲座"]), min_size=1, max_size=6),
    st.sampled_from(["", " ", ",", "、", "\u3000"]),
    st.sampled_from(["", "中国", "中华人民共和国 ", "100080 ", "中国 100080", "邮编:100080 "]),
    st.sampled_from(["", " 邮编100080", ",邮政编码:100080", "。"]),
)
def test_a_chinese_address_does_not_depend_on_how_it_is_written(parts, between, before, after):
    written = before + between.join(("北京市", *parts)) + after
    assert normalised("address", written) == normalised("address", "".join(("北京市", *parts)))
