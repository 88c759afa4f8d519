"""Atomic files: tokens stay as they are, what cannot be read is an error with file, line and column."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recbole.utils import FeatureType

from recbole_lsrec.data.atomic import read_atomic
from recbole_lsrec.errors import DataError

HEADER = "user_id:token\titem_id:token\ttimestamp:float\n"
# Any text without the characters that end a field or a line, and without NUL, which no text file holds.
TEXT = st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


@pytest.fixture
def read(tmp_path):
    def read_(content, **settings):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / "log.inter").write_bytes(content)
        return read_atomic(tmp_path / "log.inter", None, None, **settings)[0]

    return read_


def test_words_that_look_missing_and_numbers_that_look_equal_are_ids(read):
    names = ["007", "7", "NA", "null", "nan", "None", "1e5", "100000", " 7", "7 ", "2053013555631882655", '"', "#N/A"]
    frame = read(HEADER + "".join(f"{name}\t{name}\t1\n" for name in names))
    assert frame["user_id"].tolist() == frame["item_id"].tolist() == names


def test_only_an_empty_field_is_missing(read):
    frame = read(HEADER + "\ta\t1\nb\t\t2\nc\td\t\n")
    assert frame["user_id"].isna().tolist() == [True, False, False]
    assert frame["item_id"].isna().tolist() == [False, True, False]
    assert frame["timestamp"].isna().tolist() == [False, False, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8))
def test_any_text_survives(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("text") / "log.inter"
    path.write_bytes((HEADER + "".join(f"{name}\tx{name}\t1\n" for name in names)).encode())
    frame, _ = read_atomic(path, None, None)
    assert frame["user_id"].tolist() == names
    assert frame["item_id"].tolist() == [f"x{name}" for name in names]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_numbers_are_exact(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("numbers") / "log.inter"
    path.write_text(HEADER + "".join(f"u\ti\t{number!r}\n" for number in numbers))
    assert read_atomic(path, None, None)[0]["timestamp"].tolist() == numbers


@pytest.mark.parametrize("end", ["", ".0"])
def test_whole_nanoseconds_are_exact(read, end):
    times = [1_577_836_800_123_456_789, 1_577_836_800_123_456_790]
    lines = HEADER + "".join(f"u\ti\t{time}{end}\n" for time in times)
    assert read(lines, time_field="timestamp")["timestamp"].tolist() == times
    assert read(lines)["timestamp"].tolist() == [float(times[0])] * 2  # as any column of numbers


def test_a_time_that_is_not_whole_or_missing_leaves_numbers_as_they_are(read):
    for last in ("1577836800123456789.5", ""):
        frame = read(HEADER + f"u\ti\t1577836800123456789\nu\ti\t{last}\n", time_field="timestamp")
        assert frame["timestamp"].dtype == np.float64


def test_columns_and_types(read, tmp_path):
    (tmp_path / "log.item").write_text(
        "item_id:token\ttags:token_seq\temb:float_seq\tprice:float\nx\tred blue\t1 2.5\t3\ny\t\t\t\n"
    )
    frame, types = read_atomic(tmp_path / "log.item", None, {"price"})
    assert types == {"item_id": FeatureType.TOKEN, "tags": FeatureType.TOKEN_SEQ, "emb": FeatureType.FLOAT_SEQ}
    assert [tags.tolist() for tags in frame["tags"]] == [["red", "blue"], []]
    assert [vector.tolist() for vector in frame["emb"]] == [[1.0, 2.5], []]
    assert list(read_atomic(tmp_path / "log.item", {"item_id", "price"}, None)[0]) == ["item_id", "price"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gbk"])
def test_other_encodings_by_name(read, encoding):
    frame = read((HEADER + "u0\t中文\t1\n").encode(encoding), encoding=encoding)
    assert frame["item_id"].tolist() == ["中文"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            (HEADER + "u0\t中\t1\n").encode("gbk"),
            r"log\.inter, line 2: is no utf-8 text; set encoding to the file's, such as gbk",
        ),
        ((HEADER + "u\ti\t1\n").encode("utf-16"), r"log\.inter, line 1: is UTF-16; set encoding: utf-16"),
        (
            (HEADER + "u\ti\t1\n").encode("utf-8-sig"),
            r"log\.inter, line 1: begins with a byte order mark; set encoding",
        ),
        (gzip.compress(HEADER.encode()), r"log\.inter, line 1: is compressed \(gzip\)"),
        (HEADER + "u\ti\t1\nu\ti\0\t2\n", r"log\.inter, line 3: holds a NUL byte"),
        (HEADER + "u\ti\t1\n\nu\ti\n", r"log\.inter, line 4: found 2 columns; the header has 3"),
        (
            HEADER + "u\ti\tNA\n",
            r"line 2: column 'timestamp:float' holds 'NA'; accepted: a number that is finite \(an empty field is missing\)\.$",
        ),
        (
            HEADER + "u\ti\t2020-01-01T00:00\n",
            r"line 2: column 'timestamp:float' .* missing\); `recbole-lsrec prepare csv` makes numbers of written dates\.$",
        ),
        (
            HEADER + "u\ti\t\uff11\uff15\n",
            "line 2: column 'timestamp:float' holds '\uff11\uff15'; accepted: a number",
        ),
        (HEADER + "u\ti\t2020-01-01 00:00:00\n", r"line 2: column 'timestamp:float' holds '2020-01-01 00:00:00'"),
        (HEADER.rstrip("\n"), r"log\.inter: holds only the header; expected a line for each event, user or item"),
        ("", r"log\.inter, line 1: the file is empty; expected a header"),
        ("\n" + HEADER + "u\ti\t1\n", r"log\.inter, line 1: the line is empty; expected a header"),
        ("user_id:token\tuser_id:token\n", "line 1: the column 'user_id' is there twice"),
        (
            "a:token\te:float_seq\nx\t1 2\ny\t0.1,0.2\n",
            r"line 3: column 'e:float_seq' holds '0\.1,0\.2'; accepted: finite numbers separated by ' ' \(seq_separator\)",
        ),
    ],
)
def test_what_cannot_be_read(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_block_of_lines_more_than_fits_at_once(read, monkeypatch):
    monkeypatch.setattr("recbole_lsrec.data.atomic._BLOCK", 64)
    users = [f"u{n * n % 17}" for n in range(200)]
    frame = read(HEADER + "".join(f"{user}\ti{n}\t{n}\n" for n, user in enumerate(users)))
    assert frame["user_id"].tolist() == users
    assert frame["user_id"].cat.categories.tolist() == list(dict.fromkeys(users))  # in order of appearance
    assert frame["timestamp"].tolist() == np.arange(200).tolist()


@pytest.mark.parametrize("value", ["inf", "-inf", "1e400", "nan"])
def test_numbers_are_finite(read, value):
    with pytest.raises(
        DataError, match=rf"line 3: column 'p:float' holds '{value}'; accepted: a number that is finite"
    ):
        read(f"i:token\tp:float\na\t1\nb\t{value}\n")
    with pytest.raises(DataError, match=rf"line 2: column 'p:float_seq' holds '1 {value}'; accepted: finite numbers"):
        read(f"i:token\tp:float_seq\na\t1 {value}\n")
