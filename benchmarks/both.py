"""Daybook's API and the bare one beside it, over the same database."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import served
from engine.wiring import Databases


@contextmanager
def both_served(databases: Databases, folder: Path, profile_version: int = 1) -> Generator[tuple[int, int]]:
    """Ports of Daybook's API and of the bare one."""
    ours = {
        "DAYBOOK_DATABASE_URL": databases.application,
        "DAYBOOK_MIGRATE_URL": databases.migrate,
        "DAYBOOK_DATA_DIR": str(folder),
    }
    bare = {"BARE_DSN": databases.application, "BARE_VERSION": str(profile_version)}
    with served("api.app:app", ours) as port, served("benchmarks.bare:app", bare) as bare_port:
        yield port, bare_port
