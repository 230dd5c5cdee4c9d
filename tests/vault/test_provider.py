"""What the file provider does with its keys."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import EpochUnknown, FileKeyProvider, KeyCorrupt, WrappedKey
from vault.key_file import Epoch, KeyFile

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = Epoch(1, CREATED, b"\x01" * 32), Epoch(2, CREATED, b"\x03" * 32)
ROOT = b"\x02" * 32
PROVIDER = FileKeyProvider(KeyFile((NEW, OLD), ROOT))


@given(st.binary(min_size=32, max_size=32))
def test_what_is_wrapped_unwraps(key):
    wrapped = PROVIDER.wrap(key)
    assert len(wrapped.wrapped) == 40
    assert PROVIDER.unwrap(wrapped) == key


def test_the_newest_epoch_wraps_and_older_ones_still_unwrap():
    old = FileKeyProvider(KeyFile((OLD,), ROOT)).wrap(b"k" * 32)
    assert (old.epoch, PROVIDER.wrap(b"k" * 32).epoch) == (1, 2)
    assert PROVIDER.unwrap(old) == b"k" * 32


def test_an_epoch_that_is_gone_unwraps_nothing():
    with pytest.raises(EpochUnknown, match="epoch 2"):
        FileKeyProvider(KeyFile((OLD,), ROOT)).unwrap(PROVIDER.wrap(b"k" * 32))


def test_a_changed_wrapped_key_is_refused():
    wrapped = PROVIDER.wrap(b"k" * 32).wrapped
    flipped = (bytes([*wrapped[:i], wrapped[i] ^ 1, *wrapped[i + 1 :]]) for i in range(len(wrapped)))
    for changed in (*flipped, wrapped[:-8], wrapped[:-1], b""):
        with pytest.raises(KeyCorrupt):
            PROVIDER.unwrap(WrappedKey(2, changed))


def test_a_key_wrapped_in_one_epoch_does_not_unwrap_in_another():
    with pytest.raises(KeyCorrupt, match="epoch 1"):
        PROVIDER.unwrap(WrappedKey(1, PROVIDER.wrap(b"k" * 32).wrapped))


def test_secrets_are_golden_and_differ_by_purpose():
    assert PROVIDER.secret("command-id").hex() == "f3cd656705a61b8caccecbebe3b9502589d902910a5df2253a1c225c5b6ee377"
    assert PROVIDER.secret("command-id") != PROVIDER.secret("import-row")
    with pytest.raises(ValueError, match="purpose"):
        PROVIDER.secret("")


def test_secrets_and_root_check_outlive_epochs():
    older = FileKeyProvider(KeyFile((OLD,), ROOT))
    assert older.secret("command-id") == PROVIDER.secret("command-id")
    assert older.check_values().items() < PROVIDER.check_values().items()


def test_check_values_tell_keys_apart_and_no_key():
    values = PROVIDER.check_values()
    assert set(values) == {"root", "epoch-1", "epoch-2"}
    assert len({*values.values(), ROOT, OLD.key, NEW.key}) == 6


def test_no_repr_tells_a_key():
    shown = f"{PROVIDER!r} {KeyFile((OLD,), ROOT)!r} {OLD!r}"
    for key in (OLD.key, NEW.key, ROOT):
        assert repr(key)[2:-1] not in shown
