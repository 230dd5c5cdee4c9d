"""The offline verifier: published vectors, policies, proofs, certificates, and that it needs nothing of ours."""

import base64
import json
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from audit import offline
from audit.checkpoint import Checkpoint
from audit.merkle import leaf_hash, root
from audit.notes import COSIGNATURE, KeySigner, cosign, signed
from audit.tiles import TileHashes, grown
from tests.audit.evidence import LOG_ID, ONE, RECORD_LOG, WITNESS, Evidence, header_lines
from tests.audit.test_merkle import RFC_LEAVES, RFC_ROOTS, WORDS, WORDS_ROOTS
from tests.audit.test_notes import GO_KEY

SEED = bytes(range(32))
LOG = KeySigner("words.example/log", SEED)
CERTIFIER = KeySigner(f"{LOG_ID}/certificates", SEED)
POLICY = f"log {LOG.verifier.vkey}\nquorum none\n"
W = [KeySigner(f"w{at}.example", bytes([at] * 32), COSIGNATURE).verifier.vkey for at in range(4)]


def verify(evidence: Evidence, *paths: Path, header: str | None = None, headers: Path | None = None) -> offline.Report:
    policy = offline.Policy.parse(f"log {CERTIFIER.verifier.vkey}\n{evidence.policy}".encode())
    return offline.verify(paths, policy, header=header, headers=headers)


def put(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8", newline="")
    return path


# Vectors


@pytest.mark.parametrize("size", range(1, 9))
def test_the_vectors_of_rfc_6962(size: int) -> None:
    leaves = [offline.leaf_hash(bytes.fromhex(one)) for one in RFC_LEAVES[:size]]
    assert offline.folded(offline.prefix(offline.levels_over(leaves), size)).hex()[:8] == RFC_ROOTS[size - 1]
    assert (
        offline.Tree([]).root(size, offline.prefix(offline.levels_over(leaves), size)).hex()[:8] == RFC_ROOTS[size - 1]
    )


@pytest.mark.parametrize("size", WORDS_ROOTS)
def test_the_vectors_of_fifteen_words(size: int) -> None:
    leaves = [offline.leaf_hash(one.encode()) for one in WORDS[:size]]
    assert (
        base64.b64encode(offline.folded(offline.prefix(offline.levels_over(leaves), size))).decode()
        == WORDS_ROOTS[size]
    )


def test_the_published_key_is_read() -> None:
    key = offline.Key.parse(GO_KEY, offline.LOG_KEY)
    assert (key.name, key.id.hex()) == ("example.com/foo", "530d903a")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 65_537, 70_000])
def test_roots_of_large_trees_are_those_of_the_program(size: int) -> None:
    leaves = [leaf_hash(str(at).encode()) for at in range(size)]
    whole = [offline.levels_over(leaves[at : at + 256]) for at in range(0, size - size % 256, 256)]
    tree, last = offline.Tree([levels[8][0] for levels in whole]), (size - 1) // 256 * 256
    part = offline.prefix(offline.levels_over(leaves[last:]), size - last)
    assert tree.root(size, part) == root(size, TileHashes(grown({}, 0, leaves)))


