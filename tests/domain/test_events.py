"""What holds for events alone: they are never changed, know their time to the offset, and are read back as written."""

import pytest
from pydantic import ValidationError

from domain import AGGREGATES
from tests.domain.generate import variant

every_event = pytest.mark.parametrize(
    "event", [event for aggregate in AGGREGATES for event in aggregate.events], ids=lambda event: event.type
)


@every_event
def test_an_event_is_never_changed(event):
    made = variant(event, 0)
    for name in event.model_fields:
        with pytest.raises(ValidationError):
            setattr(made, name, getattr(made, name))


@every_event
def test_an_event_has_no_fields_but_its_own_and_a_time_with_an_offset(event):
    said = variant(event, 0).model_dump()
    with pytest.raises(ValidationError):
        event.model_validate({**said, "anything": 1})
    with pytest.raises(ValidationError):
        event.model_validate({**said, "occurred_at": said["occurred_at"].replace(tzinfo=None)})
