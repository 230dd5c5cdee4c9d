"""SQL as files: one statement each, its file name its name."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (files("engine") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
