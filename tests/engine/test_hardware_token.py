"""Keys in a token by the settings: which, with which PIN, and what is said when it cannot be."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pkcs11
import pytest

from audit.certificate_keys import keys_of, rotate_certificate_key
from audit.entries import decided
from audit.hardware_keys import Pkcs11Keys
from audit.logs import read_logs
from audit.rotating import in_force, rotate
from audit.signing import FileKeys
from audit.verifying import verify_record_log
from engine.certificates import issue
from engine.hardware_token import HardwareToken, key_provider, signing_keys
from engine.logs import open_sealer, start_sealing
from engine.settings import Settings
from engine.shredding import open_eraser
from engine.wiring import Databases, Daybook
from store.identity import new_id
from store.initialising import create_partitions
from tests import softhsm
from tests.engine.lookers import LOOKER
from tests.engine.test_handling import context, register
from vault import FileKeyProvider, KeyStoreRefused
from vault.pkcs11 import Pkcs11KeyProvider
from vault.rotating import Authority, Rotation


@pytest.fixture
def settings(token: HardwareToken, tmp_path: Path) -> Settings:
    pin = tmp_path / "pin"
    pin.write_text(softhsm.PIN + "\n")
    pin.chmod(0o600)
    return Settings(data_dir=tmp_path, pkcs11_module=token.module, pkcs11_token=softhsm.LABEL, pkcs11_pin_file=pin)


@pytest.mark.parametrize(
    ("use", "vault", "signing"),
    [
        ("all", Pkcs11KeyProvider, Pkcs11Keys),
        ("signing", FileKeyProvider, Pkcs11Keys),
        ("personal-data", Pkcs11KeyProvider, FileKeys),
    ],
)
def test_the_settings_say_which_keys_are_in_the_token(settings, use: str, vault: type, signing: type) -> None:
    chosen = settings.model_copy(update={"pkcs11_keys": use})
    assert type(key_provider(chosen)) is vault
    assert type(signing_keys(chosen)) is signing


def test_without_a_module_keys_are_in_files(tmp_path: Path) -> None:
    assert type(key_provider(Settings(data_dir=tmp_path))) is FileKeyProvider
    assert type(signing_keys(Settings(data_dir=tmp_path))) is FileKeys


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pkcs11_token": None}, "DAYBOOK_PKCS11_TOKEN"),
        ({"pkcs11_pin_file": None}, "DAYBOOK_PKCS11_PIN_FILE"),
        ({"pkcs11_token": "another"}, "no token called another"),
        ({"pkcs11_pin_file": Path("nowhere")}, "PIN cannot be read"),
        ({"pkcs11_module": Path("/nowhere.so")}, "cannot be opened"),
    ],
)
def test_what_is_missing_is_said(settings, changes: dict, why: str) -> None:
    with pytest.raises(KeyStoreRefused, match=why):
        key_provider(settings.model_copy(update=changes))


def test_a_pin_that_others_may_read_or_that_is_wrong_is_refused(settings) -> None:
    settings.pkcs11_pin_file.chmod(0o644)
    with pytest.raises(KeyStoreRefused, match="chmod 600"):
        key_provider(settings)
    _log_out(settings)  # only then does the token look at a PIN again
    wrong = HardwareToken(settings.pkcs11_module, softhsm.LABEL, "9999")
    with pytest.raises(KeyStoreRefused, match="the PIN of token"):
        wrong.run(lambda _: None)


# The library closes a search of the lost session when it collects it, and says so where nobody can catch it.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*OperationContext:pytest.PytestUnraisableExceptionWarning")
def test_a_session_that_was_lost_is_opened_anew(settings, token: HardwareToken) -> None:
    provider = Pkcs11KeyProvider(token)
    wrapped = provider.wrap(bytes(32))
    _log_out(settings)  # as when the module was unplugged
    assert provider.unwrap(wrapped) == bytes(32)


def _log_out(settings: Settings) -> None:
    pkcs11.lib(str(settings.pkcs11_module)).reinitialize()


async def _chosen(settings: Settings, database, log_id: str) -> Settings:
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 1, schema=schema)
    return settings.model_copy(
        update={
            "database_url": database.app_dsn,
            "sealer_url": database.app_dsn.replace("daybook_app", "daybook_sealer"),
            "eraser_url": database.app_dsn.replace("daybook_app", "daybook_eraser"),
            "log_id": log_id,
        }
    )


async def test_every_key_of_an_installation_on_a_token_is_rotated(settings, database) -> None:
    """Logs, certificates and personal data: what was signed and sealed before holds, and no key leaves the token."""
    chosen = await _chosen(settings, database, "bank.example/rotated")
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    why = decided("op:li", "op:wu", "yearly change")
    daybook = await Daybook.open(chosen, databases)
    try:
        pool = daybook.record.pool
        customer = new_id()
        await daybook.handler.handle([register(customer, name="Ana Example")], context())
        async with asyncio.timeout(60):
            sealing = await start_sealing(chosen, databases, interval_s=0.01)
            assert sealing is not None
            async with sealing, open_sealer(chosen.sealer_url or "") as sealer:
                before = await issue(chosen, pool, "erasure/1", "before", {})
                old = [log.vkey for log in await read_logs(pool)]
                origins = [log.origin for log in await read_logs(pool)]
                changes = await rotate(sealer, signing_keys(chosen), origins, why, timedelta(days=1))
                assert await in_force(sealer, changes, 30)
                changed = await rotate_certificate_key(sealer, signing_keys(chosen), why)
                after = await issue(chosen, pool, "erasure/1", "after", {})
                while not (await verify_record_log(pool))[0].certificate_keys:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        assert {log.vkey for log in await read_logs(pool)}.isdisjoint(old)
        told, findings = await verify_record_log(pool)
        assert findings == []
        keys = keys_of([changed.old_key], told.certificate_keys)
        assert [keys.read(one.note).kind for one in (before, after)] == ["erasure/1"] * 2
        async with open_eraser(chosen, databases, daybook.vault) as eraser:
            rotation = Rotation(eraser.pool, key_provider(chosen), 1)
            done = await rotation.rotate(Authority("op:li", "op:wu"))
        assert done.rewrapped == 1
        facts = [daybook.mapper.fact(one) for one in await daybook.record.read_customer(customer)]
        (shown,) = await daybook.opener.open_facts(LOOKER, 0, facts)
        assert shown["name"] == "Ana Example"
    finally:
        await daybook.close()
    assert not (chosen.data_dir / "signing").exists()
    assert not (chosen.keys / "keys.json").exists()


async def test_an_installation_runs_on_a_token(settings, database) -> None:
    """Everything that the keys are for: sealing, certificates' key, personal data."""
    chosen = await _chosen(settings, database, "bank.example/token")
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    daybook = await Daybook.open(chosen, databases)
    try:
        sealing = await start_sealing(chosen, databases)
        assert sealing is not None
        await sealing.close()
        await daybook.vault.keyring.check()
    finally:
        await daybook.close()
    assert not (chosen.data_dir / "signing").exists()
    assert not (chosen.keys / "keys.json").exists()
