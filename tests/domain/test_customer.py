from domain.access_rules import CorrectionsAlone
from domain.codes import Change
from domain.customer import (
    CUSTOMER,
    AddContactPoint,
    ConsentGranted,
    ConsentWithdrawn,
    CorrectDetails,
    CustomerDetailsCorrected,
    CustomerRegistered,
    DenyConsent,
    EndRelationship,
    EnterSegment,
    GrantConsent,
    LeaveSegment,
    PreferenceSet,
    RegisterCustomer,
    RemoveContactPoint,
    SegmentLeft,
    SetPreference,
    WithdrawConsent,
)
from tests.domain.scenario import ONE, STREAM, given, it, play, to

REGISTERED = it(CustomerRegistered, customer_id=STREAM, kind="person", language="en", segment="retail")
EMAIL = to(AddContactPoint, contact_point_id=ONE, kind="email", value="anna@bank.example")
SCOPE = {"contact_point_id": ONE, "channel": "email", "purpose": "marketing", "topic": "savings"}
EVIDENCE = {"text_version": "v1", "evidence_channel": "branch"}
REGISTER = to(RegisterCustomer, kind="person", language="en")


def test_a_customer_is_registered_with_what_is_known():
    register = to(RegisterCustomer, kind="person", name="Anna Alder", residence_country="GB", segment="retail")
    registered = it(
        CustomerRegistered,
        customer_id=STREAM,
        kind="person",
        name="Anna Alder",
        residence_country="GB",
        segment="retail",
    )
    given(CUSTOMER).when(register).then(registered)


def test_the_segment_at_registration_can_be_left():
    given(CUSTOMER, REGISTERED).when(to(LeaveSegment, segment="retail")).then(
        it(SegmentLeft, customer_id=STREAM, segment="retail")
    )
    given(CUSTOMER, REGISTERED).when(to(EnterSegment, segment="retail")).then()


def test_a_correction_tells_what_stood_before_in_clear_and_that_the_name_changed():
    correct = to(
        CorrectDetails,
        correction_id=ONE, reason="typo", language="zh", cleared=("branch",), name="Anna Elder",
        requested_by="staff:1", corrections_alone=CorrectionsAlone(customer=("language", "name")),
    )  # fmt: skip
    given(CUSTOMER, REGISTERED).when(correct).then(
        it(
            CustomerDetailsCorrected,
            customer_id=STREAM,
            correction_id=ONE,
            reason="typo",
            changes=(Change(after="zh", before="en", field="language"),),
            corrected_personal=("name",),
            name="Anna Elder",
        )
    )


def test_a_correction_that_changes_nothing_is_nothing():
    same = to(CorrectDetails, correction_id=ONE, reason="typo", language="en", requested_by="staff:1")
    given(CUSTOMER, REGISTERED).when(same).then()


def test_consent_is_per_contact_point_channel_purpose_and_topic():
    grant = to(GrantConsent, **SCOPE, **EVIDENCE)
    granted = it(ConsentGranted, customer_id=STREAM, **SCOPE, **EVIDENCE)
    given(CUSTOMER, REGISTER, EMAIL).when(grant).then(granted)
    given(CUSTOMER, REGISTER, EMAIL, grant).when(grant).then()
    other = SCOPE | {"topic": "loans"}
    given(CUSTOMER, REGISTER, EMAIL, grant).when(to(GrantConsent, **other, **EVIDENCE)).then(
        it(ConsentGranted, customer_id=STREAM, **other, **EVIDENCE)
    )


def test_a_new_text_asks_for_consent_anew():
    grant = to(GrantConsent, **SCOPE, **EVIDENCE)
    renewed = EVIDENCE | {"text_version": "v2"}
    given(CUSTOMER, REGISTER, EMAIL, grant).when(to(GrantConsent, **SCOPE, **renewed)).then(
        it(ConsentGranted, customer_id=STREAM, **SCOPE, **renewed)
    )


def test_a_scope_never_asked_about_is_neither_granted_nor_denied():
    state = play(CUSTOMER, [REGISTERED])
    assert not state.consents


def test_a_former_customer_may_still_withdraw_and_object():
    before = [REGISTER, EMAIL, to(GrantConsent, **SCOPE, **EVIDENCE), to(EndRelationship, reason="moved")]
    given(CUSTOMER, *before).when(to(WithdrawConsent, **SCOPE, **EVIDENCE)).then(
        it(ConsentWithdrawn, customer_id=STREAM, **SCOPE, **EVIDENCE)
    )
    given(CUSTOMER, *before, to(DenyConsent, **SCOPE, **EVIDENCE)).when(to(DenyConsent, **SCOPE, **EVIDENCE)).then()
    given(CUSTOMER, *before).when(to(GrantConsent, **SCOPE, **EVIDENCE)).refused("customer.relationship-ended")


def test_no_consent_for_a_removed_contact_point():
    before = [REGISTER, EMAIL, to(RemoveContactPoint, contact_point_id=ONE, reason="bounced")]
    given(CUSTOMER, *before).when(to(GrantConsent, **SCOPE, **EVIDENCE)).refused(
        "customer.contact-point-removed", "contact_point_id"
    )


def test_a_preference_can_be_taken_back():
    given(CUSTOMER, REGISTER, to(SetPreference, preference="channel", value="email")).when(
        to(SetPreference, preference="channel", value=None)
    ).then(it(PreferenceSet, customer_id=STREAM, preference="channel", value=None))


def test_the_stream_is_the_customer():
    assert CUSTOMER.customer_of(play(CUSTOMER, [REGISTERED])) == STREAM
    assert CUSTOMER.customer_of(CUSTOMER.initial) is None
    assert not CUSTOMER.participants_of(REGISTERED)