# Policies


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "no quorum line"),
        ("quorum none\n", "names no log"),
        (f"log {GO_KEY}\n", "no quorum line"),
        (f"log {GO_KEY}\nquorum nobody\n", "line 2"),
        (f"log {GO_KEY}\nquorum none\nquorum none\n", "line 3"),
        (f"log {GO_KEY}\r\nquorum none\n", "control character"),
        (f"log {GO_KEY}\nlog {GO_KEY}\nquorum none\n", "a second time"),
        (f"log {GO_KEY} url more\nquorum none\n", "cannot be understood"),
        (f"log {W[0]}\nquorum none\n", "no Ed25519 verifier key of type 1"),
        (f"log {GO_KEY}x\nquorum none\n", "not base64"),
        (f"log {GO_KEY.replace('530d', '530e')}\nquorum none\n", "no Ed25519"),
        (f"log {KeySigner('a/../b', SEED).verifier.vkey}\nquorum none\n", "no log's origin"),
        (f"log {GO_KEY}\nwitness w {GO_KEY}\nquorum w\n", "no Ed25519 verifier key of type 4"),
        (f"log {GO_KEY}\nwitness none {W[0]}\nquorum none\n", "called none"),
        (f"log {GO_KEY}\nwitness w {W[0]}\nwitness w {W[1]}\nquorum w\n", "a second time"),
        (f"log {GO_KEY}\nwitness w {W[0]}\nwitness v {W[0]}\nquorum w\n", "a second time"),
        (f"log {GO_KEY}\nwitness w {W[0]}\ngroup g 2 w\nquorum g\n", "cannot be"),
        (f"log {GO_KEY}\nwitness w {W[0]}\ngroup g 0 w\nquorum g\n", "cannot be"),
        (f"log {GO_KEY}\nwitness w {W[0]}\ngroup g any w w\nquorum g\n", "a second time"),
        (f"log {GO_KEY}\nwitness w {W[0]}\ngroup g any w\ngroup h any w\nquorum h\n", "a second time"),
        (f"log {GO_KEY}\ngroup g any g\nquorum g\n", "not defined above"),
        (f"log {GO_KEY}\ngroup g all\nquorum g\n", "cannot be understood"),
        (f"logs {GO_KEY}\nquorum none\n", "cannot be understood"),
    ],
)
def test_a_policy_that_is_none_is_refused(lines: str, why: str) -> None:
    with pytest.raises(offline.Refused, match=why):
        offline.Policy.parse(lines.encode())


def test_a_quorum_is_counted_through_groups() -> None:
    witnesses = "".join(f"witness w{at} {one} https://w{at}.example/\n" for at, one in enumerate(W))
    text = f"# who\n\tlog {GO_KEY}  \n{witnesses}group two 2 w0 w1 w2\ngroup both all two w3\nquorum both\n"
    policy = offline.Policy.parse(text.encode())
    assert policy.reached({"w0", "w2", "w3"})
    assert not policy.reached({"w0", "w1", "w2"})
    assert not policy.reached({"w0", "w3"})
    assert not policy.reached({})


# Proofs


@pytest.mark.parametrize("at", [0, 1, 255, 256, 512, 699])
def test_a_proof_of_an_event_with_its_header_holds(evidence: Evidence, tmp_path: Path, at: int) -> None:
    report = verify(
        evidence, put(tmp_path / "a.tlog-proof", evidence.proofs[at]), evidence.new, header=evidence.headers[at]
    )
    assert report.findings == []
    (told,) = report.proofs
    assert (told["log"], told["index"], told["size"]) == (ONE, at, 700)
    assert told["header"]["type"] == "thing.happened"
    answer = json.dumps({"proof": evidence.proofs[at], "header": evidence.headers[at], "log": ONE})
    assert verify(evidence, put(tmp_path / "answer.json", answer)).proofs[0] | {"file": ""} == told | {"file": ""}


def test_a_receipt_has_several_proofs(evidence: Evidence, tmp_path: Path) -> None:
    proofs = [{"header": evidence.headers[at], "proof": evidence.proofs[at]} for at in (0, 1)]
    for content in ({"proofs": proofs}, {"receipt": {"status": "sealed", "proofs": proofs}}):
        report = verify(evidence, put(tmp_path / "receipt.json", json.dumps(content)), evidence.new)
        assert (report.findings, [one["index"] for one in report.proofs]) == ([], [0, 1])
    proofs[1]["header"] = proofs[0]["header"]
    (finding,) = verify(evidence, put(tmp_path / "receipt.json", json.dumps({"proofs": proofs}))).findings
    assert "another header" in finding.why
    for content in (
        {"proofs": []},
        {"proofs": [1]},
        {"receipt": [1]},
        {"receipt": {"status": "pending", "proofs": []}},
    ):
        assert verify(evidence, put(tmp_path / "receipt.json", json.dumps(content))).findings, content


def _lines(proof: str, number: int, change: str) -> str:
    lines = proof.split("\n")
    lines[number] = change
    return "\n".join(lines)


