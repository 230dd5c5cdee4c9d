from domain.access_rules import CorrectionsAlone
from domain.codes import Change
from domain.interaction import (
    INTERACTION,
    AnnotateInteraction,
    CompleteFollowUp,
    CorrectInteraction,
    FollowUpDone,
    InteractionAnnotated,
    InteractionCorrected,
    InteractionRecorded,
    RecordInteraction,
    ScheduleFollowUp,
)
from domain.interaction_messages import InteractionCorrectionRequested, Participant, StaffParticipant, TouchSeen
from tests.domain.scenario import ANNA, BO, CHEN, ONE, given, it, play, to

CALL = {"customer_id": ANNA, "channel": "phone", "direction": "inbound", "purpose": "servicing"}
RECORDED = it(InteractionRecorded, **CALL, topic="card")
SCHEDULE = to(ScheduleFollowUp, follow_up_id=ONE, kind="call_back", due_at="2026-11-03T09:00:00Z", assignee="staff:17")


def test_a_contact_is_recorded_as_it_went():
    given(INTERACTION).when(to(RecordInteraction, **CALL, summary="Lost card")).then(
        it(InteractionRecorded, **CALL, summary="Lost card")
    )


def test_who_else_took_part_is_told_once_and_not_the_customer():
    others = (Participant(BO, "joint_holder"), Participant(ANNA, "caller"), Participant(BO, "agent"))
    recorded = it(InteractionRecorded, **CALL, participants=(*others, Participant(CHEN, "heir")))
    assert dict(INTERACTION.participants_of(recorded)) == {BO: "joint_holder", CHEN: "heir"}


def test_a_consultation_tells_its_topic_and_outcome_and_which_staff_took_part():
    visit = {
        **CALL, "channel": "visit", "purpose": "consultation", "topic": "pension", "disposition": "offer_wanted",
        "staff": (StaffParticipant("staff:17", "relationship_manager"), StaffParticipant("staff:9", "expert")),
        "task_id": ONE,
    }  # fmt: skip
    given(INTERACTION).when(to(RecordInteraction, **visit)).then(it(InteractionRecorded, **visit))


def test_an_outbound_contact_names_the_touch_that_it_carried_out():
    call = {**CALL, "direction": "outbound", "touch_id": ONE}
    seen = TouchSeen(carried_out_by=None, channel="phone", customer_id=ANNA, sent=True)
    given(INTERACTION).when(to(RecordInteraction, **call, touch_seen=seen)).then(it(InteractionRecorded, **call))


def test_a_note_belongs_to_the_customer_of_the_interaction():
    given(INTERACTION, RECORDED).when(to(AnnotateInteraction, note_id=ONE, note="Sounded worried")).then(
        it(InteractionAnnotated, customer_id=ANNA, note_id=ONE, note="Sounded worried")
    )


def test_a_correction_shows_before_and_after():
    correct = to(
        CorrectInteraction,
        correction_id=ONE, reason="wrong_code", topic="loan", cleared=("product",),
        requested_by="staff:1", corrections_alone=CorrectionsAlone(interaction=("topic", "product")),
    )  # fmt: skip
    corrected = it(
        InteractionCorrected,
        customer_id=ANNA,
        correction_id=ONE,
        reason="wrong_code",
        changes=(Change(after="loan", before="card", field="topic"),),
    )
    given(INTERACTION, RECORDED).when(correct).then(corrected)
    given(INTERACTION, RECORDED, corrected).when(correct).then()


def test_a_new_summary_alone_is_a_correction():
    given(INTERACTION, RECORDED).when(
        to(
            CorrectInteraction,
            correction_id=ONE,
            reason="incomplete",
            summary="Lost both cards",
            requested_by="staff:1",
        )
    ).then(
        it(
            InteractionCorrectionRequested,
            customer_id=ANNA,
            correction_id=ONE,
            reason="incomplete",
            corrected_personal=("summary",),
            summary="Lost both cards",
            requested_by="staff:1",
        )
    )


def test_an_open_follow_up_keeps_the_interaction_open():
    record = to(RecordInteraction, **CALL)
    waiting = given(INTERACTION, record, SCHEDULE)
    assert not INTERACTION.ended(waiting.state)
    waiting.when(to(CompleteFollowUp, follow_up_id=ONE)).then(it(FollowUpDone, follow_up_id=ONE))
    assert INTERACTION.ended(given(INTERACTION, record, SCHEDULE, to(CompleteFollowUp, follow_up_id=ONE)).state)
    assert INTERACTION.customer_of(play(INTERACTION, [RECORDED])) == ANNA
