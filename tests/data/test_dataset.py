import logging

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import DataError
from tests.data.conftest import HEADER
from tests.stock_recbole import StockConfig, StockDataset

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


def test_nanoseconds_are_ordered_and_cut_exactly(load):
    start = 1_577_836_800_000_000_000
    rows = [
        ("u", "b", start + 1),
        ("u", "a", start),
        ("u", "c", start + 1801 * 10**9),
        ("u", "d", start + 3601 * 10**9 + 1),
    ]
    dataset = load(rows, timestamp_unit="ns", session_threshold=1800)
    dataset.build()
    assert dataset.field2id_token["item_id"][dataset.item].tolist() == ["a", "b", "c", "d"]
    assert dataset.session.tolist() == [0, 0, 1, 2]  # pauses of 1 ns, 1801 s less 1 ns, 1800 s and 1 ns
    assert dataset.time.tolist() == [1_577_836_800, 1_577_836_800, 1_577_838_601, 1_577_840_401]


def test_one_log_serves_all_views(load):
    dataset = load(ROWS)
    train, valid, test = dataset.build()
    assert train.user is valid.user is test.user is dataset.user
    assert [view.rows.tolist() for view in (train, valid, test)] == [[1, 3, 4], [5], [6]]
    assert len(train) == 3
    assert train.item_counter == {2: 2, 3: 1}
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
        ("a", "x", 3, "blue"),  # the latest, but not the most frequent
        ("b", "x", 2, "red"),
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
    assert "counted in all phases' events" in caplog.text


def test_a_category_that_is_a_number_is_refused(load):
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:float"
    log = load([("a", "x", 1, 0.5), ("a", "y", 2, 1.5)], header=header, CATEGORY_FIELD="cat")
    with pytest.raises(
        DataError, match=r"^CATEGORY_FIELD: 'cat' is not a token column loaded from tiny\.item or tiny\.inter"
    ):
        log.build()
    items, columns = "item_id:token\tcat:float\nx\t0.5\ny\t1.5\n", {"inter": ["user_id", "item_id", "timestamp"]}
    log = load(
        [("a", "x", 1), ("a", "y", 2)],
        HEADER,
        items,
        load_col=columns | {"item": ["item_id", "cat"]},
        CATEGORY_FIELD="cat",
    )
    with pytest.raises(DataError, match=r"^CATEGORY_FIELD: 'cat' is not a token column loaded from tiny\.item"):
        log.build()


def test_a_file_of_which_no_line_is_left_is_named(load):
    settings = {"load_col": {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "price"]}}
    with pytest.raises(DataError, match=r"^tiny\.item: no line is left after the filters; check the file"):
        load(ROWS, item_file="item_id:token\tprice:float\n", filter_inter_by_user_or_item=False, **settings)


def test_every_filter_says_what_it_removed(load, caplog):
    rows = [*ROWS, ("", "x", 1), ("a", "x", 9999), ("d", "v", -5)]
    with caplog.at_level(logging.INFO):
        dataset = load(
            rows, rm_dup_inter="first", val_interval={"timestamp": "[0,inf)"}, user_inter_num_interval="[2,inf)"
        )
    removed = [(entry["rows"], entry["users"], entry["items"]) for entry in dataset.filter_report]
    # No user; a's second and third x; d at -5 (with item v); then user c has one event left.
    assert removed == [(1, 0, 0), *[(0, 0, 0)] * 2, (2, 0, 0), (1, 1, 1), *[(0, 0, 0)] * 2, (1, 1, 0)]
    assert "removed 1 row, 1 user, 1 item" in caplog.text


def test_the_filters_of_clsr_code_keep_clicks_and_one_pass_of_the_core(load):
    header = "user_id:token\titem_id:token\ttimestamp:float\tcat:token\tevent_type:token"
    rows = [
        ("a", "x", 1, "c1", "pv"),
        ("a", "x", 2, "c1", "pv"),  # a repeat
        ("a", "y", 3, "c1", "buy"),  # no click, though the first with y
        ("a", "y", 4, "c1", "pv"),
        ("b", "x", 5, "c1", "pv"),
        ("b", "z", 6, "c2", "pv"),
        ("c", "z", 7, "c3", "pv"),  # z has two categories
        ("c", "y", 8, "c1", "pv"),
        ("a", "w", 9, "c1", "pv"),  # alone
    ]
    dataset = load(
        rows,
        header=header,
        CATEGORY_FIELD="cat",
        rm_dup_inter="first",
        keep_events=["pv"],
        rm_ambiguous_items=True,
        k_core="once",
        user_inter_num_interval="[2,inf)",
        item_inter_num_interval="[2,inf)",
    )
    # x (a, b) and y (a, c) have two events; then b and c have one, and go, although x and y now have one too.
    names = {field: dataset.field2id_token[field] for field in ("user_id", "item_id")}
    kept = [[names[field][line[field]] for field in names] for line in dataset.inter_feat.to_dict("records")]
    assert kept == [["a", "x"], ["a", "y"]]
    removed = {entry["filter"].split(" (")[0]: entry["rows"] for entry in dataset.filter_report if entry["rows"]}
    assert removed == {"event types": 1, "duplicates": 1, "items of several categories": 2, "k-core": 3}


