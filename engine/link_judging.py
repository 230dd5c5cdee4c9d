"""Judges links between customers: what a rule and evidence claim is compared anew, on the record, by the program.

The comparison is that of the candidates by the rules in force, but of everybody as the record has them now, and of all
that the rules know, whatever who links them is shown. The answer tells whether two customers agree in something, so
what is compared is a look of theirs.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.identity_messages import Comparison, LinkIdentity
from domain.kernel import with_fact
from engine.access import Decision, Viewer
from engine.deciding import Context, Judgeable
from engine.linking import compared
from engine.linking_rules import Linking
from engine.looking import Looker
from engine.searching import CustomerSearch
from projections.people import IDENTIFYING, PeopleRecorded
from store.envelope import CustomerCondition

if TYPE_CHECKING:
    from engine.wiring import Daybook

PURPOSE: Final = "service"


class Comparer(Looker):
    """The program, which compares everything for somebody, and shows nothing."""

    __slots__ = ()

    def decide(self, subject_id: UUID, record_class: str, name: str) -> Decision:  # noqa: ARG002  # whatever it is
        """See `Looker`."""
        return "shown"


class LinkJudge:
    """Compares two customers for a link; it remembers nothing. `in_force`: tells the linking rules."""

    def __init__(self, daybook: "Daybook", in_force: Callable[[], Awaitable[Linking]]) -> None:
        self._daybook = daybook
        self._in_force = in_force
        people = PeopleRecorded(daybook.record, daybook.mapper.fact)
        self._search = CustomerSearch(people, daybook.vault.index, daybook.opener)

    async def judged(self, command: LinkIdentity, context: Context) -> Judgeable:
        """The command with what the two have in common, and the condition under which that holds.

        It holds while nothing that identifies them is recorded of those of the two who lie in the command's partition.

        Raises:
            PersistenceError, ReadModelError, ...: which rules are in force is not known; nothing is decided by a guess.
            LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
        """
        rules = await self._in_force()
        conditions = await self._conditions(command)
        viewer = Viewer(context.actor, frozenset(), PURPOSE)
        looker = Comparer(viewer, self._daybook.access.table, command.type, context.correlation_id)
        found = await compared(self._search, looker, rules, command.customer_id)
        if found is None:
            comparison = Comparison(agrees=(), rules=(), rules_version=rules.rules_version, shared=())
        else:
            comparison = Comparison(
                agrees=tuple(sorted(found.evidence.get(command.other_id, ()))),
                rules=found.rules_with(command.other_id),
                rules_version=rules.rules_version,
                shared=tuple(sorted({one.kind for one in found.shared})),
            )
        return Judgeable(with_fact(command, "comparison", comparison), conditions)

    async def _conditions(self, command: LinkIdentity) -> tuple[CustomerCondition, ...]:
        """Read before what is compared: what comes in between fails the condition, and the link is judged again."""
        record = self._daybook.record
        partition = record.partition_of(command.customer_id)
        ids = record.by_partition((command.customer_id, command.other_id))[partition]
        found = await record.read_customers(partition, ids, IDENTIFYING)
        last = {one: events[-1].position for one, events in found.items()}
        return tuple(CustomerCondition(one, IDENTIFYING, last.get(one, -1)) for one in ids)
