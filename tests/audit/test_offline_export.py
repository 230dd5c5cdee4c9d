"""Exports that somebody changed: the offline verifier finds each change and names it."""

import base64
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from audit import offline
from audit.checkpoint import Checkpoint
from audit.merkle import EMPTY_ROOT, leaf_hash, root
from audit.notes import KeySigner, Note, Signer, parse, signed
from audit.record_log import canonical
from audit.tiles import TileHashes, bundle, bundles_of, entries_path, grown, tile_path, tiles_of, unbundle
from tests.audit.evidence import AT, LOG_ID, ONE, RECORD_LOG, WITNESS, Evidence, cosign_record_log, files_below

ZERO = f"{LOG_ID}/0/0"
LOOKS = f"{LOG_ID}/reads/1/0"
THIRD, FOURTH = f"{RECORD_LOG} 2", f"{RECORD_LOG} 3"
BUNDLE = f"{ONE}/tile/entries/002.p/188"


def findings(export: Path, policy: str, *more: Path) -> list[offline.Finding]:
    return offline.verify([export, *more], offline.Policy.parse(policy.encode())).findings


def without_witness(policy: str) -> str:
    return policy.replace("quorum auditor", "quorum none")


def named(found: Sequence[offline.Finding], what: str, where: str, why: str = "") -> bool:
    return any(one.what == what and one.where.startswith(where) and why in one.why for one in found)


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flipped(content: bytes, at: int, bit: int = 0) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


def entries_of(export: Path, origin: str) -> list[bytes]:
    size = Checkpoint.parse(parse((export / origin / "checkpoint").read_bytes()).text).size
    return [
        one
        for at, width in bundles_of(size)
        for one in unbundle((export / origin / entries_path(at, width)).read_bytes())
    ]


def rebuilt(export: Path, origin: str, entries: Sequence[bytes], signer: Signer) -> None:
    """The log with these entries instead, signed by who has its key."""
    shutil.rmtree(export / origin)
    leaves = [leaf_hash(entry) for entry in entries]
    tiles = grown({}, 0, leaves)
    files = {tile_path(at, width): tiles[at] for at, width in tiles_of(len(entries))}
    files |= {
        entries_path(at, width): bundle(entries[at * 256 : at * 256 + width]) for at, width in bundles_of(len(entries))
    }
    head = Checkpoint(origin, len(entries), root(len(entries), TileHashes(tiles)))
    files["checkpoint"] = signed(head.text(), [signer]).format().encode()
    for name, content in files.items():
        path = export / origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_an_honest_export_holds(evidence: Evidence) -> None:
    assert findings(evidence.new, evidence.policy) == []
    assert findings(evidence.old, evidence.policy) == []
    assert findings(evidence.new, evidence.policy, evidence.old) == []


# Any file, whatever it is: every change of its bytes, and its loss.


def _of(path: Path, export: Path) -> tuple[str, set[str], bool]:
    """What a finding about a file must name, as which kinds of thing, and whether a fuller file makes it needless."""
    name = path.relative_to(export).as_posix()
    if name.endswith("/checkpoint"):
        return name.removesuffix("/checkpoint"), {"checkpoint", "log"}, False
    origin, _, inner = name.partition("/tile/")
    outgrown = path.parent.name.endswith(".p") and (
        int(path.name) < max(int(one.name) for one in path.parent.iterdir()) or path.parent.with_suffix("").exists()
    )
    return origin, {"entries", "entry"} if inner.startswith("entries") else {"tile"}, outgrown


def _changes(content: bytes, dice: random.Random) -> Iterator[bytes]:
    if content:
        yield flipped(content, dice.randrange(len(content)), dice.randrange(8))
        yield content[: dice.randrange(len(content))]
    yield content + bytes([dice.randrange(256)])
    yield b""
    yield bytes(len(content))


