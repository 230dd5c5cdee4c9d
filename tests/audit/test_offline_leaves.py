"""No-miss certificates before the offline verifier: their leaves are those of the log, all of their day, no others."""

import base64
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from audit import offline
from audit.checkpoint import Checkpoint
from audit.leaf_range import LeafRange
from audit.merkle import EMPTY_ROOT, assembled, consistency_parts, leaf_hash, root
from audit.notes import KeySigner, parse, signed
from audit.tiles import TileHashes, grown
from tests.audit.evidence import LOG_ID, ONE, Evidence
from tests.audit.test_offline_export import entries_of

CERTIFIER = KeySigner(f"{LOG_ID}/certificates", bytes(range(32)))


class Bank(NamedTuple):
    """An export, the entries of its partition 1, the day of them all, and the policy of who checks it."""

    export: Path
    entries: list[bytes]
    policy: offline.Policy

    @property
    def day(self) -> str:
        return self.entries[0].partition(b'"r":"')[2][:10].decode()

    def leaves(self, start: int, end: int, size: int | None = None) -> LeafRange:
        """As a certificate has it, whether or not it is right."""
        hashes = [leaf_hash(one) for one in self.entries]
        read, size = TileHashes(grown({}, 0, hashes)), size or len(hashes)
        proofs = [
            tuple(assembled(consistency_parts(*each), read)) if each[0] else () for each in ((start, end), (end, size))
        ]
        alone = root(end - start, TileHashes(grown({}, 0, hashes[start:end]))) if start < end else EMPTY_ROOT
        head = Checkpoint(ONE, size, root(size, read))
        return LeafRange(start, end, root(start, read), root(end, read), alone, proofs[0], head, proofs[1])

    def certificate(self, of: LeafRange, **more: Any) -> dict[str, Any]:
        count = of.end - of.start
        counts = {"recorded": count, "folded": count - 1, "passed_over": 0, "parked": 1}
        return {
            "day": self.day,
            "leaves": of.content(),
            "parked": [{"position": of.start, "type": "x"}],
            "partition": 1,
            "types": [{"type": "x", **counts}],
            **more,
        }

    def found(self, content: dict[str, Any], *, alone: bool = False) -> list[offline.Finding]:
        text = f"{LOG_ID}/certificates\nno-miss/1\n{offline.spelled(content)}\n"
        note = self.export.parent / "one.note"
        note.write_text(signed(text, [CERTIFIER]).format(), encoding="utf-8")
        report = offline.verify([note] if alone else [self.export, note], self.policy)
        assert report.ranges == (not alone and not report.findings)
        return report.findings


@pytest.fixture
def bank(evidence: Evidence, tmp_path: Path) -> Bank:
    """Until midnight of the day of its first entry, should it have been made about then."""
    entries, policy = entries_of(evidence.new, ONE), f"log {CERTIFIER.verifier.vkey}\n{evidence.policy}"
    return Bank(evidence.copy(tmp_path), entries, offline.Policy.parse(policy.encode()))


def whole(bank: Bank) -> LeafRange:
    return bank.leaves(0, sum(f'"r":"{bank.day}'.encode() in one for one in bank.entries))


def test_the_leaves_of_a_day_hold(bank: Bank) -> None:
    content = bank.certificate(whole(bank))
    assert bank.found(content) == []
    assert bank.found(content, alone=True) == []
    nothing = bank.certificate(bank.leaves(0, 0), day="2020-01-01", types=[], parked=[])
    assert bank.found(nothing) == []


def test_against_an_older_head_and_within_the_log(bank: Bank) -> None:
    content = bank.certificate(bank.leaves(120, 300, 512))
    assert bank.found(content, alone=True) == []
    (finding,) = bank.found(content)
    assert f"says that entry 119 of {ONE} is not of {bank.day}" in finding.why
    (finding,) = bank.found({**content, "day": "2020-01-01"})
    assert f"says that entry 120 of {ONE} is of 2020-01-01" in finding.why


def test_other_leaves_are_refused(bank: Bank) -> None:
    leaves = whole(bank)
    other = bank.leaves(0, leaves.end - 1).subtree_root
    (finding,) = bank.found(bank.certificate(leaves._replace(subtree_root=other)))
    assert (finding.what, "is about other leaves than 0 to" in finding.why) == ("note", True)


def test_a_history_that_is_not_that_of_the_log_is_told(bank: Bank, evidence: Evidence) -> None:
    forged = Bank(bank.export, [bank.entries[1], *bank.entries[1:]], bank.policy)
    content = forged.certificate(forged.leaves(120, 300, 512))
    assert bank.found(content, alone=True) == []
    assert {one.what for one in bank.found(content)} == {"log", "note"}
    assert any("has two histories: at 300 entries" in one.why for one in bank.found(content))
    checkpoint = parse((evidence.old / ONE / "checkpoint").read_bytes())
    assert Checkpoint.parse(checkpoint.text).size == 120


@pytest.mark.parametrize("name", ["root_before", "root_after", "grown", "kept", "log"])
def test_a_changed_proof_is_refused(bank: Bank, name: str) -> None:
    leaves = bank.leaves(120, 300, 512)
    content = leaves.content()
    zero = base64.b64encode(bytes(32)).decode()
    changed = {
        "grown": [zero, *content["grown"][1:]],
        "kept": content["kept"][1:],
        "log": {**content["log"], "root": zero},
    }
    (finding,) = bank.found(bank.certificate(leaves, leaves={**content, name: changed.get(name, zero)}), alone=True)
    assert finding.what == "note"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"types": []}, "does not add up"),
        ({"types": [{"type": "x", "recorded": 180, "folded": 180, "passed_over": 0, "parked": 1}]}, "does not add up"),
        ({"parked": []}, "does not add up"),
        ({"partition": 0}, "of partition 0"),
        ({"partition": None}, "missing or malformed"),
        ({"day": 5}, "missing or malformed"),
        ({"types": [{"type": "x", "recorded": True}]}, "missing or malformed"),
        ({"types": 7}, "missing or malformed"),
        ({"leaves": []}, "missing or malformed"),
        ({"leaves": None}, "missing or malformed"),
        ({"leaves": {"start": 1}}, "missing or malformed"),
    ],
)
def test_what_is_malformed_or_does_not_add_up_is_refused(bank: Bank, change: dict[str, Any], why: str) -> None:
    content = bank.certificate(bank.leaves(120, 300, 512))
    (finding,) = bank.found({**content, **change}, alone=True)
    assert (finding.what, why in finding.why) == ("note", True), finding
    for name in ("start", "end", "subtree_root", "log"):
        (finding,) = bank.found({**content, "leaves": {**content["leaves"], name: -1}}, alone=True)
        assert finding.what == "note"


@pytest.mark.parametrize("size", [*range(20), 255, 256, 257, 1000])
def test_roots_of_leaves_alone(size: int) -> None:
    leaves = [leaf_hash(str(at).encode()) for at in range(size)]
    assert offline.root_over(iter(leaves)) == (root(size, TileHashes(grown({}, 0, leaves))) if size else EMPTY_ROOT)
