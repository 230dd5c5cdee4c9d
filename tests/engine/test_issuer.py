"""The development issuer is on only where nobody else can reach it, and never beside a real one."""

import stat

import pytest

from domain.access_rules import ROLES
from engine.access import first_table
from engine.issuer import USERS, DevelopmentIssuer, IssuerRefused, development, tokens
from engine.settings import Settings


def settings(tmp_path, **changes) -> Settings:
    return Settings(data_dir=tmp_path, **changes)


def test_it_is_on_by_default_and_off_beside_a_real_one(tmp_path):
    assert development(settings(tmp_path))
    assert development(settings(tmp_path, dev_issuer=True))
    assert not development(settings(tmp_path, issuer="https://idp.example", jwks="keys.json"))
    assert not development(settings(tmp_path, issuer="https://idp.example", jwks="keys.json", host="0.0.0.0"))  # noqa: S104


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"issuer": "https://idp.example", "jwks": "k", "dev_issuer": True}, "DAYBOOK_DEV_ISSUER"),
        ({"host": "0.0.0.0"}, "other hosts"),  # noqa: S104
        ({"host": "bank.example", "dev_issuer": True}, "other hosts"),
        ({"dev_issuer": False}, "DAYBOOK_ISSUER"),
        ({"issuer": "https://idp.example"}, "DAYBOOK_JWKS"),
    ],
)
def test_settings_that_believe_anybody_or_nobody_are_refused(tmp_path, changes, told):
    with pytest.raises(IssuerRefused, match=told):
        development(settings(tmp_path, **changes))


async def test_each_role_has_a_user_whose_token_is_good(tmp_path):
    issuer, checks = DevelopmentIssuer.load_or_create(settings(tmp_path)), await tokens(settings(tmp_path))
    assert set(USERS) == set(ROLES)
    for role, user in USERS.items():
        found = await checks.identity(issuer.token(user))
        assert (found.actor, found.roles, found.name) == (user.actor, {role}, user.name)
        assert user.purpose in first_table().purposes([role])


def test_its_key_is_made_once_and_for_its_owner_only(tmp_path):
    first = DevelopmentIssuer.load_or_create(settings(tmp_path)).public_keys()
    assert DevelopmentIssuer.load_or_create(settings(tmp_path)).public_keys() == first
    path = tmp_path / "issuer" / "key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b'"d"' not in first
    assert [one.name for one in path.parent.iterdir()] == ["key.json"]


def test_a_real_issuer_signs_for_itself(tmp_path):
    with pytest.raises(IssuerRefused, match="that issuer"):
        DevelopmentIssuer.load_or_create(settings(tmp_path, issuer="https://idp.example", jwks="keys.json"))
