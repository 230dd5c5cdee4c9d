"""What becomes of a simulated complaint beside its plain course: queues, pauses, more time, letters, reviews.

Each case follows from its own id, so the bank around it stays as it is. Shares are made up; every state of a complaint
is there in a bank of the usual size.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from domain.complaint import CloseComplaint, MergeComplaint, WithdrawComplaint
from domain.complaint_handling import (
    AssignComplaint,
    CheckComplaintQuality,
    CountComplaint,
    QueueComplaint,
    RecuseFromComplaint,
)
from domain.complaint_letters import (
    AcceptResolution,
    IssueFinalResponse,
    NotifyComplainant,
    RecordDelivery,
    SendSummaryResolution,
)
from domain.complaint_redress import AcceptRedress, ApproveRedress, OfferRedress, PayRedress
from domain.complaint_review import DecideReview, ReferComplaint, RequestReview
from domain.complaint_time import ExtendComplaint, PauseComplaint, RequestExtension, ResumeComplaint
from domain.kernel import Command

HANDLERS: Final = 4
_SUPERIOR: Final = "staff:head-of-complaints"
_CHECKER: Final = "staff:quality"


class SimulatedCase:
    """One complaint; `make_id(name)` gives ids that are always the same for it. What becomes of it follows from `seed`.

    The complaint's id is no seed: it is made with the installation's key.
    """

    def __init__(self, complaint_id: UUID, handler: str, make_id: Callable[[str], UUID], seed: str) -> None:
        self._id = complaint_id
        self._handler = handler
        self._make_id = make_id
        self._random = Random(seed)  # noqa: S311  # a simulation is meant to be repeatable

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def taken_in(self, at: datetime, product: str) -> Iterator[Command]:
        """Queued, counted, and given to another handler where the first one has an interest."""
        yield QueueComplaint(complaint_id=self._id, occurred_at=at, queue=f"{product}-complaints")
        yield CountComplaint(
            complaint_id=self._id, occurred_at=at, regime="bank.internal", counts=True, reason="own-service"
        )
        if self._is(0.08):
            yield RecuseFromComplaint(complaint_id=self._id, occurred_at=at, person=self._handler, reason="relative")
            self._handler = f"staff:handler-{HANDLERS}"
            yield AssignComplaint(complaint_id=self._id, occurred_at=at, handler=self._handler)

    def looked_into(self, at: datetime) -> Iterator[Command]:
        """An appraisal that stops the clocks, or more time."""
        if self._is(0.1):
            pause_id = self._make_id("pause")
            yield PauseComplaint(complaint_id=self._id, occurred_at=at, pause_id=pause_id, reason="external-appraisal")
            yield ResumeComplaint(complaint_id=self._id, occurred_at=at + timedelta(hours=20), pause_id=pause_id)
        if self._is(0.1):
            extension_id = self._make_id("extension")
            yield RequestExtension(
                complaint_id=self._id, occurred_at=at, extension_id=extension_id, clock="cn.decide", length=15,
                unit="natural-day", reason="complex", requested_by=self._handler,
            )  # fmt: skip
            yield ExtendComplaint(
                complaint_id=self._id, occurred_at=at, extension_id=extension_id, approver=_SUPERIOR,
                approver_level="superior", notice_sent_at=at, notice_how="sent",
            )  # fmt: skip

    def answered(self, final: IssueFinalResponse) -> Iterator[Command]:
        """The final response, or the summary of what was accepted; delivered, told, closed; perhaps reviewed."""
        yield from self._offered(final)
        at, letter_id = final.occurred_at, self._make_id("letter")
        template = {"template_version": 1, "letter_id": letter_id}
        if final.outcome == "upheld" and self._is(0.25):
            yield AcceptResolution(complaint_id=self._id, occurred_at=at, channel="phone")
            yield SendSummaryResolution.model_validate(
                {**template, "complaint_id": self._id, "occurred_at": at, "template": "summary-resolution"}
            )
        else:
            yield final.model_copy(update={**template, "template": "final-response"})
        arrived = at + timedelta(hours=18)
        yield RecordDelivery(
            complaint_id=self._id, occurred_at=arrived, attempt_id=self._make_id("delivery"), letter_id=letter_id,
            channel="letter", outcome="delivered", proof="registered-post",
        )  # fmt: skip
        yield NotifyComplainant(
            complaint_id=self._id, occurred_at=arrived, notification_id=self._make_id("notice"), what="decision",
            how="delivered", outcome="reached", letter_id=letter_id,
        )  # fmt: skip
        yield CloseComplaint(complaint_id=self._id, occurred_at=at + timedelta(days=1))
        yield from self._afterwards(at)

    def _offered(self, final: IssueFinalResponse) -> Iterator[Command]:
        """What the response promises: offered, approved by another person, accepted, mostly paid."""
        if final.redress_amount is None:
            return
        at, redress_id = final.occurred_at - timedelta(hours=6), self._make_id("redress")
        offer = {"complaint_id": self._id, "redress_id": redress_id}
        yield OfferRedress.model_validate(
            {**offer, "occurred_at": at, "redress": "monetary", "amount": final.redress_amount,
             "offered_by": self._handler}
        )  # fmt: skip
        yield ApproveRedress.model_validate({**offer, "occurred_at": at + timedelta(hours=1), "approved_by": _SUPERIOR})
        yield AcceptRedress.model_validate({**offer, "occurred_at": final.occurred_at})
        if self._is(0.9):
            yield PayRedress.model_validate({**offer, "occurred_at": final.occurred_at})

    def _afterwards(self, answered_at: datetime) -> Iterator[Command]:
        if self._is(0.1):
            at, review_id = answered_at + timedelta(days=5), self._make_id("review")
            yield RequestReview(complaint_id=self._id, occurred_at=at, review_id=review_id)
            yield DecideReview(
                complaint_id=self._id, occurred_at=at + timedelta(days=9), review_id=review_id,
                outcome="changed" if self._is(0.3) else "confirmed", decided_by=_SUPERIOR, level="superior",
            )  # fmt: skip
        if self._is(0.04):
            yield ReferComplaint(
                complaint_id=self._id, occurred_at=answered_at + timedelta(days=20),
                referral_id=self._make_id("referral"), to="ombudsman", reference="FOS-1",
            )  # fmt: skip
        if self._is(0.2):
            yield CheckComplaintQuality(
                complaint_id=self._id, occurred_at=answered_at + timedelta(days=3), check_id=self._make_id("check"),
                result="passed" if self._is(0.8) else "failed", checked_by=_CHECKER,
            )  # fmt: skip

    def unanswered(self, at: datetime, before: UUID | None) -> Iterator[Command]:
        """Taken back, or handled with an earlier one of the same customer; most are simply open."""
        if self._is(0.3):
            yield WithdrawComplaint(complaint_id=self._id, occurred_at=at, reason="settled")
        elif before is not None and self._is(0.5):
            yield MergeComplaint(complaint_id=self._id, occurred_at=at, into_complaint_id=before, reason="same-matter")
