"""What the commands about units, leads, holdings, needs and handovers of portfolios refuse."""

from domain.holding import ChangeHolding, CloseHolding, OpenHolding, SummariseActivity
from domain.lead import CaptureLead, ConvertLead, LoseLead, QualifyLead, RecordLeadCost
from domain.need import NoteNeed, SettleNeed
from domain.organisation_unit import CloseUnit, MoveUnit, OpenUnit, RenameUnit
from domain.portfolio_handover import (
    CompletePortfolioHandover,
    OrderPortfolioHandover,
    StopPortfolioHandover,
)
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, BO, ONE, TWO, to

NAMES = ({"language": "en", "name": "Futian"}, {"language": "zh", "name": "福田支行"})
UNIT = {"code": "branch.7", "unit_kind": "branch", "names": NAMES, "parent": "region.1"}
OPEN = to(OpenUnit, **UNIT)
CLOSE = to(CloseUnit, reason="merged")
ORGANISATION_UNIT_CASES: list[Case] = [
    ("organisation-unit.not-opened", "unit_id", [], CLOSE),
    ("organisation-unit.already-opened", "code", [OPEN], OPEN),
    ("organisation-unit.closed", None, [OPEN, CLOSE], to(MoveUnit, parent="region.2")),
    ("organisation-unit.parent-missing", "parent", [], to(OpenUnit, **{**UNIT, "parent": None})),
    ("organisation-unit.parent-of-bank", "parent", [], to(OpenUnit, **{**UNIT, "unit_kind": "bank"})),
    ("organisation-unit.own-parent", "parent", [OPEN], to(MoveUnit, parent="branch.7")),
    ("organisation-unit.own-successor", "successor", [OPEN], to(CloseUnit, reason="x", successor="branch.7")),
    ("organisation-unit.language-repeated", "names", [OPEN], to(RenameUnit, names=(NAMES[0], NAMES[0]))),
]

CAPTURE = to(CaptureLead, source="partner", channel="web")
PAID = to(RecordLeadCost, cost_id=ONE, kind="commission", amount={"amount_minor": 100, "currency": "CNY"})
CONVERT = to(ConvertLead, customer_id=ANNA)
LOSE = to(LoseLead, reason="silent")
LEAD_CASES: list[Case] = [
    ("lead.not-captured", "lead_id", [], LOSE),
    ("lead.already-captured", "lead_id", [CAPTURE], CAPTURE),
    ("lead.already-converted", None, [CAPTURE, CONVERT], to(ConvertLead, customer_id=BO)),
    ("lead.already-lost", None, [CAPTURE, LOSE], to(QualifyLead, qualified_by="staff:1")),
    (
        "lead.cost-id-reused", "cost_id", [CAPTURE, PAID],
        to(RecordLeadCost, cost_id=ONE, kind="commission", amount={"amount_minor": 101, "currency": "CNY"}),
    ),
    (
        "lead.cost-out-of-bounds", "amount", [CAPTURE],
        to(RecordLeadCost, cost_id=ONE, kind="commission", amount={"amount_minor": -(2**33), "currency": "CNY"}),
    ),
    (
        "lead.currency-differs", "amount", [CAPTURE, PAID],
        to(RecordLeadCost, cost_id=TWO, kind="commission", amount={"amount_minor": 1, "currency": "EUR"}),
    ),
]  # fmt: skip

HOLD = to(OpenHolding, customer_id=ANNA, product="current-account")
GIVE_BACK = to(CloseHolding, reason="moved")
IN = {"category": "salary", "flow": "in", "transactions": 1, "amount": {"amount_minor": 9, "currency": "CNY"}}


def moved(first: str, last: str, version: int, *totals):
    return to(SummariseActivity, first_on=first, last_on=last, statement_version=version, totals=totals)


MARCH = moved("2026-03-01", "2026-03-31", 2, IN)
HOLDING_CASES: list[Case] = [
    ("holding.not-opened", "holding_id", [], GIVE_BACK),
    ("holding.already-opened", "holding_id", [HOLD], HOLD),
    ("holding.closed", None, [HOLD, GIVE_BACK], to(ChangeHolding, change_id=ONE, reason="x", product="savings")),
    ("holding.period-invalid", "last_on", [HOLD], moved("2026-03-02", "2026-03-01", 1)),
    ("holding.period-overlaps", "first_on", [HOLD, MARCH], moved("2026-03-31", "2026-04-30", 3)),
    ("holding.statement-outdated", "statement_version", [HOLD, MARCH], moved("2026-03-01", "2026-03-31", 2)),
    ("holding.category-repeated", "totals", [HOLD], moved("2026-03-01", "2026-03-31", 1, IN, IN)),
]

NOTE = to(NoteNeed, customer_id=ANNA, product="mortgage", basis="stated")
MET = to(SettleNeed, outcome="met")
NEED_CASES: list[Case] = [
    ("need.not-noted", "need_id", [], MET),
    ("need.already-noted", "need_id", [NOTE], NOTE),
    ("need.already-settled", None, [NOTE, MET], to(SettleNeed, outcome="declined")),
    ("need.rule-missing", "rule", [], to(NoteNeed, customer_id=ANNA, product="mortgage", basis="derived", rule="r")),
    ("need.holding-without-need", "holding_id", [NOTE], to(SettleNeed, outcome="declined", holding_id=ONE)),
]

ORDER = {"from_manager": "staff:1", "to_manager": "staff:2", "reason": "retired", "ordered_by": "staff:3"}
HAND_OVER = to(OrderPortfolioHandover, **ORDER)
STOP = to(StopPortfolioHandover, stop_reason="mistake")
PORTFOLIO_HANDOVER_CASES: list[Case] = [
    ("portfolio-handover.not-ordered", "handover_id", [], STOP),
    ("portfolio-handover.already-ordered", "handover_id", [HAND_OVER], HAND_OVER),
    (
        "portfolio-handover.to-oneself", "to_manager", [],
        to(OrderPortfolioHandover, **{**ORDER, "to_manager": "staff:1"}),
    ),
    ("portfolio-handover.already-ended", None, [HAND_OVER, STOP], to(CompletePortfolioHandover, customers=0)),
]  # fmt: skip