@pytest.mark.parametrize(
    "change",
    [
        lambda proof, _: proof.replace("index 256", "index 257"),
        lambda proof, _: proof.replace("index 256", "index 0256"),
        lambda proof, _: proof.replace("index 256", "index \u0662\u0665\u0666"),
        lambda proof, _: proof.replace("\n700\n", "\n701\n"),
        lambda proof, _: _lines(proof, 1, "extra eA=="),
        lambda proof, _: proof.replace("extra ", "extra  "),
        lambda proof, _: proof.replace("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        lambda proof, _: _lines(proof, 3, base64.b64encode(bytes(32)).decode()),
        lambda proof, _: _lines(proof, 3, base64.b64encode(bytes(31)).decode()),
        lambda proof, _: _lines(proof, 3, proof.split("\n")[4]),
        lambda proof, _: "\n".join([*proof.split("\n")[:3], *proof.split("\n")[4:]]),
        lambda proof, _: proof.replace("\n\n", f"\n{base64.b64encode(bytes(32)).decode()}\n\n", 1),
        lambda proof, _: proof.replace("\n\n", f"\n{base64.b64encode(bytes(32)).decode()}" * 70 + "\n\n", 1),
        lambda proof, other: proof.partition("index")[0] + other[other.index("index") :],
        lambda proof, other: other.partition("index")[0] + proof[proof.index("index") :],
        lambda proof, _: proof.partition("\n\n")[0] + "\n\n" + signed("x\n", [LOG]).format(),
        lambda proof, _: proof.replace("\u2014 bank", "\u2014 b\u0430nk"),
        lambda proof, _: proof.replace("\n", "\r\n"),
        lambda proof, _: proof + proof,
        lambda proof, _: proof[:-30],
        lambda _, __: "{}",
        lambda _, __: '{"proof": 1}',
        lambda _, __: '{"proof": "\\ud800"}',
        lambda proof, _: json.dumps({"proof": proof, "header": "{}"}),
        lambda proof, _: json.dumps({"proof": proof, "header": 5}),
        lambda _, __: "{" * 100_000,
        lambda _, __: "",
    ],
)  # fmt: skip
def test_a_changed_proof_is_refused(evidence: Evidence, tmp_path: Path, change) -> None:
    changed = change(evidence.proofs[256], evidence.proofs[512])
    report = verify(evidence, put(tmp_path / "proof", changed))
    assert [one.what in {"proof", "note"} for one in report.findings] == [True]
    assert report.proofs == []


def test_a_header_that_is_another_is_refused(evidence: Evidence, tmp_path: Path) -> None:
    proof = put(tmp_path / "proof", evidence.proofs[1])
    for header in (
        evidence.headers[0],
        evidence.headers[1].replace("clerk-7", "clerk-8"),
        evidence.headers[1] + " ",
        "",
    ):
        assert "another header" in verify(evidence, proof, header=header).findings[0].why


def test_a_proof_of_an_entry_of_the_record_log_needs_the_witness(tmp_path: Path) -> None:
    """Only this log is witnessed, and a policy that wants witnesses wants them here."""
    log = KeySigner("bank.example/record/0", SEED)
    entry = b'{"type":"x","v":1}'
    head = Checkpoint("bank.example/record/0", 1, leaf_hash(entry))
    note = signed(head.text(), [log])
    policy = offline.Policy.parse(
        f"log {log.verifier.vkey}\nwitness w {WITNESS.verifier.vkey}\nquorum w\n".encode()
    )  # fmt: skip
    text = f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(entry).decode()}\nindex 0\n\n{note.format()}"
    assert "more witnesses" in offline.verify([put(tmp_path / "a", text)], policy).findings[0].why
    cosigned = note._replace(signatures=(*note.signatures, cosign(note.text, WITNESS, 5)))
    text = text.replace(note.format(), cosigned.format())
    report = offline.verify([put(tmp_path / "b", text)], policy)
    assert (report.findings, report.proofs[0]["witnesses"]) == ([], {"w": 5})


def test_headers_are_checked_against_the_leaves(evidence: Evidence, tmp_path: Path) -> None:
    lines = header_lines(evidence)
    report = verify(evidence, evidence.new, headers=put(tmp_path / "headers", lines))
    assert (report.findings, report.headers) == ([], len(evidence.headers))
    wrong = lines.replace("clerk-7", "clerk-8", 1) + json.dumps({"log": ONE, "position": 700, "header": "{}"}) + "\n"
    wrong += '[]\n{"log":"x","position":0,"header":"{}"}\n{"log":"x","position":0,"header":"{ }"}\n\n'
    found = verify(evidence, evidence.new, headers=put(tmp_path / "headers", wrong)).findings
    assert {(one.what, one.where) for one in found} == {
        ("entry", f"{ONE} 0"), ("header", f"{ONE} 700"), ("header", "line 10"), ("header", "line 12"),
        ("header", "line 13"), ("header", "x 0"),
    }  # fmt: skip


