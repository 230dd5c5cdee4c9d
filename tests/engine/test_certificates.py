"""Issuing certificates in a running installation, and printing them again."""

import pytest

from audit.certificate import read
from audit.certificates import certificate_keys
from audit.errors import CertificatesUnavailable
from audit.notes import KeySigner
from engine.certificates import issue, issue_once
from engine.logs import read_policy, start_sealing, trusted_keys


@pytest.fixture
async def sealed(daybook, database):
    settings = daybook.settings.model_copy(
        update={"sealer_url": database.app_dsn.replace("daybook_app", "daybook_sealer"), "log_id": "bank.example/x"}
    )
    sealing = await start_sealing(settings, daybook.databases)
    assert sealing is not None
    await sealing.close()
    return daybook


async def test_what_is_issued_is_found_again(sealed):
    pool, keys = sealed.record.pool, await certificate_keys(sealed.record.pool)
    first = await issue(sealed.settings, pool, "erasure/1", "e/1", {"n": 1}, partition=2)
    again = await issue_once(sealed.settings, pool, "erasure/1", "e/1", {"n": 2}, partition=2)
    assert again == first
    assert read(first.note, *keys).content["n"] == 1
    other = await issue_once(sealed.settings, pool, "erasure/1", "e/2", {"n": 2}, partition=2)
    assert read(other.note, *keys).content["n"] == 2


async def test_a_process_without_keys_says_what_to_do(daybook):
    with pytest.raises(CertificatesUnavailable, match="DAYBOOK_SIGNING_DIR"):
        await issue(daybook.settings, daybook.record.pool, "erasure/1", "e", {})
    daybook.settings.signing.mkdir()
    with pytest.raises(CertificatesUnavailable, match="no log was begun"):
        await issue(daybook.settings, daybook.record.pool, "erasure/1", "e", {})


async def test_the_policy_may_name_the_key_of_certificates(sealed, tmp_path):
    (vkey,) = await certificate_keys(sealed.record.pool)
    file = tmp_path / "policy"
    log = KeySigner("bank.example/x/0/0", bytes(32)).verifier
    file.write_text(f"log {log.vkey}\n# signs certificates\nlog {vkey}\nquorum none\n", encoding="utf-8")
    assert trusted_keys(read_policy(file)) == {log.name: [log.vkey]}
