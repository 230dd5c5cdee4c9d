"""Certificates: statements about the record, each a signed note of one shape (C2SP signed-note).

The text of the note is `<log id>/certificates`, the kind, and the content as canonical JSON (RFC 8785), a line each.
The key that signs it has the name `<log id>/certificates` and signs nothing else.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final, Literal, NamedTuple, NoReturn, TypeAlias, cast, get_args

from audit.notes import Note, NoteRefused, Signer, Verifier, parse, signed, verified
from store.canonical import canonical_json

Kind: TypeAlias = Literal["no-miss/1", "erasure/1", "disposal/1", "verification-report/1", "case-manifest/1"]
"""What is certified, and the version of the content's shape."""
Content: TypeAlias = dict[str, Any]
"""Text, integers, truth values and null, in lists and objects; no floats; times as `audit.moment` writes them."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
BY_NAME: Final[dict[str, Kind]] = {one: one for one in KINDS}
CERTIFICATES: Final = "/certificates"
"""What the name of the key ends with."""
INTEGER_MAX: Final = 2**53 - 1
"""Larger integers are written as text: not every reader of JSON has them."""
_NAME: Final = re.compile(r"[!-~]{1,200}")
"""ASCII, so that sorting by bytes is the order that RFC 8785 wants."""
_LINES: Final = 4


class Certificate(NamedTuple):
    """What a certificate says."""

    kind: Kind
    content: Content


def key_name(log_id: str) -> str:
    """The name of the key that signs certificates, which is also their first line."""
    return f"{log_id}{CERTIFICATES}"


def make(log_id: str, kind: Kind, content: Content, signer: Signer) -> Note:
    """Sign a certificate.

    Raises:
        NoteRefused: the content is not what a certificate may hold, or the signer is another log's.
    """
    if signer.verifier.name != key_name(log_id):
        raise NoteRefused(f"certificates of {log_id} are signed by {key_name(log_id)}, not by {signer.verifier.name}")
    _refuse_unfit(content, "content")
    return signed(f"{key_name(log_id)}\n{kind}\n{canonical_json(content).decode()}\n", [signer])


def read(text: bytes | str, *vkeys: str) -> Certificate:
    """The content of a certificate that one of these keys has signed.

    Raises:
        NoteRefused: it is malformed, changed, or signed by none of them.
    """
    note = parse(text)
    lines = note.text.split("\n")
    if len(lines) != _LINES:
        raise NoteRefused("a certificate has three lines: whose it is, its kind, its content")
    name, kind, content = lines[:3]
    keys = [one for one in map(Verifier.parse, vkeys) if one.name == name]
    if not keys:
        raise NoteRefused(f"no key of {name!r} is known here")
    if not verified(note, keys):
        raise NoteRefused(f"it is not signed by the key of {name}")
    known = BY_NAME.get(kind)
    if known is None:
        raise NoteRefused(f"{kind!r} is no kind of certificate that this program knows: {', '.join(KINDS)}")
    return Certificate(known, _content(content))


def signers_of(text: bytes | str, vkeys: Iterable[str]) -> list[str]:
    """Those of these keys that have signed a certificate.

    Raises:
        NoteRefused: it is malformed, or a signature does not hold.
    """
    return [one.verifier.vkey for one in verified(parse(text), [Verifier.parse(vkey) for vkey in vkeys])]


def _content(line: str) -> Content:
    try:
        found = json.loads(line, parse_float=_no_float, parse_constant=_no_float)
    except ValueError as error:
        raise NoteRefused(f"the content of a certificate is JSON: {error}") from None
    if not isinstance(found, dict):
        raise NoteRefused("the content of a certificate is an object")
    content = cast("Content", found)
    _refuse_unfit(content, "content")
    if canonical_json(content).decode() != line:
        raise NoteRefused("the content of a certificate is canonical JSON: keys sorted, each once, no blanks")
    return content


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


def _refuse_unfit(value: object, where: str) -> None:
    match value:
        case None | bool():
            return
        case int() if -INTEGER_MAX <= value <= INTEGER_MAX:
            return
        case str():
            if any("\ud800" <= one <= "\udfff" for one in value):
                raise NoteRefused(f"{where} is no text: it has half a character")
        case list():
            for number, one in enumerate(cast("list[object]", value)):
                _refuse_unfit(one, f"{where}[{number}]")
        case dict():
            for name, one in cast("dict[object, object]", value).items():
                if not isinstance(name, str) or not _NAME.fullmatch(name):
                    raise NoteRefused(
                        f"{where} has the name {name!r}: names are ASCII without blanks, up to 200 characters"
                    )
                _refuse_unfit(one, f"{where}.{name}")
        case _:
            raise NoteRefused(f"{where} is {type(value).__name__}: write it as text, or as an integer up to 2^53 - 1")
