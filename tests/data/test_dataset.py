import logging

import numpy as np
import pandas as pd
import pytest
import torch
from recbole.config import Config as StockConfig
from recbole.data.dataset import SequentialDataset

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import DataError

#        user item time
ROWS = [
    ("b", "x", 100),
    ("a", "x", 10),
    ("a", "y", 1810),
    ("a", "z", 3611),
    ("a", "x", 3612),
    ("b", "y", 101),
    ("a", "w", 3612),
    ("c", "z", 5),
]


def test_log_is_sorted_by_user_time_and_file_order(load):
    dataset = load(ROWS, session_threshold=1800)
    dataset.build()
    users = dataset.field2id_token["user_id"][dataset.user].tolist()
    items = dataset.field2id_token["item_id"][dataset.item].tolist()
    assert list(zip(users, items, dataset.time.tolist(), strict=True)) == [
        ("b", "x", 100),
        ("b", "y", 101),
        ("a", "x", 10),
        ("a", "y", 1810),
        ("a", "z", 3611),
        ("a", "x", 3612),  # of equal times, the one that is first in the file
        ("a", "w", 3612),
        ("c", "z", 5),
    ]
    # 10 -> 1810 is exactly the threshold, 1810 -> 3611 one second more.
    assert dataset.session.tolist() == [0, 0, 1, 1, 2, 2, 2, 3]


def test_windows_are_right_padded_and_number_their_sessions_from_one(load):
    dataset = load(ROWS, session_threshold=1800)
    dataset.build()
    batch = dataset.windows(np.array([1, 6]))
    token = dataset.field2id_token["item_id"]
    assert [token[row].tolist() for row in batch["item_id_list"].numpy()] == [["x", "[PAD]", "[PAD]"], ["y", "z", "x"]]
    assert batch["item_length"].tolist() == [1, 3]
    assert token[batch["item_id"].numpy()].tolist() == ["y", "w"]
    assert batch["timestamp_list"].tolist() == [[100, 0, 0], [1810, 3611, 3612]]
    assert batch["timestamp_list"].dtype == torch.int64
    assert batch["first_timestamp"].tolist() == [100, 10]  # the window of the second has lost it
    assert batch["session_id_list"].tolist() == [[1, 0, 0], [1, 2, 2]]


def test_milliseconds_are_cut_and_sorted_exactly(load):
    rows = [("a", "x", 1_500_000_000_000), ("a", "y", 1_500_001_800_000), ("a", "z", 1_500_003_600_001)]
    dataset = load(rows[::-1], timestamp_unit="ms", session_threshold=1800)
    dataset.build()
    assert dataset.field2id_token["item_id"][dataset.item].tolist() == ["x", "y", "z"]
    assert dataset.session.tolist() == [0, 0, 1]  # 1800.000 s, then 1800.001 s
    assert dataset.time.tolist() == [1_500_000_000, 1_500_001_800, 1_500_003_600]


