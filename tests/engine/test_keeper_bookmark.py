"""A keeper's bookmark goes from holder to holder, and whoever has lost the lease moves it no more."""

import shutil
from uuid import uuid4

import asyncpg
import pytest

from engine.keeper_bookmark import KeeperBookmark
from projections.errors import LeaseLost
from projections.leases import Claim, Duty
from store.migrate import MIGRATIONS_DIR, migrate, read_migrations

ONE_TABLE = "0088_keeper_bookmark.sql"


async def taken(daybook, holder: str, *, duty: Duty = "clocks", steal: bool = False) -> KeeperBookmark:
    found = await KeeperBookmark.take(daybook, Claim(1, holder, duty, steal=steal))
    assert found is not None
    return found


async def test_the_next_holder_goes_on_where_the_last_one_stopped(daybook):
    first = await taken(daybook, "one")
    assert (first.partition, first.position, first.basis) == (1, 0, "")
    assert await KeeperBookmark.take(daybook, Claim(1, "two", "clocks")) is None
    await first.move(7, basis="by these rules")
    await first.move(9)
    await first.close()
    second = await taken(daybook, "two")
    assert (second.position, second.basis) == (9, "by these rules")
    other = await taken(daybook, "two", duty="surveys")
    assert (other.position, other.basis) == (0, "")


async def moved_in_a_transaction(daybook, bookmark: KeeperBookmark, position: int, *, fails: bool = False) -> None:
    async with daybook.models.writers.acquire() as connection, connection.transaction():
        await bookmark.move(position, connection=connection)
        if fails:
            raise ZeroDivisionError


async def test_who_has_lost_the_lease_moves_nothing(daybook):
    first = await taken(daybook, "one")
    await first.move(3)
    second = await taken(daybook, "two", steal=True)
    with pytest.raises(LeaseLost):
        await first.move(4)
    with pytest.raises(LeaseLost):
        await moved_in_a_transaction(daybook, first, 4)
    first._lease.renewed_at = float("-inf")
    with pytest.raises(LeaseLost):
        await first.renew()
    await second.move(5)
    await first.close()
    assert await KeeperBookmark.take(daybook, Claim(1, "three", "clocks")) is None, "the lease is still the second's"


async def test_what_is_moved_with_a_transaction_stays_only_with_it(daybook):
    bookmark = await taken(daybook, "one")
    with pytest.raises(ZeroDivisionError):
        await moved_in_a_transaction(daybook, bookmark, 4, fails=True)
    with pytest.raises(LeaseLost):  # it knows no more where it is: whoever takes it again does
        await bookmark.move(5)
    again = await taken(daybook, "one")
    assert again.position == 0
    await moved_in_a_transaction(daybook, again, 4)
    assert (await taken(daybook, "one")).position == again.position == 4


async def test_after_a_restore_it_begins_anew(daybook, admin):
    await (await taken(daybook, "one")).move(7, basis="by these rules")
    await admin.execute("update read_model.keeper_bookmark set incarnation = $1", uuid4())
    again = await taken(daybook, "one")
    assert (again.position, again.basis) == (0, "by these rules")
    await again.move(2)
    assert (await taken(daybook, "one")).position == 2


async def test_bookmarks_of_a_program_with_a_table_for_each_are_kept(empty_database, tmp_path):
    for one in read_migrations():
        if one.name < ONE_TABLE:
            shutil.copy(MIGRATIONS_DIR / one.name, tmp_path)
    await migrate(empty_database.admin_dsn, directory=tmp_path)
    connection = await asyncpg.connect(empty_database.admin_dsn)
    try:
        incarnation, columns = uuid4(), "partition, position, incarnation, lease_epoch"
        for number, kind in enumerate(("clock", "contact", "sampling", "survey")):
            more = (", catalogue", ", 'by these rules'") if kind == "clock" else ("", "")
            for partition in range(2):
                sql = f"insert into read_model.{kind}_bookmark ({columns}{more[0]}) values ($1, $2, $3, 5{more[1]})"
                await connection.execute(sql, partition, 10 * number + partition, incarnation)
        await migrate(empty_database.admin_dsn)
        rows = await connection.fetch("select * from read_model.keeper_bookmark order by position")
    finally:
        await connection.close()
    assert [(row["partition"], row["duty"], row["position"], row["basis"]) for row in rows] == [
        (0, "clocks", 0, "by these rules"), (1, "clocks", 1, "by these rules"), (0, "contact", 10, ""),
        (1, "contact", 11, ""), (0, "sampling", 20, ""), (1, "sampling", 21, ""), (0, "surveys", 30, ""),
        (1, "surveys", 31, ""),
    ]  # fmt: skip
    assert {(row["incarnation"], row["lease_epoch"]) for row in rows} == {(incarnation, 5)}
