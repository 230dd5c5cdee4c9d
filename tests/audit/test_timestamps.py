"""Timestamps of a real authority: `openssl ts`, with certificates made for the test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint
from audit.timestamps import (
    TOKEN_BYTES_MAX,
    TimestampAuthority,
    TimestampRefused,
    TrustedCertificates,
    verify_anchor,
)
from tests.audit.authority import Authority
from tests.audit.serving_witness import answering, http

TEXT = Checkpoint("bank.example/record/0", 70_000, bytes(32)).text().encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "other")


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.stamp(TEXT)


def test_a_timestamp_holds_and_tells_when(authority: Authority, token: bytes) -> None:
    at = verify_anchor(TEXT, token, authority.trusted)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=10)
    assert authority.accepts(TEXT, token)


def test_it_is_of_this_text_and_of_somebody_trusted(authority: Authority, other: Authority, token: bytes) -> None:
    with pytest.raises(TimestampRefused, match="Mismatch between messages"):
        verify_anchor(TEXT + b"x", token, authority.trusted)
    with pytest.raises(TimestampRefused, match="certificates"):
        verify_anchor(TEXT, token, other.trusted)
    with pytest.raises(TimestampRefused, match="Nonce"):
        verify_anchor(TEXT, token, authority.trusted, nonce=1)


def test_a_named_authority_is_the_only_one_believed(
    authority: Authority, other: Authority, token: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "trusted.pem"
    file.write_bytes((authority.folder / "tsa.pem").read_bytes() + authority.roots.read_bytes())
    named = TrustedCertificates.load(file)
    assert len(named.authorities) == len(named.roots) == 1
    assert verify_anchor(TEXT, token, named)
    file.write_bytes((other.folder / "tsa.pem").read_bytes() + authority.roots.read_bytes())
    with pytest.raises(TimestampRefused, match="does not match"):
        verify_anchor(TEXT, token, TrustedCertificates.load(file))


def test_files_without_roots_are_refused(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(TimestampRefused, match="no root"):
        TrustedCertificates.load(authority.folder / "tsa.pem")
    (tmp_path / "x.pem").write_bytes(b"nothing")
    with pytest.raises(TimestampRefused, match="no PEM file"):
        TrustedCertificates.load(tmp_path / "x.pem")


def test_any_changed_bit_that_matters_is_noticed(authority: Authority, token: bytes) -> None:
    """Every byte is tried; one may change without harm only where openssl does not mind it either."""
    trusted, believed = authority.trusted, list[int]()
    for at in range(0, len(token), 7):
        changed = token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]
        try:
            verify_anchor(TEXT, changed, trusted)
        except TimestampRefused:
            continue
        believed.append(at)
    assert all(authority.accepts(TEXT, token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]) for at in believed)


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_nonsense_is_no_timestamp(content: bytes) -> None:
    with pytest.raises(TimestampRefused):
        verify_anchor(TEXT, content, TrustedCertificates(()))


async def test_a_timestamp_is_had_over_http(authority: Authority) -> None:
    async with authority.serving() as url:
        asked = TimestampAuthority(url, authority.trusted)
        token, at = await asked.stamp(TEXT)
        assert verify_anchor(TEXT, token, authority.trusted) == at
        assert authority.accepts(TEXT, token)
        await asked.close()


async def test_what_an_authority_answers_else_is_not_taken(
    authority: Authority, other: Authority, token: bytes
) -> None:
    replies = {
        "answered 500": lambda _: http(500, b""),
        "no timestamp": lambda _: http(200, b"hello"),
        "at most": lambda _: http(200, b"x" * (TOKEN_BYTES_MAX + 1)),
        "Nonce": lambda _: http(200, token),  # of an earlier request
        "does not hold": lambda body: http(200, other.answer(body)),
        "refused with status 2": lambda _: http(200, authority.answer(b"nonsense")),
    }
    for why, reply in replies.items():
        async with answering(reply) as url:
            asked = TimestampAuthority(url, authority.trusted)
            with pytest.raises(TimestampRefused, match=why):
                await asked.stamp(TEXT)
            await asked.close()
    with pytest.raises(TimestampRefused, match="http or https"):
        TimestampAuthority("ftp://x", authority.trusted)


async def test_an_authority_whose_clock_is_off_or_that_is_away(authority: Authority) -> None:
    async with authority.serving() as url:
        asked = TimestampAuthority(url, authority.trusted, clock=lambda: datetime.now(UTC) + timedelta(days=1))
        with pytest.raises(TimestampRefused, match="says it is"):
            await asked.stamp(TEXT)
        await asked.close()
    away = TimestampAuthority("http://127.0.0.1:9", authority.trusted)
    with pytest.raises(httpx.ConnectError):
        await away.stamp(TEXT)
    await away.close()
