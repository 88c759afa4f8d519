"""Splits as the dataset applies them: global time, TS, files of one's own."""

import logging

import numpy as np
import pandas as pd
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import DataError
from tests.stock_recbole import StockConfig, StockDataset

#        user item time

TYPED = "user_id:token\titem_id:token\ttimestamp:float\tevent_type:token"
TYPED_ROWS = [
    ("a", "x", 10, "view"),
    ("a", "y", 20, "buy"),
    ("a", "z", 30, "view"),
    ("a", "x", 40, "buy"),
    ("a", "w", 50, "view"),
    ("b", "x", 15, "view"),
    ("b", "v", 45, "view"),
    ("b", "y", 55, "buy"),
]


def _targets(dataset, rows):
    users = dataset.field2id_token["user_id"][dataset.user[rows]]
    return sorted(zip(users, dataset.time[rows].tolist(), strict=True))


def _gts(**parts):
    return {"split": {"GTS": parts}}


def test_global_time_split_of_a_log(load):
    dataset = load(TYPED_ROWS, header=TYPED, eval_args=_gts(valid=30, test=45, targets="successive"))
    train, valid, test = dataset.build()
    assert [_targets(dataset, view.rows) for view in (train, valid, test)] == [
        [("a", 20)],
        [("a", 30), ("a", 40)],
        [("a", 50), ("b", 45), ("b", 55)],
    ]
    assert [dataset.candidate_limit(phase) for phase in ("train", "valid", "test")] == [None, 30, 45]
    assert test.candidate_limit("test") == 45
    assert dataset.training_events().tolist() == [True, True, False, False, False, False, False, False]


def test_only_by_time_has_a_limit_for_validation(load):
    dataset = load(TYPED_ROWS, header=TYPED, eval_args=_gts(test=45, validation="last_train_item"))
    dataset.build()
    assert [dataset.candidate_limit(phase) for phase in ("valid", "test")] == [None, 45]
    other = load(TYPED_ROWS, header=TYPED)
    other.build()
    assert other.candidate_limit("test") is None


def test_milliseconds_are_split_at_seconds(load):
    rows = [(user, item, time * 1000 + 999) for user, item, time, _ in TYPED_ROWS]
    dataset = load(rows, timestamp_unit="ms", eval_args=_gts(valid=30, test=45, targets="successive"))
    _, _, test = dataset.build()
    assert _targets(dataset, test.rows) == [("a", 50), ("b", 45), ("b", 55)]


def test_event_types_of_targets(load):
    settings = {"header": TYPED, "eval_args": _gts(valid=30, test=45, train_events="buy", target_events=["buy"])}
    dataset = load(TYPED_ROWS, **settings)
    parts = [_targets(dataset, view.rows) for view in dataset.build()]
    assert parts == [[("a", 20)], [("a", 40)], [("b", 55)]]
    history = dataset.windows(dataset.split.test)["item_id_list"]
    assert dataset.field2id_token["item_id"][history.numpy()].tolist() == [["x", "v", "[PAD]"]]  # views are history


def test_unknown_event_types_name_those_there_are(load):
    dataset = load(TYPED_ROWS, header=TYPED, eval_args=_gts(test=45, target_events=["byu"]))
    with pytest.raises(
        DataError, match=r"target_events: found 'byu'; accepted, as in tiny.inter: view, buy. Did you mean 'buy'"
    ):
        dataset.build()
    dataset = load(TYPED_ROWS, header=TYPED, eval_args=_gts(test=45, train_events=["buy"]), load_col=None)
    dataset.build()
    untyped = load([row[:3] for row in TYPED_ROWS], eval_args=_gts(test=45, train_events=["buy"]))
    with pytest.raises(
        DataError, match=r"train_events: found \['buy'\], but tiny.inter has no token column 'event_type'"
    ):
        untyped.build()
    rows = [(*row[:3], 1) for row in TYPED_ROWS]
    numbers = load(
        rows, header=TYPED.replace("event_type:token", "event_type:float"), eval_args=untyped.config["eval_args"]
    )
    with pytest.raises(
        DataError, match=r"train_events: found \['buy'\], but tiny.inter has no token column 'event_type'"
    ):
        numbers.build()


