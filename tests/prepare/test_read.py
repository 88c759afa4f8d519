"""Text files: encodings, separators, quotes."""

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.report import report

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


def test_a_lone_quote_does_not_swallow_rows_in_silence(prepared, tmp_path):
    rows = "".join(f"u,i{n},{1577836800 + n}\n" for n in range(300))
    swallowed = 'u,"5 inch,1577836801\nu,j,1577836802\nu,"k,1577836803\n'
    _, _, meta = prepared("csv", {"log.csv": HEAD + rows + swallowed}, max_refused=0.02)
    assert (meta["account"]["rows_read"], meta["account"]["files"][0]["inside_quotes"]) == (301, 2)
    assert meta["account"]["refused"][0]["reason"] == 'an id holds a line break, as where a lone " joins rows'
    assert "2 line breaks stand inside quoted values" in report(meta, tmp_path, "log")


def test_line_breaks_inside_quotes_are_told(prepared):
    text = 'user,item,time,text\nu,i,1577836800,"two\nlines"\n'
    events, _, meta = prepared("csv", {"log.csv": text})
    assert len(events) == 1
    assert meta["account"]["files"][0]["inside_quotes"] == 1


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ('u,"5 inch,1577836801,t\nu,j,1577836802,t\n', 3),  # too few columns are left
        ('u,j,1577836802,"t\nu,k,1577836803,t\n', 3),  # the last column, which is not even read
        ('u,j,1577836802,"t', 3),
        ('u,"a""b",1577836802,t\nu,k,1577836803,"""t', 4),
    ],
)
def test_a_quote_that_nothing_closes_is_an_error(prepared, rows, row):
    with pytest.raises(
        DataError, match=rf'log\.csv, row {row}: a " opens a value that nothing closes, so that all lines'
    ):
        prepared("csv", {"log.csv": "user,item,time,text\nu,i,1577836800,t\n" + rows}, max_refused=1)


def test_a_backslash_before_a_quote_is_counted(prepared):
    head = "user,item,time\nu,i,1577836800\n"
    odd = 'u,"a\\"b",1577836801\n"u\\"1","c\\"d",1577836802'  # 2 lines, the second with two
    sound = 'u,"a\\",1577836801\nu,5\\"x,1577836802\nu,"6\\"" x",1577836803\n'  # ends so, is in no quotes, is doubled
    events, _, meta = prepared("csv", {"log.csv": head + odd})
    (note,) = [note for note in meta["account"]["notes"] if "inside a value in quotes" in note]
    assert 'log.csv: 2 lines have \\" inside a value' in note
    assert events[1].split("|")[:2] == ["u", 'a\\b"']
    _, _, meta = prepared("csv", {"log.csv": head + sound}, name="sound")
    assert not any("inside a value in quotes" in note for note in meta["account"]["notes"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_quote_that_nothing_closes_is_an_error_in_utf_16_too(prepared, encoding):
    text = 'user,item,time\nu,i,1577836800\nu,"a,1577836801\nu,b,1577836802'
    with pytest.raises(DataError, match=r'log\.csv, row 3: a " opens a value that nothing closes'):
        prepared("csv", {"log.csv": text.encode(encoding)}, encoding=encoding, max_refused=1)
    events, _, _ = prepared("csv", {"log.csv": text.replace('"a', '"a"').encode(encoding)}, encoding=encoding)
    assert [event.split("|")[1] for event in events] == ["i", "a", "b"]


def test_a_quote_inside_a_value_and_a_doubled_one_are_text(prepared):
    rows = 'u,5" tube,1577836800\nu,"6"" tube",1577836801\nu,"7, 8",1577836802'
    assert prepared("csv", {"log.csv": "user,item,time\n" + rows})[0] == [
        'u|5" tube|1577836800', 'u|6" tube|1577836801', "u|7, 8|1577836802"
    ]  # fmt: skip
