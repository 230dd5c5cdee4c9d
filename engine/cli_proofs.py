"""The command line's part for verifying single things: an event, a proof or receipt, checkpoints."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from audit.notes import NOTE_BYTES_MAX, NoteRefused
from engine import proof_checks
from engine.cli_logs import Json, opened
from engine.logs import read_policy, trusted_keys
from engine.proof_checks import REFUSALS, EventShown, HeadShown, Keys
from engine.reporting import result
from engine.wiring import Daybook

T = TypeVar("T")

FILE_BYTES_MAX = 16 * NOTE_BYTES_MAX
"""A receipt of a thousand events has 2 MB."""

Trusted = Annotated[
    Path | None,
    typer.Option("--policy", exists=True, dir_okay=False, help="Trust policy: believe its keys, not the database's."),
]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def add_to(verifying: typer.Typer) -> None:
    """Put the commands into their group."""
    verifying.command("event", epilog="Example: daybook verify event $EVENT --proof-to event.tlog-proof")(verify_event)
    verifying.command("proof", epilog="Example: daybook verify proof receipt.json --policy policy.txt")(verify_proof)
    verifying.command("checkpoint", epilog="Example: daybook verify checkpoint last-month.checkpoint")(
        verify_checkpoint
    )


def verify_event(
    event_id: Annotated[UUID, typer.Argument(help="The event's id.")],
    policy: Trusted = None,
    proof_to: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the proof into this file.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show that an event is as it was sealed: header, leaf, inclusion, checkpoint. If not, the exit code is 1.

    With --json the line has `log`, `position`, `header` and `proof`: the offline verifier takes it as it is, alone or
    as a line of its --headers.
    """

    async def work(daybook: Daybook) -> EventShown:
        return await proof_checks.show_event(daybook, event_id, _keys(policy))

    found = _held(work, as_json=as_json)
    if proof_to is not None:
        proof_to.write_text(found.proof, encoding="utf-8")
    text = f"Event {event_id} is entry {found.position:,} of {found.size:,} in {found.log}.\n{found.header}"
    result({"verified": True, "why": None, **found._asdict()}, as_json=as_json, text=text)


def verify_proof(
    file: File,
    header: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The event's header, for a .tlog-proof.")
    ] = None,
    policy: Trusted = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check proofs (.tlog-proof, or JSON: a receipt, an answer with one) by themselves and against the database."""

    async def work(daybook: Daybook) -> list[HeadShown]:
        keys, told = _keys(policy), None if header is None else _read(header).decode().removesuffix("\n")
        given = proof_checks.given_proofs(_read(file).decode(errors="replace"), told)
        return [await proof_checks.check_proof(daybook.record.pool, one, keys) for one in given]

    _print_heads(_held(work, as_json=as_json), "proofs", as_json=as_json)


def verify_checkpoint(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)],
    policy: Trusted = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Check that kept checkpoints of a log are prefixes of each other and of the log as it is now."""

    async def work(daybook: Daybook) -> list[HeadShown]:
        notes = [proof_checks.given_checkpoint(_read(file)) for file in files]
        return await proof_checks.compare_checkpoints(daybook.record.pool, notes, _keys(policy))

    _print_heads(_held(work, as_json=as_json), "checkpoints", as_json=as_json)


def _print_heads(found: Sequence[HeadShown], what: str, *, as_json: bool) -> None:
    lines = [f"The {one.size:,} entries of {one.log} are a prefix of its {one.now:,}." for one in found]
    shown = [{"log": one.log, "size": one.size, "now": one.now} for one in found]
    result({"verified": True, "why": None, what: shown}, as_json=as_json, text="\n".join(lines))


def _held(work: Callable[[Daybook], Awaitable[T]], *, as_json: bool) -> T:
    """What was found; where something does not hold, say so and end with exit code 1."""

    async def whole(daybook: Daybook) -> T | str:
        try:
            return await work(daybook)
        except REFUSALS as refused:
            return _Refused(str(refused))

    found: Any = opened(whole)
    if isinstance(found, _Refused):
        result({"verified": False, "why": str(found)}, as_json=as_json, text=f"Not verified: {found}.")
        sys.exit(1)
    return found


class _Refused(str):
    """Why something does not hold."""

    __slots__ = ()


def _keys(policy: Path | None) -> Keys | None:
    """The newest key of each log of a policy."""
    return None if policy is None else {name: keys[-1] for name, keys in trusted_keys(read_policy(policy)).items()}


def _read(file: Path) -> bytes:
    with file.open("rb") as opened_file:
        content = opened_file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise NoteRefused(f"{file} is larger than {FILE_BYTES_MAX:,} bytes")
    return content
