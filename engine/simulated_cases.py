"""What becomes of a simulated complaint: queues, pauses, more time, letters, reviews, by the rules where it was made.

Each case has a random source of its own, so the bank around it stays as it is. Shares are made up; every state of a
complaint, and of its clocks, is there in a bank of the usual size.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.codes import Money
from domain.complaint import CloseComplaint, MergeComplaint, WithdrawComplaint
from domain.complaint_handling import (
    AssessComplaint,
    AssignComplaint,
    CheckComplaintQuality,
    CountComplaint,
    OpenInvestigation,
    QueueComplaint,
    RecuseFromComplaint,
)
from domain.complaint_letters import (
    AcceptResolution,
    IssueFinalResponse,
    NotifyComplainant,
    RecordDelivery,
    SendHoldingResponse,
    SendSummaryResolution,
)
from domain.complaint_redress import AcceptRedress, ApproveRedress, OfferRedress, PayRedress
from domain.complaint_review import DecideReview, ReferComplaint, RequestReview
from domain.complaint_time import ExtendComplaint, PauseComplaint, RequestExtension, ResumeComplaint
from domain.kernel import Command

HANDLERS: Final = 4
_SUPERIOR: Final = "staff:head-of-complaints"
_CHECKER: Final = "staff:quality"


_DAYS: Final[Mapping[str, int]] = MappingProxyType({"cn": 15, "uk": 56, "uk.psd": 20, "us.cfpb": 15})
"""By regime, in how many days a complaint is to be answered, roughly: the clocks count exactly."""
_DAY: Final = timedelta(days=1)


class SimulatedCase:
    """One complaint; `make_id(name)` gives ids that are always the same for it. What becomes of it follows from `seed`.

    The complaint's id is no seed: it is made with the installation's key. `before`: an earlier complaint of the same
    customer.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # of what it is
        self,
        complaint_id: UUID,
        regime: str,
        currency: str,
        make_id: Callable[[str], UUID],
        seed: str,
        before: UUID | None,
    ) -> None:
        self._id = complaint_id
        self._regime = regime
        self._currency = currency
        self._make_id = make_id
        self._random = Random(seed)  # noqa: S311  # a simulation is meant to be repeatable
        self._handler = f"staff:handler-{self._random.randrange(HANDLERS)}"
        self._before = before

    def handled(self, received: datetime, product: str, issue: str) -> Iterator[Command]:
        """All that is done after its receipt; most are answered in time."""
        at = received + _DAY
        yield AssessComplaint(
            complaint_id=self._id, occurred_at=at, product=product, issue=issue,
            severity=self._random.choice(("low", "medium", "high")),
        )  # fmt: skip
        yield AssignComplaint(complaint_id=self._id, occurred_at=at, handler=self._handler)
        yield from self._taken_in(at, product)
        yield OpenInvestigation(complaint_id=self._id, occurred_at=received + 2 * _DAY)
        days = _DAYS[self._regime]
        taken, kind = self._random.randrange(3, days - 2), self._random.random()
        if kind < 0.08:  # noqa: PLR2004  # shares of the simulation
            taken = days + self._random.randrange(3, 10)  # late
        elif kind < 0.18:  # noqa: PLR2004
            yield from self._unanswered(received + 6 * _DAY)
            return
        if self._regime == "cn":
            taken = yield from self._more_time(received, taken)
        elif self._regime == "us.cfpb" and self._is(0.25):
            taken = yield from self._in_progress(received)
        upheld, answered = self._is(0.5), received + taken * _DAY
        amount = Money(self._random.randrange(1000, 20_000), self._currency)
        yield from self._answered(
            IssueFinalResponse(
                complaint_id=self._id,
                occurred_at=answered,
                notified_at=answered,
                outcome="upheld" if upheld else "rejected",
                redress="monetary" if upheld else "none",
                redress_amount=amount if upheld else None,
            )
        )  # fmt: skip

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _taken_in(self, at: datetime, product: str) -> Iterator[Command]:
        """Queued, counted, and given to another handler where the first one has an interest."""
        yield QueueComplaint(complaint_id=self._id, occurred_at=at, queue=f"{product}-complaints")
        yield CountComplaint(
            complaint_id=self._id, occurred_at=at, regime=self._regime, counts=True, reason="own-service"
        )
        if self._is(0.08):
            yield RecuseFromComplaint(complaint_id=self._id, occurred_at=at, person=self._handler, reason="relative")
            self._handler = f"staff:handler-{HANDLERS}"
            yield AssignComplaint(complaint_id=self._id, occurred_at=at, handler=self._handler)

    def _more_time(self, received: datetime, taken: int) -> Generator[Command, None, int]:
        """An appraisal that stops the clock, or extensions that others grant; in how many days it is answered."""
        at = received + 3 * _DAY
        if self._is(0.22):
            pause_id, over = self._make_id("pause"), self._random.randrange(8, 30)
            yield PauseComplaint(complaint_id=self._id, occurred_at=at, pause_id=pause_id, reason="external-appraisal")
            yield ResumeComplaint(complaint_id=self._id, occurred_at=at + over * _DAY, pause_id=pause_id)
            return taken + over + 1
        if not self._is(0.25):
            return taken
        special = self._is(0.4)
        yield from self._extended(at, "extension", "complex", "institution")
        if special:
            yield from self._extended(at + 14 * _DAY, "second-extension", "special", "superior")
        return self._random.randrange(31, 50) if special else self._random.randrange(16, 28)

    def _extended(self, at: datetime, name: str, reason: str, level: str) -> Iterator[Command]:
        extension_id = self._make_id(name)
        length = 15 if reason == "complex" else 30
        yield RequestExtension(
            complaint_id=self._id, occurred_at=at, extension_id=extension_id, clock="cn.decide", length=length,
            unit="natural-day", reason=reason, requested_by=self._handler,
        )  # fmt: skip
        granted = at + timedelta(hours=5)
        yield ExtendComplaint.model_validate(
            {
                "complaint_id": self._id, "occurred_at": granted, "extension_id": extension_id, "approver": _SUPERIOR,
                "approver_level": level, "notice_sent_at": granted, "notice_how": "sent",
            }
        )  # fmt: skip

    def _in_progress(self, received: datetime) -> Generator[Command, None, int]:
        """A response that is not the last one; in how many days that comes."""
        taken = self._random.randrange(20, 50)
        at, until = received + 10 * _DAY, received + taken * _DAY
        yield SendHoldingResponse(
            complaint_id=self._id, occurred_at=at, response_id=self._make_id("holding"), next_response_on=until.date(),
            company_response="In progress",
        )  # fmt: skip
        return taken

    def _answered(self, final: IssueFinalResponse) -> Iterator[Command]:
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
                complaint_id=self._id, occurred_at=at + 9 * _DAY, review_id=review_id,
                outcome="changed" if self._is(0.3) else "confirmed", decided_by=_SUPERIOR, level="superior",
            )  # fmt: skip
            yield NotifyComplainant(
                complaint_id=self._id, occurred_at=at + 9 * _DAY, notification_id=self._make_id("review-notice"),
                what="review-decision", how="sent", outcome="reached",
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

    def _unanswered(self, at: datetime) -> Iterator[Command]:
        """Taken back, or handled with an earlier one of the same customer; the others lie about."""
        if self._is(0.5):
            yield WithdrawComplaint(complaint_id=self._id, occurred_at=at, reason="settled")
        elif self._before is not None and self._is(0.8):
            yield MergeComplaint(
                complaint_id=self._id, occurred_at=at, into_complaint_id=self._before, reason="same-matter"
            )
