"""The offline verifier over the exported logs of a million events, beside bare hashing of the same entries."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import uvloop

from audit import offline
from audit.exporting import export
from audit.guard import ForkGuard
from audit.logs import ensure_logs, read_logs
from audit.record_log import bind
from audit.sealer import Hands, LogSealer
from audit.sealing import open_pool
from audit.signing import FileKeys
from benchmarks.bank import fill
from benchmarks.scratch import fresh_record, median, say
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.embedded import EmbeddedServer

ROUNDS = 5
SEALED_IN = 50
"""Bindings of the record log: as many prefixes of each log are checked."""
LOG_ID = "bench.example/daybook"
BARE = 200_000
MIB = 1 << 20


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Interleaved rounds; medians. The verifier is a program of its own, as an auditor starts it."""
    rounds, events = (1, 20_000) if quick else (ROUNDS, 1_000_000)
    databases = uvloop.run(fresh_record(server, "verify"))
    figures: dict[str, list[float]] = {"verify_per_s": [], "bare_hash_per_s": []}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        say(f"recording, sealing and exporting {events:,} events")
        uvloop.run(_exported(databases, server.dsn("verify", "daybook_sealer"), folder, events))
        for number in range(rounds):
            figures["verify_per_s"].append(_verify(folder))
            figures["bare_hash_per_s"].append(_bare(folder))
            say(f"round {number + 1}: " + ", ".join(f"{key} {values[-1]:,.0f}" for key, values in figures.items()))
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        **{key: median(values) for key, values in figures.items()},
        "peak_memory_mb": round(peak_kib * 1024 / MIB, 1),
        "entries": events,
        "rounds": rounds,
    }


async def _exported(databases: Databases, sealer_dsn: str, folder: Path, events: int) -> None:
    settings = Settings(database_url=databases.application, data_dir=folder / "data")
    daybook = await Daybook.open(settings, databases)
    pool = await open_pool(sealer_dsn)
    hands = Hands(pool, ForkGuard(folder / "guard"), FileKeys(folder / "keys"), "benchmark")
    try:
        await ensure_logs(pool, hands.keys, LOG_ID)
        await fill(daybook.record, events)
        await _seal(hands, max(1, events // SEALED_IN // daybook.record.partitions))
        await export(pool, folder / "logs")
        lines = [f"log {log.vkey}\n" for log in await read_logs(pool)]
        (folder / "policy").write_text("".join(lines) + "quorum none\n", encoding="utf-8")
    finally:
        await pool.close()
        await daybook.close()


async def _seal(hands: Hands, limit: int) -> None:
    """Seal all logs in turn, so many entries at a time, and bind them each time round."""
    sealers = [await LogSealer.open(hands, log) for log in await read_logs(hands.pool)]
    held = [one for one in sealers if one is not None]
    (record_log,) = [one for one in held if one.name.kind == "checkpoint"]
    more = True
    while more:
        more = any([await one.step(limit) for one in held if one is not record_log])
        await bind(hands.pool, record_log)
        await record_log.step()
    for one in held:
        await one.release()


def _verify(folder: Path) -> float:
    """Entries a second, from the start of the program to its end."""
    command = [sys.executable, offline.__file__, folder / "logs", "--policy", folder / "policy", "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - started
    return json.loads(done.stdout)["entries"] / took


def _bare(folder: Path) -> float:
    """Entries a second that one core does with leaf and node hashes alone, of entries that are in memory."""
    (bundle, *_) = sorted(folder.glob("logs/**/entries/000"))
    entries = offline.entries_in(bundle.read_bytes())
    count, started = 0, time.perf_counter()
    while count < BARE:
        row = [sha256(b"\x00" + entry).digest() for entry in entries]
        while len(row) > 1:
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=True)]
        count += len(entries)
    return count / (time.perf_counter() - started)
