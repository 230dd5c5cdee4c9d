"""Streams of text ids are what they are for ever: data lies under them."""

from uuid import UUID

import pytest

from eventsourcing_daybook.originators import meta_of, originator_of, stream_of


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        ("", "e3b0c442-98fc-8c14-9afb-f4c8996fb924"),
        ("kunde-1", "83f8d895-9cf5-8407-b4eb-e21c5dee9299"),
        ("客户-1", "221fb894-92f7-8353-a135-570ce7468757"),
    ],
)
def test_golden_vectors(text, stream):
    assert stream_of(text) == UUID(stream)
    assert originator_of(stream_of(text), meta_of(text)) == text
