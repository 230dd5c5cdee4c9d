"""SQL as files: one statement each, its file name its name."""

from functools import cache
from importlib.resources import files

from store.statements import in_schema


@cache
def statement(name: str, schema: str = "record") -> str:
    """The text of ``sql/<name>.sql``, with the events of another schema where one is given."""
    return in_schema((files("replay") / "sql" / f"{name}.sql").read_text(encoding="utf-8"), schema)
