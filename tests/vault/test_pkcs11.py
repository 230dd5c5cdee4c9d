"""The provider whose keys are in a token, against a token in software and against AES-KWP of another maker."""

import os
from threading import Thread
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from pkcs11 import Attribute, KeyType, ObjectClass, exceptions

from vault import EpochUnknown, KeyCorrupt, Keyring, KeyStoreMismatch, KeyStoreRefused, WrappedKey
from vault.pkcs11 import Pkcs11KeyProvider

KEY = bytes(range(32))


def test_what_is_wrapped_unwraps_also_in_the_next_process(token) -> None:
    wrapped = Pkcs11KeyProvider(token).wrap(KEY)
    assert (wrapped.epoch, len(wrapped.wrapped)) == (1, 40)
    again = Pkcs11KeyProvider(token)
    assert again.unwrap(wrapped) == KEY
    assert again.wrap(KEY) == wrapped


def test_it_wraps_as_the_file_provider_does(token) -> None:
    wrapping = os.urandom(32)
    token.run(lambda session: _put(session, wrapping))
    provider = Pkcs11KeyProvider(token)
    assert provider.epoch == 7
    assert provider.wrap(KEY).wrapped == aes_key_wrap_with_padding(wrapping, KEY)


def _put(session, wrapping: bytes) -> None:
    session.generate_key(KeyType.GENERIC_SECRET, 256, label="daybook-root", store=True)
    session.create_object({
        Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES, Attribute.VALUE: wrapping,
        Attribute.LABEL: "daybook-epoch-7", Attribute.TOKEN: True, Attribute.WRAP: True, Attribute.UNWRAP: True,
    })  # fmt: skip


def test_no_key_can_leave_the_token(token) -> None:
    Pkcs11KeyProvider(token)

    def look(session) -> list[str]:
        keys = list(session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))
        for key in keys:
            assert key[Attribute.SENSITIVE]
            assert not key[Attribute.EXTRACTABLE]
            with pytest.raises(exceptions.AttributeSensitive):
                key[Attribute.VALUE]
        return sorted(key.label for key in keys)

    assert token.run(look) == ["daybook-epoch-1", "daybook-root"]  # and no data key stayed there


def test_a_changed_wrapped_key_is_refused(token) -> None:
    provider = Pkcs11KeyProvider(token)
    wrapped = provider.wrap(KEY).wrapped
    flipped = (bytes([*wrapped[:at], wrapped[at] ^ 1, *wrapped[at + 1 :]]) for at in range(len(wrapped)))
    for changed in (*flipped, wrapped[:-8], wrapped[:-1], b""):
        with pytest.raises(KeyCorrupt):
            provider.unwrap(WrappedKey(1, changed))
    assert provider.unwrap(WrappedKey(1, wrapped)) == KEY


def test_epochs_are_made_and_destroyed_and_other_processes_notice(token) -> None:
    one, two = Pkcs11KeyProvider(token), Pkcs11KeyProvider(token)
    old = one.wrap(KEY)
    assert one.make_epoch() == 2
    new = one.wrap(KEY)
    assert (new.epoch, two.unwrap(new), two.epoch) == (2, KEY, 2)
    with pytest.raises(ValueError, match="newest"):
        one.destroy_epoch(2)
    one.destroy_epoch(1)
    one.destroy_epoch(1)  # gone already
    with pytest.raises(EpochUnknown, match="epoch 1"):
        one.unwrap(old)
    two.refresh()
    with pytest.raises(EpochUnknown):
        two.unwrap(old)
    assert two.unwrap(new) == KEY
    assert set(two.check_values()) == {"root", "epoch-2"}


def test_an_epoch_that_another_process_destroyed_is_unknown_at_once(token) -> None:
    one, two = Pkcs11KeyProvider(token), Pkcs11KeyProvider(token)
    old = one.wrap(KEY)
    one.make_epoch()
    one.destroy_epoch(1)
    with pytest.raises(EpochUnknown):
        two.unwrap(old)


def test_who_did_not_notice_a_rotation_wraps_under_the_new_epoch(token) -> None:
    one, two = Pkcs11KeyProvider(token), Pkcs11KeyProvider(token)
    one.make_epoch()
    one.destroy_epoch(1)
    assert two.wrap(KEY).epoch == 2


def test_a_token_that_fails_is_told_as_a_key_store(token) -> None:
    class Failing:
        module = token.module
        run = staticmethod(token.run)

    provider = Pkcs11KeyProvider(Failing())
    wrapped = provider.wrap(KEY)

    def fail(_work):
        raise exceptions.DeviceMemory

    Failing.run = staticmethod(fail)
    for work in (lambda: provider.wrap(KEY), lambda: provider.unwrap(wrapped), provider.refresh):
        with pytest.raises(KeyStoreRefused, match="DeviceMemory"):
            work()


def test_secrets_stay_and_differ_and_so_do_check_values(token) -> None:
    one = Pkcs11KeyProvider(token)
    secret, values = one.secret("command-id"), one.check_values()
    one.make_epoch()
    two = Pkcs11KeyProvider(token)
    assert two.secret("command-id") == secret != two.secret("import-row")
    assert values.items() < two.check_values().items()
    assert {len(value) for value in two.check_values().values()} == {32}
    with pytest.raises(ValueError, match="purpose"):
        one.secret("")


def test_a_token_with_two_keys_of_one_name_or_without_a_root_is_refused(token) -> None:
    Pkcs11KeyProvider(token)
    token.run(lambda session: session.generate_key(KeyType.AES, 256, label="daybook-epoch-1", store=True))
    with pytest.raises(KeyStoreRefused, match="two keys called daybook-epoch-1"):
        Pkcs11KeyProvider(token)
    token.run(_without_any)
    token.run(lambda session: session.generate_key(KeyType.AES, 256, label="daybook-epoch-1", store=True))
    with pytest.raises(KeyStoreRefused, match="no key called daybook-root"):
        Pkcs11KeyProvider(token)


def test_threads_take_turns(token) -> None:
    provider, found = Pkcs11KeyProvider(token), list[bytes]()
    threads = [
        Thread(target=lambda: found.extend(provider.unwrap(provider.wrap(KEY)) for _ in range(50))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [KEY] * 200


async def test_a_keyring_works_on_it_and_refuses_another_token(token, pool) -> None:
    wanted = [(uuid4(), "contact")]
    made = await Keyring(pool, Pkcs11KeyProvider(token)).ensure(0, wanted)
    keyring = Keyring(pool, Pkcs11KeyProvider(token))
    await keyring.check()
    assert (await keyring.ensure(0, wanted))[wanted[0]].secret == made[wanted[0]].secret
    token.run(_without_any)
    with pytest.raises(KeyStoreMismatch, match="another key"):
        await Keyring(pool, Pkcs11KeyProvider(token)).check()


def _without_any(session) -> None:
    for key in list(session.get_objects()):
        key.destroy()
