"""Daybook's API and the bare one beside it, over the same database."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving import served
from engine.issuer import USERS, DevelopmentIssuer
from engine.settings import Settings
from engine.wiring import Databases


@contextmanager
def both_served(databases: Databases, folder: Path, profile_version: int = 1) -> Generator[tuple[int, int]]:
    """Ports of Daybook's API and of the bare one."""
    ours = daybook_environment(databases, folder)
    bare = {"BARE_DSN": databases.application, "BARE_VERSION": str(profile_version)}
    with served("api.app:app", ours) as port, served("benchmarks.bare:app", bare) as bare_port:
        yield port, bare_port


def daybook_environment(databases: Databases, folder: Path) -> dict[str, str]:
    """The settings of a served API over these databases."""
    return {
        "DAYBOOK_DATABASE_URL": databases.application,
        "DAYBOOK_MIGRATE_URL": databases.migrate,
        "DAYBOOK_DATA_DIR": str(folder),
        "DAYBOOK_REQUESTS_PER_S": "1e9",  # one actor sends all
        "DAYBOOK_REQUESTS_BURST": "1000000000",
    }


def logged_in(folder: Path, role: str) -> dict[str, str]:
    """The headers of the user of a role, for the API that is served with this data folder."""
    user = USERS[role]
    token = DevelopmentIssuer.load_or_create(Settings(data_dir=folder)).token(user)
    return {"Authorization": f"Bearer {token}", "Daybook-Purpose": user.purpose}
