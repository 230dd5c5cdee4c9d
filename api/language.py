"""What people read in their own language: English, or Chinese where `Accept-Language` prefers it.

Texts are written in English where they arise; `languages/zh.po` holds the Chinese for each, under the English text
itself. A test finds every text that people can be shown and sees that its Chinese is there.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final, Literal

from babel.messages.pofile import read_po
from starlette.types import Scope

Language = Literal["en", "zh"]
TAGS: Final[dict[Language, str]] = {"en": "en", "zh": "zh-CN"}
"""What `Content-Language` says."""
_RANGES_MAX: Final = 20
_SOME: Final = 256  # so many different headers are remembered

_asking: Final[ContextVar[Scope | None]] = ContextVar("asking", default=None)


def asked_by(scope: Scope) -> None:
    """From here on this task answers this request. The header is read only when something is said."""
    _asking.set(scope)


def spoken() -> Language:
    """The language of whoever is answered now."""
    scope = _asking.get()
    if scope is None:
        return "en"
    return preferred(next((value for name, value in scope["headers"] if name == b"accept-language"), b""))


def spoken_headers() -> dict[str, str]:
    """The headers of an answer with texts for people."""
    return {"Content-Language": TAGS[spoken()], "Vary": "Accept-Language"}


@lru_cache(_SOME)
def preferred(accepted: bytes) -> Language:
    """The best of ours for an `Accept-Language` (RFC 9110, 12.5.4); English where it names neither."""
    best: Language = "en"
    best_weight = 0.0
    for one in accepted.decode("latin-1").split(",")[:_RANGES_MAX]:
        name, _, parameters = one.strip().lower().partition(";")
        language = name.strip().split("-")[0]
        weight = _weight(parameters)
        if language in TAGS and weight > best_weight:
            best, best_weight = language, weight
    return best


def said(text: str, /, **values: object) -> str:
    """The text in the language of whoever is answered, with the values in the places that it names."""
    told = _chinese().get(text, text) if spoken() == "zh" else text
    return told.format(**values) if values else told


def label(vocabulary: str, english: str, language: Language) -> str:
    """The label of a code: under its vocabulary where the same English word is another in Chinese."""
    if language == "en":
        return english
    chinese = _labels()
    return chinese.get((vocabulary, english)) or chinese.get(("label", english), english)


def texts() -> Iterable[str]:
    """Every English text that has a Chinese one."""
    return _chinese().keys()


def labels() -> Iterable[tuple[str, str]]:
    """Every label that has a Chinese one: vocabulary (`label`: any), English."""
    return _labels().keys()


def _weight(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@cache
def _messages() -> list[tuple[str | None, str, str]]:
    content = (files("api") / "languages" / "zh.po").read_bytes()
    read: Any = read_po(BytesIO(content), locale="zh_Hans_CN", abort_invalid=True)
    return [(one.context, one.id, one.string) for one in read if one.id]


@cache
def _chinese() -> dict[str, str]:
    return {english: chinese for context, english, chinese in _messages() if context is None}


@cache
def _labels() -> dict[tuple[str, str], str]:
    return {(context, english): chinese for context, english, chinese in _messages() if context is not None}
