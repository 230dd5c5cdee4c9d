"""What commands over an open Daybook share: its opening, common options, and a refusal told in one line."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer
import uvloop

from domain.kernel import Refusal
from domain.matters import Sight
from engine.following import Following
from engine.reporting import people, steps
from engine.settings import Settings
from engine.status import caught_up
from engine.wiring import Daybook

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
First = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.")]
Last = Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, counted with the others.")]
Confidential = Annotated[
    bool, typer.Option("--confidential", help="Count confidential complaints, too. Unset: they do not exist here.")
]
NOBODY = Sight("system:cli")


def opened(work: Callable[[Daybook], Awaitable[T]]) -> T:
    """Do it once every read model has seen all that is in the record now."""

    async def whole() -> T:
        daybook = await Daybook.open(Settings())
        try:
            with steps("Reading on"):
                async with await Following.start(daybook.models):
                    await caught_up(daybook)
            return await work(daybook)
        finally:
            await daybook.close()

    return uvloop.run(whole())


def given(work: Callable[[Daybook], Awaitable[T]]) -> T:
    """Do it as `opened` does; a refusal ends the command with 1, and says which field, why, and what to do."""
    try:
        return opened(work)
    except Refusal as refused:
        where = "" if refused.field is None else f"{refused.field}: "
        people.print(f"daybook: {where}{refused}", style="red", markup=False)
        raise typer.Exit(1) from None
