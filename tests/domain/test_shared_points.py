"""Caps over customers who share a number or address: what a touch is told, and never more than may, whoever is late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given as over
from hypothesis import strategies as st

from domain.contact_rules import SharedWindow
from domain.kernel import Refusal
from domain.reservation import RESERVATION, ClaimReservation, ConfirmReservation, ReleaseReservation, Reservation
from domain.shared_points import SharedSeen, Taken
from tests.domain.contact_scenes import BASE, CONSENTED, EMAIL, NOON, Life, verdict, with_purpose
from tests.domain.scenario import STREAM, to

DAY = timedelta(days=1)
SLACK = timedelta(minutes=10)
WINDOW = SharedWindow(
    channels=(), days=7, limit=2, reached="hold", source="the bank's own", window="marketing.shared-week"
)
POLICY = with_purpose("marketing", shared=WINDOW, hours=None)
STREAM_OF_EMAIL = UUID(int=BASE + 70)


def taken(hours: int, number: int = 1, *, confirmed: bool = True) -> Taken:
    return Taken(NOON + timedelta(hours=hours), UUID(int=BASE + 700 + number), confirmed)


def seen(*others: Taken, mine: Taken | None = None) -> SharedSeen:
    return SharedSeen(EMAIL, STREAM_OF_EMAIL, 3, others, mine)


MINE = taken(7 * 24 + 1, 9)


def test_what_would_be_sent_needs_a_place_first_and_with_one_is_sent():
    life = Life(*CONSENTED)
    assert life.judged(policy=POLICY).needs == WINDOW
    assert life.judged(policy=POLICY, shared=seen()).needs == WINDOW, "room is no place"
    found = life.judged(policy=POLICY, shared=seen(taken(5), mine=MINE))
    assert (found.decision, found.needs) == ("send", None)
    (ground,) = [one for one in found.grounds if one.rule == "shared"]
    assert (ground.outcome, ground.reason) == ("pass", "marketing.shared-week")
    assert ground.events == (taken(5).event_id, MINE.event_id)


def test_where_all_places_are_taken_it_waits_for_the_first_that_ends():
    life = Life(*CONSENTED)
    found = life.judged(policy=POLICY, shared=seen(taken(30, 1), taken(50, 2), taken(-1, 3)))
    assert verdict(found) == ("hold", "shared", "marketing.shared-week")
    assert (found.held_until, found.needs) == (NOON + timedelta(hours=30), None)
    unsure = life.judged(policy=POLICY, shared=seen(taken(30, 1), taken(50, 2, confirmed=False)))
    assert unsure.held_until == NOON + timedelta(hours=1), "a claim may be given back any time"
    given_up = with_purpose("marketing", shared=replace(WINDOW, reached="suppress"), hours=None)
    assert life.judged(policy=given_up, shared=seen(taken(30, 1), taken(50, 2))).decision == "suppress"


def test_a_place_that_ends_before_the_touch_would_is_claimed_again():
    short = Taken(NOON + 7 * DAY - timedelta(seconds=1), MINE.event_id, confirmed=False)
    assert Life(*CONSENTED).judged(policy=POLICY, shared=seen(mine=short)).needs == WINDOW


def test_what_cannot_be_counted_is_held():
    found = Life(*CONSENTED).judged(policy=POLICY, shared=SharedSeen(EMAIL))
    assert verdict(found) == ("hold", "shared", "value-unknown")


def test_who_is_held_out_is_looked_at_and_takes_no_place():
    life = Life(*CONSENTED)
    assert life.judged(policy=POLICY, held_out=True).needs == WINDOW
    found = life.judged(policy=POLICY, held_out=True, shared=seen())
    assert (found.rule, found.needs) == ("holdout", None)
    given_up = with_purpose("marketing", shared=replace(WINDOW, reached="suppress"), hours=None)
    assert life.judged(policy=given_up, held_out=True, shared=seen(taken(1, 1), taken(2, 2))).rule == "shared"


def test_other_purposes_channels_and_points_are_not_counted():
    life = Life(*CONSENTED)
    assert life.judged(policy=POLICY, purpose="servicing").needs is None
    by_phone = with_purpose("marketing", shared=replace(WINDOW, channels=("phone",)), hours=None)
    assert life.judged(policy=by_phone).needs is None
    elsewhere = replace(seen(taken(1, 1), taken(2, 2)), contact_point_id=UUID(int=BASE + 71))
    assert life.judged(policy=POLICY, shared=elsewhere).needs == WINDOW


# Against a plain list of what was sent

T = datetime(2026, 11, 2, 9, tzinfo=UTC)
COMMANDS = [UUID(int=STREAM.int + 100 + number) for number in range(6)]
STEPS = st.tuples(
    st.sampled_from(["claim", "send", "confirm", "give-up"]), st.sampled_from(COMMANDS), st.integers(0, 40)
)


@over(st.lists(STEPS, max_size=40), st.integers(1, 3))
def test_never_more_than_may_are_sent_in_a_window_whoever_is_late_or_stops(steps, most):
    """A command claims, sends on what it then saw, however late, confirms however late, or never."""
    window = replace(WINDOW, days=1, limit=most)
    state, now = Reservation(), T
    sent: dict[UUID, datetime] = {}
    over_with: set[UUID] = set()
    for step, command, hours in steps:
        now += timedelta(hours=hours / 2)
        place = state.places.get(command)
        mine = None if place is None else Taken(place.ends_at or now, command, place.confirmed)
        if step == "claim" and command not in sent and command not in over_with:
            wish = {"purpose": "contact-point", "holder": command, "holders_max": most}
            until = {"lapses_at": now + SLACK, "ends_at": now + SLACK + window.lasts}
            asked = to(ClaimReservation, **wish, **until, occurred_at=now)
        elif step == "send" and command not in sent and command not in over_with:
            if SharedSeen(command, STREAM, 0, (), mine).covers(window, now):
                sent[command] = now
            continue
        elif step == "confirm" and command in sent:
            asked = to(ConfirmReservation, holder=command, ends_at=sent[command] + window.lasts, occurred_at=now)
        elif step == "give-up" and command not in sent:
            over_with.add(command)  # it is answered, so it never sends
            asked = to(ReleaseReservation, holder=command, reason="not-sent", occurred_at=now)
        else:
            continue
        try:
            for event in RESERVATION.decide(asked, state):
                state = RESERVATION.evolve(state, event)
        except Refusal:
            continue
    moments = sorted(sent.values())
    for first in moments:
        assert sum(first <= one < first + window.lasts for one in moments) <= most
