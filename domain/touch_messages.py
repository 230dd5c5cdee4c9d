"""Touch: the events of its stream and the commands that ask for them.

The shared facts are declared once. What is decided from them stands in `domain.touch`.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, StrictInt, StringConstraints
from pydantic.dataclasses import dataclass

from domain.codes import INTEGER_MAX, ActorId, Channel, Code, Count, Money, Purpose, Reference, Text
from domain.kernel import Command, Event, Facts, Personal

Group = Literal["treated", "holdout"]
"""Who is compared: customers who would be contacted, and those among them who are not, for comparison."""
ReviewOutcome = Literal["upheld", "dismissed"]
AttributeName = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_.]*$")]
AttributeText = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\p{Cc}]*$")]
AttributeNumber = Annotated[StrictInt, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Attributes = Annotated[dict[AttributeName, AttributeText | AttributeNumber], Field(max_length=50)]

# Facts that events and commands share


class Ruling(Facts):
    """The rule that decided, its version, and the reason it gave."""

    rule: Code
    rule_version: Count
    reason: Code


class Decision(Ruling):
    """Whether a customer is contacted. `campaign_version` is the campaign's stream version seen.

    `attributes` are clear, coarse values an import brings along; decimals come as text.
    """

    customer_id: UUID
    campaign_id: UUID
    campaign_version: Count
    channel: Channel
    purpose: Purpose
    decision: Literal["send", "suppress", "hold"]
    external_ref: Reference | None = None
    attributes: Attributes = Field(default_factory=dict)


class Counted(Facts):
    """Where a touch was counted with those of others to the same number or address: at which version of that stream.

    Set where the contact policy has a cap over customers who share one.
    """

    reservation_id: UUID | None = None
    reservation_version: Count | None = None


class Wish(Facts):
    """A touch that somebody wants; purpose, channel and topic are those of the campaign.

    `matter`: what it is about, such as one debt, where the policy counts by matter. `contact_point_id`: unset, it is
    the first that the customer's consents allow.
    """

    customer_id: UUID
    campaign_id: UUID
    matter: UUID | None = None
    contact_point_id: UUID | None = None
    external_ref: Reference | None = None
    attributes: Attributes = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Judgement:
    """What the contact policy in force said at a moment, as the program asked it. Fields in alphabetical order."""

    at: AwareDatetime
    campaign_version: Count
    channel: Channel
    contact_point_id: UUID | None
    decision: Literal["send", "suppress", "hold", "expire"]
    expires_at: AwareDatetime | None
    group: Group | None
    held_until: AwareDatetime | None
    policy_id: UUID | None
    purpose: Purpose
    reason: Code
    reservation_id: UUID | None
    reservation_version: Count | None
    rule: Code
    rule_version: Count
    topic: Code


class Conversion(Facts):
    """What the customer took up, and its value if known."""

    conversion_id: UUID
    product: Code | None = None
    value: Money | None = None


# Events


class TouchDecided(Counted, Decision, Event, name="touch.decided"):
    """A rule decided to send, suppress or hold.

    `judged_at` is set where Daybook's own contact policy decided; without it somebody else did, and it was recorded.
    `policy_id`: the stream of the version that decided; unset, it was the one that came with the program.
    `group`: with whom the customer is compared; unset for who would not have been contacted anyway. A held touch is
    looked at again at `held_until` and given up at `expires_at`.
    """

    topic: Code | None = None
    matter: UUID | None = None
    contact_point_id: UUID | None = None
    group: Group | None = None
    judged_at: AwareDatetime | None = None
    policy_id: UUID | None = None
    held_until: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class TouchReleased(Counted, Ruling, Event, name="touch.released"):
    """A held touch was sent after all. `judged_at` as of `touch.decided`; `campaign_version`: that seen then."""

    campaign_version: Count | None = None
    judged_at: AwareDatetime | None = None
    policy_id: UUID | None = None


class TouchSuppressed(Counted, Ruling, Event, name="touch.suppressed"):
    """A held touch will not be sent. `judged_at` as of `touch.decided`; `campaign_version`: that seen then."""

    campaign_version: Count | None = None
    judged_at: AwareDatetime | None = None
    policy_id: UUID | None = None


class TouchExpired(Event, name="touch.expired"):
    """A held touch was not sent in time."""

    reason: Code


class TouchDelivered(Event, name="touch.delivered"):
    """The message reached the customer, or the call was taken."""


class TouchBounced(Event, name="touch.bounced"):
    """The message did not reach the customer."""

    reason: Code


class TouchOpened(Event, name="touch.opened"):
    """The customer opened the message."""


class TouchResponded(Event, name="touch.responded"):
    """The customer answered."""

    response_id: UUID
    customer_id: UUID
    response: Code
    text: Annotated[Text | None, Personal("touch")] = None


class TouchConverted(Conversion, Event, name="touch.converted"):
    """The customer took up what was offered."""


class TouchObjectedTo(Event, name="touch.objected-to"):
    """The customer objects to how the program decided (PIPL art. 24): the policy says what that does to its purpose."""

    objection_id: UUID
    purpose: Purpose
    channel: Channel
    text: Annotated[Text | None, Personal("touch")] = None
    customer_id: UUID


class TouchObjectionReviewed(Event, name="touch.objection-reviewed"):
    """A person has looked at the objection. Upheld: the program contacts the customer for this purpose no more."""

    objection_id: UUID
    outcome: ReviewOutcome
    reason: Code
    reviewed_by: ActorId


# Commands


class TouchCommand(Command):
    """A command to one touch's stream."""

    stream_field = "touch_id"

    touch_id: UUID


