"""Interaction: the events of an interaction's stream and the commands that ask for them.

What is decided from these messages stands in `domain.interaction`.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.dataclasses import dataclass as value

from domain.access_rules import CorrectionsAlone, MatterGroup
from domain.attaching import Attachment, Content, FileName
from domain.clock_rules import Version
from domain.codes import (
    ActorId,
    Authentication,
    Changes,
    Channel,
    Code,
    Direction,
    Purpose,
    Reference,
    Text,
)
from domain.confidential import Actors, Confidentiality, Declassification, DeclassificationRequest
from domain.correcting import Approving, Correcting, Rejecting, Requesting, Withdrawing
from domain.kernel import Command, Event, Facts, Personal
from domain.sampling import PeriodName, PerTenThousand

Summary = Annotated[Text | None, Personal("interaction")]
Detail = Literal["topic", "disposition", "product", "authentication"]
CorrectedPersonal = Annotated[tuple[Literal["summary"], ...], Field(max_length=10)]


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class TouchSeen:
    """The touch that an interaction is to have carried out, as the record has it. Fields in alphabetical order.

    `carried_out_by`: the interaction that names it already, of those that everybody may see.
    """

    carried_out_by: UUID | None
    channel: Channel
    customer_id: UUID
    sent: bool


# Facts that events and commands share


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Participant:
    """Another customer who took part, and as what: `joint_holder`, `agent`, `heir`."""

    customer_id: UUID
    role: Code


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class StaffParticipant:
    """A member of staff who took part, by pseudonym, and as what: `relationship_manager`, `expert`, `interpreter`."""

    actor: ActorId
    role: Code


class Recording(Facts):
    """One contact as it went; `confidential` is the group who may know of it, but never those it is `withheld_from`.

    `topic` and `disposition` are what it was about and what came of it; `task_id` the task that it carried out, such
    as a planned visit; `touch_id` the touch, so that caps count the one contact once.
    """

    customer_id: UUID
    channel: Channel
    direction: Direction
    purpose: Purpose
    topic: Code | None = None
    disposition: Code | None = None
    participants: Annotated[tuple[Participant, ...], Field(max_length=20)] = ()
    staff: Annotated[tuple[StaffParticipant, ...], Field(max_length=20)] = ()
    task_id: UUID | None = None
    touch_id: UUID | None = None
    authentication: Authentication | None = None
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    product: Code | None = None
    external_ref: Reference | None = None
    confidential: MatterGroup | None = None
    withheld_from: Actors = ()
    summary: Summary = None


class FollowUpPlan(Facts):
    """Something promised, by when and by whom."""

    follow_up_id: UUID
    kind: Code
    due_at: AwareDatetime
    assignee: ActorId | None = None


class Drawing(Facts):
    """By which version of the sampling plan it was drawn, for the sample of which period, and what it was then.

    `per_10_000`: the rate, for interactions of this channel and purpose.
    """

    draw_id: UUID
    plan_id: UUID
    plan_version: Version
    period: PeriodName
    per_10_000: PerTenThousand
    channel: Channel
    purpose: Purpose


class Screening(Facts):
    """Whether an interaction of a sample was a complaint that nobody recorded; which one, once it is recorded.

    `draw_id` names the drawing, of an interaction that the sampling plan has drawn.
    """

    screening_id: UUID
    sample: Code
    draw_id: UUID | None = None
    finding: Literal["no-complaint", "complaint-recorded", "missed-complaint"]
    complaint_id: UUID | None = None


# Events


class InteractionRecorded(Recording, Event, name="interaction.recorded"):
    """The bank and a customer were in contact."""


class InteractionAnnotated(Event, name="interaction.annotated"):
    """Somebody added a note."""

    note_id: UUID
    customer_id: UUID
    note: Annotated[Text | None, Personal("interaction")] = None


class InteractionCorrected(Correcting, Event, name="interaction.corrected"):
    """What was recorded was wrong; `corrected_personal` names sealed fields given anew."""

    customer_id: UUID
    corrected_personal: CorrectedPersonal = ()
    summary: Summary = None


class InteractionCorrectionRequested(Requesting, Event, name="interaction.correction-requested"):
    """What was recorded is to be corrected once another person approves it; until then nothing is changed."""

    customer_id: UUID
    corrected_personal: CorrectedPersonal = ()
    summary: Summary = None


class InteractionCorrectionApproved(Approving, Event, name="interaction.correction-approved"):
    """The correction is in force: `changes`, and what its request has sealed of `corrected_personal`."""

    puts_in_force = (InteractionCorrectionRequested, "correction_id")

    changes: Changes = ()
    corrected_personal: CorrectedPersonal = ()


class InteractionCorrectionRejected(Rejecting, Event, name="interaction.correction-rejected"):
    """Another person did not agree to the correction."""


class InteractionCorrectionWithdrawn(Withdrawing, Event, name="interaction.correction-withdrawn"):
    """Who asked for the correction has given it up."""


class InteractionAttachmentAdded(Attachment, Event, name="interaction.attachment-added"):
    """A file was attached: a document, a picture, a recording."""

    customer_id: UUID
    content: Annotated[Content | None, Personal("attachment", alone=True)] = None
    file_name: Annotated[FileName | None, Personal("interaction")] = None


class FollowUpScheduled(FollowUpPlan, Event, name="interaction.follow-up-scheduled"):
    """Something was promised."""


class FollowUpDone(Event, name="interaction.follow-up-done"):
    """The promise was kept."""

    follow_up_id: UUID


class FollowUpMissed(Event, name="interaction.follow-up-missed"):
    """The promise was not kept in time."""

    follow_up_id: UUID


class InteractionDrawn(Drawing, Event, name="interaction.drawn"):
    """The sampling plan has drawn it: somebody is to look whether it was a complaint that nobody recorded."""


class InteractionScreened(Screening, Event, name="interaction.screened"):
    """Somebody has looked whether it was a complaint."""

    screened_by: ActorId


class InteractionMarkedConfidential(Confidentiality, Event, name="interaction.marked-confidential"):
    """From now on the interaction exists only for a few; `channel` is the one it was on."""

    channel: Channel


class InteractionDeclassificationRequested(
    DeclassificationRequest, Event, name="interaction.declassification-requested"
):
    """Somebody wants that everybody may see the interaction again."""


class InteractionDeclassified(Declassification, Event, name="interaction.declassified"):
    """The interaction is visible to everybody again; `channel` is the one it was on."""

    channel: Channel


# Commands


class InteractionCommand(Command):
    """A command to one interaction's stream."""

    stream_field = "interaction_id"

    interaction_id: UUID


