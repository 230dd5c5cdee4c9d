"""Tamper campaign over what left the house: exported logs, notes and proofs, checked by the offline verifier alone."""

import os
import random
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit import offline
from audit.exporting import export
from audit.logs import read_logs
from audit.notes import COSIGNATURE, KeySigner, cosign, parse
from audit.proving import prove_event
from tests.acceptance.tampering import files as forging
from tests.acceptance.tampering.bank import LOG_ID, Bank, sealed_bank
from tests.acceptance.tampering.files import Files, Forged
from tests.audit.made import append, seal_all

SEED = 20_261_128
RECORD_LOG = f"{LOG_ID}/record/0"
WITNESS = KeySigner("auditor.example", bytes(range(32)), COSIGNATURE)


@dataclass(frozen=True, slots=True)
class House:
    """An export, an older one, the proofs that were handed out, and whom the auditor believes."""

    bank: Bank
    folder: Path
    honest: Files
    old: Files
    proofs: list[str]
    policy: offline.Policy

    def found(self, forged: Files) -> list[offline.Finding]:
        with forging.written(self.folder, self.honest, forged):
            return offline.verify([self.folder], self.policy).findings


@pytest.fixture
async def house(database, tmp_path) -> AsyncGenerator[House]:
    async with sealed_bank(database.app_dsn, database.admin_dsn, tmp_path) as bank:
        pool, folder = bank.hands.pool, tmp_path / "export"
        await export(pool, tmp_path / "old")
        for partition in (0, 1):
            await append(bank.daybook.record, partition, 300)
        await seal_all(bank.hands)
        await export(pool, tmp_path / "old")
        await append(bank.daybook.record, 0, 40)
        await append(bank.daybook.looks.record, 1, 20)
        await seal_all(bank.hands)
        await export(pool, folder)
        logs = [log for log in await read_logs(pool) if log.name.kind == "event"]
        proofs = [
            (await prove_event(pool, log, position)).proof.format() for log in logs for position in (0, 17, 255, 256)
        ]
        old = forging.read_files(tmp_path / "old")
        for name in (f"{RECORD_LOG}/checkpoint",):
            for where in (folder, tmp_path / "old"):
                (where / name).write_text(cosigned((where / name).read_text(encoding="utf-8")), encoding="utf-8")
        policy = "".join(f"log {vkey}\n" for vkey in bank.vkeys.values())
        policy += f"witness auditor {WITNESS.verifier.vkey}\nquorum auditor\n"
        honest, old = forging.read_files(folder), forging.read_files(tmp_path / "old")
        yield House(bank, folder, honest, old, proofs, offline.Policy.parse(policy.encode()))


def cosigned(checkpoint: str) -> str:
    note = parse(checkpoint)
    return note._replace(signatures=(*note.signatures, cosign(note.text, WITNESS, 1_800_000_000))).format()


def forgery(dice: random.Random, house: House) -> Forged | None:
    make = dice.choices((forging.one_file, forging.withheld, forging.note), (6, 1, 3))[0]
    if dice.random() < 0.15:
        return forging.rewritten(dice, house.honest, house.bank.hands.keys.signer)
    return make(dice, house.honest, house.old)


def campaign(house: House, rounds: int) -> tuple[Counter[str], list[str]]:
    """So many forgeries; how many of each kind, and those that were not found or not named."""
    dice, made, missed = random.Random(SEED), Counter[str](), list[str]()
    while made.total() < rounds:
        forged = forgery(dice, house)
        if forged is None:
            continue
        made[forged.how.partition(LOG_ID)[0]] += 1
        found = house.found(forged.files)
        if not any(one.where == name or one.where.startswith(f"{name} ") for one in found for name in forged.names):
            missed.append(f"{forged.how} -> {[str(one) for one in found[:3]]}")
    return made, missed


def proof_campaign(house: House, folder: Path, rounds: int) -> list[str]:
    """Forged proofs that were taken for good."""
    dice, missed, path = random.Random(SEED), list[str](), folder / "event.tlog-proof"
    for _ in range(rounds):
        honest = dice.choice(house.proofs)
        forged = forging.proof(dice, honest, house.proofs)
        path.write_text(forged, encoding="utf-8")
        if forged not in house.proofs and not offline.verify([path], house.policy).findings:
            missed.append(forged)
    return missed


async def test_an_honest_house_has_no_findings(house: House, tmp_path: Path) -> None:
    assert house.found(house.honest) == []
    assert house.found(house.old) == []
    for proof in house.proofs:
        (tmp_path / "event.tlog-proof").write_text(proof, encoding="utf-8")
        assert offline.verify([tmp_path / "event.tlog-proof"], house.policy).findings == []


async def test_every_forgery_is_found_and_named(house: House, tmp_path: Path) -> None:
    made, missed = campaign(house, 150)
    assert "\n".join(missed) == ""
    assert made.total() == 150
    assert proof_campaign(house, tmp_path, 150) == []


@pytest.mark.long
async def test_two_thousand_forgeries_are_found_and_named(house: House, tmp_path: Path) -> None:
    rounds = int(os.environ.get("DAYBOOK_TEST_TAMPERINGS", "2000"))
    made, missed = campaign(house, rounds)
    print(made.total(), "forgeries:", dict(sorted(made.items())))  # noqa: T201  # shown with -rP
    assert "\n".join(missed) == ""
    assert proof_campaign(house, tmp_path, rounds) == []


async def test_two_histories_for_two_auditors_are_told_apart(house: House, tmp_path: Path) -> None:
    """Each fits in itself and is signed by the real keys; the witness has signed one of them only."""
    dice, keys = random.Random(SEED), house.bank.hands.keys.signer
    forged = forging.rewritten(dice, house.honest, keys).files
    origin = f"{LOG_ID}/0/0"
    entries = forging.entries_of(house.honest, origin)
    forged = {name: content for name, content in house.honest.items() if forging.origin_of(name) != origin}
    forged |= forging.log_of(origin, [*entries[:-1], entries[-1].replace(b'"v":1', b'"v":1')[::-1]], keys(origin))
    for name, content in forged.items():
        path = tmp_path / "other" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found = offline.verify([house.folder, tmp_path / "other"], house.policy).findings
    assert any(one.where.startswith(origin) for one in found)


async def test_an_older_record_log_shows_beside_a_newer_checkpoint(house: House, tmp_path: Path) -> None:
    record_log = {name: content for name, content in house.old.items() if forging.origin_of(name) == RECORD_LOG}
    rest = {name: content for name, content in house.honest.items() if forging.origin_of(name) != RECORD_LOG}
    newer = tmp_path / "newer.note"
    newer.write_bytes(house.honest[f"{RECORD_LOG}/checkpoint"])
    with forging.written(house.folder, house.honest, {**rest, **record_log}):
        found = offline.verify([house.folder, newer], house.policy).findings
    assert any(one.where.startswith(RECORD_LOG) for one in found)
