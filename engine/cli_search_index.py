"""The command line's part for searching by personal data: fill the blind index from what the record has."""

import typer
import uvloop

from engine.cli_keys import Json
from engine.indexing import Refilled, refill
from engine.reporting import result, steps
from engine.settings import Settings
from engine.wiring import Daybook

search_index = typer.Typer(no_args_is_help=True, help="The blind index, by which customers are searched.")


@search_index.callback()
def of_search_index() -> None:
    """The blind index, by which customers are searched."""


@search_index.command("rebuild", epilog="Example: daybook search-index rebuild --json")
def rebuild(as_json: Json = False) -> None:  # noqa: FBT002
    """Make findable what was recorded before there was a blind index; started again, it goes on with what is missing.

    Nothing has to be stopped. Each value is opened once and shown to nobody.
    """
    done = uvloop.run(_rebuild())
    text = f"{done.events:,} events have what is searched by; {done.opened:,} of them were opened and indexed now."
    result(done._asdict(), as_json=as_json, text=text)


async def _rebuild() -> Refilled:
    daybook = await Daybook.open(Settings())
    try:
        with steps("Indexing") as step:
            return await refill(daybook.record, daybook.mapper, daybook.vault, step)
    finally:
        await daybook.close()
