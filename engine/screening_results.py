"""What a period's sample of interactions says: the share of complaints that nobody recorded, with its interval."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from domain.sampling import share_of
from projections.screening_queue import Stratum

PLACES: Final = 6


def results(strata: Sequence[Stratum]) -> dict[str, Any]:
    """Counts and shares by rate, and over all of them.

    Shares are of what was screened. Over all they are told only where everything was drawn at one rate: else what was
    drawn more often would count for more than it is.
    """
    lines = [{**asdict(one), **_share(one.missed, one.screened)} for one in strata]
    screened, missed = sum(one.screened for one in strata), sum(one.missed for one in strata)
    alike = len({one.per_10_000 for one in strata}) == 1
    total = {
        "drawn": sum(one.drawn for one in strata),
        "screened": screened,
        "recorded": sum(one.recorded for one in strata),
        "missed": missed,
        **_share(missed, screened if alike else 0),
    }
    return {"strata": lines, "total": total}


def _share(missed: int, screened: int) -> dict[str, float | None]:
    found = share_of(missed, screened)
    if found is None:
        return {"missed_share": None, "missed_share_low": None, "missed_share_high": None}
    return {
        "missed_share": round(found.share, PLACES),
        "missed_share_low": round(found.low, PLACES),
        "missed_share_high": round(found.high, PLACES),
    }
