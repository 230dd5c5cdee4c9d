"""Commands of and about people who are erased, and what a restored database must forget again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.kernel import Refusal
from engine.answers import Answer
from engine.handling import Unit
from engine.settings import Settings
from engine.shredding import NoEraser, open_eraser
from engine.wiring import Daybook
from store.identity import new_id
from tests.engine.lookers import LOOKER
from tests.engine.test_handling import context, register
from vault.errors import SubjectErased, TombstonesNotReplayed
from vault.vault import Missing

NAMED = "identity"


@pytest.fixture
def settings(database, daybook: Daybook) -> Settings:
    url = database.app_dsn.replace("daybook_app", "daybook_eraser")
    return daybook.settings.model_copy(update={"eraser_url": url})


async def shown(daybook: Daybook, customer: UUID) -> dict[str, Any]:
    facts = [daybook.mapper.fact(recorded) for recorded in await daybook.record.read_stream(customer)]
    (fields,) = await daybook.opener.open_facts(LOOKER, facts[0].recorded.partition, facts)
    return fields


async def erase(daybook: Daybook, settings: Settings, customer: UUID, *, final: bool = True, here: bool = False):
    """As another process would, unless `here`."""
    (record_class,) = await classes(daybook, customer)
    async with open_eraser(settings, daybook.databases, daybook.vault if here else None) as eraser:
        return await eraser.shredder.shred(daybook.record.partition_of(customer), customer, [record_class], final=final)


async def classes(daybook: Daybook, customer: UUID) -> list[str]:
    (recorded,) = await daybook.record.read_stream(customer)
    return [ref.record_class for ref in daybook.mapper.fact(recorded).sealed]


async def test_erased_data_is_shown_as_erased_and_the_event_stays(daybook: Daybook, settings: Settings) -> None:
    customer, other = new_id(), new_id()
    for one in (customer, other):
        await daybook.handler.handle([register(one, name="Ana Example")], context())
    done = await erase(daybook, settings, customer)
    assert done.complete
    assert [(one.store, one.removed) for one in done.blobs] == [
        ("record.sealed", 1), ("intake.quarantine", 0), ("vault.blind_index", 1),
    ]  # fmt: skip
    at = done.classes[0].tombstones[0].created_at
    fields = await shown(daybook, customer)
    assert isinstance(fields["name"], Missing)
    assert fields["name"].at == at
    assert await shown(daybook, other) == {"name": "Ana Example"}


async def test_nothing_more_is_sealed_for_who_is_erased_though_the_key_is_in_the_cache(
    daybook: Daybook, settings: Settings
) -> None:
    customer, other = new_id(), new_id()
    await daybook.handler.handle([register(customer, name="Ana Example")], context())
    await erase(daybook, settings, customer)
    stale = correction(customer)
    with pytest.raises(SubjectErased):
        await daybook.handler.handle([stale], context())
    outcomes = await daybook.handler.handle_copy(
        [Unit([correction(customer)], context()), Unit([register(other, name="Ben Example")], context())]
    )
    assert isinstance(outcomes[0], Refusal)
    assert outcomes[0].code == "subject-erased"
    assert isinstance(outcomes[1], Answer)


@pytest.mark.parametrize("copy", [False, True])
async def test_a_key_destroyed_elsewhere_is_replaced_where_the_subject_goes_on(
    daybook: Daybook, settings: Settings, *, copy: bool
) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer, name="Ana Example")], context())
    await erase(daybook, settings, customer, final=False)
    if copy:
        (answer,) = await daybook.handler.handle_copy([Unit([correction(customer)], context())])
        assert isinstance(answer, Answer)
    else:
        answer = await daybook.handler.handle([correction(customer)], context())
    assert answer.version == 1
    (_, corrected) = [daybook.mapper.fact(one) for one in await daybook.record.read_stream(customer)]
    assert await daybook.opener.open_facts(LOOKER, corrected.recorded.partition, [corrected]) == [
        {"name": "Ana Ejemplo"}
    ]


async def test_a_restored_database_forgets_again_before_it_serves(daybook: Daybook, settings: Settings, admin) -> None:
    customer = new_id()
    await daybook.handler.handle([register(customer, name="Ana Example")], context())
    backup = [await admin.fetch(f"select * from {table}") for table in ("vault.data_key", "record.sealed")]
    await erase(daybook, settings, customer, here=True)
    await restore(admin, *backup)
    assert await shown(daybook, customer) == {"name": "Ana Example"}, "what a backup gives back"
    with pytest.raises(TombstonesNotReplayed, match="DAYBOOK_ERASER_URL"):
        await Daybook.open(daybook.settings, daybook.databases)
    again = await Daybook.open(settings, daybook.databases)
    assert isinstance((await shown(again, customer))["name"], Missing)
    assert await admin.fetchval("select count(*) from record.sealed") == 0
    assert await admin.fetchval("select count(*) from vault.data_key") == 0
    await again.close()


async def test_without_its_url_nobody_erases(daybook: Daybook) -> None:
    with pytest.raises(NoEraser, match="DAYBOOK_ERASER_URL"):
        async with open_eraser(daybook.settings, daybook.databases):
            pass


async def restore(admin: asyncpg.Connection, keys, blobs) -> None:
    await admin.execute("set session_replication_role = replica")
    await admin.execute("truncate vault.tombstone, vault.erasure")
    for table, rows in (("vault.data_key", keys), ("record.sealed", blobs)):
        for row in rows:
            await admin.execute(f"insert into {table} select ($1::{table}).*", tuple(row.values()))


def correction(customer: UUID):
    from domain.customer_messages import CorrectDetails  # noqa: PLC0415

    return CorrectDetails(
        customer_id=customer, occurred_at=datetime(2026, 4, 1, tzinfo=UTC), correction_id=new_id(), reason="typo",
        name="Ana Ejemplo", requested_by="staff:1",
    )  # fmt: skip