def test_with_targets_all_nothing_after_the_boundary_is_history(load):
    given = {"valid": 30, "test": 45}
    frozen = load(TYPED_ROWS, header=TYPED, eval_args=_gts(**given, targets="all"))
    growing = load(TYPED_ROWS, header=TYPED, eval_args=_gts(**given, targets="successive"))
    for dataset in (frozen, growing):
        dataset.build()
    assert frozen.split.test.tolist() == growing.split.test.tolist() == [4, 6, 7]
    names = frozen.field2id_token["item_id"]
    assert names[frozen.windows(frozen.split.test)["item_id_list"].numpy()].tolist() == [
        ["y", "z", "x"],
        ["x", "[PAD]", "[PAD]"],
        ["x", "[PAD]", "[PAD]"],  # not v, which came after the boundary
    ]
    assert frozen.windows(frozen.split.test)["item_length"].tolist() == [3, 1, 1]
    assert growing.windows(growing.split.test)["item_length"].tolist() == [3, 1, 2]
    assert frozen.split_fingerprint() != growing.split_fingerprint()


def test_random_targets_do_not_depend_on_the_order_of_the_file(load):
    rows = [(f"u{u}", f"i{(3 * u + t) % 11}", 100 * t + u) for u in range(8) for t in range(10)]
    arguments = _gts(valid=400, test=600, targets="random")
    dataset = load(rows, eval_args=arguments)
    other = load(rows[::-1], eval_args=arguments, name="other")
    for phase, (one, two) in enumerate(zip(dataset.build(), other.build(), strict=True)):
        assert _targets(dataset, one.rows) == _targets(other, two.rows), phase
    reseeded = load(rows, eval_args=arguments, candidate_seed=1)
    _, _, test = reseeded.build()
    assert _targets(reseeded, test.rows) != _targets(dataset, dataset.split.test)


@pytest.mark.parametrize("ratios", [[0.8, 0.1, 0.1], [0.5, 0.2, 0.3], [3, 0, 1], [0.9, 0.1, 0]])
def test_time_based_split_equals_recboles(tmp_path, ratios):
    rng = np.random.default_rng(3)
    n = 600
    frame = pd.DataFrame(
        {
            "user_id:token": rng.integers(0, 60, n),
            "item_id:token": rng.integers(0, 40, n),
            "timestamp:float": rng.permutation(5 * n)[:n],  # whole, distinct and small: float32 has them exactly
        }
    )
    (tmp_path / "log").mkdir()
    frame.to_csv(tmp_path / "log" / "log.inter", sep="\t", index=False)
    settings = {
        "data_path": str(tmp_path),
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_neg_sample_args": None,
        "timestamp_unit": "s",
        "eval_args": {"split": {"TS": ratios}, "order": "TO", "group_by": "user", "mode": "full"},
    }
    stock = StockDataset(StockConfig("GRU4Rec", "log", config_dict=dict(settings))).build()
    ours = SessionDataset(Config("GRU4Rec", "log", config_dict=settings)).build()
    for theirs, mine in zip(stock, ours, strict=True):
        expected = zip(theirs.inter_feat["user_id"].tolist(), theirs.inter_feat["timestamp"].tolist(), strict=True)
        assert sorted(expected) == sorted(
            zip(mine.user[mine.rows].tolist(), mine.time[mine.rows].tolist(), strict=True)
        )


@pytest.fixture
def pre_split(tmp_path):
    """``pre_split(train, valid, test, **settings)``: a data set from three lists of lines."""

    def load_(*parts, header="user_id:token\titem_id:token\ttimestamp:float", **settings):
        folder = tmp_path / "log"
        folder.mkdir(exist_ok=True)
        for name, rows in zip(("train", "valid", "test"), parts, strict=True):
            lines = ["\t".join(map(str, row)) for row in rows]
            (folder / f"log.{name}.inter").write_text("\n".join([header, *lines]) + "\n")
        settings = {
            "data_path": str(tmp_path),
            "benchmark_filename": ["train", "valid", "test"],
            "MAX_ITEM_LIST_LENGTH": 3,
            "timestamp_unit": "s",
            **settings,
        }
        return SessionDataset(Config("GRU4Rec", "log", config_dict=settings))

    return load_


