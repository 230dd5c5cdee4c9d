"""Which migrations make up a record, and the same in another schema: the reads log, the library's adapter."""

import re
from pathlib import Path
from typing import Final

from store.statements import in_schema

# Those that make up the record; a test finds one that is missing here.
RECORD_MIGRATIONS: Final = (
    "0001_record.sql",
    "0003_append.sql",
    "0004_reading.sql",
    "0005_refusals.sql",
    "0091_types_as_one_text.sql",
)
# Those that change the bank's record alone: they need the vault, and other schemas of the same make have no personal
# data to erase and no retention.
BANK_MIGRATIONS: Final = (
    "0044_shredding.sql",
    "0047_disposal.sql",
    "0048_privacy.sql",
    "0051_confidential.sql",
)
_AGAIN: Final = re.compile(r"^--> ([0-9]{4}_[a-z0-9_]+\.sql) in ([a-z_]+)$", re.MULTILINE)


def expanded(sql: str, directory: Path) -> str:
    """A migration's text with every line `--> NNNN_name.sql in schema` replaced by that file, told to be there.

    So the same DDL is never written twice. A file that was applied never changes, so neither does what it gives here.
    """
    return _AGAIN.sub(lambda found: in_schema((directory / found[1]).read_text(encoding="utf-8"), found[2]), sql)
