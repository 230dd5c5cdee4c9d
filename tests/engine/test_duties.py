"""What is done in the background is one list, for the program that answers and for the one that follows."""

import asyncio
import re

import pytest
from typer.testing import CliRunner

from api.app import create_app
from engine.cli import app
from engine.duties import on_duty
from engine.wiring import Daybook
from store.initialising import create_partitions

ALL = {"watching", "clocks", "sampling", "contacts", "campaigns", "surveys", "handing over", "merging"}


def at_work() -> set[str]:
    """The names of duties' tasks, without their partitions."""
    names = {re.sub(r" \d+$", "", task.get_name()) for task in asyncio.all_tasks()}
    return {name for name in names if not re.match(r"Task-|lane |following|test", name)}


async def test_every_duty_is_done_while_the_block_runs(daybook):
    before = at_work()
    async with on_duty(daybook):
        assert at_work() - before == ALL
    assert at_work() == before
    async with on_duty(daybook, watch=False):
        assert at_work() - before == ALL - {"watching"}


async def test_the_program_that_answers_is_on_duty(daybook):
    made = create_app(daybook)
    async with made.router.lifespan_context(made):
        assert at_work() >= ALL


class OnDutyError(Exception):
    """A duty was begun."""


def test_the_program_that_follows_is_on_duty(database, tmp_path, monkeypatch):
    def begun(daybook: Daybook) -> None:
        raise OnDutyError(daybook.settings.database_url)

    for schema in ("record", "reads"):
        asyncio.run(create_partitions(database.admin_dsn, 1, schema=schema))
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("DAYBOOK_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("engine.duties.DUTIES", (begun,))
    with pytest.raises(OnDutyError, match=database.name):
        CliRunner().invoke(app, ["follow"], catch_exceptions=False)