@pytest.mark.parametrize("unit", ["s", "ms"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_sessions_at_exactly_the_threshold_and_one_second_more(load, unit, shuffled):
    factor = {"s": 1, "ms": 1000}[unit]
    start = 1_580_000_000  # float32 has steps of 128 s here
    times = [start, start + 1800, start + 3601, start + 5401]
    rows = [("a", f"i{n}", t * factor) for n, t in enumerate(times)]
    if shuffled:
        rows = [rows[n] for n in (2, 0, 3, 1)]
    dataset = load(rows, timestamp_unit=unit, session_threshold=1800)
    dataset.build()
    assert dataset.field2id_token["item_id"][dataset.item].tolist() == ["i0", "i1", "i2", "i3"]
    assert dataset.session.tolist() == [0, 0, 1, 1]


def test_one_log_serves_all_views(load):
    dataset = load(ROWS)
    train, valid, test = dataset.build()
    assert train.user is valid.user is test.user is dataset.user
    assert [view.rows.tolist() for view in (train, valid, test)] == [[1, 3, 4], [5], [6]]
    assert len(train) == 3
    assert train.item_counter == {2: 1, 3: 1, 1: 0} or train.item_counter[2] >= 1
    assert dataset.training_events().tolist() == [True, True, True, True, True, False, False, False]


def test_categories_of_the_item_file(load):
    item_file = "item_id:token\tclass:token_seq\nx\tred blue\ny\tblue\nw\t\n"
    dataset = load(
        ROWS,
        item_file=item_file,
        CATEGORY_FIELD="class",
        load_col={"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "class"]},
        filter_inter_by_user_or_item=False,
    )
    dataset.build()
    names = dataset.field2id_token["class"][dataset.item_category.numpy()]
    by_item = dict(zip(dataset.field2id_token["item_id"], names, strict=True))
    assert by_item == {"[PAD]": "[PAD]", "x": "red", "y": "blue", "z": "[PAD]", "w": "[PAD]"}


def test_categories_of_the_log_are_the_most_frequent_then_the_latest(load, caplog):
    rows = [
        ("a", "x", 1, "red"),
        ("a", "x", 2, "blue"),
        ("b", "x", 3, "red"),
        ("b", "y", 9, "red"),
        ("c", "y", 4, "blue"),
        ("c", "z", 5, "green"),
    ]
    with caplog.at_level(logging.WARNING):
        dataset = load(rows, header="user_id:token\titem_id:token\ttimestamp:float\tcat:token", CATEGORY_FIELD="cat")
        dataset.build()
    names = dataset.field2id_token["cat"][dataset.item_category.numpy()]
    assert dict(zip(dataset.field2id_token["item_id"], names, strict=True)) == {
        "[PAD]": "[PAD]",
        "x": "red",
        "y": "red",
        "z": "green",
    }
    assert "2 items have several categories" in caplog.text


def test_every_filter_says_what_it_removed(load, caplog):
    rows = [*ROWS, ("", "x", 1), ("a", "x", 9999), ("d", "v", -5)]
    with caplog.at_level(logging.INFO):
        dataset = load(
            rows, rm_dup_inter="first", val_interval={"timestamp": "[0,inf)"}, user_inter_num_interval="[2,inf)"
        )
    removed = [(entry["rows"], entry["users"], entry["items"]) for entry in dataset.filter_report]
    # NaN user; a's second and third x; d at -5 (with item v); then user c has one event left.
    assert removed == [(1, 0, 0), (2, 0, 0), (1, 1, 1), (0, 0, 0), (1, 1, 0)]
    assert "removed 1 rows, 1 users, 1 items" in caplog.text


def test_normalising_leaves_the_time_alone(load):
    header = "user_id:token\titem_id:token\ttimestamp:float\trating:float"
    dataset = load([(*row, i) for i, row in enumerate(ROWS)], header=header, normalize_all=True)
    dataset.build()
    assert dataset.time.max() == 3612
    assert dataset.inter_feat["rating"].max() == 1


@pytest.mark.parametrize("length", [1, 5, 50])
def test_windows_equal_recboles(tmp_path, length):
    rng = np.random.default_rng(1)
    n = 400
    frame = pd.DataFrame(
        {
            "user_id:token": np.where(rng.random(n) < 0.3, 0, rng.integers(1, 30, n)),  # user 0 has the longest history
            "item_id:token": rng.integers(0, 40, n),
            "timestamp:float": rng.permutation(n),
            "rating:float": rng.integers(1, 6, n),
            "tags:token_seq": [" ".join(f"t{t}" for t in rng.integers(0, 5, rng.integers(0, 4))) for _ in range(n)],
        }
    )
    folder = tmp_path / "log"
    folder.mkdir()
    frame.to_csv(folder / "log.inter", sep="\t", index=False)
    settings = {
        "data_path": str(tmp_path),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "rating", "tags"]},
        "MAX_ITEM_LIST_LENGTH": length,
        "train_neg_sample_args": None,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
    }
    stock = SequentialDataset(StockConfig("GRU4Rec", "log", config_dict=dict(settings))).build()
    ours = SessionDataset(Config("GRU4Rec", "log", config_dict=settings)).build()
    for theirs, mine in zip(stock, ours, strict=True):
        expected = theirs.inter_feat
        got = mine.inter_feat
        # RecBole orders the instances of all users by time, we by user; (user, time) identifies an instance.
        theirs_order = np.lexsort((expected["timestamp"].numpy(), expected["user_id"].numpy()))
        assert len(got) == len(expected)
        for field in expected.columns:
            assert torch.equal(got[field].double(), expected[field][torch.as_tensor(theirs_order)].double()), field
        assert set(got.columns) - set(expected.columns) == {"session_id_list", "first_timestamp"}


def test_raw_ml_100k_is_in_true_order():
    """Stock RecBole rounds these times to 128 s and misorders 908 of 943 users."""
    config = Config("GRU4Rec", "ml-100k")
    dataset = SessionDataset(config)
    _, _, test = dataset.build()
    raw = pd.read_csv(f"{config['data_path']}/ml-100k.inter", sep="\t", dtype=str)
    raw.columns = [column.split(":")[0] for column in raw.columns]
    raw["timestamp"] = raw["timestamp"].astype(float).astype(np.int64)
    raw = raw.sort_values(["user_id", "timestamp"], kind="stable")
    token = dataset.field2id_token["item_id"]
    mine = pd.DataFrame({"user_id": dataset.field2id_token["user_id"][dataset.user], "item_id": token[dataset.item]})
    expected = raw.groupby("user_id")["item_id"].agg(list)
    assert mine.groupby("user_id")["item_id"].agg(list).to_dict() == expected.to_dict()
    users = dataset.field2id_token["user_id"][dataset.user[test.rows]]
    assert dict(zip(users, token[dataset.item[test.rows]], strict=True)) == {
        u: items[-1] for u, items in expected.items()
    }


def test_fingerprints_tell_data_and_splits_apart(load):
    one, same = load(ROWS, name="one"), load(ROWS, name="one")
    other = load([*ROWS[:-1], ("c", "z", 6)], name="two")
    split = load(ROWS, name="one", eval_args={"split": {"LS": "test_only"}})
    for dataset in (one, same, other, split):
        dataset.build()
    assert one.fingerprint() == same.fingerprint() == split.fingerprint() != other.fingerprint()
    assert one.split_fingerprint() == same.split_fingerprint() != split.split_fingerprint()


# --- splits -------------------------------------------------------------------------------------------------------------

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
    with pytest.raises(DataError, match=r"train_events: \['buy'\] needs the column 'event_type', which is not loaded"):
        untyped.build()


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
        "eval_args": {"split": {"TS": ratios}, "order": "TO", "group_by": "user", "mode": "full"},
    }
    stock = SequentialDataset(StockConfig("GRU4Rec", "log", config_dict=dict(settings))).build()
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
        dataset = pre_split(*FILES, user_inter_num_interval="[99,inf)")
    assert "the filters (rm_dup_inter" in caplog.text
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
    with pytest.raises(
        DataError, match=r"log\.train\.inter, log\.valid\.inter, log\.test\.inter: 1 rows have a 'timestamp'"
    ):
        pre_split(FILES[0], FILES[1], [("a", "x", "nan")])
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