class RecordInteraction(Recording, InteractionCommand, name="interaction.record"):
    """Record a contact."""

    judged_field = "touch_seen"

    touch_seen: TouchSeen | None = None

    @property
    def is_judged(self) -> bool:
        """Only one that names a touch."""
        return self.touch_id is not None


class AnnotateInteraction(InteractionCommand, name="interaction.annotate"):
    """Add a note."""

    note_id: UUID
    note: Annotated[Text, Personal("interaction")]


class CorrectInteraction(InteractionCommand, name="interaction.correct"):
    """Correct what is given, or ask another person to agree; `cleared` names details that are not known after all."""

    actor_field = "requested_by"
    limits_field = "corrections_alone"

    correction_id: UUID
    reason: Code
    channel: Channel | None = None
    direction: Direction | None = None
    purpose: Purpose | None = None
    topic: Code | None = None
    disposition: Code | None = None
    product: Code | None = None
    authentication: Authentication | None = None
    cleared: Annotated[tuple[Detail, ...], Field(max_length=10)] = ()
    summary: Summary = None
    requested_by: ActorId
    corrections_alone: CorrectionsAlone = CorrectionsAlone()


class ApproveInteractionCorrection(Approving, InteractionCommand, name="interaction.approve-correction"):
    """Agree to a correction that somebody else has asked for; it is in force from then on."""

    actor_field = "approved_by"


class RejectInteractionCorrection(Rejecting, InteractionCommand, name="interaction.reject-correction"):
    """Refuse a correction that somebody else has asked for."""

    actor_field = "rejected_by"


class WithdrawInteractionCorrection(Withdrawing, InteractionCommand, name="interaction.withdraw-correction"):
    """Give up a correction that one has asked for oneself."""

    actor_field = "withdrawn_by"


class AttachToInteraction(Attachment, InteractionCommand, name="interaction.attach"):
    """Attach a file, in base64."""

    content: Annotated[Content, Personal("attachment", alone=True)]
    file_name: Annotated[FileName | None, Personal("interaction")] = None


class ScheduleFollowUp(FollowUpPlan, InteractionCommand, name="interaction.schedule-follow-up"):
    """Promise something."""


class CompleteFollowUp(InteractionCommand, name="interaction.complete-follow-up"):
    """Record that the promise was kept."""

    follow_up_id: UUID


class MissFollowUp(InteractionCommand, name="interaction.miss-follow-up"):
    """Record that the promise was not kept in time."""

    follow_up_id: UUID


class DrawInteraction(Drawing, InteractionCommand, name="interaction.draw"):
    """Draw the interaction for a sample."""

    internal = True


class ScreenInteraction(Screening, InteractionCommand, name="interaction.screen"):
    """Say whether an interaction of a sample was a complaint; a missed one is recorded first and named."""

    actor_field = "screened_by"

    screened_by: ActorId


class MarkInteractionConfidential(Confidentiality, InteractionCommand, name="interaction.mark-confidential"):
    """Let the interaction exist only for those who may see the group."""


class RequestInteractionDeclassification(
    DeclassificationRequest, InteractionCommand, name="interaction.request-declassification"
):
    """Ask that everybody may see the interaction again."""

    actor_field = "requested_by"


class DeclassifyInteraction(Declassification, InteractionCommand, name="interaction.declassify"):
    """Let everybody see the interaction again, as somebody else has asked."""

    actor_field = "declassified_by"
