"""What the commands about code maps refuse."""

from domain.code_map import ActivateCodeMap, ProposeCodeMap, WithdrawCodeMap
from tests.domain.access_refusals import Case
from tests.domain.scenario import to

FEES = {"code": "fees", "external": "C.5", "name": "Disclosure"}
MAP = {
    "code_map": "jrt-0169.reason", "map_version": 1, "dimension": "cause", "in_force_from": "2026-01-01",
    "source": "by hand", "proposed_by": "staff:1",
}  # fmt: skip
PROPOSE = to(ProposeCodeMap, **MAP, entries=(FEES, {**FEES, "external": "C.3", "name": "Rules"}))
ACTIVATE = to(ActivateCodeMap, activated_by="staff:2")
DROP = to(WithdrawCodeMap, reason="mistake")
CODE_MAP_CASES: list[Case] = [
    ("code-map.not-proposed", "map_id", [], ACTIVATE),
    ("code-map.already-proposed", "map_id", [PROPOSE], PROPOSE),
    ("code-map.entry-repeated", "entries", [], to(ProposeCodeMap, **MAP, entries=(FEES, FEES))),
    (
        "code-map.name-ambiguous", "entries", [],
        to(ProposeCodeMap, **MAP, entries=(FEES, {**FEES, "code": "charges", "name": "Prices"})),
    ),
    ("code-map.second-person-required", "activated_by", [PROPOSE], to(ActivateCodeMap, activated_by="staff:1")),
    ("code-map.already-active", None, [PROPOSE, ACTIVATE], DROP),
    ("code-map.withdrawn", None, [PROPOSE, DROP], ACTIVATE),
]  # fmt: skip
