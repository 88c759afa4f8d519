"""The simulated log: exact totals, same bytes for the same seed, the shape of real logs, and its planted truth."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulated_checks import counting_rankers, marginals, sort_log
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
from recbole_lsrec.simulated.story import build_catalogue, session_sizes, simulate

BUNDLED = Path(__file__).parents[2] / "atomic_data" / "cosmetics"
SMALL = Parameters(users=30, items=60, interactions=900, categories=7, seed=3)


def read(folder: Path, name: str) -> pd.DataFrame:
    log = pd.read_csv(folder / f"{name}.inter", sep="\t")
    return log.rename(columns=lambda column: column.split(":")[0])


@pytest.fixture(scope="module")
def cosmetics() -> pd.DataFrame:
    ensure_cosmetics(BUNDLED)
    return read(BUNDLED, "cosmetics")


@pytest.fixture(scope="module")
def planted() -> pd.DataFrame:
    ensure_cosmetics(BUNDLED)
    return pd.read_parquet(BUNDLED / "cosmetics.planted.parquet")


@pytest.fixture(scope="module")
def again(tmp_path_factory) -> Path:
    """The bundled log, simulated once more (about 3 s)."""
    folder = tmp_path_factory.mktemp("cosmetics")
    ensure_cosmetics(folder)
    return folder


# the same numbers everywhere


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


# drift


def kept_categories(drift: float) -> float:
    """Share of the taste-driven events of a user's second half that are in a category of those of the first."""
    p = replace(SMALL, users=60, interactions=3600, categories=20, drift=drift)
    category = build_catalogue(p).category
    shares = []
    for log in simulate(p):
        taste, half = category[log.item[log.long_driven == 1]], (log.long_driven == 1).sum() // 2
        shares.append(np.isin(taste[half:], taste[:half]).mean() if half else 1.0)
    return float(np.mean(shares))


def test_tastes_change_with_drift_alone():
    still, drifting = kept_categories(0.0), kept_categories(1.0)
    assert still > 0.85 > 0.8 > drifting


def test_without_drift_the_parameters_are_those_of_older_logs():
    assert "drift" not in Parameters().to_dict()
    assert Parameters(drift=0.5).to_dict()["drift"] == 0.5
    with pytest.raises(ConfigError, match=r"drift=1.5; accepted: a share from 0 to 1"):
        Parameters(drift=1.5)


# totals


def test_totals_of_table_1(cosmetics):
    assert cosmetics["user_id"].nunique() == 2515
    assert cosmetics["item_id"].nunique() == 5288
    assert len(cosmetics) == 109580
    assert cosmetics["category_id"].nunique() == 309
    assert cosmetics["user_id"].value_counts().min() >= 5
    assert cosmetics["item_id"].value_counts().min() >= 5


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 20), st.integers(1, 20), st.integers(0, 60), st.integers(0, 99))
def test_totals_are_exact_for_any_size(users, items, categories, spare, seed):
    categories = min(categories, items)
    p = Parameters(
        users=users, items=items, categories=categories, interactions=5 * max(users, items) + spare, seed=seed
    )
    logs = list(simulate(p))
    item = np.concatenate([log.item for log in logs])
    assert [log.user for log in logs] == list(range(users))
    assert len(item) == p.interactions
    assert min(len(log.item) for log in logs) >= 5
    assert np.bincount(item, minlength=items).min() >= 5
    for log in logs:
        assert (np.diff(log.timestamp) >= 0).all()
        assert p.period_start <= log.timestamp[0]
        assert log.timestamp[-1] < p.period_start + 86400 * p.period_days
        assert set(np.diff(log.session)) <= {0, 1}
        assert log.session[0] == 1


def test_totals_force_next_to_nothing():
    statistics = json.loads((BUNDLED / "cosmetics.meta.json").read_text())["statistics"]
    assert statistics["events_forced_by_the_totals"] < 20


@given(st.integers(1, 400), st.integers(0, 99))
def test_session_sizes_are_positive_and_add_up(n, seed):
    sizes = session_sizes(np.random.default_rng(seed), Parameters(), n)
    assert sizes.sum() == n
    assert sizes.min() >= 1


# files


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


def test_intent_driven_events_stay_with_the_intent(cosmetics, planted):
    short = planted["long_driven"].to_numpy() == 0
    stays = (cosmetics["category_id"] == planted["intent"])[short]
    assert (~stays).sum() < 20  # only events forced by the totals


# the bundled log and its like in a folder


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interactions": 299}, "interactions=299 is too few.*give at least 300"),
        ({"users": 181}, "interactions=900 is too few.*give at least 905"),
        ({"categories": 61}, "categories=61 exceeds items=60"),
        ({"users": 0}, "users=0; accepted: a whole number from 1 up"),
        ({"items": 60.5}, r"items=60\.5; accepted: a whole number"),
        ({"seed": -1}, "seed=-1; accepted: 0 or more"),
        ({"long_mean": 1.0}, r"long_mean=1\.0; accepted: a share strictly between"),
        ({"short_repeat": 1.5}, r"short_repeat=1\.5; accepted: a share"),
        ({"session_mean": 0.5}, r"session_mean=0\.5; accepted: a mean of counts"),
        ({"day_rhythm": (1.0,)}, "day_rhythm=.*accepted: 7 numbers"),
        ({"purchase_long": 0.6}, "together exceed 1"),
    ],
)
def test_impossible_parameters(changes, message):
    with pytest.raises(ConfigError, match=message):
        replace(SMALL, **changes)