@pytest.mark.parametrize("each", [1, pytest.param(5, marks=pytest.mark.long)])
def test_any_change_of_any_file_is_found_and_named(evidence: Evidence, tmp_path: Path, each: int) -> None:
    export, dice, tried = evidence.copy(tmp_path), random.Random(3), 0
    for path in list(files_below(export)):
        content, (origin, kinds, outgrown) = path.read_bytes(), _of(path, export)
        where = path.relative_to(export / origin).as_posix()
        changes = list(_changes(content, dice))
        for changed in dice.sample(changes, min(each, len(changes))):
            if changed == content:
                continue
            path.write_bytes(changed)
            found, tried = findings(export, evidence.policy), tried + 1
            about = [one for one in found if one.what in kinds and one.where.startswith(origin)]
            assert about, (where, changed[:80], found)
            if "tile" in kinds or outgrown:
                assert {one.where for one in found} == {f"{origin} {where}"}, found
        path.unlink()
        found = findings(export, evidence.policy)
        assert bool(found) is not outgrown, (where, found)
        path.write_bytes(content)
    assert findings(export, evidence.policy) == []
    assert tried > 30 * each


@pytest.mark.parametrize("times", [15, pytest.param(400, marks=pytest.mark.long)])
def test_any_two_files_that_are_exchanged_are_found(evidence: Evidence, tmp_path: Path, times: int) -> None:
    export, dice = evidence.copy(tmp_path), random.Random(4)
    files = list(files_below(export))
    for _ in range(times):
        one, two = dice.sample(files, 2)
        first, second = one.read_bytes(), two.read_bytes()
        if first == second:
            continue
        one.write_bytes(second)
        two.write_bytes(first)
        found = findings(export, evidence.policy)
        for path in (one, two):
            origin, kinds, _ = _of(path, export)
            if {one, two} & {export / RECORD_LOG / "checkpoint"} and origin == RECORD_LOG:
                kinds = {"checkpoint"}  # without which there is nothing to compare the rest with
            assert any(f.what in kinds and f.where.startswith(origin) for f in found), (one, two, found)
        one.write_bytes(first)
        two.write_bytes(second)


# What somebody with a motive would do


def _one_entry(export: Path) -> None:
    edit(export / BUNDLE, lambda content: content.replace(b'"n":600,', b'"n":601,'))


def _drop_one(export: Path) -> None:
    edit(export / BUNDLE, lambda content: bundle([one for one in unbundle(content) if b'"n":600,' not in one]))


def _insert_one(export: Path) -> None:
    edit(
        export / BUNDLE,
        lambda content: bundle([*unbundle(content)[:88], unbundle(content)[0], *unbundle(content)[88:]]),
    )


def _swap_two(export: Path) -> None:
    def swapped(content: bytes) -> bytes:
        entries = unbundle(content)
        entries[88], entries[89] = entries[89], entries[88]
        return bundle(entries)

    edit(export / BUNDLE, swapped)


def _entry_and_tile(export: Path) -> None:
    """The entry, its leaf hash, and the hash of the tile above it."""
    _one_entry_in(export, "tile/entries/000", "tile/0/000", b'"n":100,')


def _one_entry_in(export: Path, entries: str, tile: str, marked: bytes) -> None:
    edit(export / ONE / entries, lambda content: content.replace(marked, marked.replace(b"0,", b"1,")))
    changed = unbundle((export / ONE / entries).read_bytes())
    (export / ONE / tile).write_bytes(b"".join(map(leaf_hash, changed)))


def _bundle_of_another_log(export: Path) -> None:
    shutil.copy(export / ZERO / "tile/entries/000.p/40", export / LOOKS / "tile/entries/000.p/30")


def _log_of_another(export: Path) -> None:
    shutil.rmtree(export / ZERO)
    shutil.copytree(export / ONE, export / ZERO)


def _pipe(export: Path) -> None:
    (export / ONE / "tile/0/001").unlink()
    os.mkfifo(export / ONE / "tile/0/001")


def _link_to_endless(export: Path) -> None:
    (export / ONE / "tile/0/001").unlink()
    (export / ONE / "tile/0/001").symlink_to("/dev/zero")


def _folder(export: Path) -> None:
    (export / ONE / "tile/0/001").unlink()
    (export / ONE / "tile/0/001").mkdir()


def _huge(export: Path) -> None:
    with (export / ONE / "tile/0/001").open("ab") as file:
        file.truncate(1 << 40)  # takes no space


def _older_checkpoint(export: Path) -> None:
    shutil.copy(export.parent / "old" / ONE / "checkpoint", export / ONE / "checkpoint")


