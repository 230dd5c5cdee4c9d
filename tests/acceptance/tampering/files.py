"""Changes of exported logs as somebody makes them who has the files, an older export, and a key of their own."""

import random
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from audit.checkpoint import Checkpoint
from audit.merkle import EMPTY_ROOT, leaf_hash, root
from audit.notes import KeySigner, Signer, parse, signed
from audit.tiles import TileHashes, bundle, bundles_of, entries_path, grown, tile_path, tiles_of, unbundle

Files = dict[str, bytes]
"""An export: content by path."""

_IN_LOG = re.compile(r"(.+?)/(checkpoint|tile/(\w+)/((?:x\d{3}/)*\d{3})(?:\.p/\d+)?)")
FORGER = KeySigner("forger", bytes(32))


class Forged(NamedTuple):
    """Files as they were changed; `names`: how findings about it begin, any of them."""

    how: str
    files: Files
    names: tuple[str, ...]


def read_files(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@contextmanager
def written(folder: Path, honest: Files, forged: Files) -> Generator[None]:
    """The folder with the forged files instead of the honest ones."""
    changed = {name for name in {*honest, *forged} if honest.get(name) != forged.get(name)}
    _put(folder, {name: forged.get(name) for name in changed})
    try:
        yield
    finally:
        _put(folder, {name: honest.get(name) for name in changed})


def _put(folder: Path, files: dict[str, bytes | None]) -> None:
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def origin_of(name: str) -> str:
    found = _IN_LOG.fullmatch(name)
    return name if found is None else found[1]


def names_of(name: str) -> tuple[str, ...]:
    """How a verifier may call what is wrong with a file: the file, an entry in it, or the head of its log."""
    found = _IN_LOG.fullmatch(name)
    if found is None:
        return (name,)
    origin, path, kind, digits = found.groups()
    if path == "checkpoint":
        return (origin,)
    number = int(digits.replace("x", "").replace("/", ""))
    first = number * 256 if kind in {"entries", "0"} else 0
    entries = range(first, first + 256) if kind in {"entries", "0"} else ()
    return (f"{origin} {path}", *(f"{origin} {index}" for index in entries))


# One file


def one_file(dice: random.Random, honest: Files, old: Files) -> Forged | None:
    """The bytes of one file are others, whatever it is."""
    name = dice.choice(sorted(honest))
    content, other = honest[name], dice.choice(sorted(honest))
    at = dice.randrange(len(content))
    how, forged = dice.choice(
        (
            ("a bit of", content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]),
            ("a byte less in", content[:at] + content[at + 1 :]),
            ("a byte more in", content[:at] + dice.randbytes(1) + content[at:]),
            ("the end of", content[:at]),
            ("more after", content + dice.randbytes(dice.choice((1, 2, 32)))),
            ("nothing in", b""),
            (f"{other} in place of", honest[other]),
            ("loss of", None),
            ("an older", old.get(name)),
            ("32 bytes exchanged in", _exchanged(dice, content)),
        )
    )
    if forged == content or (forged is None and how != "loss of"):
        return None
    files = {**honest, name: forged} if forged is not None else {key: honest[key] for key in honest if key != name}
    return Forged(f"{how} {name}", files, names_of(name))


