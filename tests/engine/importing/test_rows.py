import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.importing.rows import Limits, Row, RowReader
from engine.importing.verdict import ImportRefused

SMALL = Limits(row_bytes_max=200)
HEADER = b"a,b,c\n"


def read(content: bytes, limits: Limits = SMALL) -> list[Row]:
    return list(RowReader(io.BytesIO(content), delimiter=",", limits=limits))


def seen(content: bytes) -> list[tuple[list[str], str | None]]:
    return [(row.fields, row.problem) if row.problem is None else ([], row.problem) for row in read(content)]


def test_rows_are_numbered_without_the_header_and_know_their_line() -> None:
    rows = read(HEADER + b'1,"two\nlines",3\n4,5,6\n')
    assert [(row.number, row.line, row.fields) for row in rows] == [
        (1, 2, ["1", "two\nlines", "3"]),
        (2, 4, ["4", "5", "6"]),
    ]


def test_empty_lines_are_no_rows() -> None:
    assert seen(HEADER + b"\n1,2,3\r\n\r\n\n4,5,6") == [(["1", "2", "3"], None), (["4", "5", "6"], None)]


def test_a_row_that_is_cut_off_at_the_end_of_the_file() -> None:
    assert seen(HEADER + b"1,2,3\n4,5") == [(["1", "2", "3"], None), ([], "row-cut")]


def test_a_row_of_several_lines_that_is_cut_off_is_one_row() -> None:
    assert seen(HEADER + b'1,2,3\n4,"a long\nstory, and') == [(["1", "2", "3"], None), ([], "row-cut")]


def test_a_row_with_too_few_or_too_many_fields() -> None:
    assert seen(HEADER + b"1,2\n1,2,3,4\n") == [([], "too-few-fields"), ([], "too-many-fields")]


def test_a_stray_quote_takes_only_its_own_line_along() -> None:
    content = HEADER + b'1,"2,3\n4,5,6\n7,8,9\n'
    assert seen(content) == [([], "quote-unbalanced"), (["4", "5", "6"], None), (["7", "8", "9"], None)]
    assert [row.line for row in read(content)] == [2, 3, 4]


def test_two_stray_quotes_give_a_wrong_number_of_fields_away() -> None:
    content = HEADER + b'1,"2,3\n4,5,6\n7,8",9,0\n10,11,12\n'
    assert seen(content) == [
        ([], "quote-unbalanced"),
        (["4", "5", "6"], None),
        ([], "too-many-fields"),
        (["10", "11", "12"], None),
    ]


def test_text_behind_a_closing_quote() -> None:
    assert seen(HEADER + b'1,"a"b,3\n4,5,6\n') == [([], "quote-unbalanced"), (["4", "5", "6"], None)]


def test_a_row_beyond_the_limit_is_skipped_to_its_end() -> None:
    rows = read(HEADER + b"1,2," + b"x" * 5000 + b"\n4,5,6\n")
    assert [row.problem for row in rows] == ["row-too-long", None]
    assert len(rows[0].raw[0]) == SMALL.row_bytes_max + 1
    assert rows[1].line == 3


def test_a_quoted_row_beyond_the_limit_without_whole_rows_in_it_is_one_row() -> None:
    assert seen(HEADER + b'1,2,"' + b"x\n" * 120 + b'"\n4,5,6\n')[0] == ([], "row-too-long")


def test_a_field_beyond_the_parsers_limit() -> None:
    assert seen_large(b"1,2," + b"x" * 200_000) == ["field-too-long"]


def seen_large(row: bytes) -> list[str | None]:
    return [row.problem for row in read(HEADER + row + b"\n", Limits())]


def test_line_ends_of_old_machines_in_a_row() -> None:
    assert seen(HEADER + b"1,2,3\r4,5,6\r\n7,8,9\n") == [([], "line-end-unknown"), (["7", "8", "9"], None)]


def test_latin_1_and_utf_8_in_one_file() -> None:
    rows = read(HEADER + "ä,1,1\n".encode() + "ö,1,1\n".encode("latin-1") + b"\x93x\x94,\x81,1\n")
    assert [(row.fields[0], row.fallback) for row in rows] == [("ä", False), ("ö", True), ("\x93x\x94", True)]
    assert read(HEADER + b"\x93x\x94,1,1\n")[0].fields[0] == "“x”"


@pytest.mark.parametrize("content", [b"", b"\n\n", b'"a,b\n', b",,\n", b"a,b\rc,d\r", b"x" * 300])
def test_a_file_without_a_header_is_refused(content: bytes) -> None:
    with pytest.raises(ImportRefused) as refused:
        read(content)
    assert refused.value.code in {"import.file-empty", "import.header-unreadable"}


ODD = st.sampled_from([b'"', b",", b"\n", b"\r\n", b"\r", b"\0", b"\xff", b"\xc3", b"a", b"1,2,3\n", b'"x\n"', b" "])


@given(st.lists(ODD | st.binary(max_size=20), max_size=60).map(b"".join))
@example(b'1,"2\n3,4,5\n')
@example(b'"\n"\n"\n')
@example(b'1,2,3\n"""\n","",\n')
def test_whatever_the_bytes_are_every_line_is_in_exactly_one_row(content: bytes) -> None:
    rows = read(HEADER + content, Limits(row_bytes_max=2000))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert b"".join(_not_empty([line for row in rows for line in row.raw])) == b"".join(
        _not_empty(io.BytesIO(content).readlines())
    )
    for row in rows:
        assert row.problem is not None or len(row.fields) == 3


def _not_empty(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if line.strip(b"\r\n")]
