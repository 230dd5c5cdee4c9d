"""What is judged before it is decided: touches by the contact policy, invitations to surveys by the survey plan.

And interactions that carried out a touch, by the touch; links between customers, by what the two have in common.

What is judged is decided by itself, never with other commands in one unit, so nothing of its own unit can be missed.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.contact_facts import READ
from domain.identity_messages import LinkIdentity
from domain.interaction_messages import RecordInteraction
from domain.kernel import Command
from domain.survey import InviteToSurvey
from domain.touch import Touch
from domain.touch_messages import ProposeTouch
from engine.carried_out import CarriedOutJudge
from engine.contact_judging import ContactJudge
from engine.deciding import Context, Decided, Judgeable, stream_of
from engine.link_judging import LinkJudge
from engine.states import Versioned
from engine.survey_judging import SurveyJudge
from store.envelope import CustomerCondition


class Judges:
    """Knows who judges what."""

    def __init__(
        self, contact: ContactJudge, surveys: SurveyJudge, carried_out: CarriedOutJudge, links: LinkJudge
    ) -> None:
        self._contact = contact
        self._surveys = surveys
        self._carried_out = carried_out
        self._links = links

    async def judged(
        self, commands: Sequence[Command], states: Mapping[UUID, Versioned], context: Context
    ) -> Judgeable:
        """The command with what is said of it now, and the conditions under which that holds."""
        if len(commands) > 1:
            raise ValueError("what is judged is decided by itself: it must see what came before")
        (command,) = commands
        if isinstance(command, InviteToSurvey):
            return (await self._surveys.judged_all([command]))[0]
        if isinstance(command, RecordInteraction) and command.touch_id is not None:
            return await self._carried_out.judged(command, command.touch_id)
        if isinstance(command, LinkIdentity):
            return await self._links.judged(command, context)
        state = states[stream_of(command)[0]].state
        return await self._contact.judged(command, state.customer_id if isinstance(state, Touch) else None, context)

    async def judged_all(self, units: Mapping[UUID, Sequence[Command]]) -> dict[UUID, Judgeable] | None:
        """The same for units of one partition by their ids; None: something among them can only be judged by itself."""
        if any(len(commands) > 1 for commands in units.values()):
            return None
        asked = {unit_id: command for unit_id, (command,) in units.items()}
        touches = {unit_id: one for unit_id, one in asked.items() if isinstance(one, ProposeTouch)}
        invitations = {unit_id: one for unit_id, one in asked.items() if isinstance(one, InviteToSurvey)}
        if len(touches) + len(invitations) < len(asked):
            return None
        judged: dict[UUID, Judgeable] = {}
        if touches:
            of_touches = await self._contact.judged_all([*touches.values()])
            if of_touches is None:
                return None
            judged |= zip(touches, of_touches, strict=True)
        if invitations:
            judged |= zip(invitations, await self._surveys.judged_all([*invitations.values()]), strict=True)
        return judged

    def appended(self, conditions: Sequence[CustomerCondition], events: Sequence[Decided], last: int) -> None:
        """Tell who remembers facts what was appended under these conditions; `last`: the last event's position."""
        self._contact.appended(_of_contact(conditions), events, last)

    def forget(self, conditions: Sequence[CustomerCondition]) -> None:
        """Have these customers' facts read anew."""
        self._contact.forget(_of_contact(conditions))


def _of_contact(conditions: Sequence[CustomerCondition]) -> list[CustomerCondition]:
    return [one for one in conditions if one.types == READ]
