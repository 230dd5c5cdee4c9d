"""The rules of the simulated bank: clocks and calendars, a contact policy, a survey plan, each agreed on as it must be.

The bank's year lies before its recording, and a rule that is recorded today holds no earlier. So the bank itself knows
since when its rules hold, and its touches and invitations are judged by those, at their own moments: by the same
judges, with the same events. What is judged in this record afterwards goes by when the rules were recorded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from domain.clock_catalogue import CATALOGUE
from domain.clock_policy import CLOCK_POLICY, ActivateClockPolicy, ProposeClockPolicy, SignOffClockPolicy
from domain.contact_catalogue import FIRST_RULES
from domain.contact_policy import CONTACT_POLICY, ActivateContactPolicy, ProposeContactPolicy, SignOffContactPolicy
from domain.contact_rules import DAYS_MAX, ContactHours, ContactRules, ContactWindow
from domain.kernel import Command, happened
from domain.survey_plan import (
    SURVEY_PLAN,
    ActivateSurveyPlan,
    Cap,
    ProposeSurveyPlan,
    Question,
    SurveyInstrument,
    SurveyPlanProposed,
)
from domain.working_calendar import CALENDAR, AdoptCalendar, DraftCalendar
from engine.contact_policies import FIRST, PolicyVersion
from engine.drafting_calendars import PLACES as CALENDARS
from engine.drafting_calendars import drafted, last_known_year
from engine.handling import Unit
from engine.linking_rules import Linking, first_linking
from engine.one_stream import one_stream
from engine.simulated_ids import SimulatedIds
from engine.survey_plans import ActivePlan

REGIMES: Final = ("cn", "uk", "uk.psd", "us.cfpb")
VERSION: Final = 1
_PROPOSED, _SIGNED = "staff:contact-officer", ("staff:head-of-compliance", "staff:data-protection")

CSAT: Final = SurveyInstrument(
    cap=Cap(days=30, most=1), expires_after_days=14, metric="csat", occasion="contact", scale_min=1, scale_max=5,
    survey="after-contact", survey_version=1,
    questions=(
        Question(language="en", text="How satisfied are you with our help?"),
        Question(language="zh", text="您对我们的服务满意吗？"),  # noqa: RUF001  # Chinese
    ),
)  # fmt: skip
CES: Final = SurveyInstrument(
    cap=Cap(days=30, most=1), expires_after_days=7, metric="ces", scale_min=1, scale_max=7, survey="digital-ease",
    survey_version=1,
    questions=(
        Question(language="en", text="How easy was it to get this done online?"),
        Question(language="zh", text="在线办理这项业务方便吗？"),  # noqa: RUF001  # Chinese
    ),
)  # fmt: skip
NPS: Final = SurveyInstrument(
    cap=Cap(days=150, most=1), expires_after_days=21, metric="nps", scale_min=0, scale_max=10, survey="relationship",
    survey_version=1,
    questions=(
        Question(language="en", text="How likely are you to recommend us to a friend?"),
        Question(language="zh", text="您有多大可能把我们推荐给朋友？"),  # noqa: RUF001  # Chinese
    ),
)  # fmt: skip


def _contact_rules() -> ContactRules:
    """Those that come with the program, but for marketing, which this bank does less of."""

    def window(name: str, days: int, limit: int, reached: Any) -> ContactWindow:  # noqa: ANN401  # a literal
        return ContactWindow(
            channels=(), counts="sent", days=days, limit=limit, matter=False, reached=reached, window=name
        )

    marketing = {
        "hours": ContactHours(channels=(), from_time="09:00", until_time="20:00"),
        "windows": (window("marketing.week", 7, 1, "hold"), window("marketing.quarter", 90, 3, "suppress")),
        "source": "PIPL arts. 13-16, 24; GDPR arts. 6, 7, 21; caps and hours: the bank's own",
    }
    purposes = [replace(one, **marketing) if one.purpose == "marketing" else one for one in FIRST_RULES.purposes]
    return replace(FIRST_RULES, purposes=tuple(purposes))


class SimulatedRules:
    """Yields the rules as commands, and answers by which of them the bank judges at a moment of its year."""

    def __init__(self, key: Callable[..., bytes], seed: int, start: datetime, until: datetime) -> None:
        self.reach = 2 * timedelta(days=DAYS_MAX)  # nothing of the year is left out
        self._ids = SimulatedIds(key, f"{seed}/rules")
        self._key = key
        self._start = start
        self._years = (start.year - 1, until.year + 1)
        since = start + timedelta(days=24)
        self._policy = ProposeContactPolicy(
            contact_policy_id=one_stream(key, CONTACT_POLICY.name, (VERSION,)), occurred_at=since - timedelta(days=7),
            policy_version=VERSION, in_force_from=since.date(), rules=_contact_rules(), proposed_by=_PROPOSED,
        )  # fmt: skip
        self._plan = ProposeSurveyPlan(
            survey_plan_id=one_stream(key, SURVEY_PLAN.name, (VERSION,)), occurred_at=start,
            plan_version=VERSION, overall=Cap(days=60, most=3), instruments=(CSAT, CES, NPS),
            proposed_by="staff:customer-insight",
        )  # fmt: skip
        self._in_force = PolicyVersion(VERSION, self._policy.contact_policy_id, since.date(), self._policy.rules)
        self._held = (ActivePlan(happened(SurveyPlanProposed, self._plan), start + timedelta(days=1)),)

    async def at(self, moment: datetime) -> PolicyVersion:
        """The contact policy in force."""
        return self._in_force if moment.date() >= self._in_force.in_force_from else FIRST

    async def linking(self) -> Linking:
        """The linking rules: those that come with the program."""
        return first_linking()

    async def look(self) -> Sequence[ActivePlan]:
        """The survey plans."""
        return self._held

    def units(self) -> Iterator[Unit]:
        """All rules, each proposed by one person and agreed to by others."""
        for regime in REGIMES:
            yield from self._clock_policy(regime)
        for name in CALENDARS:
            yield from self._calendar(name)
        yield from self._contact_policy()
        yield from self._survey_plan()

    def _clock_policy(self, regime: str) -> Iterator[Unit]:
        at, policy_id = self._start, one_stream(self._key, CLOCK_POLICY.name, (regime, VERSION))
        seeded = CATALOGUE[regime]
        yield from self._agreed(
            ProposeClockPolicy(
                policy_id=policy_id, occurred_at=at, regime=regime, policy_version=VERSION,
                in_force_from=seeded.in_force_from, rules=seeded.rules, proposed_by="staff:complaints-policy",
            ),
            *(SignOffClockPolicy(policy_id=policy_id, occurred_at=at, signed_by=one) for one in _SIGNED),
            ActivateClockPolicy(policy_id=policy_id, occurred_at=at, activated_by=_SIGNED[0]),
        )  # fmt: skip

    def _calendar(self, name: str) -> Iterator[Unit]:
        at, calendar_id = self._start, one_stream(self._key, CALENDAR.name, (name, VERSION))
        facts = drafted(name, self._years[0], last_known_year(name, self._years[1]))
        yield from self._agreed(
            DraftCalendar.model_validate(
                {
                    **facts, "calendar_id": calendar_id, "occurred_at": at, "calendar_version": VERSION,
                    "in_force_from": facts["covers_from"], "drafted_by": "staff:complaints-policy",
                }
            ),
            AdoptCalendar(calendar_id=calendar_id, occurred_at=at, adopted_by=_SIGNED[0]),
        )  # fmt: skip

    def _contact_policy(self) -> Iterator[Unit]:
        policy_id, at = self._policy.contact_policy_id, self._policy.occurred_at + timedelta(days=2)
        yield from self._agreed(
            self._policy,
            *(SignOffContactPolicy(contact_policy_id=policy_id, occurred_at=at, signed_by=one) for one in _SIGNED),
            ActivateContactPolicy(contact_policy_id=policy_id, occurred_at=at, activated_by=_SIGNED[0]),
        )

    def _survey_plan(self) -> Iterator[Unit]:
        since = self._held[0].since
        activate = ActivateSurveyPlan(
            survey_plan_id=self._plan.survey_plan_id, occurred_at=since, activated_by=_SIGNED[0]
        )
        yield from self._agreed(self._plan, activate)

    def _agreed(self, *commands: Command) -> Iterator[Unit]:
        """Each given by the one who says it."""
        for command in commands:
            actor: str = getattr(command, command.actor_field or "")
            yield self._ids.unit(actor, command)
