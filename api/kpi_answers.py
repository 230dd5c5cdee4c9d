"""The schemas of KPIs, and of the returns that are made from them."""

from typing import Final

from api.schemas import (
    COUNT,
    DATE,
    PARKED,
    TEXT,
    UUID,
    WITHHELD,
    Schema,
    list_of,
    maybe,
    object_with,
    page,
    rows,
)
from projections.kpi_query import Behind, Cell, Counted

_MAP: Final[Schema] = object_with({
    "map_id": UUID, "code_map": TEXT, "map_version": COUNT, "in_force_from": DATE, "source": TEXT,
    "provisional": {"type": "boolean"},
})  # fmt: skip
_BUSINESS_DAYS: Final[Schema] = {
    **maybe(object_with({
        "calendar": maybe(TEXT), "calendar_versions": list_of(COUNT), "zone": TEXT, "covers_from": maybe(DATE),
        "covers_until": maybe(DATE),
        "weekdays": {"type": "boolean", "description": "In part of the period only weekends are known."},
    })),
    "description": "By which calendar business days were counted; null: none were.",
}  # fmt: skip


def kpi_answers() -> dict[str, Schema]:
    """By operation id."""
    texts = dict.fromkeys(("name", "digest", "title", "unit", "note"), TEXT)
    basis = object_with({"basis": TEXT, "numerator": TEXT, "denominator": maybe(TEXT)})
    kpi = object_with({**texts, "version": COUNT, "scale": COUNT, "bases": list_of(basis), "dimensions": list_of(TEXT)})
    group: Schema = {
        "type": "object", "description": "By dimension; null: not known.", "additionalProperties": maybe(TEXT),
    }  # fmt: skip
    down: Schema = {**TEXT, "description": "Path of what the numerator has counted; `part=denominator`: of the other."}
    spread: Schema = {"type": "object", "description": "How often each value came.", "additionalProperties": COUNT}
    cell = rows(Cell, group=group, spread=spread, events=down)
    figures = {
        "kpi": kpi, "from": maybe(DATE), "to": maybe(DATE), "by": list_of(TEXT), "cells": list_of(cell),
        "parked": PARKED, "withheld": WITHHELD,
        "map": {**maybe(_MAP), "description": "By whose codes its dimension is told."},
        "clocks_behind": {**COUNT, "description": "Events not read yet for the clocks; incomplete unless it is 0."},
        "quarantined": {
            "type": "object", "description": "Rows of imports that are counted nowhere, by source.",
            "additionalProperties": COUNT,
        },
    }  # fmt: skip
    return {
        "kpis": object_with({"kpis": list_of(kpi)}),
        "kpi": object_with(figures),
        "kpi_behind": page("counted", rows(Counted, events=list_of(rows(Behind)))),
    }


def return_answers() -> dict[str, Schema]:
    """By operation id."""
    amounts: Schema = {"type": "object", "description": "By column.", "additionalProperties": {"type": "integer"}}
    named = {"code": TEXT, "says": TEXT}
    row = object_with({"code": TEXT, "name": TEXT, "codes": list_of(TEXT), "amounts": amounts})
    table = object_with({
        "name": TEXT, "says": TEXT, "dimension": TEXT, "columns": list_of(object_with(named)), "rows": list_of(row),
        "map": {**maybe(_MAP), "description": "Null: none is in force, and rows are the bank's own codes."},
        "total": amounts,
    })  # fmt: skip
    of = {"name": TEXT, "title": TEXT, "version": COUNT, "provisional": {"type": "boolean"}, "note": TEXT}
    left_out: Schema = {"type": "object", "description": "Rows of imports, by source.", "additionalProperties": COUNT}
    made = object_with({
        "return": object_with(of), "from": DATE, "to": DATE, "entity": maybe(TEXT), "tables": list_of(table),
        "figures": list_of(object_with({**named, "amount": {"type": "integer"}})), "parked": PARKED,
        "quarantined": left_out, "business_days": _BUSINESS_DAYS,
    })  # fmt: skip
    exported = page("rows", object_with({"complaint_id": UUID, "values": list_of(TEXT)}), fields=list_of(TEXT))
    return {
        "returns": object_with({"returns": list_of({**object_with(of), "additionalProperties": True})}),
        "return": made,
        "return_cfpb": exported,
        "return_behind": page("counted", rows(Counted, events=list_of(rows(Behind)))),
    }
