"""What the commands of people at a bank share: work on an open Daybook, and a refusal told in one line."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from domain.kernel import Refusal
from engine.cli_kpi import opened
from engine.reporting import people
from engine.wiring import Daybook

T = TypeVar("T")


def given(work: Callable[[Daybook], Awaitable[T]]) -> T:
    """Do it as `opened` does; a refusal ends the command with 1, and says which field, why, and what to do."""
    try:
        return opened(work)
    except Refusal as refused:
        where = "" if refused.field is None else f"{refused.field}: "
        people.print(f"daybook: {where}{refused}", style="red", markup=False)
        raise typer.Exit(1) from None
