"""The command line's part for KPIs: figures, and the way down to events."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.cli_opened import NOBODY, Confidential, First, Json, Last, opened
from engine.measuring import ByMap, counted, measured
from engine.reporting import people, result
from projections.kpi_query import CountedPage
from projections.kpis import KPIS, Part, kpi_of
from projections.measures import Asked
from projections.seeing import EVERYTHING


def kpi(  # noqa: PLR0913, PLR0917  # options
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(one.name for one in KPIS)}.")],
    first: First,
    last: Last,
    by: Annotated[str, typer.Option(help="Group by these dimensions, such as product,month.")] = "",
    where: Annotated[
        list[str] | None, typer.Option(help="Only this value of a dimension: product=Mortgage. Empty: not known.")
    ] = None,
    events: Annotated[
        str | None, typer.Option(help="Instead list what was counted, with its events: numerator or denominator.")
    ] = None,
    by_map: Annotated[
        str | None, typer.Option("--map", help="Tell its dimension by the codes of this code map.")
    ] = None,
    map_version: Annotated[int | None, typer.Option(min=1, help="Of this version. Unset: in force on --to.")] = None,
    basis: Annotated[str | None, typer.Option(help="With --events, of which basis. Unset: the first.")] = None,
    after: Annotated[str | None, typer.Option(help="With --events, `next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="With --events, entries on a page.")] = 50,
    confidential: Confidential = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show a KPI's figures, with numerator and denominator, and on request the events behind them."""
    asked = Asked(first.date(), last.date(), tuple(filter(None, by.split(","))), _pairs(where or ()))
    sight = EVERYTHING if confidential else NOBODY
    under = None if by_map is None else ByMap(by_map, map_version)
    if events is None:
        told = opened(lambda daybook: measured(daybook, kpi_of(name), asked, sight, under))
        result(told, as_json=as_json, text=_text(told))
        return
    part = _part(events)
    page = opened(
        lambda daybook: counted(
            daybook,
            kpi_of(name),
            asked,
            sight,
            basis=basis,
            part=part,
            by_map=under,
            after=after,
            limit=limit,
        )
    )
    result({"counted": page.counted, "next": page.next}, as_json=as_json, text=rows_text(page))


def rows_text(page: CountedPage) -> str:
    """What was counted, for people."""
    lines = [
        f"{one.at:%Y-%m-%d}  {one.kind} {one.id}  {one.amount:+}  "
        + ", ".join(f"{event.type} at {event.partition}/{event.position}" for event in one.events)
        for one in page.counted
    ]
    if page.next is not None:
        people.print(f"There is more: --after {page.next}", markup=False)
    return "\n".join(lines) or "nothing"


def incomplete(told: dict[str, Any]) -> list[str]:
    """What figures leave out, in words."""
    lines = [f"INCOMPLETE: {told['parked']} customers or streams are parked."] if told["parked"] else []
    if told.get("clocks_behind"):
        lines.append(f"INCOMPLETE: clocks were not counted for {told['clocks_behind']:,} events; `daybook serve` does.")
    return lines + [
        f"{rows:,} rows of {source} are in quarantine and counted nowhere."
        for source, rows in told["quarantined"].items()
    ]


def _pairs(where: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in where]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise typer.BadParameter(f"{wrong!r} names no value: write {wrong}=VALUE", param_hint="--where")
    return {name: value for name, _, value in pairs}


def _part(text: str) -> Part:
    if text == "numerator":
        return "numerator"
    if text == "denominator":
        return "denominator"
    raise typer.BadParameter(f"{text!r} is neither numerator nor denominator", param_hint="--events")


def _text(told: dict[str, Any]) -> str:
    of = told["kpi"]
    lines = [f"{of['title']} ({of['name']}, version {of['version']}), in {of['unit']}"]
    for cell in told["cells"]:
        group = ", ".join(f"{name}={value or '(not known)'}" for name, value in cell["group"].items())
        value = "nothing to divide by" if cell["value"] is None else f"{cell['value']:,g}"
        of_what = "" if cell["denominator"] is None else f" ({cell['numerator']:,} of {cell['denominator']:,})"
        lines.append(f"  {group or 'all'}, {cell['basis']}: {value}{of_what}")
    return "\n".join([*lines, *incomplete(told)])