# Two checkpoints


def _consistency(evidence: Evidence, old: int, size: int) -> dict[str, Any]:
    hashes = [base64.b64encode(one).decode() for one in evidence.consistency[old, size]]
    return {"log": ONE, "old_size": old, "size": size, "hashes": hashes}


def test_two_checkpoints_are_compared_by_a_proof(evidence: Evidence, tmp_path: Path) -> None:
    old = Path(shutil.copy(evidence.old / ONE / "checkpoint", tmp_path / "old"))
    new = Path(shutil.copy(evidence.new / ONE / "checkpoint", tmp_path / "new"))
    assert "cannot be compared" in verify(evidence, old, new).findings[0].why
    assert verify(evidence, old, old).findings == []
    told = _consistency(evidence, 120, 700)
    assert verify(evidence, new, old, put(tmp_path / "proof", json.dumps(told))).findings == []
    hashes = list(told["hashes"])
    for wrong in (
        {**told, "hashes": hashes[:-1]},
        {**told, "hashes": [*hashes, hashes[0]]},
        {**told, "hashes": hashes[::-1]},
        {**told, "hashes": []},
        {**told, "hashes": [hashes[0][:-4], *hashes[1:]]},
        {**told, "hashes": {}},
        {**told, "size": 512},
        {**told, "old_size": "120"},
        {**told, "old_size": True},
        {**told, "log": RECORD_LOG},
        {**told, "hashes": hashes * 20},
    ):
        assert verify(evidence, new, old, put(tmp_path / "proof", json.dumps(wrong))).findings != [], wrong


@pytest.mark.parametrize(
    "pair", [(1, 256), (2, 700), (120, 700), (255, 256), (256, 512), (300, 700), (512, 700), (699, 700)]
)
def test_proofs_of_consistency_hold(evidence: Evidence, pair: tuple[int, int]) -> None:
    leaves = grown({}, 0, _leaves(evidence))
    heads = [offline.Head(ONE, size, root(size, TileHashes(leaves))) for size in pair]
    offline.check_consistency(heads[0], heads[1], evidence.consistency[pair])
    with pytest.raises(offline.Refused):
        offline.check_consistency(heads[0]._replace(root=bytes(32)), heads[1], evidence.consistency[pair])
    with pytest.raises(offline.Refused):
        offline.check_consistency(heads[1], heads[0], evidence.consistency[pair])


def _leaves(evidence: Evidence) -> list[bytes]:
    files = [evidence.new / ONE / "tile/0" / name for name in ("000", "001", "002.p/188")]
    content = b"".join(file.read_bytes() for file in files)
    return [content[at : at + 32] for at in range(0, len(content), 32)]


# Certificates


