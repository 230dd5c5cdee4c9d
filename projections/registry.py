"""All read models that are kept."""

from typing import Final

from projections.audit_trail import AUDIT_TRAIL
from projections.campaign_results import CAMPAIGN_RESULTS
from projections.complaint_register import COMPLAINT_REGISTER
from projections.customer_profile import CUSTOMER_PROFILE
from projections.privacy_register import PRIVACY_REGISTER
from projections.projection import Projection
from projections.satisfaction_history import SATISFACTION_HISTORY

PROJECTIONS: Final[tuple[Projection, ...]] = (
    AUDIT_TRAIL,
    CAMPAIGN_RESULTS,
    COMPLAINT_REGISTER,
    CUSTOMER_PROFILE,
    PRIVACY_REGISTER,
    SATISFACTION_HISTORY,
)
