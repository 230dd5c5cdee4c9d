"""Task: work that somebody at the bank has to do for a customer, from when it is scheduled until it is done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, Code
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "scheduled", "started", "suspended", "completed", "cancelled"]

# Facts that events and commands share


class Work(Facts):
    """What is to be done, for whom, in which engagement if it belongs to one, by whom, and by which day."""

    customer_id: UUID
    kind: Code
    engagement_id: UUID | None = None
    assignee: ActorId | None = None
    due_on: date | None = None


class Done(Facts):
    """Who did it, where it was not the one who says so."""

    performed_by: ActorId | None = None


# Events


class TaskScheduled(Work, Event, name="task.scheduled"):
    """Something is to be done."""


class TaskAssigned(Event, name="task.assigned"):
    """From now on this one has to do it."""

    assignee: ActorId


class TaskRescheduled(Event, name="task.rescheduled"):
    """It is due on another day."""

    due_on: date
    reason: Code


class TaskStarted(Done, Event, name="task.started"):
    """Somebody began with it, or took it up again."""


class TaskSuspended(Done, Event, name="task.suspended"):
    """It was put down before it was done."""


class TaskCompleted(Done, Event, name="task.completed"):
    """It is done; `result` is what came of it, in the bank's own words."""

    result: Code | None = None


class TaskCancelled(Event, name="task.cancelled"):
    """It need not be done any more."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class Task:
    """The task as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None
    assignee: ActorId | None = None
    due_on: date | None = None


# Evolve


def _scheduled(_: Task, event: TaskScheduled) -> Task:
    return Task("scheduled", event.customer_id, event.assignee, event.due_on)  # the first: there is nothing to keep


def _assigned(state: Task, event: TaskAssigned) -> Task:
    return replace(state, assignee=event.assignee)


def _rescheduled(state: Task, event: TaskRescheduled) -> Task:
    return replace(state, due_on=event.due_on)


def _becomes(status: Status) -> Callable[[Task, Event], Task]:
    def evolve_status(state: Task, _: Event) -> Task:
        return replace(state, status=status)

    return evolve_status


_EVOLVE: Final[dict[type[Event], Callable[..., Task]]] = {
    TaskScheduled: _scheduled,
    TaskAssigned: _assigned,
    TaskRescheduled: _rescheduled,
    TaskStarted: _becomes("started"),
    TaskSuspended: _becomes("suspended"),
    TaskCompleted: _becomes("completed"),
    TaskCancelled: _becomes("cancelled"),
}


def evolve(state: Task, event: Event) -> Task:
    """Fold one event into the task."""
    return _EVOLVE[type(event)](state, event)


# Commands


class TaskCommand(Command):
    """A command to one task's stream."""

    stream_field = "task_id"

    task_id: UUID


class ScheduleTask(Work, TaskCommand, name="task.schedule"):
    """Have something done."""


class AssignTask(TaskCommand, name="task.assign"):
    """Give it to somebody, or to somebody else."""

    assignee: ActorId


class RescheduleTask(TaskCommand, name="task.reschedule"):
    """Have it done by another day."""

    due_on: date
    reason: Code


class StartTask(Done, TaskCommand, name="task.start"):
    """Begin with it, or take it up again."""


class SuspendTask(Done, TaskCommand, name="task.suspend"):
    """Put it down before it is done."""


class CompleteTask(Done, TaskCommand, name="task.complete"):
    """Record that it is done, started or not."""

    result: Code | None = None


class CancelTask(TaskCommand, name="task.cancel"):
    """Give it up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "task.already-scheduled": "This task is scheduled already.",
        "task.not-scheduled": "There is no such task; schedule it first.",
        "task.not-started": "Only a started task can be suspended.",
        "task.already-completed": "The task is done; schedule a new one.",
        "task.already-cancelled": "The task was cancelled; schedule a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _schedule(command: ScheduleTask, state: Task) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("task.already-scheduled", "task_id")
    return [happened(TaskScheduled, command)]


def _assign(command: AssignTask, state: Task) -> Sequence[Event]:
    if state.assignee == command.assignee:
        return []
    _require_open(state)
    return [happened(TaskAssigned, command)]


def _reschedule(command: RescheduleTask, state: Task) -> Sequence[Event]:
    if state.due_on == command.due_on:
        return []
    _require_open(state)
    return [happened(TaskRescheduled, command)]


def _start(command: StartTask, state: Task) -> Sequence[Event]:
    if state.status == "started":
        return []
    _require_open(state)
    return [happened(TaskStarted, command)]


def _suspend(command: SuspendTask, state: Task) -> Sequence[Event]:
    if state.status == "suspended":
        return []
    _require_open(state)
    if state.status != "started":
        raise _refuse("task.not-started")
    return [happened(TaskSuspended, command)]


def _complete(command: CompleteTask, state: Task) -> Sequence[Event]:
    if state.status == "completed":
        return []
    _require_open(state)
    return [happened(TaskCompleted, command)]


def _cancel(command: CancelTask, state: Task) -> Sequence[Event]:
    if state.status == "cancelled":
        return []
    _require_open(state)
    return [happened(TaskCancelled, command)]


def _require_open(state: Task) -> None:
    if state.status == "completed":
        raise _refuse("task.already-completed")
    if state.status == "cancelled":
        raise _refuse("task.already-cancelled")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ScheduleTask: _schedule,
    AssignTask: _assign,
    RescheduleTask: _reschedule,
    StartTask: _start,
    SuspendTask: _suspend,
    CompleteTask: _complete,
    CancelTask: _cancel,
}


def decide(command: Command, state: Task) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ScheduleTask:
        raise _refuse("task.not-scheduled", "task_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Task) -> bool:
    return state.status in {"completed", "cancelled"}


TASK: Final = Aggregate(
    name="task",
    initial=Task(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