def test_event_types_need_their_column(load):
    with pytest.raises(
        DataError, match=r"keep_events: found \['pv'\], but tiny.inter has no token column 'event_type'"
    ):
        load(ROWS, keep_events=["pv"])


def test_event_types_are_those_of_the_log(load):
    header = "user_id:token\titem_id:token\ttimestamp:float\tevent_type:token"
    with pytest.raises(
        DataError, match=r"keep_events: found 'vew'; accepted, as in tiny\.inter: view\. Did you mean 'view'"
    ):
        load([(*row, "view") for row in ROWS], header=header, keep_events=["view", "vew"])


def test_a_category_of_the_item_file_is_one_a_item_and_that_is_said(load, caplog):
    items = "item_id:token\tcat:token\nx\tred\ny\tblue\n"
    with caplog.at_level(logging.WARNING):
        settings = {"CATEGORY_FIELD": "cat", "rm_ambiguous_items": True, "filter_inter_by_user_or_item": False}
        columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "cat"]}
        dataset = load(ROWS, item_file=items, load_col=columns, **settings)
    assert len(dataset.inter_feat) == len(ROWS)
    assert "rm_ambiguous_items: tiny.item gives each item one category, so none is known to have several" in caplog.text


def test_ambiguous_items_need_a_category_of_each_event(load):
    with pytest.raises(
        DataError, match=r"rm_ambiguous_items: found True, but tiny.inter has no category of each event"
    ):
        load(ROWS, rm_ambiguous_items=True)


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
            "tags:token_seq": [" ".join(f"t{t}" for t in rng.integers(0, 5, rng.integers(1, 4))) for _ in range(n)],
        }
    )
    folder = tmp_path / "log"
    folder.mkdir()
    frame.to_csv(folder / "log.inter", sep="\t", index=False)
    settings = {
        "data_path": str(tmp_path),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "rating", "tags"]},
        "MAX_ITEM_LIST_LENGTH": length,
        "timestamp_unit": "s",
        "train_neg_sample_args": None,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
    }
    stock = StockDataset(StockConfig("GRU4Rec", "log", config_dict=dict(settings))).build()
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
    sessions = load(ROWS, name="one", session_threshold=1)
    for dataset in (one, same, other, split, sessions):
        dataset.build()
    assert one.fingerprint() == same.fingerprint() == split.fingerprint() != other.fingerprint()
    assert one.split_fingerprint() == same.split_fingerprint() != split.split_fingerprint()
    assert one.fingerprint() == sessions.fingerprint()
    assert one.features_fingerprint() == split.features_fingerprint() != sessions.features_fingerprint()


def test_the_features_of_items_and_users_are_in_their_fingerprint(load):
    columns = {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "price"]}

    def of(kind, prices, **settings):
        items = f"item_id:token\tprice:{kind}\n" + "".join(f"{i}\t{p}\n" for i, p in zip("xyzw", prices, strict=True))
        log = load(ROWS, item_file=items, load_col=columns, **settings)
        log.build()
        return log.features_fingerprint(), log.sessions_fingerprint()

    numbers, others = of("float", [1, 2, 3, 4]), of("float", [1, 2, 3, 5])
    assert numbers[0] != others[0]
    assert numbers[1] == others[1]
    words = [of("token", names)[0] for names in ("abab", "cdcd", "abba", "abab")]
    assert len({numbers[0], *words}) == 4
    assert words[0] == words[3]
    rated = []
    for number, last in enumerate((4, 1, 4)):
        rows = [(*row, last if place == 2 else 3) for place, row in enumerate(ROWS)]
        log = load(rows, header=f"{HEADER}\trating:float", name=f"rated{number}")
        log.build()
        rated.append((log.features_fingerprint(), log.sessions_fingerprint()))
    assert rated[0] == rated[2] != rated[1]
    assert rated[0][1] == rated[1][1]
    plain = load(ROWS)
    plain.build()
    assert plain.features_fingerprint() == plain.sessions_fingerprint()  # of older runs
    assert of("token", "abab", CATEGORY_FIELD="price")[0] == of("token", "abab", CATEGORY_FIELD="price")[1]


def test_a_category_of_the_log_is_a_feature_of_the_item(load):
    """The most frequent of an item, as for our models, for RecBole's that read item features; with an .item file too."""
    rows = [("u", "a", 1, "x"), ("u", "b", 2, "y"), ("u", "a", 3, "z"), ("u", "a", 4, "x"), ("u", "b", 5, "y")]
    settings = {"header": f"{HEADER}\tcat:token", "CATEGORY_FIELD": "cat", "model": "DIN"}
    for item_file in (None, "item_id:token\tprice:float\na\t1.5\nb\t2.5\n"):
        columns = {"inter": ["user_id", "item_id", "timestamp", "cat"]}
        columns |= {} if item_file is None else {"item": ["item_id", "price"]}
        log = load(rows, item_file=item_file, load_col=columns, **settings)
        train, *_ = log.build()
        features = train.get_item_feature()
        assert log.field2id_token["cat"][features["cat"]].tolist() == ["[PAD]", "x", "y"]
        assert ("price" in features) == (item_file is not None)
        batch = train.join(train.windows(train.rows))
        assert log.field2id_token["cat"][batch["cat"]].tolist() == ["y", "x", "x"][: len(batch)]
