"""All logs as a static directory, which the offline verifier and any web server take as it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from audit.anchoring import read_anchors
from audit.certificates import issued
from audit.checkpoint import Checkpoint
from audit.logs import Database, read_logs
from audit.notes import NoteRefused, parse
from audit.record_log import signed_head
from audit.serving import CHECKPOINT, files_of

CERTIFICATES: Final = "certificates"
ANCHORS: Final = "anchor"
"""Folder of a log's timestamps: `<size>.tsr` is over the text of its checkpoint at that size."""


async def export(
    database: Database, directory: Path, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[str, int]:
    """Write every certificate, and every log below its origin; how many files were written for each.

    What an earlier export has written is kept, and only what is new is added; partial tiles that were outgrown stay.

    Raises:
        NoteRefused: a checkpoint in the database is not its log's.
        TileMissing: a log lacks a tile.
    """
    written: dict[str, int] = {}
    # Before the logs: each certificate pins a head of the record log, which the export then has.
    async for one in issued(database):
        path = directory.joinpath(*one.path.split("/"))
        if not path.exists():
            _write(path, one.note.encode())
            written[CERTIFICATES] = written.get(CERTIFICATES, 0) + 1
    # The record log last: it binds the others, so what an export that breaks off has written still fits together.
    logs = sorted(await read_logs(database), key=lambda log: log.name.kind == "checkpoint")
    for done, log in enumerate(logs):
        progress(done, len(logs))
        signed_head(log)
        below = directory.joinpath(*log.origin.split("/"))
        count = 0
        async for file in files_of(database, log, _exported(below)):
            _write(below.joinpath(*file.path.split("/")), file.content)
            count += 1
        for anchor in await read_anchors(database, log):
            path = below / ANCHORS / f"{anchor.size}.tsr"
            if not path.exists():
                _write(path, anchor.token)
                count += 1
        written[log.origin] = count
    progress(len(logs), len(logs))
    return written


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".new")
    partial.write_bytes(content)
    partial.replace(path)


def _exported(below: Path) -> int:
    """How far an earlier export came: its checkpoint was written last."""
    try:
        return Checkpoint.parse(parse((below / CHECKPOINT).read_bytes()).text).size
    except (FileNotFoundError, NoteRefused):
        return 0
