"""Rules that bind everybody come in versions: one person proposes one, others agree, it is put in force or given up.

Each version has a stream, whose id is made from its number: so no two of one number are ever in force. A number whose
proposal was given up can be proposed anew.
Here is the course that all such versions take. What is of one kind of rules alone, its facts and what a proposal must
fulfil, stands in that kind's own file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, NamedTuple, TypeVar

from domain.codes import ActorId
from domain.four_eyes import SIGNATURES, require_another
from domain.kernel import Aggregate, Command, Event, Refusal, happened, refusal

Status = Literal["absent", "proposed", "active", "withdrawn"]


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version as decisions see it. A kind adds the facts that name its versions, which activation repeats."""

    status: Status = "absent"
    proposed_by: ActorId | None = None
    signed_by: tuple[ActorId, ...] = ()


V = TypeVar("V", bound=RuleVersion)
_COURSE: Final = frozenset(one.name for one in fields(RuleVersion))


class Step(NamedTuple):
    """A command of the course, and the event that it leads to."""

    command: type[Command]
    event: type[Event]


class Steps(NamedTuple):
    """The course of one kind; without `sign_off` whoever activates a version is the other person."""

    propose: Step
    activate: Step
    withdraw: Step
    sign_off: Step | None = None


class Words(NamedTuple):
    """The last parts of the codes of refusals, where a kind has words of its own."""

    already_proposed: str = "already-proposed"
    not_proposed: str = "not-proposed"
    already_active: str = "already-active"


def course_of(
    initial: V,
    steps: Steps,
    refusals: Mapping[str, str],
    check: Callable[[Any], None] = lambda _: None,
    words: Words | None = None,
) -> Aggregate[V]:
    """The aggregate of one kind of rules.

    `check` refuses a proposal that cannot be rules of this kind. `refusals` has, with the name of the kind before them,
    the codes in `words`, `second-person-required`, `withdrawn`, `signatures-missing` where versions are signed, and
    those of `check`.
    """
    course = _Course(initial, steps, refusals, check, words or Words())
    in_order = [one for one in (steps.propose, steps.sign_off, steps.activate, steps.withdraw) if one is not None]
    return Aggregate(
        name=course.name,
        initial=initial,
        evolve=course.evolve,
        decide=course.decide,
        commands=tuple(one.command for one in in_order),
        events=tuple(one.event for one in in_order),
        customer_of=lambda _: None,
        ended=lambda state: state.status in {"active", "withdrawn"},
        refusals=refusals,
    )


class _Course:
    """`evolve` and `decide` of one kind."""

    def __init__(
        self,
        initial: RuleVersion,
        steps: Steps,
        refusals: Mapping[str, str],
        check: Callable[[Any], None],
        words: Words,
    ) -> None:
        self.name = steps.propose.command.type.partition(".")[0]
        self._steps = steps
        self._refusals = refusals
        self._check = check
        self._words = words
        self._facts = [one.name for one in fields(initial) if one.name not in _COURSE]
        self._decide: dict[type[Command], Callable[[Any, Any], Sequence[Event]]] = {
            steps.propose.command: self._propose,
            steps.activate.command: self._activate,
            steps.withdraw.command: self._withdraw,
        }
        if steps.sign_off is not None:
            self._decide[steps.sign_off.command] = self._sign_off

    def evolve(self, state: Any, event: Event) -> Any:  # noqa: ANN401  # the state of one kind
        """Fold one event into the version."""
        steps = self._steps
        if type(event) is steps.propose.event:
            facts = {name: getattr(event, name) for name in self._facts}
            return replace(state, status="proposed", proposed_by=_actor(steps.propose, event), signed_by=(), **facts)
        if steps.sign_off is not None and type(event) is steps.sign_off.event:
            return replace(state, signed_by=(*state.signed_by, _actor(steps.sign_off, event)))
        return replace(state, status="active" if type(event) is steps.activate.event else "withdrawn")

    def decide(self, command: Command, state: Any) -> Sequence[Event]:  # noqa: ANN401  # the state of one kind
        """Accept a command as events, or refuse it."""
        if state.status == "absent" and type(command) is not self._steps.propose.command:
            raise self._refused(self._words.not_proposed, command.stream_field)
        return self._decide[type(command)](command, state)

    def _propose(self, command: Command, state: RuleVersion) -> Sequence[Event]:
        if state.status not in {"absent", "withdrawn"}:
            raise self._refused(self._words.already_proposed, command.stream_field)
        self._check(command)
        return [happened(self._steps.propose.event, command)]

    def _sign_off(self, command: Command, state: RuleVersion) -> Sequence[Event]:
        if self._steps.sign_off is None or _actor(self._steps.sign_off, command) in state.signed_by:
            return []
        self._require_open(state)
        self._require_another(self._steps.sign_off, command, state)
        return [happened(self._steps.sign_off.event, command)]

    def _activate(self, command: Command, state: RuleVersion) -> Sequence[Event]:
        if state.status == "active":
            return []
        self._require_open(state)
        if self._steps.sign_off is None:
            self._require_another(self._steps.activate, command, state)
        elif len(state.signed_by) < SIGNATURES:
            raise self._refused("signatures-missing")
        return [happened(self._steps.activate.event, command, **{name: getattr(state, name) for name in self._facts})]

    def _withdraw(self, command: Command, state: RuleVersion) -> Sequence[Event]:
        if state.status == "withdrawn":
            return []
        self._require_open(state)
        return [happened(self._steps.withdraw.event, command)]

    def _require_open(self, state: RuleVersion) -> None:
        if state.status != "proposed":
            raise self._refused(self._words.already_active if state.status == "active" else "withdrawn")

    def _require_another(self, step: Step, command: Command, state: RuleVersion) -> None:
        refused = self._refused("second-person-required", step.command.actor_field)
        require_another(_actor(step, command), [state.proposed_by], refused)

    def _refused(self, code: str, field: str | None = None) -> Refusal:
        return refusal(self._refusals, f"{self.name}.{code}", field)


def _actor(step: Step, message: Command | Event) -> ActorId:
    """Who takes a step: the field of the same name in command and event."""
    return getattr(message, step.command.actor_field or "")
