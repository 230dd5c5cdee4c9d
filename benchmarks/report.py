"""`docs/benchmarks.md`: results of the last written runs, the machine, and what limits them."""

import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from benchmarks.targets import TARGETS

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
FEW = 100  # below this a fraction matters
PAGE = FOLDER.parent / "docs" / "benchmarks.md"


def write(name: str, result: dict[str, Any]) -> None:
    """Keep a result and generate the page anew."""
    results = orjson.loads(RESULTS.read_bytes()) if RESULTS.exists() else {}
    results[name] = {"at": datetime.now(UTC).date().isoformat(), "machine": machine(), "figures": result}
    RESULTS.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    PAGE.write_text(page(results), encoding="utf-8")


def machine() -> str:
    """Processor, cores, memory and versions, in a line."""
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"))
    cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE))
    gib = int(memory.group(1)) / (1 << 20) if memory else 0
    return (
        f"{cpu.group(1) if cpu else platform.machine()}, {cores} cores, {gib:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}, CPython {platform.python_version()}, PostgreSQL 18 (embedded), fsync on"
    )


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    parts = [(FOLDER / "intro.md").read_text(encoding="utf-8").rstrip()]
    for name, targets in TARGETS.items():
        if name not in results:
            continue
        one = results[name]
        figures = one["figures"]
        parts.append(f"## {name}\n\n`python -m benchmarks {name}`, {one['at']}, on {one['machine']}.")
        rows = "\n".join(f"| `{key}` | {_figure(value)} |" for key, value in sorted(figures.items()))
        parts.append(f"| figure | value |\n|---|---|\n{rows}")
        lines = [target.judged(figures) for target in targets]
        parts.append("| target | needed | measured | held |\n|---|---|---|---|\n" + "\n".join(lines))
        limits = FOLDER / "limits" / f"{name}.md"  # from profiles
        parts.append(limits.read_text(encoding="utf-8").strip() if limits.exists() else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def _figure(value: object) -> str:
    if isinstance(value, float) and value < FEW:
        return f"{value:,.2f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)
