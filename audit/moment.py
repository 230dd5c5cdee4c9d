"""Moments as everything that is signed writes them."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, with six decimals and `Z`."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"
