import pytest

from engine.importing.places import PostalCode, Region, postal_code_of, region_of


@pytest.mark.parametrize(
    ("state", "region"),
    [
        ("FL", Region("US-FL")),
        ("dc", Region("US-DC")),
        ("PR", Region("US-PR")),
        ("UNITED STATES MINOR OUTLYING ISLANDS", Region("US-UM")),
        ("AE", Region(None, "region-military:AE")),
        ("AP", Region(None, "region-military:AP")),
        ("MH", Region(None, "region-not-us:MH")),
        ("XX", None),
    ],
)
def test_states(state: str, region: Region | None) -> None:
    assert region_of(state) == region


@pytest.mark.parametrize(
    ("text", "state", "postal_code"),
    [
        ("33511", "FL", PostalCode("33511", "335")),
        ("33511-0001", "FL", PostalCode("33511-0001", "335")),
        ("335XX", "FL", PostalCode(None, "335")),
        ("XXXXX", "FL", PostalCode(None, None)),
        ("2139", "MA", PostalCode("02139", "021", "postal-code-zeros-inferred")),
        ("716", "PR", PostalCode("00716", "007", "postal-code-zeros-inferred")),
        ("2139", "FL", PostalCode("2139", None, "postal-code-form-unknown")),
        ("216", "MA", PostalCode("216", None, "postal-code-form-unknown")),
        ("85-XX", "NY", PostalCode("85-XX", None, "postal-code-form-unknown")),
        ("82101", "WY", PostalCode("82101", None)),  # few people live there
    ],
)
def test_postal_codes(text: str, state: str, postal_code: PostalCode) -> None:
    assert postal_code_of(text, state) == postal_code
