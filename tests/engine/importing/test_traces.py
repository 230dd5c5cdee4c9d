"""From bytes to traces, whatever the bytes are."""

import gzip
import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.importing import traces
from engine.importing.rows import Limits
from engine.importing.traces import TraceReader, open_traces, survey_traces
from engine.importing.verdict import ImportRefused, Unreadable
from engine.importing.xes import DEPTH_MAX, EVENTS_MAX, trace_of

Write = Callable[[str | bytes], Path]


def read(content: bytes, **limits: int) -> list[tuple[int, bytes, str | None]]:
    return [(row.line, row.raw[0], row.problem) for row in TraceReader(io.BytesIO(content), limits=Limits(**limits))]


@pytest.mark.parametrize("block", [1, 7, 130, 1 << 18])
def test_traces_are_found_by_their_tags_whatever_the_size_of_blocks(monkeypatch, block: int) -> None:
    monkeypatch.setattr(traces, "_BLOCK_BYTES", block)
    content = (
        b"<?xml version='1.0'?>\n<log>\n<!-- <trace> --><string key='a' value='x'/>\n<trace>\n1</trace>"
        b"<![CDATA[</trace><trace>]]><xes:trace >2<!-- </xes:trace> --></xes:trace >\n\n<trace  />\n<traces/></log>"
    )
    assert read(content) == [
        (4, b"<trace>\n1</trace>", None),
        (5, b"<xes:trace >2<!-- </xes:trace> --></xes:trace >", None),
        (7, b"<trace  />", None),
    ]


@pytest.mark.parametrize("block", [1, 1 << 18])
def test_what_is_broken_takes_no_other_with_it(monkeypatch, block: int) -> None:
    monkeypatch.setattr(traces, "_BLOCK_BYTES", block)
    assert read(b"<log><trace>1<trace>2</trace></trace><trace/><trace>3</log>") == [
        (1, b"<trace>1", "trace-not-ended"),
        (1, b"<trace>2</trace>", None),
        (1, b"<trace/>", None),
        (1, b"<trace>3</log>", "trace-cut"),
    ]
    assert read(b"<log><trace>1</trace>\n<even") == [
        (1, b"<trace>1</trace>", None),
        (1, b"\n<even", "file-cut"),
    ]


@pytest.mark.parametrize("block", [64, 1 << 18])
def test_of_a_trace_that_is_too_long_the_beginning_stays(monkeypatch, block: int) -> None:
    monkeypatch.setattr(traces, "_BLOCK_BYTES", block)
    content = b"<log>\n<trace>" + b"x\n" * 5000 + b"</trace>\n<trace>2</trace></log>"
    first, second = read(content, row_bytes_max=1000)
    assert first == (2, (b"<trace>" + b"x\n" * 500)[:1000], "trace-too-long")
    assert second == (5003, b"<trace>2</trace>", None)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_no_bytes_stop_the_reader_and_no_trace_is_lost(noise: bytes, block: int) -> None:
    before, traces._BLOCK_BYTES = traces._BLOCK_BYTES, block
    try:
        found = read(b"<log><trace>1</trace>" + noise.replace(b"<", b"(") + b"<trace>2</trace></log>")
    finally:
        traces._BLOCK_BYTES = before
    assert [raw for _, raw, problem in found if problem is None] == [b"<trace>1</trace>", b"<trace>2</trace>"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<!DOCTYPE log [<!ENTITY a 'aaaa'>]><log></log>", "import.doctype"),
        (b"<html></html>", "import.not-xes"),
        (b"", "import.not-xes"),
        ("<log/>".encode("utf-16"), "import.not-text"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><log></log>", "import.not-text"),
        (gzip.compress(b"<log></log>", mtime=0)[:-9], "import.archive-damaged"),
        (b"\x1f\x8b\x08 no more", "import.archive-damaged"),
    ],
)
def test_what_is_no_log_is_refused(file: Write, content: bytes, code: str) -> None:
    with pytest.raises(ImportRefused) as refused, open_traces(file(content), Limits()) as opened:
        survey_traces(file(content), opened, Limits())
    assert refused.value.code == code


def test_a_file_that_is_missing_or_too_large_is_refused(file: Write) -> None:
    with pytest.raises(ImportRefused, match="no such file"):
        open_traces(file("").with_name("absent.xes"), Limits())
    with pytest.raises(ImportRefused, match="at most 5 are allowed"):
        open_traces(file("<log></log>"), Limits(file_bytes_max=5))


def test_what_unpacks_to_more_than_allowed_is_refused(file: Write) -> None:
    path = file(gzip.compress(b"<log>" + b" " * 100_000))
    limits = Limits(file_bytes_max=50_000)
    with open_traces(path, limits) as opened, pytest.raises(ImportRefused, match="unpacked more than 50000 bytes"):
        survey_traces(path, opened, limits)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_log_is_looked_over_and_gone_back_to_its_start(file: Write, pack: Callable[[bytes], bytes]) -> None:
    content = b"<log>" + b"<trace></trace>" * 30_000 + b"</log>"
    path = file(pack(content))
    with open_traces(path, Limits()) as opened:
        seen = survey_traces(path, opened, Limits())
        assert (seen.sha256, seen.rows) == (sha256(path.read_bytes()).digest(), 30_000)
        assert opened.read() == content


def test_attributes_of_the_trace_and_of_its_events() -> None:
    found = trace_of(
        "<trace><string key='a' value='é&amp;'/><list key='l'><string key='in' value='x'/></list>"
        "<event><date key='t' value='1'><int key='m' value='2'/></date></event><event/></trace>".encode()
    )
    assert found.attributes == {"a": "é&"}
    assert found.events == ({"t": "1"}, {})


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"<trace><event></trace>", "xml-malformed"),
        (b"<trace>&bomb;</trace>", "xml-malformed"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><trace/>", "xml-malformed"),
        (b"<trace>\xff</trace>", "xml-malformed"),
        (b"<trace><int key='a' value='1'/><int key='a' value='2'/></trace>", "value-twice:attribute"),
        (b"<trace>" + b"<event/>" * (EVENTS_MAX + 1) + b"</trace>", "too-many-values:event"),
        (b"<trace>" + b"<list>" * DEPTH_MAX + b"</list>" * DEPTH_MAX + b"</trace>", "too-many-values:depth"),
    ],
)
def test_what_is_no_trace_says_why(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        trace_of(raw)
    assert [str(found) for found in unreadable.value.reasons] == [reason]
