"""The simulated bank's surveys: whom it wants to ask, and what comes back where the survey plan lets it ask."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from domain.kernel import Event
from domain.survey import AnswerSurvey, ConfirmSurveyDelivery, ExpireSurvey, InviteToSurvey, SurveyInvited
from domain.survey_plan import SurveyInstrument
from engine.simulated_course import Course
from engine.simulated_ids import SimulatedIds
from engine.survey_keeping import invitation_id_of

ANSWERED: Final = 0.4
_WORDS: Final = ("Quick and friendly.", "It took two calls.", "I had to explain it all again.")


class SimulatedSurveys:
    """One customer's invitations, and what they answer."""

    def __init__(self, customer_id: UUID, branch: str, course: Course, ids: SimulatedIds, random: Random) -> None:
        self._customer_id = customer_id
        self._branch = branch
        self._course = course
        self._ids = ids
        self._random = random

    def ask(  # noqa: PLR0913  # what a survey is about
        self,
        instrument: SurveyInstrument,
        at: datetime,
        *,
        channel: str,
        mood: float,
        product: str | None = None,
        interaction_id: UUID | None = None,
    ) -> None:
        """Invite the customer, whose mood is between 0 and 1, to rate a contact, or the bank."""
        if interaction_id is None:
            invitation_id = self._ids.new(at, self._customer_id)
        else:
            invitation_id = invitation_id_of(self._ids.key, self._customer_id, interaction_id, instrument.survey)
        invite = InviteToSurvey.model_validate(
            {
                "invitation_id": invitation_id, "occurred_at": at, "customer_id": self._customer_id,
                "survey": instrument.survey, "survey_version": instrument.survey_version, "metric": instrument.metric,
                "scale_min": instrument.scale_min, "scale_max": instrument.scale_max, "channel": channel,
                "product": product, "branch": self._branch, "interaction_id": interaction_id,
            }
        )  # fmt: skip

        def decided(events: Sequence[Event]) -> None:
            for event in events:
                if isinstance(event, SurveyInvited):
                    self._invited(invitation_id, event, mood)

        self._course.ask(self._ids.unit("system:surveys", invite), decided)

    def _invited(self, invitation_id: UUID, event: SurveyInvited, mood: float) -> None:
        random, at = self._random, event.occurred_at
        delivered = ConfirmSurveyDelivery(invitation_id=invitation_id, occurred_at=at + timedelta(minutes=1))
        self._course.add([self._ids.unit("system:surveys", delivered)])
        if random.random() < ANSWERED:
            score = event.scale_min + round(mood * (event.scale_max - event.scale_min))
            says = random.choice(_WORDS) if random.random() < 0.15 else None  # noqa: PLR2004  # a share
            answered = at + timedelta(hours=random.randrange(1, 100))
            answer = AnswerSurvey(invitation_id=invitation_id, occurred_at=answered, score=score, verbatim=says)
            self._course.add([self._ids.unit("system:surveys", answer)])
        elif event.expires_at is not None:
            expire = ExpireSurvey(invitation_id=invitation_id, occurred_at=event.expires_at)
            self._course.add([self._ids.unit("daybook:surveys", expire)])
