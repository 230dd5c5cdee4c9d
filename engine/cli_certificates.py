"""The command line's part for certificates: list them, print one again, change the key that signs them."""

from typing import Annotated, Any

import typer

from audit.certificate import BY_NAME, KINDS
from audit.certificate_keys import rotate_certificate_key
from audit.certificates import find, issued
from audit.entries import CertificateKeyChanged, decided
from audit.moment import moment
from engine.cli_log_care import ApprovedBy, By, Place, in_place
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
    partition: Annotated[int | None, typer.Option(min=0, help="Only where it is kept there.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print the newest certificate of a subject, as it was signed."""
    known = BY_NAME.get(kind)
    if known is None:
        raise typer.BadParameter(f"{kind!r} is no kind: use one of {', '.join(KINDS)}", param_hint="KIND")

    async def work(daybook: Daybook) -> str | None:
        for where in range(daybook.record.partitions) if partition is None else (partition,):
            if one := await find(daybook.record.pool, known, subject, where):
                return one.note
        return None

    note = opened(work)
    if note is None:
        raise typer.BadParameter(f"there is no {kind} certificate of {subject!r}", param_hint="SUBJECT")
    result({"kind": kind, "subject": subject, "note": note}, as_json=as_json, text=note.removesuffix("\n"))


@certificates.command(
    "rotate-key", epilog='Example: daybook certificates rotate-key --actor li --approved-by wu --reason "yearly"'
)
def rotate_key(
    by: By,
    approved_by: ApprovedBy,
    reason: Annotated[str, typer.Option(help="Why, in a line that names no customer.")],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Give certificates a new signing key, at once; the record log says so, and those who verify are led on by it.

    Certificates that the old key signed before stay valid. It is not needed any more.
    """
    why = decided(by, approved_by, reason)

    async def work(at: Place) -> CertificateKeyChanged:
        return await rotate_certificate_key(at.pool, at.keys, why)

    change = in_place(work)
    told = {"old_key": change.old_key, "new_key": change.new_key}
    result(told, as_json=as_json, text=f"log {change.new_key}\nThis key signs certificates now.")
