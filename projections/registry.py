"""All read models that are kept."""

from typing import Final

from projections.actor_directory import ACTOR_DIRECTORY
from projections.audit_trail import AUDIT_TRAIL
from projections.break_glass_register import BREAK_GLASS_REGISTER
from projections.campaign_results import CAMPAIGN_RESULTS
from projections.complaint_register import COMPLAINT_REGISTER
from projections.correction_queue import CORRECTION_QUEUE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.engagement_register import ENGAGEMENT_REGISTER
from projections.lead_register import LEAD_REGISTER
from projections.organisation import ORGANISATION
from projections.portfolio import PORTFOLIO
from projections.privacy_register import PRIVACY_REGISTER
from projections.product_holdings import PRODUCT_HOLDINGS
from projections.projection import Projection
from projections.satisfaction_history import SATISFACTION_HISTORY
from projections.screening_queue import SCREENING_QUEUE
from projections.segment_membership import SEGMENT_MEMBERSHIP

PROJECTIONS: Final[tuple[Projection, ...]] = (
    ACTOR_DIRECTORY,
    AUDIT_TRAIL,
    BREAK_GLASS_REGISTER,
    CAMPAIGN_RESULTS,
    COMPLAINT_REGISTER,
    CORRECTION_QUEUE,
    CUSTOMER_PROFILE,
    ENGAGEMENT_REGISTER,
    LEAD_REGISTER,
    ORGANISATION,
    PORTFOLIO,
    PRIVACY_REGISTER,
    PRODUCT_HOLDINGS,
    SATISFACTION_HISTORY,
    SEGMENT_MEMBERSHIP,
    SCREENING_QUEUE,
)