def _exchanged(dice: random.Random, content: bytes) -> bytes:
    """Two hashes in each other's place."""
    if len(content) < 64:
        return content[::-1]
    one, two = sorted(dice.sample(range(len(content) // 32), 2))
    part = [content[at : at + 32] for at in range(0, len(content), 32)]
    part[one], part[two] = part[two], part[one]
    return b"".join(part)


# A whole log


def withheld(dice: random.Random, honest: Files, old: Files) -> Forged | None:
    """A log is not there, is there as it was, or is another one.

    An older *record log* alone is left out: for a minute it may be behind, and after that its age shows; before that it
    takes somebody who has seen a newer one.
    """
    origin = dice.choice(sorted({origin_of(name) for name in honest}))
    rest = {name: content for name, content in honest.items() if origin_of(name) != origin}
    other = dice.choice(sorted({origin_of(name) for name in honest} - {origin}))
    earlier = {name: content for name, content in old.items() if origin_of(name) == origin}
    of_other = {origin + name.removeprefix(other): honest[name] for name in honest if origin_of(name) == other}
    how, files = dice.choice((("no", rest), ("an old", {**rest, **earlier}), (f"{other} as", {**rest, **of_other})))
    if how == "an old" and (origin.endswith("/record/0") or _head(files, origin) == _head(honest, origin)):
        return None
    return Forged(f"{how} log {origin}", files, (origin,))


def _head(files: Files, origin: str) -> bytes | None:
    return files.get(f"{origin}/checkpoint")


def note(dice: random.Random, honest: Files, old: Files) -> Forged | None:
    """A checkpoint says something else, or is signed by somebody else."""
    name = dice.choice([one for one in sorted(honest) if one.endswith("/checkpoint")])
    text = honest[name].decode()
    body, _, signatures = text.rpartition("\n\n")
    origin, size, root_now = body.split("\n")[:3]
    forged = signed(body + "\n", [FORGER]).format()
    as_log = signed(body + "\n", [KeySigner(origin, bytes(31) + b"x")]).format()
    others = [honest[one].decode().rpartition("\n\n")[2] for one in sorted(honest) if one.endswith("/checkpoint")]
    texts = (
        text.replace(f"\n{size}\n", f"\n{int(size) + dice.choice((-1, 1, 256))}\n", 1),
        text.replace(f"\n{size}\n", f"\n0{size}\n", 1),
        text.replace(root_now, "A" * 43 + "=", 1),
        text.replace(origin, origin + "x", 1),
        forged,
        as_log,
        f"{body}\nmore\n\n{signatures}",
        f"{body}\n\n{dice.choice(others)}",
        f"{body}\n\n{signatures}{signatures}",
        f"{body}\n\n",
        f"{body}\n{signatures}",
        f"\n{text}",
        text.replace("— ", "- ", 1),
        text + "\n",
        text.replace("\n", "\r\n"),
    )
    content = dice.choice(texts).encode()
    return None if content == honest[name] else Forged(f"other note {name}", {**honest, name: content}, (origin,))


# A history that fits in itself


def rewritten(dice: random.Random, honest: Files, keys: Callable[[str], Signer]) -> Forged:
    """A log of other entries, all hashes computed anew, signed with the log's real key."""
    sized = {origin_of(name) for name in honest if "/entries/" in name}
    origin = dice.choice(sorted(sized))
    entries = entries_of(honest, origin)
    at = dice.randrange(len(entries))
    how = dice.choice(("changed", "dropped", "doubled", "reordered", "cut", "added"))
    match how:
        case "changed":
            entries[at] = entries[at][:-1] + b" }"
        case "dropped":
            del entries[at]
        case "doubled":
            entries.insert(at, entries[at])
        case "reordered":
            other = (at + 1) % len(entries)
            entries[at], entries[other] = entries[other], entries[at]
            if entries[at] == entries[other]:
                entries[at] += b" "
        case "cut":
            del entries[at:]
        case _:
            entries.append(entries[at])
    rest = {name: content for name, content in honest.items() if origin_of(name) != origin}
    return Forged(f"{how} {at} of {origin}, signed anew", {**rest, **log_of(origin, entries, keys(origin))}, (origin,))


def entries_of(files: Files, origin: str) -> list[bytes]:
    size = Checkpoint.parse(parse(files[f"{origin}/checkpoint"]).text).size
    bundles = [files[f"{origin}/{entries_path(at, width)}"] for at, width in bundles_of(size)]
    return [entry for content in bundles for entry in unbundle(content)]


def log_of(origin: str, entries: list[bytes], signer: Signer) -> Files:
    """The files of a log with these entries."""
    tiles = grown({}, 0, [leaf_hash(entry) for entry in entries])
    size = len(entries)
    found = root(size, TileHashes(tiles)) if size else EMPTY_ROOT
    files = {tile_path(at, width): tiles[at] for at, width in tiles_of(size)}
    files |= {entries_path(at, width): bundle(entries[at * 256 : at * 256 + width]) for at, width in bundles_of(size)}
    files["checkpoint"] = signed(Checkpoint(origin, size, found).text(), [signer]).format().encode()
    return {f"{origin}/{name}": content for name, content in files.items()}


# Proofs


def proof(dice: random.Random, text: str, others: list[str]) -> str:
    """A proof of one event, changed in a byte or a line, or put together from two."""
    lines, at = text.split("\n"), dice.randrange(len(text))
    line, other = dice.randrange(len(lines)), dice.choice(others).split("\n")
    return dice.choice(
        (
            text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at],
            "\n".join(lines[:line] + lines[line + 1 :]),
            "\n".join([*lines[:line], lines[line], *lines[line:]]),
            "\n".join([*lines[:line], *other[line:]]),
            "\n".join([*lines[:line], other[min(line, len(other) - 1)], *lines[line + 1 :]]),
            re.sub(r"index (\d+)", lambda found: f"index {int(found[1]) ^ 1 << dice.randrange(9)}", text),
        )
    )
