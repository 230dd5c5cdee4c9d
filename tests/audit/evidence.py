"""Exports of a real record, sealed by the real sealer, for verifiers to accept and, changed, to refuse."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from audit.exporting import export
from audit.guard import ForkGuard
from audit.logs import ensure_logs, read_logs
from audit.notes import COSIGNATURE, KeySigner, Signer, cosign, parse
from audit.proving import prove_consistency, prove_event
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from store.initialising import create_partitions
from store.record import Record
from tests.audit.made import append, seal_all

LOG_ID = "bank.example/test"
RECORD_LOG = f"{LOG_ID}/record/0"
ONE = f"{LOG_ID}/1/0"
WITNESS = KeySigner("witness.example", bytes(range(1, 33)), COSIGNATURE)
AT = 1_800_000_000
SIZES = (120, 700)
"""Entries of partition 1 in the older and the newer export."""


class Evidence(NamedTuple):
    """Two exports of one record, the older into `old`; `proofs`: of events of partition 1, by position."""

    folder: Path
    policy: str
    proofs: dict[int, str]
    headers: dict[int, str]
    consistency: dict[tuple[int, int], list[bytes]]

    @property
    def old(self) -> Path:
        return self.folder / "old"

    @property
    def new(self) -> Path:
        return self.folder / "new"

    def signer(self, origin: str) -> Signer:
        """The real key of a log: for forgeries by who has it."""
        return FileKeys(self.folder / "signing").signer(origin)

    def copy(self, to: Path) -> Path:
        """The newer export, to be changed."""
        return Path(shutil.copytree(self.new, to / "export"))


async def make_evidence(app_dsn: str, admin_dsn: str, folder: Path) -> Evidence:
    """Fill a record in steps and seal and export each, the looks as well."""
    for schema in ("record", "reads"):
        await create_partitions(admin_dsn, 2, schema=schema)
    pool = await open_pool(app_dsn.replace("daybook_app", "daybook_sealer"))
    hands = Hands(pool, ForkGuard(folder / "guard"), FileKeys(folder / "signing"), "here")
    await ensure_logs(pool, hands.keys, LOG_ID)
    async with await Record.open(app_dsn) as record, await Record.open(app_dsn, schema="reads") as looks:
        await append(record, 0, 40)
        await append(record, 1, SIZES[0])
        await append(looks, 1, 30)
        await seal_all(hands)
        await export(pool, folder / "old")
        await export(pool, folder / "new")
        for count in (300, SIZES[1] - SIZES[0] - 300):
            await append(record, 1, count)
            await append(looks, 0, 5)
            sealed = await seal_all(hands, limit=130)
            await export(pool, folder / "new")
    log = next(one for one in sealed.values() if one.origin == ONE)
    proofs = {at: await prove_event(pool, log, at) for at in (0, 1, 255, 256, 511, 512, 698, 699)}
    pairs = [(old, new) for old in (1, 2, 120, 255, 256, 300, 512, 699) for new in (256, 512, 700) if old < new]
    consistency = {pair: await prove_consistency(pool, log, *pair) for pair in pairs}
    vkeys = [one.vkey for one in await read_logs(pool)]
    await pool.close()
    for export_folder in (folder / "old", folder / "new"):
        cosign_record_log(export_folder)
    policy = "".join(f"log {vkey}\n" for vkey in vkeys)
    policy += f"witness auditor {WITNESS.verifier.vkey}\nquorum auditor\n"
    return Evidence(
        folder,
        policy,
        {at: one.proof.format() for at, one in proofs.items()},
        {at: one.header.decode() for at, one in proofs.items()},
        consistency,
    )


def cosign_record_log(export_folder: Path) -> None:
    """Let the witness sign the checkpoint of an exported record log."""
    path = export_folder / RECORD_LOG / "checkpoint"
    note = parse(path.read_bytes())
    path.write_text(note._replace(signatures=(*note.signatures, cosign(note.text, WITNESS, AT))).format())


def header_lines(evidence: Evidence) -> str:
    """Headers as `daybook verify event --json` prints them, a line each."""
    lines = [{"log": ONE, "position": at, "header": header} for at, header in evidence.headers.items()]
    return "".join(json.dumps(line) + "\n" for line in lines)


def files_below(folder: Path) -> Iterator[Path]:
    """Every file of an export, in a fixed order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
