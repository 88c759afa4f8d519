"""From a raw file to a run at the first attempt: the yaml beside the files is found, and the loader reads what was written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from recbole_lsrec.cli import cli
from recbole_lsrec.config import Config
from recbole_lsrec.errors import DataError
from recbole_lsrec.prepare.command import Options, prepare
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_log
from recbole_lsrec.run_files import read_instances
from tests.real_data import REAL_DATA, needs_real_data

ROWS = [f"{user:03d},{item:04d},{1577836800123 + 60_000 * (100 * user + place)},c{item % 4},view\n"
        for user in range(12) for place, item in enumerate(range(user, user + 8))]  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop.csv").write_text("user,item,time,category,event\n" + "".join(ROWS))
    arguments = [
        "prepare",
        "csv",
        "--raw",
        str(tmp_path / "shop.csv"),
        "--out",
        str(tmp_path / "data"),
        "--name",
        "shop",
    ]
    found = CliRunner().invoke(cli, arguments, obj=arguments, catch_exceptions=False)
    assert found.exit_code == 0
    return tmp_path, found.output


def test_the_command_tells_what_it_chose_and_what_comes_next(shop):
    folder, output = shop
    assert "user: user (guessed)" in output
    assert "times: unix milliseconds" in output
    assert "96 events of 12 users and 19 items in 4 categories" in output
    assert f"--model=SLSRec --dataset=shop --data_path={folder / 'data'}" in output


def test_the_yaml_beside_the_files_is_found_and_the_command_line_comes_above_it(shop):
    folder, _ = shop
    settings = {"data_path": str(folder / "data")}
    config = Config("SLSRec", "shop", config_dict=settings)
    assert config["CATEGORY_FIELD"] == "category_id"
    assert config["timestamp_unit"] == "ms"
    assert config["load_col"] == {
        "inter": ["user_id", "item_id", "timestamp", "event_type"],
        "item": ["item_id", "category_id"],
    }
    assert Config("SLSRec", "shop", config_dict=settings, command_line=["--timestamp_unit=s"])["timestamp_unit"] == "s"


def test_the_log_loads_as_it_was_prepared(shop):
    folder, _ = shop
    log = load_log(Config("SLSRec", "shop", config_dict={"data_path": str(folder / "data")}))
    assert (log.user_num - 1, log.item_num - 1, len(log)) == (12, 19, 96)
    assert log.id2token("user_id", [1, 12]).tolist() == ["000", "011"]
    assert log.time[:2].tolist() == [1577836800, 1577836860]


def test_a_yaml_of_the_package_stays_below(tmp_path):
    (tmp_path / "UserBehavior.csv").write_text("1,2268318,2520377,pv,1511544070\n1,2333346,2520771,pv,1511561733\n")
    arguments = ["prepare", "taobao", "--raw", str(tmp_path), "--out", str(tmp_path / "data")]
    assert CliRunner().invoke(cli, arguments, obj=arguments, catch_exceptions=False).exit_code == 0
    config = Config("CLSR", "taobao", config_dict={"data_path": str(tmp_path / "data")})
    assert config["CATEGORY_FIELD"] == "category_id"
    assert config["load_col"]["item"] == ["item_id", "category_id"]
    assert config["eval_protocols"] == {"valid": ["pop4"], "test": ["pop99"]}  # the paper's, of properties/dataset
    assert config["session_threshold"] == 5400


def test_what_a_recipe_has_filtered_is_not_filtered_again(tmp_path):
    lines = [f"{u},{i},{i % 3},pv,{1511544070 + 50_000 * i + u}" for u in range(12) for i in range(14)]
    (tmp_path / "UserBehavior.csv").write_text("\n".join(lines) + "\n")
    given = [
        "--raw",
        str(tmp_path),
        "--out",
        str(tmp_path / "data"),
        "--recipe",
        "clsr",
        "--name",
        "taobao",
        "--sample-users=1",
    ]
    arguments = ["prepare", "taobao", *given]
    assert CliRunner().invoke(cli, arguments, obj=arguments, catch_exceptions=False).exit_code == 0
    config = Config("CLSR", "taobao", config_dict={"data_path": str(tmp_path / "data")})
    assert config["user_inter_num_interval"] == config["item_inter_num_interval"] == "[0,inf)"
    assert config["rm_ambiguous_items"] is False


def test_an_unknown_source_is_answered_with_the_near_one():
    found = CliRunner().invoke(cli, ["prepare", "movielense"], obj=[])
    assert "found 'movielense'. Did you mean 'movielens'?" in str(found.exception)


@needs_real_data
def test_the_head_of_the_cosmetics_log(tmp_path):
    raw = Path(str(REAL_DATA)) / "raw/rees46_2020-Jan_head999.csv"
    arguments = ["prepare", "cosmetics", "--raw", str(raw), "--out", str(tmp_path), "--name", "head"]
    found = CliRunner().invoke(cli, arguments, obj=arguments, catch_exceptions=False)
    assert found.exit_code == 0
    lines = (Path(tmp_path) / "head/head.inter").read_text().splitlines()[1:]
    kept = [row.split(",") for row in raw.read_text().splitlines()[1:] if row.split(",")[1] != "remove_from_cart"]
    assert len(lines) == len(kept)
    assert {line.split("\t")[0] for line in lines} == {row[7] for row in kept}
    assert {line.split("\t")[1] for line in lines} == {row[2] for row in kept}


def test_dates_with_zones_leading_zeros_and_words_like_na_run_at_the_first_attempt(tmp_path):
    users = ["007", "7", "NA", "null", "nan", "None", "00", "0", "n/a", "N"]
    rows = [
        f"{user},{item:04d},2020-01-{1 + place // 4:02d}T{10 + place % 4:02d}:{n:02d}:00+05:30,c{item % 3}\n"
        for n, user in enumerate(users)
        for place, item in enumerate(range(n, n + 12))
    ]
    (tmp_path / "shop.csv").write_text("user_id,item_id,time,category\n" + "".join(rows))
    arguments = [
        "prepare",
        "csv",
        "--raw",
        str(tmp_path / "shop.csv"),
        "--out",
        str(tmp_path / "data"),
        "--name",
        "shop",
    ]
    assert CliRunner().invoke(cli, arguments, obj=arguments, catch_exceptions=False).exit_code == 0
    settings = {
        "data_path": str(tmp_path / "data"),
        "run_dir": str(tmp_path / "runs"),
        "train_steps": 2,
        "show_progress": False,
    }
    result = run_recbole_lsrec("SLSRec", "shop", config_dict=settings)
    assert 0 <= result["test_result"]["ndcg@10"] <= 1
    instances = read_instances(next((tmp_path / "runs").glob("SLSRec-*")))
    assert set(instances["user_id"]) == set(users)


@pytest.mark.parametrize("option", ["--keep-events", "--user-features", "--item-features"])
def test_a_list_without_words_is_not_ignored(option):
    found = CliRunner().invoke(cli, ["prepare", "csv", option, ","], obj=[])
    assert f"{option}: found ','; accepted: words separated by commas" in str(found.exception)


def test_items_of_users_with_one_event_are_no_negatives_of_popularity(prepared):
    """Nothing of them trains, so popN draws none of them: 59 users of 25 items leave some 24, not 99."""
    lone = [f"lone{n},own{n},{1577836800 + n}\n" for n in range(300)]
    rows = [
        f"u{user},i{(user + 7 * place) % 25},{1577840000 + 100 * place + user}\n"
        for user in range(59)
        for place in range(6)
    ]
    _, _, meta = prepared("csv", {"log.csv": "user,item,time\n" + "".join(lone + rows)})
    assert meta["suggested"]["negatives"] == 19


def test_an_item_first_seen_in_the_second_of_a_target_is_not_before_it(prepared):
    rows = [f"u{user},i{user}{place},{1577836800000 + 10 * place}\n" for user in range(30) for place in range(5)]
    _, _, meta = prepared("csv", {"log.csv": "user,item,time\n" + "".join(rows)})
    assert meta["suggested"]["negatives"] == 1


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "Asia/Kolkata"])
def test_days_are_whole_in_every_zone(prepared, zone):
    rows = [f"u{user},i{day % 7},2020-01-{1 + day:02d}\n" for user in range(20) for day in range(10)]
    _, _, meta = prepared("csv", {"log.csv": "user,item,time\n" + "".join(rows)}, tz=zone)
    assert (meta["times"]["resolution_seconds"], meta["suggested"]["session_threshold"]) == (86400, 43200)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": "user"}, "^columns: found 'user'; accepted: a dict of columns by user, item,"),
        ({"columns": {"usr": "user"}}, "^columns: found {'usr': 'user'}"),
        ({"item_features": "price:float"}, "^item_features: found 'price:float'; accepted: a list of texts"),
        ({"user_features": None}, "^user_features: found None"),
        ({"keep_events": (1,)}, r"^keep_events: found \(1,\)"),
        ({"separator": 5}, "^separator: found 5; accepted: a text, or None"),
        ({"encoding": []}, r"^encoding: found \[\]"),
        ({"tz": 8}, "^tz: found 8"),
        ({"time_format": 5}, "^time_format: found 5"),
        ({"overwrite": "no"}, "^overwrite: found 'no'; accepted: True or False"),
        ({"recipe": ["clsr"]}, r"^recipe: found \['clsr'\]"),
        ({"k_core": "3"}, "^k_core: found '3'"),
        ({"seed": None}, "^seed: found None; accepted: a whole number"),
        ({"sample_users": "half"}, "^sample_users: found 'half'"),
        ({"max_refused": None}, "^max_refused: found None"),
        ({"recipe": "nosuch"}, "^recipe: found 'nosuch'; accepted: one of none,"),
        ({"k_core": 0}, "^k_core: found 0; accepted: a whole number greater than 0"),
        ({"sample_users": 2}, "^sample_users: found 2; accepted: a share above 0 and at most 1"),
        ({"max_refused": -1}, "^max_refused: found -1; accepted: a share from 0 to 1"),
    ],
)
def test_options_that_the_command_line_refuses_are_refused_in_python_too(options, message):
    with pytest.raises(DataError, match=message):
        Options(**options)


def test_paths_may_be_texts_and_columns_numbers(tmp_path):
    (tmp_path / "log.csv").write_text("a,x,1577836800\nb,x,1577836801\n")
    options = Options(columns={"user": 1, "item": 2, "time": 3})
    meta = prepare("csv", [str(tmp_path / "log.csv")], str(tmp_path / "data"), "log", options)
    assert meta["statistics"]["users"] == 2
    for source, raw, message in (
        ("cvs", [], "^source: found 'cvs'; accepted: csv, "),
        ("csv", "log.csv", "a list of files"),
    ):
        with pytest.raises(DataError, match=message):
            prepare(source, raw, tmp_path, "log", Options())
    for given, message in (
        (([None], tmp_path, "log", options), r"^--raw: found \[None\]; accepted: a list of files"),
        ((["log.csv"], None, "log", options), "^--out: found None; accepted: the path of a folder"),
        ((["log.csv"], tmp_path, ["log"], options), r"^--name: found \['log'\]; accepted: the name of a folder"),
        *(((["log.csv"], tmp_path, no, options), "^--name: found ") for no in ("a\\b", "a\nb", "a" * 201)),
        ((["log.csv"], tmp_path, "log", {}), "^options: found {}; accepted: Options of "),
    ):
        with pytest.raises(DataError, match=message):
            prepare("csv", *given)
