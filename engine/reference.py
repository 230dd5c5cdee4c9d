"""The pages of `docs/reference` that the program itself can tell: `python -m engine.reference` writes them.

A test fails when a page is not what this program would write.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from domain import AGGREGATES
from domain.kernel import Aggregate, Command, Message, personal_fields
from engine.settings import Settings
from projections.kpis import KPIS, Kpi

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "reference"
HELP_CHARACTERS: Final = 100
_WRITTEN_BY: Final = "<!-- Written by `python -m engine.reference`; change the code, not this page. -->"


def settings_page() -> str:
    """Every setting with its default."""
    prefix = Settings.model_config.get("env_prefix", "")
    rows = [
        f"| `{prefix}{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "From the environment. Every command of `daybook` reads them when it starts. A value that does not fit is\n"
        "refused with the setting's name. How to use them: [Operate](../how-to/operate.md).",
        _table(("variable", "unset", "is"), rows),
    )


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        # The value depends on the machine; the factory says how it comes to be.
        return (field.default_factory.__doc__ or "").partition(", else ")[2].rstrip(".")
    if field.default is None or field.default is PydanticUndefined:
        return "none"
    return f"`{field.default}`"


def cli_page() -> str:
    """Every command's own help."""
    from typer.main import get_command  # noqa: PLC0415

    from engine.cli import app  # noqa: PLC0415  # the other pages need no command line

    parts = [f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(get_command(app), "daybook")]
    return _page(
        "Command line",
        "What `daybook COMMAND --help` says. The program is `.venv/bin/daybook` after `make venv`. What is for people\n"
        "goes to stderr, the result to stdout. Exit code 0: done; 1: it failed, and stderr says why; 2: it was called\n"
        "wrongly.",
        *parts,
    )


def _helps(command: Any, name: str, parent: Any = None) -> Iterable[tuple[str, str]]:  # noqa: ANN401  # click's classes
    context = command.context_class(
        command, info_name=name.rpartition(" ")[2], parent=parent, terminal_width=HELP_CHARACTERS
    )
    lines = (line.rstrip() for line in click.unstyle(command.get_help(context)).strip().splitlines())
    yield name, "\n".join(lines)
    for child in getattr(command, "commands", {}).values():
        yield from _helps(child, f"{name} {child.name}", context)


def events_page() -> str:
    """Every event, command and refusal of the domain."""
    return _page(
        "Events, commands and refusals",
        "All that can be in the record, by aggregate, and how it comes to be there. Field names in *italics* are\n"
        "personal data: sealed beside the event, and never seen by decisions and read models. `?` marks a field that\n"
        "may be left out. Every event and command also has `occurred_at`, and a command the id of its stream. Types\n"
        "and limits of the fields are in the API's OpenAPI.",
        *(_aggregate(aggregate) for aggregate in AGGREGATES),
    )


def kpis_page() -> str:
    """Every KPI's definition."""
    return _page(
        "KPIs",
        "Every figure's definition: what is counted above and below the line, and what it can be grouped by. How to\n"
        "ask: [Measure](../how-to/measure.md). Days and months are in UTC, of business time. Where the denominator\n"
        "lacks a dimension, all cells share it. A definition that changes gets the next version; its digest is over\n"
        "all that the figure depends on.",
        *(_kpi(one) for one in KPIS),
    )


def _kpi(kpi: Kpi) -> str:
    rows = [
        f"| {one.name} | {one.numerator.says} | {one.denominator.says if one.denominator else 'none: it is a count'} | "
        f"{', '.join(f'`{name}`' for name in one.numerator.events)} |"
        for one in kpi.bases
    ]
    return "\n\n".join(
        (
            f"## {kpi.name}",
            f"{kpi.title}, in {kpi.unit}. Version {kpi.version}, digest `{kpi.digest[:16]}`. {kpi.note}".rstrip(),
            _table(("basis", "numerator", "denominator", "events"), rows),
            f"By {', '.join(f'`{name}`' for name in kpi.dimensions)}.",
        )
    )


def _aggregate(aggregate: Aggregate[Any]) -> str:
    events = [f"| `{one.type}` | {_said(one)} | {_fields(one)} |" for one in aggregate.events]
    commands = [f"| `{one.type}` | {_said(one)}{_by_whom(one)} | {_fields(one)} |" for one in aggregate.commands]
    refusals = [f"| `{code}` | {message} |" for code, message in aggregate.refusals.items()]
    return "\n\n".join(
        (
            f"## {aggregate.name}",
            _table(("event", "means", "fields"), events),
            _table(("command", "does", "fields"), commands),
            _table(("refusal", "says"), refusals),
        )
    )


def _said(message: type[Message]) -> str:
    return " ".join((message.__doc__ or "").partition("\n\n")[0].split())


def _by_whom(command: type[Command]) -> str:
    return " Only the program gives it." if command.internal else ""


def _fields(message: type[Message]) -> str:
    personal = {name for name, _ in personal_fields(message)}
    stream = message.stream_field if issubclass(message, Command) else None
    given = [one for one in message.model_fields.items() if one[0] not in {"occurred_at", stream}]
    given.sort(key=lambda one: not one[1].is_required())
    return ", ".join(_field(name, field, personal=name in personal) for name, field in given)


def _field(name: str, field: FieldInfo, *, personal: bool) -> str:
    mark = "*" if personal else "`"
    return f"{mark}{name}{mark}" + ("" if field.is_required() else "?")


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    return "\n".join((f"| {' | '.join(head)} |", "|" + "---|" * len(head), *rows))


def _page(title: str, *parts: str) -> str:
    return "\n\n".join((f"# {title}", _WRITTEN_BY, *parts)) + "\n"


PAGES: Final[dict[str, Callable[[], str]]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "events.md": events_page,
    "kpis.md": kpis_page,
}


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