def test_events_that_do_not_fit_into_the_period():
    with pytest.raises(DataError, match="do not fit into period_days=1"):
        list(simulate(replace(SMALL, users=1, interactions=5000, period_days=1)))


# the shape of real logs; real values in docs/simulated_cosmetics.md


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("mean length", 43.57, 43.58),
        ("median length", 9, 38),
        ("longest", 800, 5000),
        ("events per session", 2.4, 6.2),
        ("users with one session", 0.0, 0.1),
        ("gaps within sessions, median s", 15, 130),
        ("of these above 20 minutes", 0.002, 0.07),
        ("breaks, median h", 2.9, 130),
        ("top 10 % of items", 0.27, 0.61),
        ("Gini of items", 0.31, 0.7),
        ("that repeat one of the session", 0.17, 0.32),
        ("same item as previous", 0.13, 0.21),
        ("top category", 0.05, 0.13),
        ("same category as previous, in session", 0.36, 0.65),
        ("same category as previous, over a break", 0.08, 0.34),
    ],
)
def test_marginals_lie_within_what_real_logs_show(cosmetics, name, low, high):
    assert low <= marginals(sort_log(cosmetics))[name] <= high


def test_threshold_finds_most_planted_sessions_but_not_exactly(cosmetics, planted):
    gap = np.diff(cosmetics["timestamp"])
    follows = np.diff(pd.factorize(cosmetics["user_id"])[0]) == 0
    cut, planted_cut = (gap > 1800)[follows], (np.diff(planted["session"]) != 0)[follows]
    assert 0.98 < (cut == planted_cut).mean() < 1


def test_night_is_quiet_and_items_appear_over_time(cosmetics):
    hour = cosmetics["timestamp"] // 3600 % 24
    assert (hour == 3).mean() < 0.3 * (hour == 19).mean()
    first = cosmetics.groupby("item_id")["timestamp"].min() - Parameters().period_start
    assert (first > 60 * 86400).mean() > 0.1


def test_purchases_are_rather_taste_driven(cosmetics, planted):
    purchase = (cosmetics["event_type"] == "purchase").to_numpy()
    long = planted["long_driven"].to_numpy() == 1
    assert purchase[long].mean() > 1.5 * purchase[~long].mean()


def test_share_of_taste_driven_events(planted):
    by_user = planted.groupby("user_id").agg(share=("long_share", "first"), found=("long_driven", "mean"))
    assert 0.33 < planted["long_driven"].mean() < 0.37
    assert by_user.corr().iloc[0, 1] > 0.75


# the planted truth can be found by counting


def test_each_cause_is_best_predicted_from_its_own_part_of_the_history(cosmetics, planted):
    hit = counting_rankers(cosmetics, planted["long_driven"].to_numpy())
    session, earlier = hit.loc["current session"], hit.loc["earlier sessions"]
    assert session["short-driven"] > 1.5 * earlier["short-driven"]
    assert earlier["long-driven"] > 1.5 * session["long-driven"]
    assert min(session["all"], earlier["all"]) > 3 * hit.loc["popularity", "all"]


# the describing functions themselves


def test_marginals_of_a_log_small_enough_to_count():
    log = pd.DataFrame(
        [
            ("b", "x", 5000, "k"),
            ("a", "x", 0, "k"),
            ("a", "y", 4000, "m"),
            ("a", "x", 100, "k"),
            ("a", "z", 1900, "k"),
        ],
        columns=["user_id", "item_id", "timestamp", "category_id"],
    )
    found = marginals(sort_log(log))
    assert found["mean length"] == 2.5
    assert found["events per session"] == pytest.approx(5 / 3)  # a: x x z | y, b: x
    assert found["users with one session"] == 0.5
    assert found["gaps within sessions, median s"] == 950
    assert found["breaks, median h"] == pytest.approx(2100 / 3600)
    assert found["events that repeat an item"] == pytest.approx(1 / 5)
    assert found["same category as previous, in session"] == 1
    assert found["same category as previous, over a break"] == 0
    assert found["same category by chance"] == pytest.approx(0.8**2 + 0.2**2)
    assert list(log["timestamp"]) == [5000, 0, 4000, 100, 1900]


def test_evenly_popular_items_have_gini_0():
    log = pd.DataFrame({"user_id": 1, "item_id": range(4), "timestamp": range(4), "category_id": None})
    assert marginals(log)["Gini of items"] == pytest.approx(0)
    assert "categories" not in marginals(log)


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
