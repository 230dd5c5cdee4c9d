"""Timestamps before the offline verifier: what it believes, openssl believes, and what was changed it refuses."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit import offline
from audit.notes import parse
from tests.audit.authority import Authority
from tests.audit.evidence import ONE, RECORD_LOG, Evidence

TEXT = b"bank.example/record/0\n70000\nx\n"
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "other")


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.stamp(TEXT)


def trusted(*files: Path) -> offline.Authorities:
    return offline.Authorities.load(b"".join(file.read_bytes() for file in files))


def checked(token: bytes, authorities: offline.Authorities) -> tuple[str, datetime]:
    """Who says so, and when."""
    timestamp = offline.Timestamp.parse(token)
    assert timestamp.is_over(TEXT)
    return timestamp.check(authorities), timestamp.at


def test_it_is_believed_as_openssl_believes_it(authority: Authority, token: bytes) -> None:
    who, at = checked(token, trusted(authority.roots))
    assert who == "CN=one tsa"
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=10)
    assert authority.accepts(TEXT, token)
    assert not offline.Timestamp.parse(token).is_over(TEXT + b"x")


def test_without_its_certificate_that_must_be_named(authority: Authority, token: bytes) -> None:
    (authority.folder / "text").write_bytes(TEXT)
    authority._openssl("ts", "-query", "-data", "text", "-sha256", "-out", "bare.tsq")
    bare = authority.answer((authority.folder / "bare.tsq").read_bytes())
    with pytest.raises(offline.Refused, match="neither in it nor in --tsa"):
        checked(bare, trusted(authority.roots))
    named = trusted(authority.roots, authority.folder / "tsa.pem")
    assert checked(bare, named)[0] == checked(token, named)[0] == "CN=one tsa"


def test_nobody_else_is_believed(authority: Authority, other: Authority, token: bytes) -> None:
    with pytest.raises(offline.Refused, match="no root of --tsa vouches"):
        checked(token, trusted(other.roots))
    with pytest.raises(offline.Refused, match="not among the named ones"):
        checked(token, trusted(authority.roots, other.folder / "tsa.pem"))
    for content in (b"nothing", (authority.folder / "tsa.pem").read_bytes()):
        with pytest.raises(offline.Refused, match=r"no PEM file|no root certificate"):
            offline.Authorities.load(content)


@pytest.mark.parametrize(
    ("kind", "digest", "ess"),
    [("rsa:3072", "sha512", "sha1"), ("ec", "sha384", "sha512"), ("ec", "sha256", "sha256")],
)
def test_other_keys_and_hashes(tmp_path: Path, kind: str, digest: str, ess: str) -> None:
    made = Authority(tmp_path / "made")
    options = [kind] if kind != "ec" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made._openssl("req", "-new", "-newkey", *options, "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr",
                  "-subj", "/CN=made", "-config", "tsa.cnf")  # fmt: skip
    made._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "30", "-out",
                  "tsa.pem", "-extfile", "tsa.cnf", "-extensions", "authority", "-set_serial", "3")  # fmt: skip
    config = (made.folder / "tsa.cnf").read_text()
    config = config.replace("signer_digest = sha256", f"signer_digest = {digest}")
    (made.folder / "tsa.cnf").write_text(config.replace("ess_cert_id_alg = sha256", f"ess_cert_id_alg = {ess}"))
    token = made.stamp(TEXT)
    assert made.accepts(TEXT, token)
    assert checked(token, trusted(made.roots))[0] == "CN=made"


def test_one_who_is_not_for_timestamps_is_refused(tmp_path: Path) -> None:
    made = Authority(tmp_path / "made")
    token = made.stamp(TEXT)
    config = (made.folder / "tsa.cnf").read_text()
    (made.folder / "tsa.cnf").write_text(
        config.replace("critical, timeStamping", "critical, timeStamping, codeSigning")
    )
    made._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "30", "-out",
                  "wide.pem", "-extfile", "tsa.cnf", "-extensions", "authority", "-set_serial", "4")  # fmt: skip
    certificate = offline.x509.load_pem_x509_certificate((made.folder / "wide.pem").read_bytes())
    authorities = trusted(made.roots)
    with pytest.raises(offline.Refused, match="no root of --tsa vouches"):
        authorities.vouch(certificate, datetime.now(UTC), ())
    signer = offline.x509.load_pem_x509_certificate((made.folder / "tsa.pem").read_bytes())
    authorities.vouch(signer, datetime.now(UTC), ())
    with pytest.raises(offline.Refused, match="no root of --tsa vouches"):
        authorities.vouch(signer, datetime.now(UTC) + timedelta(days=31), ())
    with pytest.raises(offline.Refused, match="no root of --tsa vouches"):
        authorities.vouch(offline.x509.load_pem_x509_certificate(made.roots.read_bytes()), datetime.now(UTC), ())
    assert checked(token, authorities)[0] == "CN=made tsa"


def test_whatever_is_changed_it_says_the_same_or_is_refused(authority: Authority, token: bytes) -> None:
    """The status, and who is said to have signed beside the signature, are no part of what is signed."""
    said, authorities, kept = offline.Timestamp.parse(token).said, trusted(authority.roots), set[int]()
    for at in range(len(token)):
        try:
            timestamp = offline.Timestamp.parse(token[:at] + bytes([token[at] ^ 1 << at % 8]) + token[at + 1 :])
            assert timestamp.check(authorities) == "CN=one tsa"
            assert timestamp.said == said
            kept.add(at)
        except offline.Refused:
            pass
    start = token.index(said)
    assert not kept & {*range(start, start + len(said))}
    assert len(kept) < 60
    for end in range(0, len(token), 11):
        with pytest.raises(offline.Refused):
            offline.Timestamp.parse(token[:end])
    with pytest.raises(offline.Refused):
        offline.Timestamp.parse(token + b"\0")


@pytest.mark.parametrize(
    "content",
    ["30", "3080", "308105", "30820001ff", "3005", "30850000000001", "1f00", "0500", "3000", "30030201" + "02" + "00"],
)
def test_what_is_not_der_or_no_response_is_refused(content: str) -> None:
    with pytest.raises(offline.Refused, match="is no timestamp"):
        offline.Timestamp.parse(bytes.fromhex(content))


def test_it_is_over_the_checkpoint_that_it_is_named_after(
    evidence: Evidence, authority: Authority, other: Authority, tmp_path: Path
) -> None:
    export, policy = evidence.copy(tmp_path), offline.Policy.parse(evidence.policy.encode())
    text = parse((evidence.old / ONE / "checkpoint").read_bytes()).text
    anchor = export / ONE / "anchor" / "120.tsr"
    anchor.parent.mkdir()
    anchor.write_bytes(authority.stamp(text.encode()))
    report = offline.verify([export], policy)
    assert (report.findings, report.anchors, report.stamped) == ([], 1, {})
    assert "nobody was asked" in offline.text_of(report)
    policy.authorities = trusted(authority.roots)
    report = offline.verify([export], policy)
    assert (report.findings, report.anchors) == ([], 1)
    assert (report.stamped[ONE]["size"], report.stamped[ONE]["by"]) == (120, "CN=one tsa")
    assert f"log {ONE}: 120 entries were there at " in offline.text_of(report)
    policy.authorities = trusted(other.roots)
    (finding,) = offline.verify([export], policy).findings
    assert (finding.what, finding.where) == ("anchor", f"{ONE} anchor/120.tsr")
    shutil.copy(anchor, anchor.with_name("121.tsr"))
    policy.authorities = None
    (finding,) = offline.verify([export], policy).findings
    assert (finding.where, "of something else" in finding.why) == (f"{ONE} anchor/121.tsr", True)


def test_on_the_command_line(evidence: Evidence, authority: Authority, tmp_path: Path, capsys) -> None:
    export = evidence.copy(tmp_path)
    head = parse((export / RECORD_LOG / "checkpoint").read_bytes()).text
    anchor = export / RECORD_LOG / "anchor" / f"{head.split()[1]}.tsr"
    anchor.parent.mkdir()
    anchor.write_bytes(authority.stamp(head.encode()))
    (tmp_path / "policy").write_text(evidence.policy)
    arguments = [str(export), "--policy", str(tmp_path / "policy"), "--tsa"]
    assert offline.main([*arguments, str(authority.roots)]) == 0
    assert "says CN=one tsa" in capsys.readouterr().out
    assert offline.main([*arguments, str(tmp_path / "policy")]) == 2
    assert "--tsa is no PEM file" in capsys.readouterr().err
    command = ["openssl", "ts", "-verify", "-data", str(tmp_path / "text"), "-in", str(anchor), "-CAfile"]
    (tmp_path / "text").write_text(head)
    assert subprocess.run([*command, str(authority.roots)], capture_output=True, check=False).returncode == 0