# --- bad input ----------------------------------------------------------------------------------------------------------


def test_missing_file(load, tmp_path):
    load(ROWS)
    (tmp_path / "tiny" / "tiny.inter").unlink()
    with pytest.raises(DataError, match=r"tiny\.inter: no such file"):
        SessionDataset(Config("GRU4Rec", "tiny", config_dict={"data_path": str(tmp_path)}))


def test_missing_field(load):
    with pytest.raises(DataError, match=r"line 1: load_col names \['timestamp'\], the file has"):
        load(
            [("a", "x")], header="user_id:token\titem_id:token", load_col={"inter": ["user_id", "item_id", "timestamp"]}
        )


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            "user_id:token\titem_id:token\ttimestamp:time",
            r"line 1: found column 'timestamp:time'; accepted: 'name:type'",
        ),
        ("user_id\titem_id\ttimestamp", r"line 1: found column 'user_id'; accepted: 'name:type'"),
        (
            "user_id:token\titem_id:token\ttimestamp:token",
            r"line 1: field 'timestamp' \(TIME_FIELD\) has type 'token'; accepted: 'float'",
        ),
    ],
)
def test_wrong_header(load, header, message):
    with pytest.raises(DataError, match=message):
        load(ROWS, header=header, load_col={"inter": ["user_id", "item_id", "timestamp"]})


