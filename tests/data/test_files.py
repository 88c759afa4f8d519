"""The files of a data set."""

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.files import files_of
from recbole_lsrec.errors import DataError


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


def test_files_that_are_not_read_are_none_of_it(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    settings = {"data_path": str(tmp_path)}
    for name in ("shop.inter", "shop_backup.inter", "shop.train.inter", "shop-old.item", "shop.user", "shop.yaml"):
        (folder / name).touch()
    assert [path.name for path in files_of(Config("GRU4Rec", "shop", config_dict=settings))] == [
        "shop.inter",
        "shop.user",
    ]
    settings["benchmark_filename"] = ["train", "valid", "test"]
    config = Config("GRU4Rec", "shop", config_dict=settings)
    with pytest.raises(DataError, match=r"/shop: holds no shop\.valid\.inter; put it there"):
        files_of(config)
    for name in ("shop.valid.inter", "shop.test.inter"):
        (folder / name).touch()
    assert [path.name for path in files_of(config)] == [
        "shop.test.inter",
        "shop.train.inter",
        "shop.user",
        "shop.valid.inter",
    ]