class DecideTouch(Decision, TouchCommand, name="touch.decide"):
    """Record what somebody else's rule decided about contacting a customer."""


class ProposeTouch(Wish, TouchCommand, name="touch.propose"):
    """Have the contact policy decide whether a customer is contacted for a campaign, at the time of asking."""

    judged_field = "judgement"
    opens = True

    judgement: Judgement | None = None


class ReconsiderTouch(TouchCommand, name="touch.reconsider"):
    """Have the contact policy look at a held touch again: it is sent, suppressed, expired, or still held."""

    judged_field = "judgement"

    judgement: Judgement | None = None


class ReleaseTouch(Ruling, TouchCommand, name="touch.release"):
    """Send a held touch."""


class SuppressTouch(Ruling, TouchCommand, name="touch.suppress"):
    """Give a held touch up."""


class ExpireTouch(TouchCommand, name="touch.expire"):
    """Give a held touch up because its time has passed."""

    reason: Code


class ConfirmTouchDelivery(TouchCommand, name="touch.confirm-delivery"):
    """Record that the touch reached the customer."""


class RecordTouchBounce(TouchCommand, name="touch.record-bounce"):
    """Record that the touch did not reach the customer."""

    reason: Code


class RecordTouchOpening(TouchCommand, name="touch.record-opening"):
    """Record that the customer opened the message."""


class RecordTouchResponse(TouchCommand, name="touch.record-response"):
    """Record the customer's answer."""

    response_id: UUID
    response: Code
    text: Annotated[Text | None, Personal("touch")] = None


class RecordTouchConversion(Conversion, TouchCommand, name="touch.record-conversion"):
    """Record that the customer took the offer up."""


class ObjectToTouch(TouchCommand, name="touch.object"):
    """Record that the customer objects to how the program decided."""

    objection_id: UUID
    channel: Channel
    text: Annotated[Text | None, Personal("touch")] = None


class ReviewTouchObjection(TouchCommand, name="touch.review-objection"):
    """Decide an objection, as a person."""

    actor_field = "reviewed_by"

    objection_id: UUID
    outcome: ReviewOutcome
    reason: Code
    reviewed_by: ActorId
