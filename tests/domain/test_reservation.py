"""Never more holders than may be, whatever is claimed, confirmed, released and expired in whatever order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given as over
from hypothesis import strategies as st

from domain.kernel import Event, Refusal
from domain.reservation import (
    RESERVATION,
    ClaimReservation,
    ConfirmReservation,
    ExpireReservation,
    ReleaseReservation,
    ReservationClaimed,
    ReservationConfirmed,
    ReservationExpired,
)
from tests.domain.scenario import ANNA, BO, CHEN, STREAM, given, it, to

T = datetime(2026, 11, 2, 9, tzinfo=UTC)
CLAIM = {"purpose": "identity-document", "holders_max": 1}


def at(minutes: int) -> datetime:
    return T + timedelta(minutes=minutes)


def claim(holder: UUID, minutes: int = 0, **more):
    return to(ClaimReservation, **{**CLAIM, **more}, holder=holder, occurred_at=at(minutes), lapses_at=at(minutes + 10))


def test_a_place_is_claimed_then_the_holders():
    given(RESERVATION).when(claim(ANNA)).then(
        it(ReservationClaimed, **CLAIM, holder=ANNA, occurred_at=T, lapses_at=at(10))
    )
    given(RESERVATION, claim(ANNA)).when(to(ConfirmReservation, holder=ANNA)).then(
        it(ReservationConfirmed, holder=ANNA)
    )


def test_a_claim_that_has_lapsed_keeps_others_out_until_it_is_expired():
    late = to(ExpireReservation, holder=ANNA, occurred_at=at(11))
    given(RESERVATION, claim(ANNA)).when(claim(BO, 60)).refused("reservation.full", "holder")
    given(RESERVATION, claim(ANNA)).when(late).then(it(ReservationExpired, holder=ANNA, occurred_at=at(11)))
    given(RESERVATION, claim(ANNA), late).when(claim(BO, 60)).then(
        it(ReservationClaimed, **CLAIM, holder=BO, occurred_at=at(60), lapses_at=at(70))
    )


def test_what_was_confirmed_until_a_time_counts_no_longer_then():
    until = to(ConfirmReservation, holder=ANNA, ends_at=at(30))
    given(RESERVATION, claim(ANNA), until).when(claim(BO, 29)).refused("reservation.full", "holder")
    after = given(RESERVATION, claim(ANNA), until, claim(BO, 30)).state
    assert set(after.places) == {BO}, "what is over is forgotten, so the state stays small"


def test_who_comes_too_late_has_no_place_any_more():
    late = to(ExpireReservation, holder=ANNA, occurred_at=at(11))
    given(RESERVATION, claim(ANNA), late, claim(BO, 12)).when(to(ConfirmReservation, holder=ANNA)).refused(
        "reservation.not-held", "holder"
    )


def test_a_holder_may_wait_longer_by_claiming_again_and_has_one_place():
    again = given(RESERVATION, claim(ANNA), claim(ANNA, 5)).state
    assert again.places[ANNA].lapses_at == at(15)
    assert len(again.places) == 1
    given(RESERVATION, claim(ANNA, 5)).when(claim(ANNA)).then()


def outcome(command, state) -> tuple[str | None, Sequence[Event]]:
    """The code of the refusal, if it is one, and the events."""
    try:
        return None, RESERVATION.decide(command, state)
    except Refusal as refused:
        return refused.code, ()


HOLDERS = (ANNA, BO, CHEN, UUID(int=STREAM.int + 99))
STEPS = st.tuples(st.sampled_from(["claim", "confirm", "confirm-until", "release", "expire"]), st.sampled_from(HOLDERS))


@over(st.lists(st.tuples(STEPS, st.integers(0, 12)), max_size=30), st.integers(1, 3))
def test_never_more_than_may(steps, most):
    state, minutes = RESERVATION.initial, 0
    for (step, holder), later in steps:
        minutes += later
        commands = {
            "claim": claim(holder, minutes, holders_max=most),
            "confirm": to(ConfirmReservation, holder=holder, occurred_at=at(minutes)),
            "confirm-until": to(ConfirmReservation, holder=holder, occurred_at=at(minutes), ends_at=at(minutes + 5)),
            "release": to(ReleaseReservation, holder=holder, reason="done", occurred_at=at(minutes)),
            "expire": to(ExpireReservation, holder=holder, occurred_at=at(minutes)),
        }
        full = state.taken_by_others(holder, at(minutes)) >= most
        code, events = outcome(commands[step], state)
        assert code != "reservation.full" or full
        for event in events:
            state = RESERVATION.evolve(state, event)
        assert state.taken_by_others(UUID(int=0), at(minutes)) <= most
