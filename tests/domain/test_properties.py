"""Every command in every state that random histories reach, for every aggregate."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import (
    ACCESS_TABLE,
    ACTOR,
    AGGREGATES,
    BREAK_GLASS,
    CALENDAR,
    CAMPAIGN,
    CLOCK_POLICY,
    CODE_MAP,
    COMPLAINT,
    CONTACT_POLICY,
    CUSTOMER,
    DISCLOSURE,
    DISPOSAL,
    ENGAGEMENT,
    ERASURE,
    HOLDING,
    INTERACTION,
    LEAD,
    LEGAL_HOLD,
    LINKING_RULES,
    NEED,
    ORGANISATION_UNIT,
    PORTFOLIO_HANDOVER,
    PRIVACY_REQUEST,
    RESERVATION,
    RETENTION_SCHEDULE,
    SAMPLING_PLAN,
    SURVEY,
    SURVEY_PLAN,
    TASK,
    TOUCH,
    WATCH_RULES,
    access_table,
    actor,
    break_glass,
    campaign,
    clock_policy,
    code_map,
    complaint,
    contact_policy,
    disposal,
    engagement,
    erasure,
    holding,
    interaction,
    lead,
    legal_hold,
    linking_rules,
    need,
    organisation_unit,
    portfolio_handover,
    reservation,
    retention_schedule,
    sampling_plan,
    survey,
    survey_plan,
    task,
    touch,
    watch_rules,
    working_calendar,
)
from domain import customer_messages as customer
from domain import privacy_messages as privacy
from domain.kernel import Aggregate, Command, Event, Refusal, personal_fields
from tests.domain.generate import Reached, messages, reachable
from tests.domain.scenario import play, to

thorough = settings(
    max_examples=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
every_aggregate = pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.name)
every_command = pytest.mark.parametrize(
    ("aggregate", "kind"),
    [pytest.param(a, kind, id=kind.type) for a in AGGREGATES for kind in a.commands],
)

Outcome = tuple[str, Any]


def in_every_state(check: Callable[..., None]) -> Callable[..., None]:
    """Run a check for every command class, in random states of its aggregate."""

    @every_command
    def test(aggregate: Aggregate[Any], kind: type[Command]) -> None:
        @thorough
        @given(reachable(aggregate), messages(kind))
        def in_this_state(reached: Reached, command: Command) -> None:
            check(aggregate, reached, command)

        in_this_state()

    return test


def outcome(aggregate: Aggregate[Any], command: Command, state: Any) -> Outcome:
    try:
        return "accepted", tuple(aggregate.decide(command, state))
    except Refusal as refusal:
        return "refused", refusal.code


def without_personal(event: Event) -> Event:
    return event.model_copy(update=dict.fromkeys(dict(personal_fields(type(event)))))


def reworded(command: Command) -> Command:
    """Replace what personal fields say, not whether they say something."""
    said = [name for name, _ in personal_fields(type(command)) if getattr(command, name) is not None]
    return command.model_copy(update=dict.fromkeys(said, "something else"))


@in_every_state
def test_a_command_is_accepted_with_effect_or_refused_by_a_known_code(aggregate, reached, command):
    state = reached.state
    verdict, answer = outcome(aggregate, command, state)
    if verdict == "refused":
        assert answer in aggregate.refusals
        return
    for event in answer:
        assert type(event) in aggregate.events
        assert type(event).model_validate(event.__dict__) == event
        assert type(event).model_validate_json(event.model_dump_json()) == event
        changed = aggregate.evolve(state, event)
        assert changed != state
        state = changed


@in_every_state
def test_a_command_repeated_at_once_has_no_second_effect(aggregate, reached, command):
    state = reached.state
    verdict, answer = outcome(aggregate, command, state)
    if verdict == "accepted":
        for event in answer:
            state = aggregate.evolve(state, event)
        assert outcome(aggregate, command, state)[1] == () or outcome(aggregate, command, state)[0] == "refused"


@in_every_state
def test_nothing_personal_in_the_history_or_the_command_sways_a_decision(aggregate, reached, command):
    sealed = play(aggregate, [without_personal(event) for event in reached.events])
    assert sealed == reached.state
    verdict, answer = outcome(aggregate, command, reached.state)
    other_verdict, other_answer = outcome(aggregate, reworded(command), sealed)
    assert verdict == other_verdict
    if verdict == "accepted":
        assert [without_personal(event) for event in answer] == [without_personal(event) for event in other_answer]
    else:
        assert answer == other_answer


@every_aggregate
@thorough
@given(data=st.data())
def test_evolve_takes_every_event_in_every_state(aggregate, data):
    state = data.draw(reachable(aggregate)).state
    event = data.draw(messages(*aggregate.events))
    assert type(aggregate.evolve(state, event)) is type(aggregate.initial)


@every_aggregate
@thorough
@given(data=st.data())
def test_events_come_back_from_canonical_json_as_they_were(aggregate, data):
    event = data.draw(messages(*aggregate.events))
    canonical = orjson.dumps(event.__dict__, option=orjson.OPT_SORT_KEYS)
    assert type(event).model_validate_json(canonical) == event
    assert type(event).model_validate(orjson.loads(canonical)) == event
    assert orjson.dumps(orjson.loads(canonical), option=orjson.OPT_SORT_KEYS) == canonical


@every_aggregate
@thorough
@given(data=st.data())
def test_the_customer_of_a_stream_never_changes(aggregate, data):
    events = data.draw(reachable(aggregate)).events
    owners = {aggregate.customer_of(play(aggregate, events[: n + 1])) for n in range(len(events))}
    assert len(owners) <= 1


@every_aggregate
@thorough
@given(data=st.data())
def test_participants_of_an_event_are_told_once_and_never_the_customer_itself(aggregate, data):
    opening = data.draw(messages(aggregate.events[0]))
    owner = aggregate.customer_of(aggregate.evolve(aggregate.initial, opening))
    told = [participant for participant, _ in aggregate.participants_of(opening)]
    assert owner not in told
    assert len(set(told)) == len(told)


Way = Callable[[Any], Sequence[Command]]


def open_follow_ups(state: interaction.Interaction) -> list[UUID]:
    return [known for known, follow_up in state.follow_ups.items() if follow_up.status == "open"]


WAYS_OUT: Final[dict[str, Way]] = {
    CUSTOMER.name: lambda _: [to(customer.EndRelationship, reason="left")],
    INTERACTION.name: lambda state: [
        to(interaction.CompleteFollowUp, follow_up_id=known) for known in open_follow_ups(state)
    ],
    COMPLAINT.name: lambda _: [to(complaint.WithdrawComplaint)],
    CAMPAIGN.name: lambda _: [to(campaign.EndCampaign, reason="done")],
    TOUCH.name: lambda state: [
        to(touch.ExpireTouch, reason="late") if state.status == "held" else to(touch.ConfirmTouchDelivery)
    ],
    SURVEY.name: lambda _: [to(survey.ExpireSurvey)],
    SURVEY_PLAN.name: lambda _: [to(survey_plan.WithdrawSurveyPlan, reason="late")],
    ENGAGEMENT.name: lambda _: [to(engagement.EndEngagement, reason="repaid")],
    TASK.name: lambda _: [to(task.CancelTask, reason="late")],
    ACCESS_TABLE.name: lambda _: [to(access_table.WithdrawAccessTable, reason="late")],
    PRIVACY_REQUEST.name: lambda state: [
        to(privacy.FinishPrivacyRequest, done="erased", completed_by="daybook:eraser")
        if state.status == "decided"
        else to(privacy.WithdrawPrivacyRequest, reason="late")
    ],
    ERASURE.name: lambda state: [
        *([to(erasure.CompleteErasure, keys=(), blobs=0)] if state.status == "requested" else []),
        *(
            to(
                erasure.RecordRecipientNotice,
                disclosure_id=one,
                notice="sent",
                channel="letter",
                notified_by="staff:17",
            )
            for one in state.telling
        ),
        *([] if state.certified else [to(erasure.CertifyErasure, sha256="ab" * 32)]),
    ],
    LEGAL_HOLD.name: lambda _: [
        to(legal_hold.ProposeLegalHoldRelease, reason="settled", proposed_by="staff:a"),
        to(legal_hold.ReleaseLegalHold, released_by="staff:b"),
    ],
    RETENTION_SCHEDULE.name: lambda _: [to(retention_schedule.WithdrawRetentionSchedule, reason="late")],
    DISPOSAL.name: lambda state: [
        to(disposal.CompleteDisposal, erasures=(), kept=())
        if state.status == "approved"
        else to(disposal.WithdrawDisposal, reason="late")
    ],
    DISCLOSURE.name: lambda _: [],
    BREAK_GLASS.name: lambda _: [to(break_glass.ReviewBreakGlass, finding="justified", reviewed_by="staff:0")],
    ACTOR.name: lambda _: [to(actor.RecordActorLeft)],
    CALENDAR.name: lambda _: [to(working_calendar.WithdrawCalendar, reason="late")],
    CLOCK_POLICY.name: lambda _: [to(clock_policy.WithdrawClockPolicy, reason="late")],
    SAMPLING_PLAN.name: lambda _: [to(sampling_plan.WithdrawSamplingPlan, reason="late")],
    CODE_MAP.name: lambda _: [to(code_map.WithdrawCodeMap, reason="late")],
    LINKING_RULES.name: lambda _: [to(linking_rules.WithdrawLinkingRules, reason="late")],
    RESERVATION.name: lambda state: [
        to(reservation.ReleaseReservation, holder=one, reason="late") for one in state.places
    ],
    WATCH_RULES.name: lambda _: [to(watch_rules.WithdrawWatchRules, reason="late")],
    ORGANISATION_UNIT.name: lambda _: [to(organisation_unit.CloseUnit, reason="merged")],
    HOLDING.name: lambda _: [to(holding.CloseHolding, reason="moved")],
    NEED.name: lambda _: [to(need.SettleNeed, outcome="lapsed")],
    LEAD.name: lambda _: [to(lead.LoseLead, reason="silent")],
    PORTFOLIO_HANDOVER.name: lambda _: [to(portfolio_handover.StopPortfolioHandover, stop_reason="late")],
    CONTACT_POLICY.name: lambda _: [to(contact_policy.WithdrawContactPolicy, reason="late")],
}


@every_aggregate
@thorough
@given(data=st.data())
def test_every_state_that_was_begun_has_an_end(aggregate, data):
    reached = data.draw(reachable(aggregate))
    if not reached.events or aggregate.ended(reached.state):
        return
    state = reached.state
    for command in WAYS_OUT[aggregate.name](state):
        for event in aggregate.decide(command, state):
            state = aggregate.evolve(state, event)
    assert aggregate.ended(state)


@every_aggregate
@settings(thorough, max_examples=300)
@given(data=st.data())
def test_nothing_but_the_opening_is_accepted_before_it(aggregate, data):
    others = [kind for kind in aggregate.commands[1:] if not kind.opens]
    verdict, code = outcome(aggregate, data.draw(messages(*others)), aggregate.initial)
    assert verdict == "refused"
    assert code in aggregate.refusals
