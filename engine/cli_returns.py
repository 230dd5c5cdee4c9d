"""The command line's part for returns: what regulators are sent, and the complaints behind each number."""

import csv
import io
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from domain.matters import Sight
from engine.access import Viewer
from engine.cfpb_export import FIELDS, Exported, cfpb_rows
from engine.cli_kpi import incomplete, rows_text
from engine.cli_opened import NOBODY, Confidential, First, Last, opened
from engine.looking import Looker
from engine.reporting import result
from engine.returns import Cell, Wanted, behind_return, make_return
from engine.wiring import Daybook
from projections.seeing import EVERYTHING
from store.identity import new_id

CFPB = "cfpb"
ROLE, PURPOSE = "compliance-auditor", "audit"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def returns(  # noqa: PLR0913, PLR0917  # options
    name: Annotated[
        str, typer.Argument(help="cfpb, fca-disp, fca-2027, jrt-0169, cn-disclosure, or one of the bank's own.")
    ],
    first: First,
    last: Last,
    entity: Annotated[str | None, typer.Option(help="One legal entity, as complaints name their respondent.")] = None,
    events: Annotated[
        str | None,
        typer.Option(help="Instead list what one number counts: a figure's code, or TABLE/COLUMN or TABLE/COLUMN/ROW."),
    ] = None,
    after: Annotated[str | None, typer.Option(help="With --events, `next` of the page before.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="With --events, entries on a page.")] = 50,
    actor: Annotated[
        str | None, typer.Option(help="cfpb: your pseudonym, to have narratives; each look is recorded under it.")
    ] = None,
    confidential: Confidential = False,  # noqa: FBT002
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Make a return over the complaints of a period; every number leads to its complaints."""
    wanted = Wanted(name, first.date(), last.date(), entity)
    sight = EVERYTHING if confidential else NOBODY
    if events is not None:
        cell = _cell(events)
        page = opened(lambda daybook: behind_return(daybook, wanted, cell, sight, after=after, limit=limit))
        result({"counted": page.counted, "next": page.next}, as_json=as_json, text=rows_text(page))
    elif name == CFPB:
        rows = opened(lambda daybook: _all_rows(daybook, wanted, sight, actor))
        told = {"fields": FIELDS, "rows": [one.values for one in rows]}
        result(told, as_json=as_json, text=_csv([FIELDS, *(one.values for one in rows)]))
    else:
        made = opened(lambda daybook: make_return(daybook, wanted, sight))
        result(made, as_json=as_json, text=_csv(_lines(made)) if as_csv else _text(made))


async def _all_rows(daybook: Daybook, wanted: Wanted, sight: Sight, actor: str | None) -> list[Exported]:
    looker = None
    if actor is not None:
        await daybook.access.look()
        looker = Looker(Viewer(actor, frozenset({ROLE}), PURPOSE), daybook.access.table, "return_cfpb", new_id())
    rows: list[Exported] = []
    after: str | None = None
    while True:
        page = await cfpb_rows(daybook, wanted, sight, looker=looker, after=after)
        rows += page.rows
        after = page.next
        if after is None:
            return rows


def _cell(text: str) -> Cell:
    table, slash, rest = text.partition("/")
    if not slash:
        return Cell(figure=text)
    column, slash, row = rest.partition("/")
    return Cell(table=table, column=column, row=row if slash else None)


def _lines(made: dict[str, Any]) -> list[Sequence[Any]]:
    """A line for each number."""
    lines: list[Sequence[Any]] = [("table", "row", "row name", "column", "column name", "amount")]
    lines += [("", "", "", one["code"], one["says"], one["amount"]) for one in made["figures"]]
    for table in made["tables"]:
        for row in _all_of(table):
            for column in table["columns"]:
                amount = row["amounts"][column["code"]]
                lines.append((table["name"], row["code"], row["name"], column["code"], column["says"], amount))
    return lines


def _all_of(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows with the total behind them."""
    return [*table["rows"], {"code": "total", "name": "", "amounts": table["total"]}]


def _csv(lines: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().rstrip("\n")


def _text(made: dict[str, Any]) -> str:
    of = made["return"]
    lines = [f"{of['title']}, version {of['version']}" + (" (PROVISIONAL)" if of["provisional"] else ""), of["note"]]
    lines += [f"  {one['code']}  {one['says']}: {one['amount']:,}" for one in made["figures"]]
    for table in made["tables"]:
        told = table["map"]
        under = "no code map is in force" if told is None else f"{told['code_map']} version {told['map_version']}"
        lines.append(f"{table['name']}  {table['says']} ({under})")
        for row in _all_of(table):
            numbers = ", ".join(f"{code} {amount:,}" for code, amount in row["amounts"].items())
            lines.append(f"  {row['code'] or '-'}  {row['name'] or '-'}: {numbers}")
    return "\n".join([*filter(None, lines), *incomplete(made)])
