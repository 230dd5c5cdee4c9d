"""A bank whose events are told one by one, on a history small enough to be read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain import aggregate_of
from domain.complaint_intake import ComplaintReceived
from domain.survey import SurveyAnswered, SurveyDelivered, SurveyExpired, SurveyInvited
from projections.models import ReadModels
from store.identity import new_id
from tests.projections.histories import Happened, append
from tests.projections.made import follower_of

START = datetime(2026, 1, 15, 9, tzinfo=UTC)


@dataclass
class Bank:
    """Records events one after another, an hour apart, and lets the followers read them."""

    models: ReadModels
    at: datetime = START
    versions: dict[UUID, tuple[int, Any]] = field(default_factory=dict)

    def customer(self, partition: int = 1) -> UUID:
        while self.models.record.partition_of(fresh := new_id()) != partition:
            pass
        return fresh

    async def happens(self, stream_id: UUID, kind: type, /, **facts: Any) -> Happened:
        self.at += timedelta(hours=1)
        event = kind(occurred_at=facts.pop("at", self.at), **facts)
        aggregate = aggregate_of(kind)
        version, state = self.versions.get(stream_id, (-1, aggregate.initial))
        state = aggregate.evolve(state, event)
        self.versions[stream_id] = (version + 1, state)
        one = Happened(stream_id, version + 1, aggregate.customer_of(state), new_id(beside=stream_id), event)
        await append(self.models.record, [one])
        return one

    async def follow(self) -> None:
        for partition in range(4):
            follower = await follower_of(self.models, partition)
            while await follower.step():
                pass
            await follower.close()


def _survey(customer_id: UUID, **facts: Any) -> dict[str, Any]:
    given = {
        "survey": "after",
        "survey_version": 1,
        "metric": "nps",
        "scale_min": 0,
        "scale_max": 10,
        "channel": "phone",
    }
    return {**given, "customer_id": customer_id, **facts}


async def asked(bank, customer_id, score, **facts) -> UUID:
    invitation_id = new_id(customer_id)
    of = _survey(customer_id, **facts)
    at = of.pop("at", bank.at)
    await bank.happens(invitation_id, SurveyInvited, **of, at=at)
    await bank.happens(invitation_id, SurveyDelivered, at=at)
    if score is None:
        await bank.happens(invitation_id, SurveyExpired, at=at)
    else:
        await bank.happens(
            invitation_id, SurveyAnswered, **of, score=score, verbatim="so so", at=at + timedelta(days=31)
        )
    return invitation_id


async def complains(bank, partition=1, **facts) -> UUID:
    person = facts.pop("customer_id", bank.customer(partition))
    complaint_id = new_id(person)
    given = {"complainant_id": person, "customer_id": person, "channel": "phone", "product": "mortgage", **facts}
    await bank.happens(complaint_id, ComplaintReceived, **given)
    return complaint_id
