"""Changing the key of certificates: those of before and after are accepted, what a given-up key signs later is not."""

import hashlib
from pathlib import Path

import pytest

from audit import offline
from audit.certificate import key_name, make
from audit.certificate_keys import keys_of, rotate_certificate_key
from audit.certificates import Certifier, certificate_keys, ensure_certificate_key, find, issued, keep, record_head
from audit.entries import CertificateKeyChanged, decided
from audit.errors import CertificatesUnavailable, DecisionRefused
from audit.exporting import export
from audit.logs import read_logs
from audit.notes import KeySigner, NoteRefused
from audit.verifying import verify, verify_record_log
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, as_superuser, seal_all

WHY = decided("op:li", "op:wu", "yearly change")
NAME = key_name(LOG_ID)


@pytest.fixture
async def certifier(record, hands, logs) -> Certifier:
    await ensure_certificate_key(hands.pool, hands.keys, LOG_ID)
    await append(record, 1, 3)
    await seal_all(hands)
    return await Certifier.open(record.pool, hands.keys)


async def certified(record, certifier: Certifier, subject: str) -> str:
    note = await certifier.sign(record.pool, "erasure/1", {"of": subject})
    return (await keep(record.pool, "erasure/1", subject, note)).note


async def test_certificates_of_before_and_after_are_accepted_along_the_record_log(record, hands, certifier):
    first = (await certificate_keys(record.pool))[0]
    notes = [await certified(record, certifier, "before")]
    for number in (1, 2):  # a second time: the key that took the first one's place is itself changed
        change = await rotate_certificate_key(hands.pool, hands.keys, WHY)
        with pytest.raises(CertificatesUnavailable, match="another key by now"):
            await certifier.sign(record.pool, "erasure/1", {})
        certifier = await Certifier.open(record.pool, hands.keys)
        assert certifier.signer.verifier.vkey == change.new_key == (await certificate_keys(record.pool))[-1]
        notes.append(await certified(record, certifier, f"at-once-{number}"))
        await append(record, 1, 2)
        await seal_all(hands)
        notes.append(await certified(record, certifier, f"after-{number}"))
    assert len(await certificate_keys(record.pool)) == 3
    told, findings = await verify_record_log(record.pool)
    assert findings == []
    keys = keys_of([first], told.certificate_keys)
    assert [keys.read(note).kind for note in notes] == ["erasure/1"] * 5
    assert (await find(record.pool, "erasure/1", "before")) is not None
    assert (await verify(record.pool, hands.guard)).findings == ()
    assert (await verify(record.pool, hands.guard, None, [first])).findings == ()
    stranger = KeySigner(NAME, bytes(32)).verifier.vkey
    assert any("do not have" in str(one) for one in (await verify(record.pool, hands.guard, None, [stranger])).findings)


async def test_a_changed_key_signs_nothing_for_a_later_head(record, hands, certifier):
    first, old = (await certificate_keys(record.pool))[0], certifier.signer
    await rotate_certificate_key(hands.pool, hands.keys, WHY)
    await append(record, 1, 2)
    await seal_all(hands)
    forged = make(LOG_ID, "erasure/1", {"record_log": await record_head(record.pool)}, old).format()
    told, _ = await verify_record_log(record.pool)
    with pytest.raises(NoteRefused, match="changed before"):
        keys_of([first], told.certificate_keys).read(forged)
    with pytest.raises(NoteRefused, match="not signed"):
        keys_of([first], ()).read(make(LOG_ID, "erasure/1", {}, KeySigner(NAME, bytes(32))).format())


async def test_a_key_that_no_entry_gives_is_found_and_so_is_one_that_is_gone(record, hands, certifier, admin_pool):
    stranger = KeySigner(NAME, bytes(32)).verifier.vkey
    await as_superuser(admin_pool, "insert into seal.certificate_key (partition, vkey) values (0, $1)", stranger)
    found = (await verify(record.pool, hands.guard)).findings
    assert [(one.what, one.where) for one in found] == [("certificate key", stranger)]
    await as_superuser(admin_pool, "delete from seal.certificate_key where vkey = $1", stranger)
    change = await rotate_certificate_key(hands.pool, hands.keys, WHY)
    await seal_all(hands)
    await as_superuser(admin_pool, "delete from seal.certificate_key where vkey = $1", change.new_key)
    found = (await verify(record.pool, hands.guard)).findings
    assert [(one.what, one.where) for one in found] == [("certificate key", change.new_key)]


