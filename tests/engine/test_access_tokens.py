"""Tokens that must not be believed: each is one change away from a good one, which is believed."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from engine.access_keys import REFRESH_S_MIN, IssuerKeys, KeysUnreadable, keys_of, reader
from engine.access_tokens import LEEWAY_S, TOKEN_CHARACTERS_MAX, Expected, TokenRefused, Tokens

NOW = 1_790_000_000
EC, OKP, RSA = ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"), RSAKey.generate_key(2048)
KEYS = {"ec": (EC, "ES256"), "okp": (OKP, "Ed25519"), "rsa": (RSA, "RS256")}
STRANGER = ECKey.generate_key("P-256")
CLAIMS = {
    "iss": "https://idp.example", "aud": "daybook", "sub": "staff:17", "roles": ["front-office"], "name": "Mei",
    "iat": NOW, "nbf": NOW, "exp": NOW + 600,
}  # fmt: skip


def jwks(**extra) -> bytes:
    listed = [key.as_dict(private=False) | {"kid": kid} for kid, (key, _) in KEYS.items()]
    return orjson.dumps({"keys": [*listed, *extra.values()]})


def b64(value) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: str, claims: str, key, algorithm: str) -> str:
    """Sign whatever text stands there, with the library's bare algorithm."""
    signature = JWSRegistry.algorithms[algorithm].sign(f"{header}.{claims}".encode(), key)
    return f"{header}.{claims}.{b64(signature)}"


def token(kid: str = "ec", claims=None, **header) -> str:
    key, algorithm = KEYS[kid]
    told = {"alg": algorithm, "kid": kid, "typ": "JWT", **header}
    return signed(b64(told), b64({**CLAIMS, **(claims or {})}), key, algorithm)


def without(name: str) -> str:
    key, algorithm = KEYS["ec"]
    told = {one: value for one, value in CLAIMS.items() if one != name}
    return signed(b64({"alg": algorithm, "kid": "ec"}), b64(told), key, algorithm)


async def checker(content: bytes | None = None, clock: Callable[[], float] = lambda: NOW) -> Tokens:
    keys = IssuerKeys(lambda: jwks() if content is None else content)
    await keys.load()
    return Tokens(keys, Expected("https://idp.example", "daybook"), clock)


@pytest.mark.parametrize(
    "good",
    [
        token("ec"), token("okp"), token("rsa"), token("okp", alg="EdDSA"), token(claims={"aud": ["other", "daybook"]}),
        token(claims={"exp": NOW + 1}), token(claims={"iat": NOW + LEEWAY_S}), without("nbf"), token(typ="at+jwt"),
        signed(b64({"alg": "PS256", "kid": "rsa"}), b64(CLAIMS), RSA, "PS256"),
    ],
)  # fmt: skip
async def test_a_good_token_says_who_asks(good):
    tokens = await checker()
    for _ in range(2):  # the second time it is remembered
        found = await tokens.identity(good)
        assert (found.actor, found.roles, found.name) == ("staff:17", {"front-office"}, "Mei")


def confused(algorithm: str, secret: bytes) -> str:
    """A public key is no secret: whoever takes it for one believes everybody."""
    content = f"{b64({'alg': algorithm, 'kid': 'rsa'})}.{b64(CLAIMS)}"
    return f"{content}.{b64(hmac.digest(secret, content.encode(), 'sha' + algorithm[2:]))}"


PEM = RSA.as_pem(private=False)
DER = RSA.public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
FOREIGN = STRANGER.as_dict(private=False) | {"kid": "mine"}
GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
TWICE = json.dumps(CLAIMS).replace('"sub": "staff:17"', '"sub": "staff:1", "sub": "staff:17"').encode()


