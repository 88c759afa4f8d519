import bz2
import gzip
import lzma

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.log_checks.text import check_text, check_utf8, numbered_lines

TEXT = "user_id:token\titem_id:token\nu0\t中文\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gbk"])
def test_text_in_the_encoding_named(tmp_path, encoding):
    (tmp_path / "log").write_text(TEXT, encoding=encoding)
    check_text(tmp_path / "log", encoding)
    assert list(numbered_lines(tmp_path / "log", encoding))[1] == (2, "u0\t中文")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TEXT.encode("utf-8-sig"), "line 1: begins with a byte order mark; set encoding: utf-8-sig"),
        (TEXT.encode("utf-16"), "line 1: is UTF-16; set encoding: utf-16"),
        (TEXT.encode("utf-32"), "line 1: is UTF-32; set encoding: utf-32"),
        (TEXT.encode("utf-16-le"), "line 1: holds a NUL byte, so it is no utf-8 text; set encoding"),
        (gzip.compress(TEXT.encode()), r"line 1: is compressed \(gzip\); unpack it first"),
        (bz2.compress(TEXT.encode()), r"line 1: is compressed \(bzip2\); unpack it first"),
        (lzma.compress(TEXT.encode()), r"line 1: is compressed \(xz\); unpack it first"),
        (b"\x28\xb5\x2f\xfd...", r"line 1: is compressed \(zstd\); unpack it first"),
        (b"7z\xbc\xaf\x27\x1c", r"line 1: is an archive \(7z\); unpack it first"),
        (b"\xd0\xcf\x11\xe0...", r"line 1: is a spreadsheet \(xls\); export it first"),
        (b"PK\x03\x04...", "line 1: is a zip archive"),
        (b"a\tb\nc\t\0\n", "line 2: holds a NUL byte"),
    ],
)
def test_something_else_than_text(tmp_path, content, message):
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(DataError, match=message):
        check_text(tmp_path / "log", "utf-8")


def test_the_line_that_is_in_another_encoding_is_named(tmp_path):
    (tmp_path / "log").write_bytes(b"a\tb\n\nc\td\n" + "e\t中\n".encode("gbk"))
    with pytest.raises(DataError, match="line 4: is no utf-8 text; set encoding to the file's, such as gbk"):
        list(numbered_lines(tmp_path / "log", "utf-8"))


def test_an_encoding_that_python_does_not_know(tmp_path):
    (tmp_path / "log").write_text(TEXT)
    with pytest.raises(DataError, match="encoding: found 'utf8x'"):
        check_text(tmp_path / "log", "utf8x")
    with pytest.raises(DataError, match="encoding: found 'base64'; accepted: an encoding of text"):
        check_text(tmp_path / "log", "base64")


def test_utf_16_that_is_asked_for_and_is_not_there(tmp_path):
    (tmp_path / "log").write_text(TEXT)
    with pytest.raises(DataError, match="line 1: is no utf-16 text; set encoding to the file's"):
        list(numbered_lines(tmp_path / "log", "utf-16"))


def test_a_file_that_no_setting_makes_another_encoding_of(tmp_path):
    path = tmp_path / "log"
    path.write_text(TEXT, encoding="utf-8-sig")
    check_utf8(path)
    for content, said in (
        (TEXT.encode("utf-16"), "line 1: is UTF-16; save it as UTF-8"),
        ("a\né\n".encode("latin-1"), "line 2: is no UTF-8 text; save it as UTF-8"),
        (b"a\n\0\n", "line 2: holds a NUL byte, which no text has; mend the line"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"^{path}, {said}\.$"):
            check_utf8(path)
