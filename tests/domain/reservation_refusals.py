"""What the commands about reservations refuse."""

from domain.reservation import ClaimReservation, ConfirmReservation, ExpireReservation
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, BO, to

SOON, LATER = "2026-11-02T09:10:00Z", "2026-11-02T10:00:00Z"
CLAIM = to(ClaimReservation, purpose="identity-document", holder=ANNA, holders_max=1, lapses_at=SOON)
CONFIRM = to(ConfirmReservation, holder=ANNA)
RESERVATION_CASES: list[Case] = [
    ("reservation.not-claimed", "reservation_id", [], CONFIRM),
    ("reservation.full", "holder", [CLAIM], CLAIM.model_copy(update={"holder": BO})),
    ("reservation.not-held", "holder", [CLAIM], to(ConfirmReservation, holder=BO)),
    ("reservation.not-lapsed", "holder", [CLAIM], to(ExpireReservation, holder=ANNA)),
    (
        "reservation.not-lapsed", "holder", [CLAIM, CONFIRM],
        to(ExpireReservation, holder=ANNA, occurred_at=LATER),
    ),
]  # fmt: skip
