"""The contact policies in force: those that were activated in the record, and the one that came with the program."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from domain.contact_catalogue import FIRST_RULES
from domain.contact_policy import ContactPolicyActivated, ContactPolicyProposed
from domain.contact_rules import DAYS_MAX, ONE_DAY, ContactRules
from engine.fresh import Fresh
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions, in_force_since
from projections.models import ReadModels

LOOK_S: Final = 2.0
"""How often it is looked for versions that were activated. None of them holds on the day of its activation."""


class PolicyVersion(NamedTuple):
    """A version, and the day from which it holds; `policy_id` None: it came with the program."""

    version: int
    policy_id: UUID | None
    in_force_from: date
    rules: ContactRules


FIRST: Final = PolicyVersion(0, None, date.min, FIRST_RULES)


class Policies(Protocol):
    """Whoever knows which policy is in force, and how long before a moment something counts by any of them."""

    reach: timedelta

    async def at(self, moment: datetime) -> PolicyVersion:
        """The policy in force at a moment."""
        ...


class ContactPolicies:
    """Knows every version that was activated, and looks for newer ones now and then.

    `shared`: whether any of them has a cap over customers who share a number or address; so until it is known.
    `reach`: how long before a moment something counts, by any of them; until it is known, by any that there can be.
    """

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self._versions = ActiveVersions(models, mapper, ContactPolicyProposed, ContactPolicyActivated)
        self._fresh = Fresh(self._look, LOOK_S)
        self.shared = True
        self.reach = timedelta(days=DAYS_MAX) + ONE_DAY

    async def at(self, moment: datetime) -> PolicyVersion:
        """The policy in force at a moment: of all in force the one with the highest version.

        Raises:
            PersistenceError, ReadModelError, ...: which policies there are is not known; nothing is decided by a guess.
        """
        known = await self._fresh.get()
        day = moment.astimezone(UTC).date()
        return max((one for one in known if one.in_force_from <= day), key=_rank)

    async def of(self, version: int, policy_id: UUID | None) -> PolicyVersion | None:
        """The policy that a touch names; None: no such version was ever activated."""
        known = await self._fresh.look()
        return next((one for one in known if (one.version, one.policy_id) == (version, policy_id)), None)

    async def _look(self) -> tuple[PolicyVersion, ...]:
        found = await self._versions.look()
        activated = (
            PolicyVersion(
                one.proposed.policy_version,
                one.stream_id,
                in_force_since(one.proposed.in_force_from, one.activated_at, first=False),
                one.proposed.rules,
            )
            for one in found
        )
        known = (FIRST, *activated)
        self.shared = any(one.rules.shared for one in known)
        self.reach = max(one.rules.reach for one in known)
        return known


def _rank(one: PolicyVersion) -> tuple[int, str]:
    return one.version, str(one.policy_id)
