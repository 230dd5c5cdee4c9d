"""The command line's part for certificates: list them, print one again."""

from typing import Annotated, Any

import typer

from audit.certificate import BY_NAME, KINDS
from audit.certificates import find, issued
from audit.moment import moment
from engine.cli_logs import opened
from engine.reporting import result
from engine.wiring import Daybook

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]

certificates = typer.Typer(no_args_is_help=True, help="Certificates: signed statements about the record.")


@certificates.command("list", epilog="Example: daybook certificates list --kind no-miss/1")
def list_certificates(
    kind: Annotated[str | None, typer.Option(help=f"Only of this kind: {', '.join(KINDS)}.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show which certificates were issued."""

    async def work(daybook: Daybook) -> list[dict[str, Any]]:
        return [
            {
                "kind": one.kind,
                "subject": one.subject,
                "partition": one.partition,
                "issued_at": moment(one.issued_at),
                "sha256": one.sha256.hex(),
            }
            async for one in issued(daybook.record.pool, kind)
        ]

    found = opened(work)
    lines = [f"{one['kind']} {one['subject']}  # {one['issued_at']}" for one in found]
    result({"certificates": found}, as_json=as_json, text="\n".join(lines) or "No certificate was issued yet.")


@certificates.command("show", epilog="Example: daybook certificates show verification-report/1 2026-11-26")
def show_certificate(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(KINDS)}.")],
    subject: Annotated[str, typer.Argument(help="What it is about, as `daybook certificates list` says it.")],
    partition: Annotated[int, typer.Option(min=0, help="Where it is kept.")] = 0,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print the newest certificate of a subject, as it was signed."""
    known = BY_NAME.get(kind)
    if known is None:
        raise typer.BadParameter(f"{kind!r} is no kind: use one of {', '.join(KINDS)}", param_hint="KIND")

    async def work(daybook: Daybook) -> str | None:
        one = await find(daybook.record.pool, known, subject, partition)
        return None if one is None else one.note

    note = opened(work)
    if note is None:
        raise typer.BadParameter(f"there is no {kind} certificate of {subject!r}", param_hint="SUBJECT")
    result({"kind": kind, "subject": subject, "note": note}, as_json=as_json, text=note.removesuffix("\n"))
