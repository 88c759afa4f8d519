"""Text files: encodings and separators."""

import pytest

from recbole_lsrec.errors import DataError

HEAD = "user_id,item_id,timestamp\n"


@pytest.mark.parametrize("encoding", ["foo", "", "base64", "undefined", "punycode", "idna"])
def test_an_encoding_that_is_none_of_texts(prepared, encoding):
    with pytest.raises(DataError, match=f"--encoding: found '{encoding}'; accepted: an encoding of text"):
        prepared("csv", {"log.csv": HEAD + "a,1,1577836800\n"}, encoding=encoding)


def test_utf_16_without_its_mark(prepared):
    text = HEAD + "a,1,1577836800\n"
    events, _, meta = prepared("csv", {"log.csv": text.encode("utf-16-le")}, encoding="utf-16-le")
    assert events == ["a|1|1577836800"]
    assert meta["account"]["files"][0]["inside_quotes"] == 0


def test_utf_16_without_its_mark_that_is_not_named(prepared):
    raw = (HEAD + "a,1,1577836800\n").encode("utf-16-le")
    with pytest.raises(
        DataError, match=r"log\.csv, line 1: holds NUL bytes, so it is no utf-8; .* --encoding utf-16-le\.$"
    ):
        prepared("csv", {"log.csv": raw})


def test_a_separator_of_several_bytes_in_utf_16(prepared):
    text = HEAD + "a,1,1577836800\n"
    with pytest.raises(
        DataError, match=r"log\.dat: is utf-16 and has a separator of several bytes, '::'; save it as UTF-8"
    ):
        prepared("csv", {"log.dat": text.replace(",", "::").encode("utf-16")}, name="wide")


def test_a_wrong_encoding_does_not_print_the_file(prepared):
    raw = (HEAD + "a,1,1577836800\n" * 1000).encode("utf-16-le")
    with pytest.raises(DataError, match=r"Columns: .{,200}\. Say so with --user NAME"):
        prepared("csv", {"log.csv": raw}, encoding="utf-16-be")


@pytest.mark.parametrize("separator", ["", '"', "\n"])
def test_a_separator_that_is_none(prepared, separator):
    with pytest.raises(DataError, match=r"--separator: found .*; accepted: characters, but no quote or line break"):
        prepared("csv", {"log.csv": HEAD}, separator=separator)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_separator_beyond_ascii(prepared, encoding):
    content = (HEAD + "a,1,1577836800\n").replace(",", "\u00a7").encode(encoding)
    assert prepared("csv", {"log.csv": content}, separator="\u00a7", encoding=encoding)[0] == ["a|1|1577836800"]


def test_blanks_around_a_time_are_none_of_it(prepared):
    assert prepared("csv", {"log.csv": HEAD + "a,1, 1577836800 \n"})[0] == ["a|1|1577836800"]