FILES = (
    [("a", "x", 10), ("a", "y", 20), ("b", "x", 15), ("a", "z", 30), ("a", "u", 35)],
    [("a", "x", 40), ("b", "v", 45)],
    [("b", "y", 55), ("a", "w", 50), ("c", "x", 60)],
)


def test_pre_split_files_give_the_phases_in_one_id_space(pre_split, caplog):
    with caplog.at_level(logging.INFO):
        dataset = pre_split(*FILES, user_inter_num_interval="[99,inf)", rm_ambiguous_items=True, k_core="once")
    told = "eval_args: split and the filters that are set (rm_ambiguous_items, user_inter_num_interval, k_core) are not applied"
    (said,) = [record for record in caplog.records if told in record.message]
    assert said.levelname == "INFO"
    train, valid, test = dataset.build()
    parts = [_targets(dataset, view.rows) for view in (train, valid, test)]
    # Nothing is filtered. The first events of a, b and c have no history.
    assert parts == [[("a", 20), ("a", 30), ("a", 35)], [("a", 40), ("b", 45)], [("a", 50), ("b", 55)]]
    names = dataset.field2id_token["item_id"]
    windows = test.windows(test.rows)
    # All earlier events, whatever their file, and the most recent three of them.
    assert names[windows["item_id_list"].numpy()].tolist() == [["z", "u", "x"], ["x", "v", "[PAD]"]]
    assert names[windows["item_id"].numpy()].tolist() == ["w", "y"]
    assert dataset.item_num == 7
    assert dataset.candidate_limit("test") is None


def test_pre_split_equals_the_split_it_was_made_from(pre_split, load):
    rows = [row for part in FILES for row in part]
    whole = load(rows, eval_args={"split": {"GTS": {"valid": 40, "test": 50, "targets": "successive"}}})
    files = pre_split(*FILES)
    for dataset in (whole, files):
        dataset.build()
    assert [_targets(whole, part) for part in whole.split] == [_targets(files, part) for part in files.split]
    assert whole.fingerprint() == files.fingerprint()
    assert whole.split_fingerprint() == files.split_fingerprint()


def test_held_out_targets_do_not_count_as_training_events(pre_split):
    dataset = pre_split([("a", "x", 10), ("a", "y", 30)], [("a", "z", 20)], [("a", "w", 40)])
    dataset.build()
    assert dataset.training_events().tolist() == [True, False, True, False]


def test_ready_made_lists_are_refused_or_named(pre_split, caplog):
    header = "user_id:token\titem_id:token\ttimestamp:float\titem_id_list:token_seq"
    parts = [[(*row, "x y") for row in part] for part in FILES]
    with pytest.raises(
        DataError, match=r"log.train.inter: \['item_id_list'\] are ready-made lists, but histories are made"
    ):
        pre_split(*parts, header=header, load_col={"inter": ["user_id", "item_id", "timestamp", "item_id_list"]})
    with caplog.at_level(logging.WARNING):
        pre_split(*parts, header=header).build()
    assert "log.valid.inter: the ready-made lists in 'item_id_list' are not read" in caplog.text


def test_faults_of_pre_split_files_name_the_file(pre_split, tmp_path):
    with pytest.raises(DataError, match=r"log\.valid\.inter, line 3: has no user or no item \(1 such lines"):
        pre_split(FILES[0], [FILES[1][0], ("", "x", 3)], FILES[2])
    with pytest.raises(DataError, match=r"log\.test\.inter, line 2: 1 rows have a 'timestamp' that is not a number"):
        pre_split(FILES[0], FILES[1], [("a", "x", "")])
    with pytest.raises(DataError, match=r"no event in any of the files"):
        pre_split([], [], [])
    with pytest.raises(DataError, match=r"log\.dev\.inter: no such file"):
        pre_split(*FILES, benchmark_filename=["train", "dev", "test"])
    (tmp_path / "log" / "log.test.inter").write_text(
        "user_id:token\titem_id:token\ttimestamp:float\tx:float\na\tb\t1\t2\n"
    )
    config = {"data_path": str(tmp_path), "benchmark_filename": ["train", "valid", "test"], "load_col": None}
    with pytest.raises(DataError, match=r"log\.test\.inter, line 1: has the columns .*'x'\], log\.train\.inter has"):
        SessionDataset(Config("GRU4Rec", "log", config_dict=config))
