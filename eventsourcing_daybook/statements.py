"""The SQL of this package: one statement per file, its file name its name."""

from functools import cache
from importlib.resources import files

from store.statements import in_schema


@cache
def statement(name: str, schema: str) -> str:
    """The text of ``sql/<name>.sql`` for a schema; the files say `record`, as those of the record do."""
    return in_schema((files("eventsourcing_daybook") / "sql" / f"{name}.sql").read_text(encoding="utf-8"), schema)