def _older_log(export: Path) -> None:
    shutil.rmtree(export / ONE)
    shutil.copytree(export.parent / "old" / ONE, export / ONE)


def _extra(name: str) -> Callable[[Path], None]:
    def add(export: Path) -> None:
        path = export / ONE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((export / ONE / "tile/0/001").read_bytes()[: 32 * 190])

    return add


def _stranger(export: Path) -> None:
    shutil.copytree(export / ONE, export / LOG_ID / "1" / "1")


MANIPULATIONS: list[tuple[Callable[[Path], None], str, str, str]] = [
    (_one_entry, "entry", f"{ONE} 600", "not what was sealed"),
    (_one_entry, "entry", f"{ONE} 600", "says it is event 601"),
    (_drop_one, "entry", f"{ONE} 600", ""),
    (_drop_one, "entries", f"{ONE} tile/entries/002.p/188", "has 187 entries"),
    (_insert_one, "entry", f"{ONE} 600", ""),
    (_swap_two, "entry", f"{ONE} 600", ""),
    (_swap_two, "entry", f"{ONE} 601", ""),
    (_entry_and_tile, "entries", f"{ONE} tile/entries/000", "not what was sealed"),
    (_entry_and_tile, "tile", f"{ONE} tile/0/000", "not what was sealed"),
    (_bundle_of_another_log, "entries", f"{LOOKS} tile/entries/000.p/30", "has 40 entries"),
    (_log_of_another, "checkpoint", ZERO, f"is that of {ONE}"),
    (_pipe, "tile", f"{ONE} tile/0/001", "no regular file"),
    (_link_to_endless, "tile", f"{ONE} tile/0/001", "no regular file"),
    (_folder, "tile", f"{ONE} tile/0/001", "Is a directory"),
    (_huge, "tile", f"{ONE} tile/0/001", "is larger than"),
    (lambda export: shutil.rmtree(export / ONE), "log", ONE, "is missing"),
    (lambda export: shutil.rmtree(export / RECORD_LOG), "log", RECORD_LOG, "is missing"),
    (lambda export: (export / ONE / "checkpoint").unlink(), "checkpoint", ONE, "is missing"),
    (_older_checkpoint, "log", ONE, "it was set back"),
    (_older_checkpoint, "checkpoint", ONE, "lies beyond the 120 entries"),
    (_older_log, "log", ONE, f"ends at 120 entries, entry {RECORD_LOG} 2 bound 700"),
    (_extra("tile/0/002.p/190"), "checkpoint", ONE, "tile/0/002.p/190 lies beyond"),
    (_extra("tile/0/003"), "checkpoint", ONE, "tile/0/003 lies beyond"),
    (_extra("tile/0/001.p/190"), "", "", ""),  # an outgrown one that is right
    (_extra("tile/0/001.p/191"), "tile", f"{ONE} tile/0/001.p/191", "is not the beginning"),
    (_extra("tile/0/000.p/190"), "tile", f"{ONE} tile/0/000.p/190", "is not the beginning"),
    (_extra("tile/0/000.p/256"), "file", f"{ONE} tile/0/000.p/256", "is no file of a log"),
    (_extra("tile/0/000.p/0"), "file", f"{ONE} tile/0/000.p/0", "is no file of a log"),
    (_extra("tile/0/x000/000"), "file", f"{ONE} tile/0/x000/000", "is no file of a log"),
    (_extra("tile/0/\u0660\u0660\u0660"), "file", f"{ONE} tile/0/", "is no file of a log"),
    (_extra("tile/0/000.bak"), "file", f"{ONE} tile/0/000.bak", "is no file of a log"),
    (_extra("tile/7/000"), "file", f"{ONE} tile/7/000", "is no file of a log"),
    (_extra("tile/3/000.p/1"), "checkpoint", ONE, "tile/3/000.p/1 lies beyond"),
    (_extra("checkpoint.new"), "", "", ""),
    (_extra("checkpoint.old"), "file", f"{ONE} checkpoint.old", "is no file of a log"),
    (_extra("tile/0/000.new"), "", "", ""),  # left behind by an export that broke off
    (_stranger, "log", f"{LOG_ID}/1/1", "in no line of the policy"),
]


