"""What is disposed of at the end of retention: readers pass it over, nothing is decided on it, proofs still hold."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from audit.leaf import leaf_hashes
from audit.statements import statement
from domain.interaction import AnnotateInteraction, RecordInteraction
from domain.kernel import Refusal
from engine.following import Following
from engine.wiring import Daybook, read_model_setup
from projections.audit_trail import AuditFilter, search
from projections.seeing import EVERYTHING
from projections.timeline import timeline
from replay.rebuild import rebuild
from store.disposing import dispose_of_stream
from store.identity import new_id
from tests.engine.test_handling import context, register

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def pool(database):
    dsn = database.app_dsn.replace("daybook_app", "daybook_eraser")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        yield pool


async def disposed(daybook: Daybook, pool) -> tuple[UUID, UUID]:
    """A customer with one contact, whose data is disposed of."""
    customer = new_id()
    answer = await daybook.handler.handle([register(customer)], context())
    contact = new_id(customer)
    record = RecordInteraction(
        interaction_id=contact, customer_id=customer, occurred_at=NOW, channel="phone", direction="inbound",
        purpose="servicing",
    )  # fmt: skip
    await daybook.handler.handle([record], context())
    partition = daybook.record.partition_of(customer)
    assert await dispose_of_stream(pool, partition, contact, answer.events[0].event_id) == 1
    return customer, contact


async def leaves(daybook: Daybook, partition: int) -> tuple[list[bytes], bytes]:
    """By the program and by the second way."""
    rows = await daybook.record.pool.fetch(statement("read_leaves"), partition, 0, 100)
    return leaf_hashes(rows), await daybook.record.pool.fetchval(statement("leaf_hashes"), partition, 0, 100)


async def test_leaves_are_the_same_before_and_after(daybook: Daybook, pool, admin) -> None:
    customer = new_id()
    answer = await daybook.handler.handle([register(customer)], context())
    other = new_id(customer)
    await daybook.handler.handle([register(other)], context())
    partition = daybook.record.partition_of(customer)
    before = await leaves(daybook, partition)
    assert before[1] == b"".join(before[0])
    await dispose_of_stream(pool, partition, other, answer.events[0].event_id)
    assert await leaves(daybook, partition) == before
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update record.event set disposal_id = event_id where data is not null")
    assert (await leaves(daybook, partition))[1] != before[1], "what tells of a disposal that was none is noticed"


async def test_who_follows_and_who_rebuilds_pass_over_it_alike(daybook: Daybook, pool) -> None:
    customer, contact = await disposed(daybook, pool)
    async with await Following.start(daybook.models):
        token = await daybook.record.end()
        for projection in ("customer_profile", "audit_trail"):
            assert await daybook.models.wait_for(projection, token, 10, ()) == "seen"
        told = await timeline(daybook.models, customer, EVERYTHING)
        assert [entry.fact is None for entry in told.entries] == [True, False]
        trail = await search(daybook.models, AuditFilter(stream_id=contact), EVERYTHING)
        assert [entry.type for entry in trail.entries] == ["interaction.recorded"]
    profiles = "select row_to_json(p)::text from read_model.customer_profile_v{} p"
    before = await daybook.record.pool.fetch(profiles.format(1))
    done = await rebuild(daybook.models, read_model_setup, processes=1)
    assert not any(done.parked.values())
    version = done.versions["customer_profile"]
    assert await daybook.record.pool.fetch(profiles.format(version)) == before


async def test_nothing_is_decided_on_it_any_more(daybook: Daybook, pool) -> None:
    _, contact = await disposed(daybook, pool)
    note = AnnotateInteraction(interaction_id=contact, occurred_at=NOW, note_id=new_id(), note="late")
    daybook.handler._states.forget([contact])
    with pytest.raises(Refusal) as caught:
        await daybook.handler.handle([note], context())
    assert caught.value.code == "stream.disposed"
