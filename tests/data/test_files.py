"""The files of a data set."""

from recbole_lsrec.config import Config
from recbole_lsrec.data.files import files_of


def test_a_name_with_the_letters_of_a_pattern_is_a_name(tmp_path):
    folder = tmp_path / "log[1]*"
    folder.mkdir()
    for name in ("log[1]*.inter", "log[1]*.item", "log1.inter"):
        (folder / name).write_text("user_id:token\titem_id:token\ttimestamp:float\n")
    found = files_of(Config("GRU4Rec", "log[1]*", config_dict={"data_path": str(tmp_path)}))
    assert [path.name for path in found] == ["log[1]*.inter", "log[1]*.item"]


def test_pre_split_files_of_such_a_name_are_found(tmp_path):
    (tmp_path / "a**b").mkdir()
    (tmp_path / "a**b" / "a**b.train.inter").touch()
    config = Config("GRU4Rec", "a**b", config_dict={"data_path": str(tmp_path)})
    assert config["data_path"] == str(tmp_path / "a**b")