@pytest.mark.parametrize(("change", "what", "where", "why"), MANIPULATIONS)
def test_a_manipulation_is_named(evidence: Evidence, tmp_path: Path, change, what: str, where: str, why: str) -> None:
    export = evidence.copy(tmp_path)
    shutil.copytree(evidence.old, tmp_path / "old")
    change(export)
    found = findings(export, evidence.policy)
    assert (found == []) if not what else named(found, what, where, why), found


# Notes


def _note(export: Path, origin: str, change: Callable[[Note], Note | str]) -> None:
    path = export / origin / "checkpoint"
    changed = change(parse(path.read_bytes()))
    path.write_text(changed if isinstance(changed, str) else changed.format())


FORGER = KeySigner(ONE, bytes(32))
NOTES: list[tuple[Callable[[Note], Note | str], str]] = [
    (lambda note: signed(note.text, [FORGER]), "not signed by a log of the policy"),
    (lambda note: note._replace(signatures=note.signatures * 2), "signed twice"),
    (lambda note: note._replace(text=note.text.replace("700", "0700")), "does not fit"),
    (lambda note: note._replace(text=note.text + "more\n"), "does not fit"),
    (lambda note: f"{note.text}\n{note.format()}", "does not fit"),
    (lambda note: note.format() + note.format(), "does not fit"),
    (lambda note: note.format().replace("\u2014", "-"), "is no signature line"),
    (lambda note: note.format().replace("\u2014 ", "\u2014\u00a0"), "is no signature line"),
    (lambda note: note.format().replace("\n", "\r\n"), "no signed note"),
    (lambda note: note.format().replace("\n", "\u2028"), "no signed note"),
    (lambda note: note.format().replace("bank.example", "b\u0430nk.example"), "not signed by a log of the policy"),
    (lambda note: note.format().removesuffix("\n"), "no signed note"),
    (lambda note: note.format() + "\n", "no signed note"),
    (lambda note: note.format().replace("=\n", "\n"), ""),
    (lambda note: "\ufeff" + note.format(), "does not fit"),
    (lambda _: "\x00" * 100, "no signed note"),
    (lambda _: "x" * 2_000_000, "is larger than"),
    (lambda note: note.text, "no signed note"),
]


@pytest.mark.parametrize(("change", "why"), NOTES)
def test_a_changed_note_is_named(evidence: Evidence, tmp_path: Path, change, why: str) -> None:
    export = evidence.copy(tmp_path)
    _note(export, ONE, change)
    assert named(findings(export, evidence.policy), "checkpoint", ONE, why), findings(export, evidence.policy)


def test_signature_lines_of_unknown_keys_are_passed_over_as_the_format_wants(
    evidence: Evidence, tmp_path: Path
) -> None:
    export = evidence.copy(tmp_path)
    stranger = signed("x\n", [KeySigner("someone.example", bytes(32))]).signatures
    _note(export, ONE, lambda note: note._replace(signatures=(*stranger, *note.signatures)))
    assert findings(export, evidence.policy) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note._replace(signatures=note.signatures[:1]),
        lambda note: note._replace(
            signatures=(note.signatures[0], *signed(note.text, [KeySigner("witness.example", bytes(32), 4)]).signatures)
        ),
    ],
)
def test_a_missing_witness_is_named(evidence: Evidence, tmp_path: Path, change) -> None:
    export = evidence.copy(tmp_path)
    _note(export, RECORD_LOG, change)
    assert named(findings(export, evidence.policy), "witness", RECORD_LOG)
    assert findings(export, without_witness(evidence.policy)) == []


