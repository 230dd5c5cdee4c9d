"""`POST /customers/search`: customers by name, phone number, e-mail or postal address, or number of a document.

A POST that changes nothing: what is searched for is personal data, and addresses end up in logs.
"""

from dataclasses import dataclass
from typing import Final, get_args
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from api.admission import forbidden, looker
from api.bodies import json_object
from api.customer_profile import NAME
from api.edge import edge, lower_headers
from api.language import said
from api.problems import FieldError
from api.reading import CURSOR_CHARACTERS_MAX, shown
from api.validation import faults, invalid
from domain.codes import PersonalLine
from domain.search_terms import SearchKind, normalised
from engine.searching import FIRST, SEARCHED_FIELDS

LIMIT: Final = 20
LIMIT_MAX: Final = 50
BODY_BYTES_MAX: Final = CURSOR_CHARACTERS_MAX + 16_384
KINDS: Final[tuple[SearchKind, ...]] = get_args(SearchKind)


class Search(BaseModel):
    """One value to search by, and the page."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: PersonalLine | None = None
    phone: PersonalLine | None = None
    email: PersonalLine | None = None
    address: PersonalLine | None = None
    document: PersonalLine | None = None
    after: UUID = FIRST
    limit: int = Field(default=LIMIT, ge=1, le=LIMIT_MAX, strict=True)
    token: str | None = Field(default=None, max_length=CURSOR_CHARACTERS_MAX)


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """What a search tells of a person, by the first customer who has the value; who wants more asks for the profile."""

    customer_id: UUID
    canonical_id: UUID
    merged_ids: tuple[UUID, ...]
    status: str
    kind: str | None
    branch: str | None
    segments: tuple[str, ...]


async def search(request: Request) -> Response:
    """Customers who have this name, phone number, e-mail or postal address, or document number now, compared whole."""
    at, looking = edge(request), looker(request)
    headers = lower_headers(request)
    asked, kind, wanted = _asked(await json_object(request.receive, headers, BODY_BYTES_MAX))
    if looking.viewer.grant is None and looking.table.decide(looking.viewer, *SEARCHED_FIELDS[kind]) != "shown":
        error = FieldError("body", f"/{kind}", "is not shown to your roles for this purpose, nor searched by")
        raise forbidden("not-allowed", error)
    as_of = await at.seen(NAME, headers.get("daybook-token") or asked.token)
    found = await at.daybook.search.find(looking, kind, wanted, after=asked.after, limit=asked.limit)
    await at.daybook.looks.searched(looking, kind, len(found.profiles))
    customers = [
        FoundCustomer(one.customer_id, who.canonical_id, who.merged_ids, one.status, one.kind, one.branch, one.segments)
        for one, who in found.profiles
    ]
    return shown({"customers": customers, "next": found.last}, as_of)


def _asked(body: dict[str, object]) -> tuple[Search, SearchKind, str]:
    try:
        asked = Search.model_validate(body)
    except ValidationError as error:
        raise invalid(faults(error, tuple(Search.model_fields))) from None
    given: list[tuple[SearchKind, str]] = [
        (kind, value) for kind in KINDS if (value := getattr(asked, kind)) is not None
    ]
    if len(given) != 1:
        raise invalid(
            [
                FieldError(
                    "body", "", "must have one value to search by", said("give one of {codes}", codes=", ".join(KINDS))
                )
            ]
        )
    kind, value = given[0]
    wanted = normalised(kind, value)
    if not wanted:
        raise invalid([FieldError("body", f"/{kind}", "has nothing to search by", "give it whole")])
    return asked, kind, wanted