async def test_the_newest_key_is_in_force_after_the_clock_was_set_back(record, hands, certifier, admin_pool):
    await as_superuser(admin_pool, "update seal.certificate_key set since = since + interval '1 day'")
    change = await rotate_certificate_key(hands.pool, hands.keys, WHY)
    assert (await certificate_keys(record.pool))[-1] == change.new_key


async def test_before_the_first_log_there_is_no_key_to_change(record, hands):
    with pytest.raises(DecisionRefused, match="no log was begun"):
        await rotate_certificate_key(hands.pool, hands.keys, WHY)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"old_key": KeySigner(NAME, bytes(32)).verifier.vkey}, "do not have"),
        ({"new_key": KeySigner("other/certificates", bytes(32)).verifier.vkey}, "called other"),
        ({"new_key": "nonsense"}, "nonsense"),
    ],
)
async def test_an_entry_that_does_not_fit_gives_no_key(record, hands, certifier, wrong, why):
    first = (await certificate_keys(record.pool))[0]
    change = await rotate_certificate_key(hands.pool, hands.keys, WHY)
    keys = keys_of([first], ())
    assert why in str(keys.change(change._replace(**wrong)))
    assert change.new_key not in keys


# Without the database


async def exported(record, hands, folder: Path) -> str:
    """An export, and the policy that somebody made before the key was changed."""
    await export(record.pool, folder)
    keys = [log.vkey for log in await read_logs(record.pool)] + (await certificate_keys(record.pool))[:1]
    return "".join(f"log {vkey}\n" for vkey in keys) + "quorum none\n"


def offline_findings(folder: Path, policy: str) -> list[str]:
    return [str(one) for one in offline.verify([folder], offline.Policy.parse(policy.encode())).findings]


async def test_the_offline_verifier_is_led_on_by_the_record_log(record, hands, certifier, tmp_path: Path):
    await certified(record, certifier, "before")
    old = certifier.signer
    await rotate_certificate_key(hands.pool, hands.keys, WHY)
    await certified(record, await Certifier.open(record.pool, hands.keys), "after")
    await append(record, 1, 2)
    await seal_all(hands)
    await certified(record, await Certifier.open(record.pool, hands.keys), "later")
    folder = tmp_path / "export"
    policy = await exported(record, hands, folder)
    report = offline.verify([folder], offline.Policy.parse(policy.encode()))
    assert report.findings == []
    assert len(report.certificates) == len([one async for one in issued(record.pool)]) == 3
    assert report.others == {"certificate-key-changed": 1}
    forged = make(LOG_ID, "erasure/1", {"record_log": await record_head(record.pool)}, old).format()
    (folder / "certificates" / "erasure" / "forged.note").write_text(forged, encoding="utf-8")
    assert [one for one in offline_findings(folder, policy) if "forged" in one and "changed before" in one]


async def test_the_offline_verifier_is_not_led_astray(record, hands, certifier, tmp_path: Path):
    head = (await verify_record_log(record.pool))[0]
    assert not head.certificate_keys
    stranger = KeySigner(NAME, hashlib.sha256(b"stranger").digest())
    change = await rotate_certificate_key(hands.pool, hands.keys, WHY)
    astray = CertificateKeyChanged(change.record_log, stranger.verifier.vkey, stranger.verifier.vkey, WHY)
    async with hands.pool.acquire() as connection, connection.transaction():
        place = "select coalesce(max(position) + 1, 0) from seal.entry where partition = 0 and shard = 0"
        sql = "insert into seal.entry (partition, shard, position, entry) values (0, 0, $1, $2)"
        at = await connection.fetchval(place)
        await connection.execute(sql, at, astray.entry())
        await connection.execute(sql, at + 1, astray.entry().replace(b'"record_log"', b'"record_lag"'))
    await seal_all(hands)
    await keep(record.pool, "erasure/1", "forged", make(LOG_ID, "erasure/1", {}, stranger).format())
    folder = tmp_path / "export"
    found = offline_findings(folder, await exported(record, hands, folder))
    assert [one for one in found if "do not have" in one]
    assert [one for one in found if "without the head" in one]
    assert [one for one in found if "forged" in one and "not signed by a log" in one]