def test_the_time_that_a_witness_signed_cannot_be_changed(evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    later = (AT + 1).to_bytes(8, "big")
    _note(
        export, RECORD_LOG,
        lambda note: note._replace(signatures=(
            note.signatures[0], note.signatures[1]._replace(signature=later + note.signatures[1].signature[8:]),
        )),
    )  # fmt: skip
    assert named(findings(export, evidence.policy), "checkpoint", RECORD_LOG, WITNESS.verifier.name)


# Who has the keys of logs


def test_a_log_signed_anew_by_who_has_its_key_is_not_what_the_record_log_bound(evidence, tmp_path) -> None:
    export = evidence.copy(tmp_path)
    entries = entries_of(export, ONE)
    changed = [*entries[:5], entries[6].replace(b'"n":6,', b'"n":5,'), *entries[6:]]
    rebuilt(export, ONE, changed, evidence.signer(ONE))
    assert named(findings(export, evidence.policy), "log", ONE, "has another root at 120 entries than entry")


def test_a_log_that_was_cut_by_who_has_its_key_is_found(evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    rebuilt(export, ONE, entries_of(export, ONE)[:650], evidence.signer(ONE))
    assert named(findings(export, evidence.policy), "log", ONE, "ends at 650 entries")


@pytest.mark.parametrize(
    ("change", "what", "where", "why"),
    [
        (lambda bound: bound[:2], "witness", RECORD_LOG, "more witnesses"),
        (lambda bound: [bound[0], bound[2], bound[1]], "entry", THIRD, f"{ONE} shrinks from 700 to 420"),
        (lambda bound: [*bound[:2], without(bound[2], 1)], "entry", THIRD, f"leaves out {ONE}"),
        (lambda bound: [without(one, 1) for one in bound], "log", ONE, "record log knows nothing of it"),
        (lambda bound: [*bound, changed(bound[2], 1, root=EMPTY_ROOT)], "entry", FOURTH, "another root at the"),
        (lambda bound: [*bound, changed(bound[2], 1, size=701)], "log", ONE, "bound 701"),
        (lambda bound: [*bound[:2], changed(bound[2], 1, size=-1)], "entry", THIRD, "names a log without"),
        (lambda bound: [*bound, changed(bound[2], 1, origin="other.example/1/0")], "entry", FOURTH, "no log of"),
        (lambda bound: [*bound, changed(bound[2], 1, origin=f"{LOG_ID}/../0")], "entry", FOURTH, "no log of"),
        (lambda bound: [*bound, added(bound[2], f"{LOG_ID}/2/0")], "log", f"{LOG_ID}/2/0", "in no line of the policy"),
        (lambda bound: [*bound, bound[2].replace(b'"partitions":2', b'"partitions":1')], "entry", FOURTH, "says 1"),
        (lambda bound: [*bound, bound[2].replace(b'"v":1', b'"v":1.0')], "entry", FOURTH, "no integer"),
        (lambda bound: [*bound, bound[2].replace(b'"v":1', b'"v": 1')], "entry", FOURTH, "canonical"),
        (lambda bound: [*bound, bound[2].replace(b'"v":1', b'"v":1,"v":1')], "entry", FOURTH, "canonical"),
        (lambda bound: [*bound, b"[" * 50_000], "entry", FOURTH, "no JSON"),
        (lambda bound: [*bound, b'{"type":"\\ud800"}'], "entry", FOURTH, "no JSON"),
        (lambda bound: [*bound, b"\xff"], "entry", FOURTH, "not UTF-8"),
        (lambda bound: [*bound, b"{}"], "entry", FOURTH, "has no type"),
        (lambda bound: [*bound, bound[2].replace(b'"at":"20', b'"at":"2026-02-30T')], "entry", FOURTH, "no time"),
        (lambda _: [b'{"type":"hand-over","v":1}'], "log", ONE, "record log knows nothing of it"),
        (lambda _: [], "log", ONE, "record log knows nothing of it"),
    ],
)  # fmt: skip
def test_a_record_log_written_anew_by_who_has_its_key(
    evidence, tmp_path, change, what: str, where: str, why: str
) -> None:
    export = evidence.copy(tmp_path)
    rebuilt(export, RECORD_LOG, change(entries_of(export, RECORD_LOG)), evidence.signer(RECORD_LOG))
    if what != "witness":
        cosign_record_log(export)
    assert named(findings(export, evidence.policy), what, where, why), findings(export, evidence.policy)


def without(entry: bytes, number: int) -> bytes:
    content = json.loads(entry)
    del content["logs"][number]
    return canonical({**content, "partitions": content["partitions"] - 1})


def changed(entry: bytes, number: int, **fields: object) -> bytes:
    content = json.loads(entry)
    content["logs"][number] |= {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in fields.items()
    }
    return canonical(content)


def added(entry: bytes, origin: str) -> bytes:
    content = json.loads(entry)
    one = {"origin": origin, "size": 0, "root": base64.b64encode(EMPTY_ROOT).decode()}
    logs = sorted([*content["logs"], one], key=lambda log: log["origin"])
    return canonical({**content, "logs": logs, "partitions": content["partitions"] + 1})


def test_a_record_log_that_stays_behind_is_old(evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    later = [
        entry.replace(b'"r":"2', b'"r":"3') if at > 699 else entry for at, entry in enumerate(entries_of(export, ONE))
    ]
    later.append(later[-1].replace(b'"n":699,', b'"n":700,').replace(b'"r":"2', b'"r":"3'))
    rebuilt(export, ONE, later, evidence.signer(ONE))
    assert named(findings(export, evidence.policy), "log", ONE, "the record log is old")


def test_a_log_goes_on_as_the_next_shard(evidence: Evidence, tmp_path: Path) -> None:
    export, shard = evidence.copy(tmp_path), f"{LOG_ID}/1/1"
    entries = entries_of(export, ONE)
    signer = KeySigner(shard, bytes(range(32)))
    (export / shard).mkdir()
    rebuilt(export, shard, entries[:500], signer)
    head = Checkpoint.parse(parse((export / shard / "checkpoint").read_bytes()).text)
    bound = entries_of(export, RECORD_LOG)
    next_one = changed(bound[2], 1, origin=shard, size=head.size, root=head.root)
    rebuilt(export, RECORD_LOG, [*bound, b'{"type":"hand-over","v":1}', next_one], evidence.signer(RECORD_LOG))
    cosign_record_log(export)
    policy = f"log {signer.verifier.vkey}\n{evidence.policy}"
    report = offline.verify([export], offline.Policy.parse(policy.encode()))
    assert (report.findings, report.others) == ([], {"hand-over": 1})


# Keys that are changed, and shards that are begun, by entries of the record log


def test_a_key_that_the_record_log_changed_is_believed_from_then_on(evidence: Evidence, tmp_path: Path) -> None:
    export, new_key, entries = evidence.copy(tmp_path), KeySigner(ONE, bytes(range(32))), entries_of(evidence.new, ONE)
    bound, old_key = entries_of(export, RECORD_LOG), evidence.signer(ONE).verifier.vkey
    told = {
        "type": "key-changed",
        "v": 1,
        "origin": ONE,
        "size": 420,
        "old_key": old_key,
        "new_key": new_key.verifier.vkey,
    }

    def record_log(**fields: object) -> None:
        rebuilt(export, RECORD_LOG, [*bound, canonical({**told, **fields})], evidence.signer(RECORD_LOG))
        cosign_record_log(export)

    record_log()
    rebuilt(export, ONE, entries, new_key)
    assert findings(export, evidence.policy) == []
    assert findings(export, evidence.policy, evidence.old) == []
    rebuilt(export, ONE, entries, evidence.signer(ONE))
    assert named(findings(export, evidence.policy), "checkpoint", ONE, "a key that was changed before it")
    rebuilt(export, ONE, entries, new_key)
    for wrong in (
        {"old_key": FORGER.verifier.vkey},
        {"new_key": KeySigner(ZERO, bytes(32)).verifier.vkey},
        {"size": None},
    ):
        record_log(**wrong)
        found = findings(export, evidence.policy)
        assert named(found, "entry", FOURTH, "a key that"), found
        assert named(found, "checkpoint", ONE, "not signed by"), found


def test_a_record_log_that_follows_another_is_vouched_for_by_its_key(evidence: Evidence, tmp_path: Path) -> None:
    export, later = evidence.copy(tmp_path), f"{LOG_ID}/record/1"
    own, bound = KeySigner(later, bytes(range(32))), entries_of(export, RECORD_LOG)[-1]
    begun = canonical({"type": "shard-begun", "v": 1, "origin": later, "key": own.verifier.vkey})
    (export / later).mkdir()
    rebuilt(export, later, [begun, bound], own)
    text = parse((export / later / "checkpoint").read_bytes()).text
    policy = without_witness(evidence.policy)
    for signers, holds in (
        ([own, evidence.signer(RECORD_LOG)], True),
        ([own], False),
        ([own, KeySigner(RECORD_LOG, bytes(32))], False),
    ):
        (export / later / "checkpoint").write_text(signed(text, signers).format())
        found = findings(export, policy)
        assert (found == []) if holds else named(found, "checkpoint", later, "not signed by a log"), found
    listed = f"log {own.verifier.vkey}\n{policy}"
    (export / later / "checkpoint").write_text(signed(text, [own, evidence.signer(RECORD_LOG)]).format())
    assert findings(export, listed) == []
    (export / later / "checkpoint").write_text(signed(text, [evidence.signer(RECORD_LOG)]).format())
    assert named(findings(export, listed), "checkpoint", later, "is that of")


def test_a_shard_that_the_record_log_begins_has_the_key_that_it_tells(evidence: Evidence, tmp_path: Path) -> None:
    export, shard = evidence.copy(tmp_path), f"{LOG_ID}/1/1"
    entries, signer = entries_of(export, ONE), KeySigner(shard, bytes(range(32)))
    (export / shard).mkdir()
    rebuilt(export, shard, entries[:500], signer)
    head = Checkpoint.parse(parse((export / shard / "checkpoint").read_bytes()).text)
    bound = entries_of(export, RECORD_LOG)
    begun = canonical({"type": "shard-begun", "v": 1, "origin": shard, "key": signer.verifier.vkey})
    next_one = changed(bound[2], 1, origin=shard, size=head.size, root=head.root)
    rebuilt(export, RECORD_LOG, [*bound, begun, next_one], evidence.signer(RECORD_LOG))
    cosign_record_log(export)
    assert findings(export, evidence.policy) == []
    shutil.rmtree(export / shard)
    assert named(findings(export, evidence.policy), "log", shard, "is missing")


# Timestamps (and see test_offline_timestamps.py)


def test_a_timestamp_lies_within_its_log_and_is_named_after_a_size(evidence: Evidence, tmp_path: Path) -> None:
    export = evidence.copy(tmp_path)
    anchor = export / ONE / "anchor" / "701.tsr"
    anchor.parent.mkdir()
    anchor.write_bytes(b"of an authority")
    assert named(findings(export, evidence.policy), "checkpoint", ONE, "anchor/701.tsr lies beyond its 700 entries")
    anchor.rename(anchor.with_name("0701.tsr"))
    assert named(findings(export, evidence.policy), "file", f"{ONE} anchor/0701.tsr", "is no file of a log")


# Two exports


def test_two_histories_are_told_apart(evidence: Evidence, tmp_path: Path) -> None:
    """Two auditors compare what they were given: each export holds by itself."""
    export = evidence.copy(tmp_path)
    entries = entries_of(export, ONE)
    rebuilt(
        export, ONE, [*entries[:99], entries[98].replace(b'"n":98,', b'"n":99,'), *entries[100:]], evidence.signer(ONE)
    )
    head = Checkpoint.parse(parse((export / ONE / "checkpoint").read_bytes()).text)
    bound = entries_of(export, RECORD_LOG)[2]
    rebuilt(export, RECORD_LOG, [changed(bound, 1, root=head.root)], evidence.signer(RECORD_LOG))
    cosign_record_log(export)
    assert findings(export, evidence.policy) == []
    found = findings(export, evidence.policy, evidence.old)
    assert named(found, "log", ONE, "has two histories: at 120 entries")
    assert named(findings(evidence.new, evidence.policy, export), "log", ONE, "has two histories: at 700 entries")


def test_an_export_that_is_older_than_a_checkpoint_was_set_back(evidence: Evidence, tmp_path: Path) -> None:
    shutil.copy(evidence.new / RECORD_LOG / "checkpoint", tmp_path / "pinned")
    found = findings(evidence.old, evidence.policy, tmp_path / "pinned")
    assert named(found, "log", RECORD_LOG, "ends at 1 entries")
    shutil.copy(evidence.old / RECORD_LOG / "checkpoint", tmp_path / "pinned")
    assert findings(evidence.new, evidence.policy, tmp_path / "pinned") == []
