"""What holds for every fold of every read model."""

from functools import reduce

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain import event_types
from domain.kernel import personal_fields
from domain.touch import TOUCH
from projections.campaign_results import NAME as CAMPAIGN_RESULTS
from projections.registry import PROJECTIONS
from store.identity import new_id
from tests.domain.generate import reachable
from tests.examples import examples
from tests.projections.histories import contents, facts, folded, lives, stream

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=examples(20))


@slow
@given(lives(), st.integers(0, 1000))
def test_folds_commute_across_customers(history, seed):
    one, other = history.interleaved(0), history.interleaved(seed)
    positions = {happened.event_id: n for n, happened in enumerate(one)}
    assert contents(folded(facts(one))) == contents(folded(facts(other, positions)))


@slow
@given(lives())
def test_no_read_model_needs_personal_data(history):
    """Folding events with their personal fields and without gives the same rows."""
    stripped = [
        fact._replace(event=fact.event.model_copy(update=dict.fromkeys(_personal(fact))))
        for fact in facts(history.interleaved(0))
    ]
    assert contents(folded(stripped)) == contents(folded(facts(history.interleaved(0))))


@slow
@given(reachable(TOUCH))
def test_a_touch_stands_in_its_row_as_its_own_events_say(reached):
    """Also by those alone that are before the row's position: lists tell a touch by them."""
    assume(reached.events)
    happened = stream(TOUCH.name, reached, new_id())
    (holding,) = (one for one in folded(facts(happened)) if one.name == CAMPAIGN_RESULTS)
    (row,) = holding.rows.touch.changed.values()
    until = [one.event for one in happened[: row.position + 1]]
    standing = {reduce(TOUCH.evolve, events, TOUCH.initial).status for events in (reached.events, until)}
    assert standing == {row.status}


def _personal(fact):
    return [name for name, _ in personal_fields(type(fact.event))]


def test_every_event_class_is_folded_by_a_read_model_of_its_own():
    """The audit trail takes all; what no other takes is listed here, so that nothing is forgotten."""
    taken = {event for projection in PROJECTIONS for event in projection.folds}
    assert {name for name, event in event_types().items() if event not in taken} == {
        "access-table.activated",
        "access-table.proposed",
        "access-table.signed-off",
        "access-table.withdrawn",
        "calendar.adopted",
        "calendar.drafted",
        "calendar.withdrawn",
        "clock-policy.activated",
        "clock-policy.proposed",
        "clock-policy.signed-off",
        "clock-policy.withdrawn",
        "code-map.activated",
        "code-map.proposed",
        "code-map.withdrawn",
        "contact-policy.activated",
        "contact-policy.proposed",
        "contact-policy.signed-off",
        "contact-policy.withdrawn",
        "disclosure.recorded",
        "disclosure.retracted",
        "complaint.attachment-added",
        "complaint.clock-breached",
        "complaint.clock-escalated",
        "complaint.declassification-requested",
        "interaction.annotated",
        "interaction.attachment-added",
        "interaction.declassification-requested",
        "linking-rules.activated",
        "linking-rules.proposed",
        "linking-rules.signed-off",
        "linking-rules.withdrawn",
        "reservation.claimed",
        "reservation.confirmed",
        "reservation.expired",
        "reservation.released",
        "touch.objected-to",
        "touch.objection-reviewed",
        "retention-schedule.activated",
        "retention-schedule.proposed",
        "retention-schedule.signed-off",
        "retention-schedule.withdrawn",
        "sampling-plan.activated",
        "sampling-plan.proposed",
        "sampling-plan.withdrawn",
        "survey-plan.activated",
        "survey-plan.proposed",
        "survey-plan.withdrawn",
        "survey.suppressed",
        "watch-rules.activated",
        "watch-rules.proposed",
        "watch-rules.signed-off",
        "watch-rules.withdrawn",
    }
