"""Stories in which each example of a command comes where it is accepted: who says what after what, and who else.

A story is a list of steps: a command, `of` which kind, `by` which of the staff. Where nobody is named, each step is by
somebody else, so that who approves is another person than who proposed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from api.examples import bodies
from api.operations import operations
from domain.access_rules import AccessRules
from domain.customer_messages import AddContactPoint, RegisterCustomer
from engine.access import first_table
from engine.deciding import Context
from engine.wiring import Daybook
from store.identity import new_id
from tests.api.stories import INTERNAL, by_program, contact_again, contactable

STORIES = [
    ["access-table.propose", "access-table.sign-off", "access-table.sign-off", "access-table.activate"],
    ["access-table.propose", "access-table.withdraw"],
    ["break-glass.open", "break-glass.close", "break-glass.review"],
    ["actor.register", "actor.move", "actor.rename", "actor.leave"],
    ["customer.register", "customer.add-contact-point", "customer.verify-contact-point", "customer.correct-details",
     "customer.approve-correction", "customer.assign-relationship-manager", "customer.enter-segment",
     "customer.leave-segment", "customer.grant-consent", "customer.withdraw-consent", "customer.deny-consent",
     "customer.set-preference", "customer.remove-contact-point", "customer.end-relationship"],
    ["customer.register", "customer.add-contact-point", "customer.grant-consent", "customer.expire-consent",
     "customer.note-vulnerability", "customer.clear-vulnerability"],
    ["customer.register", "customer.correct-details", "customer.reject-correction"],
    ["customer.register", "customer.correct-details", "customer.withdraw-correction by 1"],
    ["interaction.record", "interaction.correct", "interaction.reject-correction"],
    ["interaction.record", "interaction.correct", "interaction.withdraw-correction by 1"],
    ["customer.register", "customer.record-identity-document", "customer.withdraw-identity-document"],
    ["customer.register", "customer.link-identity", "customer.unlink-identity"],
    ["customer.register", "customer.link-identity", "customer.merge", "customer.reverse-merge"],
    ["interaction.record", "interaction.annotate", "interaction.screen", "interaction.correct",
     "interaction.approve-correction", "interaction.attach",
     "interaction.schedule-follow-up", "interaction.complete-follow-up"],
    ["interaction.record", "interaction.schedule-follow-up", "interaction.miss-follow-up"],
    ["complaint.receive", "complaint.acknowledge", "complaint.assess", "complaint.queue", "complaint.assign",
     "complaint.recuse", "complaint.forward", "complaint.count", "complaint.open-investigation",
     "complaint.send-holding-response", "complaint.offer-redress",
     "complaint.approve-redress", "complaint.accept-redress", "complaint.pay-redress", "complaint.assign-root-cause",
     "complaint.mark-major", "complaint.check-quality",
     "complaint.issue-final-response", "complaint.publish-response", "complaint.request-review",
     "complaint.decide-review", "complaint.refer", "complaint.record-ruling", "complaint.close", "complaint.reopen",
     "complaint.withdraw"],
    ["complaint.receive", "complaint.supplement", "complaint.add-representative", "complaint.request-details",
     "complaint.count-group", "complaint.remove-representative", "complaint.merge"],
    ["complaint.receive", "complaint.acknowledge", "complaint.send-letter", "complaint.record-delivery",
     "complaint.notify", "complaint.accept-resolution", "complaint.send-summary-resolution"],
    ["complaint.receive", "complaint.confirm-backdating", "complaint.record-regulator-receipt", "complaint.pause",
     "complaint.resume", "complaint.request-extension", "complaint.extend", "complaint.agree-time",
     "complaint.restart"],
    ["complaint.receive", "complaint.reject-backdating"],
    ["complaint.receive", "complaint.issue-final-response", "complaint.dispute", "complaint.attach"],
    ["complaint.receive", "complaint.mark-confidential", "complaint.request-declassification", "complaint.declassify"],
    ["interaction.record", "interaction.mark-confidential", "interaction.request-declassification",
     "interaction.declassify"],
    ["campaign.plan", "campaign.approve", "campaign.record-cost", "campaign.launch", "campaign.pause",
     "campaign.resume", "campaign.end"],
    ["touch.decide", "touch.release", "touch.confirm-delivery", "touch.record-opening", "touch.record-response",
     "touch.record-conversion"],
    ["touch.decide", "touch.release", "touch.record-bounce"],
    ["touch.decide", "touch.suppress"],
    ["touch.decide", "touch.expire"],
    ["touch.propose", "touch.object", "touch.review-objection"],
    ["touch.propose", "touch.reconsider"],
    ["survey-plan.propose", "survey-plan.activate"],
    ["survey-plan.propose", "survey-plan.withdraw"],
    ["survey.invite", "survey.confirm-delivery", "survey.answer"],
    ["survey.invite", "survey.expire"],
    ["engagement.open", "engagement.reach-stage", "engagement.make-offer", "engagement.settle-offer",
     "engagement.decide", "engagement.end"],
    ["task.schedule", "task.assign", "task.reschedule", "task.start", "task.suspend", "task.complete"],
    ["task.schedule", "task.cancel"],
    ["organisation-unit.open", "organisation-unit.rename", "organisation-unit.move", "organisation-unit.close"],
    ["lead.capture", "lead.record-cost", "lead.qualify", "lead.convert"],
    ["lead.capture", "lead.lose"],
    ["holding.open", "holding.change", "holding.summarise-activity", "holding.close"],
    ["need.note", "need.settle"],
    ["portfolio-handover.order", "portfolio-handover.stop"],
    ["privacy-request.receive", "privacy-request.check-identity", "privacy-request.extend", "privacy-request.approve",
     "privacy-request.refuse"],
    ["privacy-request.receive", "privacy-request.withdraw"],
    ["privacy-request.receive of access", "privacy-request.check-identity", "privacy-request.approve",
     "privacy-request.complete"],
    ["privacy-request.receive of restriction", "privacy-request.check-identity", "privacy-request.approve",
     "privacy-request.decide", "privacy-request.lift-restriction"],
    ["erasure.request", "erasure.record-notice"],
    ["legal-hold.place", "legal-hold.propose-release", "legal-hold.release"],
    ["retention-schedule.propose", "retention-schedule.sign-off", "retention-schedule.sign-off",
     "retention-schedule.activate"],
    ["retention-schedule.propose", "retention-schedule.withdraw"],
    ["calendar.draft", "calendar.adopt"],
    ["calendar.draft", "calendar.withdraw"],
    ["clock-policy.propose", "clock-policy.sign-off", "clock-policy.sign-off", "clock-policy.activate"],
    ["clock-policy.propose", "clock-policy.withdraw"],
    ["contact-policy.propose", "contact-policy.sign-off", "contact-policy.sign-off", "contact-policy.activate"],
    ["contact-policy.propose", "contact-policy.withdraw"],
    ["code-map.propose", "code-map.activate"],
    ["code-map.propose", "code-map.withdraw"],
    ["sampling-plan.propose", "sampling-plan.activate"],
    ["sampling-plan.propose", "sampling-plan.withdraw"],
    ["watch-rules.propose", "watch-rules.sign-off", "watch-rules.sign-off", "watch-rules.activate"],
    ["watch-rules.propose", "watch-rules.withdraw"],
    ["linking-rules.propose", "linking-rules.sign-off", "linking-rules.sign-off", "linking-rules.activate"],
    ["linking-rules.propose", "linking-rules.withdraw"],
    ["disposal.propose", "disposal.approve"],
    ["disposal.propose", "disposal.withdraw"],
    ["disclosure.record", "disclosure.retract"],
]  # fmt: skip


class Step(NamedTuple):
    """A command of a story: its type, of which kind it is, and who gives it."""

    name: str
    kind: str
    actor: str


class Said(NamedTuple):
    """A command that its stream is ready for: where it goes, what it says, and who says it."""

    path: str
    body: dict[str, Any]
    actor: str


def steps(story: Sequence[str]) -> list[Step]:
    """The steps of a story in order."""
    found: list[Step] = []
    for number, told in enumerate(story):
        step, _, by = told.partition(" by ")
        name, _, kind = step.partition(" of ")
        found.append(Step(name, kind, f"staff-{by or number}"))
    return found


@dataclass
class Course:
    """One telling of a story over HTTP. `copy` tells apart what there is one stream for, such as a version's number."""

    client: Any
    daybook: Daybook
    story: Sequence[str]
    copy: int = 0
    where: str = ""
    given: dict[str, Any] = field(default_factory=dict[str, Any])

    async def tell(self, step: Step) -> Any:
        """Take a step; the answer. None: the program took it."""
        if step.name in INTERNAL:
            self.where = await by_program(self.daybook, step.name, self.where)
            return None
        said = await self.ready(step)
        answer = await self.client.command(said.path, said.body, actor=said.actor)
        self.given = answer.json()
        self.where = self.where or answer.headers.get("location", "")
        return answer

    async def ready(self, step: Step) -> Said:
        """See to all else that a step needs, and tell what is to be sent."""
        operation, body = operations()[step.name], self._body(step)
        if step.name == "customer.link-identity":
            await self._alike()
        elif step.name == "touch.propose":
            body = await contactable(self.client, held=self.story[-1] == "touch.reconsider")
        elif step.name == "touch.review-objection":
            body = {**body, "objection_id": self.given["objection_id"]}
        elif step.name == "touch.reconsider":
            await contact_again(self.client)
        path = operation.path if operation.creates else f"{self.where}/{operation.path.rpartition('/')[2]}"
        return Said(path, body, step.actor)

    def _body(self, step: Step) -> dict[str, Any]:
        body = {**bodies()[step.name], **({"kind": step.kind} if step.kind else {})}
        return {**body, **self._apart(step.name, body)} if self.copy else body

    def _apart(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a copy says otherwise, because another has said it already."""
        if name == "customer.link-identity":
            return {"other_id": self._other()}
        if name == "customer.record-identity-document":
            return {"kind": "other_document", "number": f"W{self.copy}"}
        named = {one: body[one] for one in operations()[name].command.key_fields}
        numbers = {one: value + self.copy for one, value in named.items() if isinstance(value, int)}
        if name == "access-table.propose":  # whoever puts it in force can go on
            return {**numbers, "rules": TypeAdapter(AccessRules).dump_python(first_table().rules, mode="json")}
        return numbers or {one: f"{value}-{self.copy}" for one, value in named.items()}

    def _other(self) -> str:
        """The customer whom a link names."""
        return str(uuid.UUID(int=uuid.UUID(bodies()["customer.link-identity"]["other_id"]).int + self.copy))

    async def _alike(self) -> None:
        """Register the customer whom a link names, by the same name, and give both a number that nobody else has."""
        other, name = uuid.UUID(self._other()), bodies()["customer.register"]["name"]
        now: dict[str, Any] = {"occurred_at": datetime.now(UTC)}
        number: dict[str, Any] = {"kind": "mobile", "value": f"+86 139 {self.copy:08d}"}
        for command in (
            RegisterCustomer(customer_id=other, **now, kind="person", name=name),
            AddContactPoint(customer_id=other, **now, contact_point_id=new_id(other), **number),
        ):
            await self.daybook.handler.handle([command], Context("daybook:test", new_id(), b"", new_id()))
        assert (await self.client.command(f"{self.where}/add-contact-point", number)).status_code == 200


async def waiting(client: Any, daybook: Daybook) -> dict[str, Said]:
    """For each command to a stream, by its type, one stream that waits for it, told up to there."""
    found: dict[str, Said] = {}
    for story in STORIES:
        for before, step in enumerate(steps(story)):
            if step.name in INTERNAL or step.name in found or operations()[step.name].creates:
                continue
            course = Course(client, daybook, story, copy=1000 + len(found))
            for earlier in steps(story)[:before]:
                answer = await course.tell(earlier)
                assert answer is None or answer.status_code in {200, 201}, (step.name, earlier.name, answer.text)
            found[step.name] = await course.ready(step)
    return found
