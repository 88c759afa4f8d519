"""The files of the simulated log: the same bytes for the same seed, known again, and never put over a real one."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from recbole_lsrec.cli import cli
from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.run_data import load_log
from recbole_lsrec.simulated import generate as module
from recbole_lsrec.simulated.generate import (
    COSMETICS_SHA256,
    SIMULATED_NOTICE,
    Parameters,
    check_name,
    ensure_cosmetics,
    file_sha256,
    is_simulated,
    write_log,
)
from tests.simulated.small import BUNDLED, SMALL, read


def test_the_bundled_log_is_the_frozen_one():
    meta = json.loads((BUNDLED / "cosmetics.meta.json").read_text())
    assert file_sha256(BUNDLED / "cosmetics.inter") == COSMETICS_SHA256["inter"]
    assert file_sha256(BUNDLED / "cosmetics.item") == COSMETICS_SHA256["item"]
    assert meta["sha256"] == COSMETICS_SHA256
    assert meta["simulated"] is True
    assert Parameters().sha256() == COSMETICS_SHA256["parameters"]
    assert meta["parameters"] == Parameters().to_dict()


def test_a_missing_log_is_simulated_again_byte_for_byte(again):
    for name in ("cosmetics.inter", "cosmetics.item", "cosmetics.meta.json"):
        assert (again / name).read_bytes() == (BUNDLED / name).read_bytes()
    pd.testing.assert_frame_equal(
        pd.read_parquet(again / "cosmetics.planted.parquet"), pd.read_parquet(BUNDLED / "cosmetics.planted.parquet")
    )
    assert sorted(path.name for path in again.iterdir()) == [
        "cosmetics.inter",
        "cosmetics.item",
        "cosmetics.meta.json",
        "cosmetics.planted.parquet",
    ]


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    first, second = (write_log(tmp_path / folder, "small", SMALL) for folder in "ab")
    other = write_log(tmp_path / "c", "small", replace(SMALL, seed=4))
    assert first == second
    assert (tmp_path / "a/small.inter").read_bytes() == (tmp_path / "b/small.inter").read_bytes()
    assert all(first["sha256"][part] != other["sha256"][part] for part in first["sha256"])


def test_columns_order_and_categories(tmp_path):
    write_log(tmp_path, "small", SMALL)
    lines = (tmp_path / "small.inter").read_bytes().split(b"\n")
    assert lines[0] == b"user_id:token\titem_id:token\ttimestamp:float\tcategory_id:token\tevent_type:token"
    assert len(lines) == 1 + 900 + 1
    log = read(tmp_path, "small")
    order = log.assign(user=pd.factorize(log["user_id"])[0]).sort_values(["user", "timestamp"], kind="stable").index
    assert (order == np.arange(900)).all()
    assert set(log["event_type"]) == {"view", "cart", "purchase"}
    item = pd.read_csv(tmp_path / "small.item", sep="\t").set_index("item_id:token")["category_id:token"]
    assert len(item) == 60
    assert (log["item_id"].map(item) == log["category_id"]).all()


def test_planted_rows_are_the_rows_of_the_log(tmp_path):
    write_log(tmp_path, "small", SMALL)
    log, planted = read(tmp_path, "small"), pd.read_parquet(tmp_path / "small.planted.parquet")
    columns = ["row", "user_id", "item_id", "timestamp", "long_driven", "long_share", "session", "intent"]
    assert list(planted.columns) == columns
    assert (planted["row"] == np.arange(900)).all()
    for column in ("user_id", "item_id", "timestamp"):
        assert (planted[column] == log[column]).all()
    assert (planted.groupby("user_id")["long_share"].nunique() == 1).all()
    assert (planted.groupby(["user_id", "session"])["intent"].nunique() == 1).all()


def test_bundled_log_is_recognised(tmp_path):
    assert is_simulated(BUNDLED, "cosmetics")
    assert not is_simulated(tmp_path, "cosmetics")
    (tmp_path / "cosmetics.inter").write_bytes((BUNDLED / "cosmetics.inter").read_bytes())
    assert is_simulated(tmp_path, "cosmetics")  # by its hash, without a meta file
    write_log(tmp_path, "small", SMALL)
    assert is_simulated(tmp_path, "small")
    assert "SIMULATED" in SIMULATED_NOTICE
    assert "Kaggle" in SIMULATED_NOTICE


def test_changed_log_is_detected(again, tmp_path):
    for path in again.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "cosmetics.inter").open("a") as file:
        file.write("u1\ti1\t1570000000\tc1\tview\n")
    assert not is_simulated(tmp_path, "cosmetics")
    with pytest.raises(DataError, match=r"cosmetics\.inter: this is not the bundled simulated log.*delete"):
        ensure_cosmetics(tmp_path)


def test_changed_categories_are_detected(again, tmp_path):
    for path in again.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "cosmetics.item").write_text("item_id:token\tcategory_id:token\n")
    with pytest.raises(DataError, match=r"cosmetics\.item: missing or changed"):
        ensure_cosmetics(tmp_path)


def test_a_real_log_in_its_place_is_left_alone(tmp_path):
    inter = tmp_path / "cosmetics.inter"
    inter.write_text("user_id:token\titem_id:token\ttimestamp:float\nu\ti\t1\n")
    assert ensure_cosmetics(tmp_path) == inter
    assert inter.read_text().endswith("u\ti\t1\n")
    assert not is_simulated(tmp_path, "cosmetics")


def test_a_real_log_is_not_simulated_over(tmp_path):
    inter = tmp_path / "mine.inter"
    inter.write_text("user_id:token\titem_id:token\ttimestamp:float\nu\ti\t1\n")
    with pytest.raises(DataError, match=r"simulate: .*mine\.inter is a log that was not simulated"):
        write_log(tmp_path, "mine", SMALL)
    assert inter.read_text().endswith("u\ti\t1\n")


@pytest.mark.parametrize(("folder", "more"), [("cosmetics", []), ("mine", ["--name", "cosmetics"])])
def test_no_other_log_gets_the_name_of_the_bundled_one(tmp_path, monkeypatch, folder, more):
    monkeypatch.chdir(tmp_path)
    small = ["--users=30", "--items=60", "--interactions=900", "--categories=7"]
    with pytest.raises(ConfigError, match="simulate: name: found 'cosmetics' with other parameters"):
        CliRunner().invoke(cli, ["simulate", folder, *more, *small], catch_exceptions=False)
    assert not (tmp_path / folder).exists()
    check_name("cosmetics", Parameters())
    check_name("mine", SMALL)
    for no in ("", "a/b", "a\nb"):  # the folder `.` has the first
        with pytest.raises(ConfigError, match=r"^simulate: name: found"):
            check_name(no, SMALL)


def test_a_real_log_beside_simulated_categories_is_refused(tmp_path):
    (tmp_path / "cosmetics.inter").write_text("user_id:token\titem_id:token\ttimestamp:float\nu\ti\t1\n")
    (tmp_path / "cosmetics.item").write_bytes((BUNDLED / "cosmetics.item").read_bytes())
    with pytest.raises(DataError, match=r"If it is the real log, delete cosmetics\.item"):
        ensure_cosmetics(tmp_path)


def test_broken_meta_file(tmp_path):
    write_log(tmp_path, "small", SMALL)
    (tmp_path / "small.meta.json").write_text("{}")
    with pytest.raises(DataError, match=r"small\.meta\.json: not a meta file"):
        is_simulated(tmp_path, "small")


def test_another_draw_than_the_frozen_one_is_refused_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "Parameters", lambda: SMALL)
    with pytest.raises(DataError, match=r"parameters, inter, item, planted differ from the frozen log.*numpy"):
        ensure_cosmetics(tmp_path)
    assert not (tmp_path / "cosmetics.inter").exists()


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to"):
        write_log(tmp_path / "file" / "folder", "small", SMALL)


def test_a_run_of_a_simulated_log_needs_no_settings(tmp_path):
    write_log(tmp_path / "small", "small", SMALL)
    config = Config("SLSRec", "small", config_dict={"data_path": str(tmp_path)})
    assert load_log(config).item_category.unique().tolist()[:2] == [0, 1]
    assert (config["CATEGORY_FIELD"], config["session_threshold"]) == ("category_id", 1800)
    (tmp_path / "small" / "small.yaml").write_text("session_threshold: 60\n")
    write_log(tmp_path / "small", "small", replace(SMALL, seed=4))
    assert (tmp_path / "small" / "small.yaml").read_text() == "session_threshold: 60\n"  # the user's own


def test_the_command_takes_any_parameter_and_says_what_is_none(tmp_path):
    small = ["--users=30", "--items=20", "--interactions", "400", "--categories=4", "--long-mean=0.5", "--seed=3"]
    found = CliRunner().invoke(cli, ["simulate", str(tmp_path / "tiny"), *small], catch_exceptions=False)
    assert found.exit_code == 0
    meta = json.loads((tmp_path / "tiny/tiny.meta.json").read_text())
    assert (meta["statistics"]["users"], meta["statistics"]["interactions"]) == (30, 400)
    assert meta["parameters"]["long_mean"] == 0.5
    with pytest.raises(ConfigError, match=r"found --user\. Did you mean 'users'"):
        Parameters.from_settings({"user": "3"})
    with pytest.raises(ConfigError, match="users: found 'many'; accepted: a whole number, such as 2515"):
        Parameters.from_settings({"users": "many"})
    assert Parameters.from_settings({"day_rhythm": "1,1,1,1,1,2,2"}).day_rhythm == (1, 1, 1, 1, 1, 2, 2)
