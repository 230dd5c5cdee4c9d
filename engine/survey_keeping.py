"""Invites customers to surveys after what the survey plan names, and lets invitations expire.

One process at a time has the lease of a partition. It reads final responses and contacts from the record and gives for
each the command that the plan in force asks for, which is judged by the plan as anybody's is. The command's id derives
from the event and the survey, the invitation's id from what is rated and the survey: so after any crash it is given
again and does nothing, a rebuild gives none, and one thing is rated once.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self
from uuid import UUID

from domain.complaint import COMPLAINT
from domain.complaint_intake import ComplaintReceived
from domain.complaint_letters import FinalResponseIssued
from domain.interaction import INTERACTION
from domain.interaction_messages import InteractionRecorded
from domain.kernel import Refusal
from domain.survey import ExpireSurvey, InviteToSurvey
from domain.survey_plan import Occasion, SurveyInstrument
from engine.deciding import Context
from engine.keeper_bookmark import KeeperBookmark
from engine.keeping import IDLE_S, Keeping
from engine.program_commands import Program
from engine.survey_plans import ActivePlan
from engine.wiring import Daybook
from projections import audit_trail, satisfaction_history
from projections.fact import Fact
from projections.leases import TTL_S, Claim
from projections.profile_query import branch_of
from store.errors import ConditionFailed, VersionConflict
from store.identity import derive_id

ACTOR: Final = "daybook:surveys"
PAGE: Final = 500
TRIES: Final = 5
WAIT_S: Final = 10.0
"""How long the audit trail, which knows the plans, is waited for."""
READ: Final = frozenset({FinalResponseIssued.type, InteractionRecorded.type})
_log = logging.getLogger(__name__)


class ReadModelBehind(Exception):
    """A read model is not far enough to go by."""


class Rated(NamedTuple):
    """What a customer may be asked about: a complaint or a contact, its channel, and what it was about."""

    occasion: Occasion
    thing_id: UUID
    customer_id: UUID
    channel: str
    product: str | None
    cause: Fact


class SurveyKeeper:
    """Keeps the surveys of one partition, by a lease. Made by `open`."""

    def __init__(self, daybook: Daybook, bookmark: KeeperBookmark) -> None:
        self._daybook = daybook
        self._record = daybook.record
        self._bookmark = bookmark
        self._partition = bookmark.partition
        self._program = Program(daybook, ACTOR)

    @classmethod
    async def open(cls, daybook: Daybook, partition: int, holder: str, ttl_s: float = TTL_S) -> Self | None:
        """Take the lease and go on where the last holder stopped; None: another process has it."""
        bookmark = await KeeperBookmark.take(daybook, Claim(partition, holder, "surveys", ttl_s))
        return None if bookmark is None else cls(daybook, bookmark)

    async def close(self) -> None:
        """Let another take the lease."""
        await self._bookmark.close()

    async def turn(self) -> bool:
        """Read on, and let what is due expire."""
        moment = datetime.now(UTC)
        read = await self.step(moment)
        return await self.expire(moment) == PAGE or read == PAGE

    async def step(self, moment: datetime) -> int:
        """Read on, and give what the plan in force asks for after each event; how many events.

        Raises:
            LeaseLost: another process keeps this partition's surveys.
        """
        await self._bookmark.renew()
        end = await self._record.next_position(self._partition)
        if self._bookmark.position >= end:
            return 0
        events = await self._record.read_types(self._partition, READ, self._bookmark.position, end, PAGE)
        plan = await self._plan() if events else None
        for event in events:
            if plan is not None and event.recorded_at >= plan.since:
                await self._consider(self._daybook.mapper.fact(event), plan, moment)
        await self._bookmark.move(events[-1].position + 1 if len(events) == PAGE else end)
        return len(events)

    async def expire(self, moment: datetime) -> int:
        """Let invitations expire that are due, the longest due first, at most a page; how many were looked at."""
        due = await satisfaction_history.due(self._daybook.models, self._partition, moment, PAGE)
        for invitation_id, expires_at in due:
            command = ExpireSurvey(invitation_id=invitation_id, occurred_at=expires_at)
            digest = self._daybook.vault.keyed_hmac("survey-expiry", invitation_id.bytes)
            command_id = derive_id(digest, beside=invitation_id)
            try:
                await self._daybook.handler.handle([command], Context(ACTOR, command_id, digest, command_id))
            except Refusal as refused:  # answered meanwhile
                _log.info("invitation %s does not expire: %s", invitation_id, refused)
        return len(due)

    async def _plan(self) -> ActivePlan | None:
        """The plan in force, among all that were activated before now.

        Raises:
            ReadModelBehind: what was activated is not known yet; nothing was read, and the next turn reads it.
        """
        end = await self._record.end()
        if await self._daybook.models.wait_for(audit_trail.NAME, end, WAIT_S) == "timeout":
            raise ReadModelBehind(f"the audit trail is not as far as the record after {WAIT_S} s")
        activated = await self._daybook.survey_plans.look()
        return activated[-1] if activated else None

    # Inviting

    async def _consider(self, cause: Fact, plan: ActivePlan, moment: datetime) -> None:
        rated = await self._rated(cause)
        if rated is None:
            return
        moment = max(moment, plan.since)  # it may have been activated while this turn waited for what it reads
        for instrument in plan.told.instruments:
            lasts = timedelta(days=instrument.expires_after_days)
            if instrument.occasion == rated.occasion and moment - cause.event.occurred_at < lasts:
                await self._invite(rated, instrument, moment)

    async def _rated(self, cause: Fact) -> Rated | None:
        """What the event lets a customer be asked about; None: nothing, or a matter that only few may know of."""
        stream_id, event = cause.recorded.stream_id, cause.event
        customer_id = cause.recorded.customer_id
        if customer_id is None:
            return None
        if isinstance(event, FinalResponseIssued):
            complaint = await self._program.story(COMPLAINT, stream_id)
            received = complaint.facts[0].event
            if not isinstance(received, ComplaintReceived) or COMPLAINT.matter_of(complaint.state) is not None:
                return None
            return Rated("final-response", stream_id, customer_id, received.channel, received.product, cause)
        if not isinstance(event, InteractionRecorded) or event.direction != "inbound" or event.ended_at is None:
            return None
        interaction = await self._program.story(INTERACTION, stream_id)
        if INTERACTION.matter_of(interaction.state) is not None:
            return None
        return Rated("contact", stream_id, customer_id, event.channel, event.product, cause)

    async def _invite(self, rated: Rated, instrument: SurveyInstrument, moment: datetime) -> None:
        """Invite, or have recorded which cap forbids it; again while others invite the customer too."""
        keyed, customer_id = self._daybook.vault.keyed_hmac, rated.customer_id
        invitation_id = invitation_id_of(keyed, customer_id, rated.thing_id, instrument.survey)
        caused = keyed("survey-command", rated.cause.recorded.event_id.bytes, instrument.survey.encode())
        context = Context(
            ACTOR, derive_id(caused, beside=customer_id), caused, rated.cause.recorded.correlation_id,
            rated.cause.recorded.event_id, rated.cause.recorded.recorded_at,
        )  # fmt: skip
        branch = await branch_of(self._daybook.models, customer_id)
        command = InviteToSurvey.model_validate({
            "invitation_id": invitation_id, "occurred_at": moment, "customer_id": customer_id,
            "survey": instrument.survey, "survey_version": instrument.survey_version, "metric": instrument.metric,
            "scale_min": instrument.scale_min, "scale_max": instrument.scale_max, "channel": rated.channel,
            "product": rated.product, "branch": branch,
            "complaint_id": rated.thing_id if rated.occasion == "final-response" else None,
            "interaction_id": rated.thing_id if rated.occasion == "contact" else None,
        })  # fmt: skip
        for left in reversed(range(TRIES)):
            try:
                await self._daybook.handler.handle([command], context)
            except (ConditionFailed, VersionConflict):
                if not left:
                    raise
            except Refusal as refused:  # rated already, after an earlier event of the same thing
                _log.info("%s after %s: %s", instrument.survey, rated.thing_id, refused)
                return
            else:
                return


def invitation_id_of(keyed_hmac: Callable[..., bytes], customer_id: UUID, thing_id: UUID, survey: str) -> UUID:
    """The one invitation to rate this thing by this survey."""
    return derive_id(keyed_hmac("survey-invitation", thing_id.bytes, survey.encode()), beside=customer_id)


def keeping_surveys(daybook: Daybook, *, idle_s: float = IDLE_S) -> AbstractAsyncContextManager[object]:
    """Keep surveys while the block runs, where this installation lets this process."""
    if not daybook.settings.surveys:
        return nullcontext()

    async def opened(partition: int, holder: str) -> SurveyKeeper | None:
        return await SurveyKeeper.open(daybook, partition, holder)

    return Keeping("surveys", daybook.ends, opened, idle_s=idle_s)
