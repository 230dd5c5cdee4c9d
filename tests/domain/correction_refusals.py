"""What is refused of corrections, of each kind of stream that has them."""

from domain import customer_messages as customer
from domain import interaction_messages as interaction
from domain.kernel import Command
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, ONE, TWO, to

ASKED = {"correction_id": ONE, "reason": "typo", "requested_by": "staff:1"}


def _cases(
    kind: str, opened: Command, correct: Command, approve: type[Command], reject: type[Command], withdraw: type[Command]
) -> list[Case]:
    """`correct` asks for a correction under `ONE`."""
    which = {"correction_id": ONE}
    asked, again = [opened, correct], correct.model_copy(update={"correction_id": TWO})
    done, no = to(approve, **which, approved_by="staff:2"), {"reason": "no", **which}
    given_up = to(withdraw, **which, withdrawn_by="staff:1")
    own, decided = f"{kind}.correction-second-person-required", f"{kind}.correction-decided"
    return [
        (f"{kind}.correction-unknown", "correction_id", [opened], done),
        (f"{kind}.correction-pending", None, asked, again),
        (own, "approved_by", asked, to(approve, **which, approved_by="staff:1")),
        (own, "rejected_by", asked, to(reject, **no, rejected_by="staff:1")),
        (f"{kind}.correction-of-another", "withdrawn_by", asked, to(withdraw, **which, withdrawn_by="staff:2")),
        (decided, "correction_id", [*asked, done], to(reject, **no, rejected_by="staff:3")),
        (decided, "correction_id", [*asked, done], given_up),
        (decided, "correction_id", [*asked, given_up], done),
    ]


CUSTOMER_CORRECTION_CASES = _cases(
    "customer",
    to(customer.RegisterCustomer, kind="person"),
    to(customer.CorrectDetails, **ASKED, name="Anna"),
    customer.ApproveCustomerCorrection,
    customer.RejectCustomerCorrection,
    customer.WithdrawCustomerCorrection,
)
INTERACTION_CORRECTION_CASES = _cases(
    "interaction",
    to(interaction.RecordInteraction, customer_id=ANNA, channel="phone", direction="inbound", purpose="servicing"),
    to(interaction.CorrectInteraction, **ASKED, summary="So it was"),
    interaction.ApproveInteractionCorrection,
    interaction.RejectInteractionCorrection,
    interaction.WithdrawInteractionCorrection,
)
