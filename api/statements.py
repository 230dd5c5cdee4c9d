"""The statements of `sql/` that answer in one round trip what would otherwise take several."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str, version: int | None = None) -> str:
    """The text of ``sql/<name>.sql``; `{v}` stands for the version of a read model's tables."""
    sql = (files("api") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    return sql if version is None else sql.replace("{v}", f"_v{version}")