def test_a_word_where_a_number_belongs(load):
    with pytest.raises(DataError, match=r"line 3: column 'timestamp:float' holds 'noon'; accepted: a number"):
        load([("a", "x", 1), ("a", "y", "noon")])


@pytest.mark.parametrize(("line", "found"), [(("a", "y", 2, 3, 4), 5), (("a", "y"), 2)])
def test_a_line_with_too_many_or_too_few_columns(load, line, found):
    with pytest.raises(DataError, match=rf"tiny\.inter, line 3: found {found} columns; the header has 3"):
        load([("a", "x", 1), line, ("a", "z", 3)])


def test_a_quotation_mark_swallows_nothing(load):
    dataset = load([("a", '"x', 1), ("a", "y", 2), ("a", 'z"', 3)])
    assert len(dataset) == 3


def test_empty_file(load):
    with pytest.raises(DataError, match="line 1: the file is empty"):
        load([], header="", load_col={"inter": ["user_id", "item_id", "timestamp"]})


def test_empty_log(load):
    with pytest.raises(DataError, match="no interaction is left after the filters"):
        load([])


def test_everything_filtered_away_names_the_filter(load):
    with pytest.raises(DataError, match=r"k-core .*\[99,inf\).* removed 8 rows"):
        load(ROWS, user_inter_num_interval="[99,inf)")


def test_only_users_with_one_event(load):
    dataset = load([("a", "x", 1), ("b", "y", 2)])
    with pytest.raises(DataError, match="2 events of 2 users give 0 instances"):
        dataset.build()


def test_a_user_with_one_event_is_counted(load, caplog):
    dataset = load(ROWS)
    with caplog.at_level(logging.INFO):
        dataset.build()
    assert "3 users (1 with one event, so without an instance)" in caplog.text


@pytest.mark.parametrize("time", ["nan", "inf", "-1"])
def test_impossible_times(load, time):
    with pytest.raises(
        DataError, match=r"1 rows have a 'timestamp' that is not a finite number >= 0; the first: user a, item q"
    ):
        load([*ROWS, ("a", "q", time)])


def test_all_items_in_one_category_is_said(load, caplog):
    dataset = load(
        [(*row, "one") for row in ROWS],
        header="user_id:token\titem_id:token\ttimestamp:float\tcat:token",
        CATEGORY_FIELD="cat",
    )
    with caplog.at_level(logging.WARNING):
        dataset.build()
    assert "all items are in 1 categories, so it tells a model nothing" in caplog.text


def test_a_column_in_both_files(load):
    item_file = "item_id:token\tcat:token\nx\tred\n"
    with pytest.raises(DataError, match=r"\['cat'\] is loaded from both tiny\.inter and tiny\.item"):
        load(
            [(*row, "one") for row in ROWS],
            header="user_id:token\titem_id:token\ttimestamp:float\tcat:token",
            item_file=item_file,
            load_col={"inter": ["user_id", "item_id", "timestamp", "cat"], "item": ["item_id", "cat"]},
        )
