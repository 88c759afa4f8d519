"""In which order files are read, and which beside a log are none of it."""

import zipfile

import pytest

from recbole_lsrec.prepare.command import Options, prepare
from recbole_lsrec.prepare.files import find_files
from tests.prepare.conftest import read

HEAD = "user_id,item_id\n"
NAMES = ["log_10.csv", "log_2.csv", "log_1.csv", "log_02.csv"]
IN_ORDER = ["log_1.csv", "log_2.csv", "log_02.csv", "log_10.csv"]


def test_a_folder_is_read_in_the_order_of_its_numbers_which_is_told(prepared, capsys):
    events, _, meta = prepared("csv", {name: f"{HEAD}a,{name}\n" for name in NAMES}, columns={"time": "order"})
    assert events == ["a|log_1.csv|1", "a|log_2.csv|2", "a|log_02.csv|3", "a|log_10.csv|4"]
    told = f"files, in this order: {', '.join(IN_ORDER)} (4)"
    assert told in capsys.readouterr().out
    assert told in meta["source"]["chosen"]


def test_an_archive_is_read_in_the_order_of_its_numbers_which_is_told(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        for name in NAMES:
            archive.writestr(f"month/{name}", f"{HEAD}a,{name}\n")
    prepare("csv", [tmp_path / "logs.zip"], tmp_path, "log", Options(columns={"time": "order"}))
    assert [line.split("|")[1] for line in read(tmp_path / "log", "log")[0]] == IN_ORDER
    assert f"files, in this order: {', '.join(IN_ORDER)} (4)" in capsys.readouterr().out


def test_one_file_has_no_order(prepared, capsys):
    prepared("csv", {"log.csv": HEAD + "a,x\n"}, columns={"time": "order"})
    assert "in this order" not in capsys.readouterr().out


def test_numbers_count_in_folders_too_and_only_ascii_digits_are_numbers(tmp_path):
    names = ["10/a.csv", "9/b.csv", "9/a\u0662.csv", "9/a\u0661\u0660.csv", f"9/{'7' * 200}.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = [str(raw.path.relative_to(tmp_path)) for raw in find_files([tmp_path])]
    assert found == [f"9/{'7' * 200}.csv", "9/a\u0661\u0660.csv", "9/a\u0662.csv", "9/b.csv", "10/a.csv"]


@pytest.mark.parametrize("name", ["_SUCCESS", "_committed_4711", "_started_4711", "_metadata", "_common_metadata"])
def test_what_spark_puts_beside_a_log_is_no_log(prepared, name):
    files = {"part-0.csv": "user_id,item_id,timestamp\na,x,1577836800\n", name: ""}
    assert prepared("csv", files)[0] == ["a|x|1577836800"]


def test_a_log_may_begin_with_such_a_word(prepared):
    files = {"_started_sessions.csv": "user_id,item_id,timestamp\na,x,1577836800\n", "_SUCCESS": ""}
    assert prepared("csv", files)[0] == ["a|x|1577836800"]
