from datetime import date

from domain.task import (
    TASK,
    AssignTask,
    CancelTask,
    CompleteTask,
    RescheduleTask,
    ScheduleTask,
    StartTask,
    SuspendTask,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskRescheduled,
    TaskScheduled,
    TaskStarted,
    TaskSuspended,
)
from tests.domain.scenario import ANNA, ONE, given, it, to

WORK = {"customer_id": ANNA, "kind": "call-about-offer", "engagement_id": ONE, "due_on": date(2026, 11, 20)}
SCHEDULE = to(ScheduleTask, **WORK)
START = to(StartTask, performed_by="staff:7")


def test_work_is_scheduled_begun_put_down_and_done():
    given(TASK).when(SCHEDULE).then(it(TaskScheduled, **WORK))
    given(TASK, SCHEDULE).when(START).then(it(TaskStarted, performed_by="staff:7"))
    given(TASK, SCHEDULE, START).when(to(SuspendTask)).then(it(TaskSuspended))
    given(TASK, SCHEDULE, START, to(SuspendTask)).when(START).then(it(TaskStarted, performed_by="staff:7"))
    given(TASK, SCHEDULE, START).when(to(CompleteTask, result="agreed")).then(it(TaskCompleted, result="agreed"))


def test_what_was_never_begun_may_be_done_or_given_up():
    given(TASK, SCHEDULE).when(to(CompleteTask)).then(it(TaskCompleted))
    given(TASK, SCHEDULE).when(to(CancelTask, reason="moved")).then(it(TaskCancelled, reason="moved"))


def test_it_changes_hands_and_days_only_where_that_is_new():
    assign, later = to(AssignTask, assignee="staff:8"), to(RescheduleTask, due_on="2026-11-27", reason="away")
    given(TASK, SCHEDULE).when(assign).then(it(TaskAssigned, assignee="staff:8"))
    given(TASK, SCHEDULE, assign).when(assign).then()
    given(TASK, SCHEDULE).when(later).then(it(TaskRescheduled, due_on=date(2026, 11, 27), reason="away"))
    given(TASK, SCHEDULE, later).when(later).then()
