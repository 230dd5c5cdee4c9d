"""Who may be one person with a customer, and why; and all links that wait for another person."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from api.admission import looker
from api.edge import edge
from api.problems import Problem
from api.reading import Asking, Paged, page_link, path_uuid, shown
from engine.linking import link_candidates
from projections.link_queue import proposed_links
from projections.persons import PROFILES


async def candidates(request: Request, customer_id: str, query: Annotated[Asking, Query()]) -> Response:
    """Customers who may be the same person, with the rules and the evidence for each, and what is shared by too many.

    Values are compared and not told; every value that is compared is a look. At most fifty, the most rules first.
    """
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(PROFILES, query.token_of(request), (customer,))
    found = await link_candidates(at.daybook, looker(request), customer)
    if found is None:
        raise Problem("not-found", "No event names this customer.")
    body = {
        "canonical_id": found.person.canonical_id,
        "merged_ids": found.person.merged_ids,
        "rules_version": found.rules_version,
        "candidates": found.candidates,
        "shared": found.shared,
        "not_shown": found.not_shown,
    }
    return shown(body, as_of)


async def proposed(request: Request, query: Annotated[Paged, Query()]) -> Response:
    """Links of all customers that are proposed, and neither merged nor given up, those that wait longest first.

    Each customer is one entry, that of the smaller id, with all links that wait there. Nothing is compared for it.
    """
    at = edge(request)
    as_of = await at.seen(PROFILES, query.token_of(request))
    found = await proposed_links(at.daybook.models, after=query.after, limit=query.limit)
    return shown({"waiting": found.waiting, "next": found.next}, as_of, page_link(request, found.next))
