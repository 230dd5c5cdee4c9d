"""Certificates in the database: kept as they were handed out, never changed, and believed only if signed."""

import asyncpg
import pytest

from audit.certificate import key_name, make, read
from audit.certificates import Certifier, certificate_keys, ensure_certificate_key, find, issued, keep
from audit.errors import CertificatesUnavailable
from audit.notes import KeySigner, NoteRefused
from audit.signing import FileKeys
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, seal_all


@pytest.fixture
async def certifier(record, hands, logs) -> Certifier:
    await ensure_certificate_key(hands.pool, hands.keys, LOG_ID)
    return await Certifier.open(record.pool, hands.keys)


async def test_a_certificate_pins_the_head_of_the_record_log(record, hands, certifier):
    early = read(await certifier.sign(record.pool, "no-miss/1", {"n": 1}), *await certificate_keys(record.pool))
    assert early.content == {"n": 1, "record_log": None}
    await append(record, 1, 3)
    await seal_all(hands)
    later = read(await certifier.sign(record.pool, "no-miss/1", {}), *await certificate_keys(record.pool))
    assert (later.content["record_log"]["origin"], later.content["record_log"]["size"]) == (f"{LOG_ID}/record/0", 1)
    with pytest.raises(NoteRefused, match="record_log"):
        await certifier.sign(record.pool, "no-miss/1", {"record_log": None})


async def test_the_newest_that_is_signed_is_found(record, certifier):
    for n in (1, 2):
        await keep(record.pool, "erasure/1", "a/b", await certifier.sign(record.pool, "erasure/1", {"n": n}))
    forged = KeySigner(key_name(LOG_ID), bytes(32))
    with pytest.raises(CertificatesUnavailable, match="another key by now"):
        await Certifier(LOG_ID, forged).sign(record.pool, "erasure/1", {"n": 3})
    false = make(LOG_ID, "erasure/1", {"n": 3}, forged).format()
    await keep(record.pool, "erasure/1", "a/b", false)
    found = await find(record.pool, "erasure/1", "a/b")
    assert found is not None
    assert read(found.note, *await certificate_keys(record.pool)).content["n"] == 2
    assert found.path == f"certificates/erasure/a/b.{found.sha256.hex()[:16]}.note"
    await keep(record.pool, "erasure/1", "a/b", found.note)
    assert [one.subject async for one in issued(record.pool)] == ["a/b"] * 3
    assert [one async for one in issued(record.pool, "no-miss/1")] == []
    assert await find(record.pool, "erasure/1", "a/c") is None


async def test_a_subject_of_which_no_path_can_be_made_is_refused(record):
    for subject in ("", "../x", "a//b", "a b", "a/", "x" * 101, "a/b/c/d/e/f/g"):
        with pytest.raises(asyncpg.CheckViolationError):
            await keep(record.pool, "erasure/1", subject, "a\n\nb")


async def test_nothing_is_signed_without_the_key_in_force(record, hands, logs, certifier, tmp_path):
    with pytest.raises(CertificatesUnavailable, match="is missing"):
        await Certifier.open(record.pool, FileKeys(tmp_path / "empty"))
    other = FileKeys(tmp_path / "other")
    other.create(key_name(LOG_ID))
    with pytest.raises(CertificatesUnavailable, match="is another than the one"):
        await Certifier.open(record.pool, other)
    await ensure_certificate_key(hands.pool, other, LOG_ID)
    assert await certificate_keys(record.pool) == [certifier.signer.verifier.vkey]


async def test_before_the_first_log_nothing_is_signed(record, hands):
    with pytest.raises(CertificatesUnavailable, match="no log was begun"):
        await Certifier.open(record.pool, hands.keys)


async def test_what_was_issued_cannot_be_changed(record, admin, certifier):
    await keep(record.pool, "erasure/1", "a", await certifier.sign(record.pool, "erasure/1", {}))
    for table in ("certificate", "certificate_key"):
        for change in ("update seal.{} set partition = 0", "delete from seal.{}", "truncate seal.{}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await record.pool.execute(change.format(table))
            with pytest.raises(asyncpg.PostgresError, match="a log only grows") as refused:
                await admin.execute(change.format(table))
            assert refused.value.sqlstate == "DB005"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record.pool.execute("insert into seal.certificate_key (partition, vkey) values (0, 'a+00000000+AA==')")
