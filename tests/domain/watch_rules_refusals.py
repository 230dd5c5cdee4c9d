"""What the commands about the rules of unusual access refuse."""

from domain.watch_rules import ActivateWatchRules, ProposeWatchRules, SignOffWatchRules, WithdrawWatchRules
from tests.domain.access_refusals import Case
from tests.domain.scenario import to

TOLD = {"rules_version": 1, "in_force_from": "2026-01-01", "proposed_by": "staff:1"}
PROPOSE = to(ProposeWatchRules, **TOLD, rules={"night": {"least": 5, "since_hour": 22, "until_hour": 6}})
SIGNED = [to(SignOffWatchRules, signed_by=f"staff:{n}") for n in (2, 3)]
ACTIVATE, WITHDRAW = to(ActivateWatchRules, activated_by="staff:2"), to(WithdrawWatchRules, reason="mistake")
WATCH_RULES_CASES: list[Case] = [
    ("watch-rules.not-proposed", "rules_id", [], ACTIVATE),
    ("watch-rules.already-proposed", "rules_id", [PROPOSE], PROPOSE),
    ("watch-rules.none-on", "rules", [], to(ProposeWatchRules, **TOLD, rules={})),
    ("watch-rules.second-person-required", "signed_by", [PROPOSE], to(SignOffWatchRules, signed_by="staff:1")),
    ("watch-rules.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("watch-rules.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], WITHDRAW),
    ("watch-rules.withdrawn", None, [PROPOSE, WITHDRAW], SIGNED[0]),
]
