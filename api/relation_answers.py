"""The schemas of answers about the organisation, segments, leads, and what customers hold and need."""

from typing import Final

from api.schemas import (
    COUNT,
    LAST,
    PARKED,
    TEXT,
    TIME,
    UUID,
    VERSION,
    WITHHELD,
    Schema,
    list_of,
    maybe,
    object_with,
    page,
    rows,
)
from projections.actor_directory import ActorRow
from projections.lead_register import LeadRow, SourceFigures
from projections.organisation import Unit
from projections.product_holdings import HoldingRow, NeedRow, Statement, Total
from projections.segment_membership import Member, Membership

_ROW: Final = ("partition", "position", "event_id")


def entry(**more: Schema) -> Schema:
    """An entry of the actor directory."""
    text: Schema = {"description": "Personal data: the name, a mask, or when it was erased."}
    lists = {
        "organisation_units": list_of(object_with({"since": TIME, "organisation_unit": TEXT})),
        "names": list_of(object_with({"since": TIME, "name": text})),
        "last_event": LAST,
    }
    return rows(ActorRow, (*_ROW, "units", "names"), **lists, **more)


def relations() -> dict[str, Schema]:
    """Answers by operation id."""
    text: Schema = {"description": "Personal data: the number, a mask, or when it was erased."}
    amounts: Schema = {
        "type": "object", "description": "Minor units by currency.", "additionalProperties": {"type": "integer"},
    }  # fmt: skip
    each: Schema = {
        "type": "object", "description": "Minor units by currency.", "additionalProperties": {"type": "number"},
    }  # fmt: skip
    percent: Schema = {"type": "number", "description": "Of a hundred leads so many became customers."}
    name: Schema = {**TEXT, "description": "In the language of the answer, where the unit has a name in it."}
    standing: Schema = {"enum": ["standing", "parent-unknown", "parent-not-higher", "parent-closed"]}
    unit = {"name": name, "stands": standing}
    lead, holding, need = (rows(one, _ROW, last_event=LAST) for one in (LeadRow, HoldingRow, NeedRow))
    holding["properties"]["account"] = text
    source = rows(
        SourceFigures, costs=amounts, cost_per_customer=each, conversion_percent=percent,
        behind={**TEXT, "description": "Where the leads are listed."},
    )  # fmt: skip
    statement = rows(Statement, totals=list_of(rows(Total)))
    above = list_of(object_with({"code": TEXT, "name": name}))
    return {
        "customer_segments": object_with({"segments": list_of(rows(Membership))}),
        "segments": object_with(
            {
                "segments": list_of(object_with({"segment": TEXT, "customers": COUNT})),
                "parked": PARKED,
                "withheld": WITHHELD,
            }
        ),
        "segment_customers": page("customers", rows(Member)),
        "organisation_units": page("units", rows(Unit, **unit)),
        "organisation_unit": rows(Unit, **unit, above=above, version=VERSION),
        "organisation_unit_staff": page("entries", entry()),
        "portfolios": object_with(
            {"portfolios": list_of(object_with({"relationship_manager": TEXT, "customers": COUNT})), "parked": PARKED}
        ),
        "portfolio": page("customers", _charge(), relationship_manager=TEXT),
        "leads": page("leads", lead),
        "lead": rows(LeadRow, _ROW, last_event=LAST, version=VERSION),
        "lead_sources": object_with({"sources": list_of(source), "parked": PARKED}),
        "customer_holdings": page("holdings", holding),
        "customer_needs": page("needs", need),
        "customer_activity": object_with({"totals": list_of(rows(Total))}),
        "holding_statements": page("statements", statement),
    }


def _charge() -> Schema:
    step = object_with(
        {
            "step_id": UUID,
            "what": {"enum": ["follow-up", "task"]},
            "kind": TEXT,
            "due": {**maybe(TEXT), "description": "A day of a task, a time of a follow-up; null: none was set."},
            "assignee": maybe(TEXT),
            "interaction_id": {**UUID, "description": "Of a follow-up."},
            "task_id": {**UUID, "description": "Of a task."},
        },
        optional=("interaction_id", "task_id"),
    )
    return object_with(
        {
            "customer_id": UUID,
            "since": TIME,
            "event_id": {**UUID, "description": "The event that gave the customer to the manager."},
            "status": maybe(TEXT),
            "kind": maybe(TEXT),
            "branch": maybe(TEXT),
            "segments": list_of(TEXT),
            "open_complaints": COUNT,
            "last_contact_at": maybe(TIME),
            "open_steps": COUNT,
            "steps_due": COUNT,
            "next_step": maybe(step),
        }
    )
