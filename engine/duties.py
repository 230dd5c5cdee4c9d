"""What a process does beside its main work: each duty is begun where this installation lets this process."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from engine.campaign_running import running_campaigns
from engine.clock_keeping import keeping_clocks
from engine.contact_keeping import keeping_contacts
from engine.handing_over import handing_over
from engine.merging import merging
from engine.privacy_work import carrying_out
from engine.sampling import drawing_samples
from engine.survey_keeping import keeping_surveys
from engine.watching import watching
from engine.wiring import Daybook

DUTIES: Final = (
    carrying_out, watching, keeping_surveys, keeping_clocks, drawing_samples, handing_over, keeping_contacts,
    running_campaigns, merging,
)  # fmt: skip


@asynccontextmanager
async def on_duty(daybook: Daybook, *, watch: bool = True) -> AsyncGenerator[None]:
    """Do every duty while the block runs; `watch`: also count looks for unusual access.

    Raises:
        RoleUnfit: the eraser's role may do too much or too little.
    """
    async with AsyncExitStack() as opened:
        for duty in DUTIES:
            if watch or duty is not watching:
                await opened.enter_async_context(duty(daybook))
        yield
