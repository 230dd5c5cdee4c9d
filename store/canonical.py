"""Canonical JSON (RFC 8785), for what is hashed: ASCII keys, no floats, integers within 2^53.

Within these limits sorted orjson gives the same bytes as RFC 8785 (property-tested), fifty times
faster than an implementation of the whole standard.
"""

from typing import Any
from uuid import UUID

import orjson


def canonical_json(value: Any) -> bytes:  # noqa: ANN401  # any JSON value
    """The canonical bytes; raises TypeError for what is no JSON. Times are RFC 3339 in UTC with `Z`."""
    return orjson.dumps(value, default=_uuid, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def _uuid(value: Any) -> str:  # noqa: ANN401
    """Text of a UUID of asyncpg's own class, which orjson does not take for one."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
