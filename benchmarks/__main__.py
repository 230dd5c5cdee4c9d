"""Run a benchmark: `python -m benchmarks NAME [--json] [--write]`."""

import argparse
import sys
from importlib import import_module

import orjson

from benchmarks.report import write
from benchmarks.scratch import scratch_server
from store.collecting import collect_seldom

NAMES = {
    "append": "append",
    "import": "importing",
    "rebuild": "rebuild",
    "http": "http",
    "read": "read",
    "vault": "vault",
    "verify": "verify",
    "seal": "seal",
    "clocks": "clocks",
    "touches": "touches",
}
MINUTES_MAX = 24 * 60


def main() -> None:
    """Run one benchmark on a scratch server; the last line is its result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works; figures mean nothing")
    parser.add_argument("--minutes", type=float, help="of `seal`: how long events are appended steadily")
    arguments = parser.parse_args()
    if arguments.minutes is not None and (arguments.name != "seal" or not 0 < arguments.minutes <= MINUTES_MAX):
        parser.error(f"--minutes is for seal, and at most {MINUTES_MAX}")
    options = {} if arguments.minutes is None else {"minutes": arguments.minutes}
    collect_seldom()
    with scratch_server() as server:
        result = import_module(f"benchmarks.{NAMES[arguments.name]}").run(server, quick=arguments.quick, **options)
    if arguments.write:
        write(arguments.name, result)
    if arguments.json:
        print(orjson.dumps(result).decode())
        return
    for name, value in result.items():
        print(f"{name:36} {value:,.2f}" if isinstance(value, float) else f"{name:36} {value}")


if __name__ == "__main__":
    sys.exit(main())
