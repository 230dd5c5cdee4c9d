"""All read models that are kept."""

from typing import Final

from projections.customer_profile import CUSTOMER_PROFILE
from projections.projection import Projection

PROJECTIONS: Final[tuple[Projection, ...]] = (CUSTOMER_PROFILE,)