def test_a_certificate_is_shown_and_what_it_pins_is_compared(evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    folder = export / "certificates" / "erasure"
    folder.mkdir(parents=True)
    head = offline.Head(
        RECORD_LOG, 1, base64.b64decode((evidence.old / RECORD_LOG / "checkpoint").read_text().split("\n")[2])
    )
    pinned: dict[str, Any] = {"origin": head.origin, "root": base64.b64encode(head.root).decode(), "size": 1}
    text = f"{LOG_ID}/certificates\nerasure/1\n" + offline.spelled({"day": "2026-11-27", "record_log": pinned}) + "\n"
    put(folder / "one.note", signed(text, [CERTIFIER]).format())
    report = verify(evidence, export)
    assert report.findings == []
    (told,) = report.certificates
    assert (told["kind"], told["content"]["day"]) == ("erasure/1", "2026-11-27")
    other = text.replace(pinned["root"], base64.b64encode(bytes(32)).decode())
    put(folder / "one.note", signed(other, [CERTIFIER]).format())
    assert "has two histories: at 1 entries" in verify(evidence, export).findings[0].why
    put(folder / "one.note", signed(text, [CERTIFIER]).format().replace("27", "28"))
    (finding,) = verify(evidence, export).findings
    assert (finding.what, "does not fit" in finding.why) == ("note", True)


@pytest.mark.parametrize(
    "text",
    [
        f"{LOG_ID}/certificates\nerasure/1\n",
        f"{LOG_ID}/certificates\nerasure/1\n{{}}\nmore\n",
        f"{LOG_ID}/certificates\nerasure/1\n{{ }}\n",
        f"{LOG_ID}/certificates\nerasure/1\n[]\n",
        f'{LOG_ID}/certificates\nerasure/1\n{{"a":1.5}}\n',
        f'{LOG_ID}/certificates\nerasure/1\n{{"record_log":5}}\n',
        f'{LOG_ID}/certificates\nerasure/1\n{{"record_log":{{"origin":"a","root":"x","size":1}}}}\n',
        "other/certificates\nerasure/1\n{}\n",
        f"{LOG_ID}/certificates\n\n{{}}\n",
    ],
)
def test_a_signed_note_that_is_no_certificate_is_refused(evidence: Evidence, tmp_path: Path, text: str) -> None:
    report = verify(evidence, put(tmp_path / "a.note", signed(text, [CERTIFIER]).format()))
    assert [one.what for one in report.findings] == ["note"]


def test_a_certificate_is_no_checkpoint(evidence: Evidence, tmp_path: Path) -> None:
    """The key of certificates signs no log."""
    text = Checkpoint(ONE, 5, bytes(32)).text()
    assert "no certificate" in verify(evidence, put(tmp_path / "a", signed(text, [CERTIFIER]).format())).findings[0].why


# The program


def run(*arguments: object, code: str | None = None) -> subprocess.CompletedProcess[str]:
    program = ["-c", code] if code else [offline.__file__]
    command = [sys.executable, "-I", *(["-S"] if code else []), *program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


ALONE = """
import runpy, sys
sys.path.append(sys.argv.pop(1))
sys.argv.pop(0)
try:
    import asyncpg
except ImportError:
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_it_runs_where_only_cryptography_is_installed(evidence: Evidence, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("cryptography", "cffi", "pycparser"):
        for file in {one.parts[0] for one in distribution(name).files or () if ".." not in one.parts}:
            (packages / file).symlink_to(Path(str(distribution(name).locate_file(file))))
    program, policy = shutil.copy(offline.__file__, tmp_path / "offline.py"), put(tmp_path / "policy", evidence.policy)
    done = run(packages, program, evidence.new, "--policy", policy, "--json", code=ALONE)
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True), done.stderr


def test_it_says_what_it_found_and_exits_with_1(evidence: Evidence, tmp_path: Path) -> None:
    policy, export = put(tmp_path / "policy", evidence.policy), evidence.copy(tmp_path)
    (export / ONE / "tile/0/000").unlink()
    done = run(export, "--policy", policy)
    assert (done.returncode, done.stdout.split("\n")[0]) == (1, f"tile {ONE} tile/0/000: is missing")
    told = json.loads(run(export, "--policy", policy, "--json").stdout)
    assert told["findings"] == [{"what": "tile", "where": f"{ONE} tile/0/000", "why": "is missing"}]
    assert told["logs"][RECORD_LOG]["witnesses"] == {"auditor": 1_800_000_000}


@pytest.mark.parametrize("policy", ["nonsense\n", None])
def test_what_cannot_be_asked_exits_with_2(evidence: Evidence, tmp_path: Path, policy: str | None) -> None:
    path = tmp_path / "policy"
    if policy is not None:
        put(path, policy)
    done = run(evidence.new, "--policy", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("offline: ")
    assert run(tmp_path / "nowhere", "--policy", put(path, evidence.policy)).returncode == 2


def test_names_of_strangers_do_not_write_on_the_terminal(evidence: Evidence, tmp_path: Path) -> None:
    export, policy = evidence.copy(tmp_path), put(tmp_path / "policy", evidence.policy)
    (export / ONE / "tile" / "0" / "\x1b[2K\u202e\n0 findings").touch()
    done = run(export, "--policy", policy)
    assert done.returncode == 1
    assert "\\x1b[2K\\u202e\\n0 findings: is no file of a log" in done.stdout


def test_two_processes_find_what_one_finds(evidence: Evidence, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(offline, "CHUNK", 1)
    monkeypatch.setattr(offline, "FEW", 0)
    export, headers = evidence.copy(tmp_path), put(tmp_path / "headers", header_lines(evidence))
    assert verify(evidence, export, evidence.old, headers=headers).findings == []
    bundle = export / ONE / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes().replace(b'"n":300,', b'"n":301,'))
    assert {one.where for one in verify(evidence, export, headers=headers).findings} == {f"{ONE} 300"}
