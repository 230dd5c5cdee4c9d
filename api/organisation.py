"""Queries about the organisation: units as they stood at a moment, what each stands under, and who belongs to one."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.actors import told
from api.admission import no_such
from api.edge import edge
from api.headers import etag
from api.language import spoken
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from domain.organisation_unit import UnitName
from projections import actor_directory, organisation
from projections.models import ReadModels
from projections.organisation import NAME, Unit
from projections.segment_membership import NOW, At

Occurred = Annotated[AwareDatetime | None, Field(description="As it was at this moment; unset: the last known.")]
Recorded = Annotated[AwareDatetime | None, Field(description="As it was known at this moment; unset: now.")]
SHOWN = ("unit_id", "code", "unit_kind", "names", "parent", "opened_at", "closed_at", "reason", "successor")


class UnitsQuery(Paged):
    """Which units, as of when."""

    code: list[str] = Field(default_factory=list, max_length=200, description="Only these; all if none is named.")
    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None


class UnitQuery(Asking):
    """As of when."""

    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["organisation-units"], default_response_class=Response)
    where = "/organisation-units"
    made.add_api_route(where, _units, methods=["GET"], operation_id="organisation_units")
    made.add_api_route(f"{where}/{{unit_id}}", _unit, methods=["GET"], operation_id="organisation_unit")
    made.add_api_route(f"{where}/{{unit_id}}/staff", _staff, methods=["GET"], operation_id="organisation_unit_staff")
    return made


async def _units(request: Request, query: Annotated[UnitsQuery, Query()]) -> Response:
    """Units as they stood at a moment, by code, closed ones among them."""
    at, moment = edge(request), At(query.as_occurred_at, query.as_recorded_at)
    as_of = await at.seen(NAME, query.token_of(request))
    models = at.daybook.models
    if query.code:
        by_code = await organisation.by_codes(models, query.code, moment)
        units, following = [by_code[code] for code in sorted(by_code)], None
    else:
        page = await organisation.units(models, moment, after=query.after, limit=query.limit)
        units, following = list(page.units), page.next
    body = {"units": await _bodies(models, units, moment), "next": following}
    return shown(body, as_of, page_link(request, following))


async def _unit(request: Request, unit_id: str, query: Annotated[UnitQuery, Query()]) -> Response:
    """A unit as it stood at a moment, with what it stands under, the next first."""
    at, stream_id = edge(request), path_uuid(unit_id, "unit_id")
    moment = At(query.as_occurred_at, query.as_recorded_at)
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    models = at.daybook.models
    code = await organisation.code_of(models, stream_id)
    found = None if code is None else (await organisation.by_codes(models, [code], moment)).get(code)
    if found is None:
        raise no_such("organisation-unit")
    above = await organisation.above(models, found, moment)
    (body,) = await _bodies(models, [found], moment)
    version = await version_shown(at.daybook.record, stream_id, found.last_event, as_of)
    body |= {"above": [{"code": one.code, "name": _name(one.names, one.code)} for one in above], "version": version}
    return shown(body, as_of, {"ETag": etag(version)})


async def _staff(request: Request, unit_id: str, query: Annotated[Paged, Query()]) -> Response:
    """Members of staff who belong to the unit now, by pseudonym; where each was before stands in their entry."""
    at, stream_id = edge(request), path_uuid(unit_id, "unit_id")
    as_of = await at.seen(actor_directory.NAME, query.token_of(request))
    models = at.daybook.models
    code = await organisation.code_of(models, stream_id)
    if code is None:
        raise no_such("organisation-unit")
    ids, following = await organisation.staff(models, code, after=query.after, limit=query.limit)
    rows = sorted(await actor_directory.entries(models, ids), key=lambda row: row.actor)
    entries = await told(request, at, rows)
    return shown({"entries": entries, "next": following}, as_of, page_link(request, following))


async def _bodies(models: ReadModels, units: Sequence[Unit], moment: At = NOW) -> list[dict[str, Any]]:
    parents = await organisation.by_codes(models, [one.parent for one in units if one.parent is not None], moment)
    return [
        {
            **{name: getattr(one, name) for name in SHOWN},
            "name": _name(one.names, one.code),
            "stands": organisation.stands(one, parents),
            "last_event": one.last_event,
        }
        for one in units
    ]


def _name(names: Sequence[UnitName], code: str) -> str:
    """The name in the language of the answer, else the first there is."""
    wanted = "zh" if spoken() == "zh" else "en"
    found = [one.name for one in names if one.language.partition("-")[0] == wanted]
    return (found or [one.name for one in names] or [code])[0]