def other_spelling(part: str) -> str:
    """The same octets in base64 whose last character has bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(part) % 4 in {2, 3}
    return part[:-1] + alphabet[alphabet.index(part[-1]) ^ 1]


def encrypted() -> str:
    header = {"alg": "RSA-OAEP", "enc": "A128GCM", "kid": "rsa"}
    return jwe.encrypt_compact(header, orjson.dumps(CLAIMS), RSA, algorithms=["RSA-OAEP", "A128GCM"])


BAD = {
    "nothing": "", "one part": "x", "two parts": f"{HEAD}.{BODY}", "dots": "..", "five dots": ".....",
    "algorithm none": f"{b64({'alg': 'none', 'kid': 'ec'})}.{BODY}.",
    "algorithm None": f"{b64({'alg': 'None', 'kid': 'ec'})}.{BODY}.{SIGNATURE}",
    "algorithm none, empty key id": f"{b64({'alg': 'none'})}.{BODY}.AA",
    "no algorithm": signed(b64({"kid": "ec"}), BODY, EC, "ES256"),
    "HS256 with the public key's PEM": confused("HS256", PEM),
    "HS512 with the public key's PEM": confused("HS512", PEM),
    "HS256 with the public key's DER": confused("HS256", DER),
    "HS256 with the JWK set": confused("HS256", jwks()),
    "RS256 asked of an EC key": token("ec", alg="RS256"),
    "ES256 asked of an RSA key": token("rsa", alg="ES256"),
    "PS256 said, RS256 signed": token("rsa", alg="PS256"),
    "ES384": token(alg="ES384"), "RS512": token("rsa", alg="RS512"), "a list of algorithms": token(alg=["ES256"]),
    "own key in the header": signed(b64({"alg": "ES256", "kid": "ec", "jwk": FOREIGN}), BODY, STRANGER, "ES256"),
    "own key set in the header": token(jku="https://evil.example/keys"), "x5u": token(x5u="https://evil.example/c"),
    "x5c": token(x5c=["MIIB"]), "crit": token(crit=["exp"]), "b64": token(b64=False), "zip": token(zip="DEF"),
    "a stranger's key": signed(HEAD, BODY, STRANGER, "ES256"),
    "a stranger's key id": token(kid="ec", claims={}).replace(HEAD, b64({"alg": "ES256", "kid": "mine"})),
    "no key id": signed(b64({"alg": "ES256"}), BODY, EC, "ES256"),
    "an empty key id": signed(b64({"alg": "ES256", "kid": ""}), BODY, EC, "ES256"),
    "a path as key id": signed(b64({"alg": "ES256", "kid": "../../dev/null"}), BODY, EC, "ES256"),
    "SQL as key id": signed(b64({"alg": "ES256", "kid": "ec' or '1'='1"}), BODY, EC, "ES256"),
    "a key id of another key": signed(b64({"alg": "ES256", "kid": "okp"}), BODY, EC, "ES256"),
    "a key id that is no text": signed(b64({"alg": "ES256", "kid": {"ec": 1}}), BODY, EC, "ES256"),
    "expired": token(claims={"exp": NOW - LEEWAY_S}), "not yet valid": token(claims={"nbf": NOW + LEEWAY_S + 1}),
    "issued in the future": token(claims={"iat": NOW + LEEWAY_S + 1}), "for ever": without("exp"),
    "no time of issue": without("iat"), "expiry as text": token(claims={"exp": "9999999999"}),
    "expiry as truth": token(claims={"exp": True}), "expiry as null": token(claims={"exp": None}),
    "other issuer": token(claims={"iss": "https://idp.example.evil"}), "no issuer": without("iss"),
    "issuer as list": token(claims={"iss": ["https://idp.example"]}), "no audience": without("aud"),
    "other audience": token(claims={"aud": "daybook2"}), "audience within text": token(claims={"aud": "xdaybookx"}),
    "audience as object": token(claims={"aud": {"daybook": 1}}), "no subject": without("sub"),
    "a name as subject": token(claims={"sub": "Mei-Lin Tan"}), "subject as number": token(claims={"sub": 17}),
    "a subject of two lines": token(claims={"sub": "staff:17\nX: y"}), "no roles": without("roles"),
    "roles as text": token(claims={"roles": "operator"}),
    "a claim twice": signed(HEAD, b64(TWICE), EC, "ES256"),
    "a header twice": signed(b64(b'{"alg":"none","alg":"ES256","kid":"ec"}'), BODY, EC, "ES256"),
    "claims no JSON": signed(HEAD, b64(b"{"), EC, "ES256"), "claims a list": signed(HEAD, b64([1]), EC, "ES256"),
    "claims not UTF-8": signed(HEAD, b64(b'{"sub":"\xff"}'), EC, "ES256"),
    "claims NaN": signed(HEAD, b64(b'{"exp":NaN}'), EC, "ES256"),
    "nested deep": signed(HEAD, b64(b"[" * 3000), EC, "ES256"),
    "cut short": GOOD[:-1], "cut in the middle": GOOD[: len(GOOD) // 2], "no signature": f"{HEAD}.{BODY}.",
    "other claims": f"{HEAD}.{b64({**CLAIMS, 'sub': 'staff:1'})}.{SIGNATURE}",
    "other header": f"{b64({'alg': 'ES256', 'kid': 'ec', 'typ': 'at+jwt'})}.{BODY}.{SIGNATURE}",
    "signature of zeros": f"{HEAD}.{BODY}.{b64(bytes(64))}", "padding": f"{HEAD}.{BODY}.{SIGNATURE}==",
    "other spelling": f"{HEAD}.{BODY}.{other_spelling(SIGNATURE)}",
    "standard base64": f"{HEAD}.{BODY}.{SIGNATURE[:-4]}+/+/", "a space": f"{HEAD}. {BODY}.{SIGNATURE}",
    "a line break": f"{GOOD}\n", "another character": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}é",
    "encrypted": encrypted(), "of another type": token(typ="secevent+jwt"), "type as number": token(typ=1),
    "JSON in place of compact": orjson.dumps({"payload": BODY, "protected": HEAD, "signature": SIGNATURE}).decode(),
    "huge": "A" * (TOKEN_CHARACTERS_MAX + 1), "huge but good": token(claims={"x": "y" * TOKEN_CHARACTERS_MAX}),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_without_a_word_of_it(name):
    tokens = await checker()
    for _ in range(2):
        with pytest.raises(TokenRefused) as refused:
            await tokens.identity(BAD[name])
        assert len(refused.value.reason) < 60
        assert "evil" not in refused.value.reason
        assert "Mei" not in refused.value.reason
    assert len(BAD) > 60


async def test_every_single_character_counts():
    tokens = await checker()
    for place in range(0, len(GOOD), 7):
        changed = "A" if GOOD[place] != "A" else "B"
        with pytest.raises(TokenRefused):
            await tokens.identity(GOOD[:place] + changed + GOOD[place + 1 :])


async def test_a_remembered_token_ends_in_time():
    now = [float(NOW)]
    tokens = await checker(clock=lambda: now[0])
    await tokens.identity(GOOD)
    now[0] = NOW + 600.0 + LEEWAY_S
    with pytest.raises(TokenRefused, match="expired"):
        await tokens.identity(GOOD)


async def test_a_key_that_is_withdrawn_takes_its_remembered_tokens_with_it():
    content, now = [jwks()], [0.0]
    keys = IssuerKeys(lambda: content[0], lambda: now[0])
    await keys.load()
    tokens = Tokens(keys, Expected("https://idp.example", "daybook"), lambda: NOW)
    await tokens.identity(GOOD)
    content[0] = orjson.dumps({"keys": [OKP.as_dict(private=False) | {"kid": "okp"}]})
    now[0] = 3601.0
    with pytest.raises(TokenRefused, match="not the issuer's"):
        await tokens.identity(GOOD)
    assert (await tokens.identity(token("okp"))).actor == "staff:17"


async def test_unknown_key_ids_cannot_make_it_read_again_and_again():
    reads, now = [], [0.0]

    def read() -> bytes:
        reads.append(now[0])
        return jwks()

    keys = IssuerKeys(read, lambda: now[0])
    await keys.load()
    for _ in range(20):
        assert await keys.find("unknown") is None
    assert len(reads) == 1
    now[0] = REFRESH_S_MIN
    await asyncio.gather(*(keys.find(f"unknown-{number}") for number in range(20)))
    assert len(reads) == 2


async def test_a_new_key_is_found_and_a_source_that_fails_leaves_the_old_ones():
    content, now = [jwks()], [0.0]

    def read() -> bytes:
        if content[0] == b"":
            raise KeysUnreadable("away")
        return content[0]

    keys = IssuerKeys(read, lambda: now[0])
    await keys.load()
    content[0], now[0] = jwks(new=FOREIGN), 60.0
    assert await keys.find("mine") is not None
    content[0], now[0] = b"", 4000.0
    await keys.fresh()
    assert await keys.find("ec") is not None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[{"kid":"a","kty":"oct","k":"c2VjcmV0"}]}',
        orjson.dumps({"keys": [EC.as_dict(private=False)]}),
        orjson.dumps({"keys": [EC.as_dict(private=False) | {"kid": "a", "use": "enc"}]}),
        orjson.dumps({"keys": [EC.as_dict(private=False) | {"kid": "a"}, OKP.as_dict(private=False) | {"kid": "a"}]}),
        orjson.dumps({"keys": [RSAKey.import_key(RSA.as_dict(private=False)).as_dict() | {"kid": "a", "n": "AQAB"}]}),
    ],
)  # fmt: skip
def test_what_is_no_set_of_keys(content):
    with pytest.raises(KeysUnreadable):
        keys_of(content)


def test_a_private_key_in_the_set_is_taken_as_public():
    (key,) = keys_of(orjson.dumps({"keys": [EC.as_dict(private=True) | {"kid": "a"}]})).values()
    assert not key.is_private


def test_keys_come_over_https_or_from_this_host(tmp_path):
    with pytest.raises(KeysUnreadable, match="https"):
        reader("http://idp.example/keys")
    path = tmp_path / "keys.json"
    path.write_bytes(jwks())
    assert reader(str(path))() == jwks()
    with pytest.raises(KeysUnreadable, match="No such file"):
        reader(str(tmp_path / "none"))()


async def test_a_remembered_token_costs_no_verification(monkeypatch):
    tokens = await checker()
    await tokens.identity(GOOD)
    monkeypatch.setattr("engine.access_tokens._verify", None)
    assert (await tokens.identity(GOOD)).actor == "staff:17"
