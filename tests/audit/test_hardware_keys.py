"""Checkpoints signed by keys in a token: they verify like any other, and the key never leaves it."""

import dataclasses

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, ObjectClass, exceptions
from pkcs11.util.ec import encode_named_curve_parameters

from audit.errors import SealingStopped
from audit.hardware_keys import PREFIX, Pkcs11Keys, Pkcs11Signer
from audit.logs import LogName, ensure_logs, read_logs
from audit.notes import Verifier, parse, signed, verified
from tests.audit.conftest import LOG_ID
from tests.audit.histories import ORIGIN, History
from tests.audit.made import append, seal_all


def test_a_key_is_made_once_and_signs_notes_that_verify(token) -> None:
    made = Pkcs11Keys(token).create(ORIGIN)
    again = Pkcs11Keys(token).create(ORIGIN)
    assert made.verifier == again.verifier == Pkcs11Keys(token).signer(ORIGIN).verifier
    note = signed(History().head(5).text(), [again])
    assert verified(parse(note.format()), [Verifier.parse(made.verifier.vkey)])


def test_the_key_cannot_leave_the_token(token) -> None:
    Pkcs11Keys(token).create(ORIGIN)

    def look(session) -> None:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        assert key[Attribute.SENSITIVE]
        assert not key[Attribute.EXTRACTABLE]
        with pytest.raises(exceptions.AttributeSensitive):
            key[Attribute.VALUE]

    token.run(look)


def test_keys_that_are_missing_doubled_or_of_another_kind_are_refused(token) -> None:
    keys = Pkcs11Keys(token)
    with pytest.raises(SealingStopped, match="is not in the token"):
        keys.signer(ORIGIN)
    keys.create(ORIGIN)
    signer = keys.signer(ORIGIN)
    other = dataclasses.replace(signer.verifier, public=History().signer.verifier.public)
    forged = Pkcs11Signer(token, other, signer.label)
    with pytest.raises(SealingStopped, match="does not hold"):
        forged.sign(b"x")
    token.run(lambda session: _another(session, ORIGIN, KeyType.EC_EDWARDS))
    with pytest.raises(SealingStopped, match="two keys called"):
        keys.signer(ORIGIN)
    with pytest.raises(SealingStopped, match="two keys called"):
        keys.create(ORIGIN)
    token.run(lambda session: _another(session, "other", KeyType.EC))
    with pytest.raises(SealingStopped, match="no Ed25519 key"):
        keys.signer("other")


def _another(session, origin: str, kind: KeyType) -> None:
    curve = "1.3.101.112" if kind == KeyType.EC_EDWARDS else "1.2.840.10045.3.1.7"
    parameters = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
    mechanism = {
        KeyType.EC_EDWARDS: pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        KeyType.EC: pkcs11.Mechanism.EC_KEY_PAIR_GEN,
    }
    session.create_domain_parameters(kind, parameters, local=True).generate_keypair(
        label=PREFIX + origin, store=True, mechanism=mechanism[kind]
    )


async def test_a_record_is_sealed_with_keys_of_a_token(record, hands, token) -> None:
    sealing = dataclasses.replace(hands, keys=Pkcs11Keys(token))
    await ensure_logs(hands.pool, sealing.keys, LOG_ID)
    for count in (3, 300):
        await append(record, 1, count)
        sealed = await seal_all(sealing)
    log = sealed[LogName(1, "event")]
    assert log.signed_size == 303
    for one in await read_logs(hands.pool):
        assert verified(parse(one.checkpoint or ""), [Verifier.parse(one.vkey)])
