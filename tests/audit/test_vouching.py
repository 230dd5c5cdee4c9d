"""How witnesses and anchors do, for people, for metrics and for verify."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from api.metrics import Metrics
from audit.anchoring import Anchoring, read_anchors
from audit.countersigning import Countersigning
from audit.logs import LogName
from audit.policy import Policy
from audit.timestamps import TimestampAuthority, TrustedCertificates
from audit.witnessing import Witnesses
from engine.logs import countersigning
from engine.settings import Settings
from engine.vouching import Vouching, verify_vouching
from tests.audit.authority import Authority
from tests.audit.histories import witness_key
from tests.audit.made import append, as_superuser, seal_all
from tests.audit.serving_witness import witnessing
from tests.audit.test_countersigning import DEAD, known, until


async def test_they_are_told_and_checked(record, hands, logs, admin_pool, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    async with witnessing(tmp_path, 1, known(logs)) as (one, _), authority.serving() as url:
        lenient = Policy.parse(f"{one}\n{DEAD}\ngroup g any W1 W9\nquorum g")
        strict = Policy.parse(f"{one}\n{DEAD}\ngroup g all W1 W9\nquorum g")
        anchoring = Anchoring(TimestampAuthority(url, authority.trusted), timedelta(hours=1))
        others = Countersigning(Witnesses(lenient), anchoring=anchoring)
        await append(record, 1, 3)
        log = (await seal_all(dataclasses.replace(hands, countersigner=others)))[LogName(0, "checkpoint")]

        async def anchored() -> bool:
            return bool(await read_anchors(hands.pool, log))

        await until(anchored)
        await others.close()

    found = await Vouching.read(hands.pool)
    text = "\n".join(found.lines())
    assert "Witness W1: cosigned 1 entries on" in text
    assert "Witness W9: cosigned 0 entries; cannot be reached" in text
    assert "Anchored at 1 entries on" in text
    assert list(found.troubles()) == ["witness W9"]
    assert [one["name"] for one in found.as_json()["witnesses"]] == ["W1", "W9"]
    metrics = Metrics().text(record, [], [], found).decode()
    assert 'daybook_witness_size{witness="W1"} 1.0' in metrics
    assert 'daybook_witness_trouble{witness="W9"} 1.0' in metrics
    assert "daybook_anchor_trouble 0.0" in metrics

    whole = await verify_vouching(hands.pool, lenient, authority.trusted)
    assert (whole.findings, whole.anchors, whole.anchors_unchecked) == ((), 1, 0)
    unchecked = await verify_vouching(hands.pool, strict, None)
    assert (unchecked.anchors, unchecked.anchors_unchecked) == (0, 1)
    assert [str(one) for one in unchecked.findings] == [f"checkpoint {log.origin}: is cosigned by W1: no quorum"]
    await as_superuser(admin_pool, "update seal.anchor set at = at + interval '1 second'")
    changed = await verify_vouching(hands.pool, None, authority.trusted)
    assert [one.what for one in changed.findings] == ["anchor"]


async def test_the_settings_say_who_vouches(tmp_path: Path) -> None:
    assert countersigning(Settings()) is None
    file = tmp_path / "policy"
    file.write_text(f"witness W1 {witness_key(1).verifier.vkey}\nquorum W1\n")
    with pytest.raises(ValueError, match="no witness with an address"):
        countersigning(Settings(witness_policy=file))
    file.write_text("nonsense\n")
    with pytest.raises(ValueError, match="policy: line 1"):
        countersigning(Settings(witness_policy=file))
    with pytest.raises(RuntimeError, match="DAYBOOK_TSA_CERTIFICATES"):
        countersigning(Settings(tsa_url="http://tsa.example"))
    file.write_text(f"witness W1 {witness_key(1).verifier.vkey} http://w.example\nquorum W1\n")
    made = countersigning(Settings(witness_policy=file))
    assert made is not None
    await made.close()


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TrustedCertificates.load(tmp_path / "nowhere.pem")
