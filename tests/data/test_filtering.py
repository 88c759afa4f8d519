from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.config import Config
from recbole_lsrec.config.intervals import parse_intervals
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.data.filtering import k_core, of_several, repeated
from tests.real_data import REAL_DATA, needs_real_data


def test_repeated_rows_are_all_but_the_first():
    user, item = np.array([1, 2, 1, 1]), np.array([5, 5, 5, 6])
    assert repeated(user, item).tolist() == [False, False, True, False]
    assert repeated(np.zeros(0)).tolist() == []


def test_a_core_goes_on_until_nothing_is_removed():
    #  user 0: items 0 1; user 1: items 0 1; user 2: item 2 twice, which then has one user's events only
    user, item = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 0, 1, 0, 2])
    kept, users, items = k_core(user, item, 4, 3, parse_intervals("[2,inf)"), parse_intervals("[2,inf)"))
    assert kept.tolist() == [True, True, True, True, False, False]
    assert users.tolist() == [False, False, True, True]
    assert items.tolist() == [False, False, True]


def test_one_pass_counts_users_after_items_and_no_item_again():
    # Item 2 has one event; then users 1 and 2 have one; items 0 and 1 keep two and one.
    user, item = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 2, 1])
    wanted = parse_intervals("[2,inf)")
    kept, users, items = k_core(user, item, 3, 3, wanted, wanted, once=True)
    assert kept.tolist() == [True, True, False, False, False]
    assert users.tolist() == [False, True, True]
    assert items.tolist() == [False, False, True]
    assert not k_core(user, item, 3, 3, wanted, wanted)[0].any()


def test_who_has_no_event_at_all_is_not_removed():
    some = parse_intervals("(0,inf)")
    kept, users, items = k_core(np.array([0]), np.array([1]), 2, 3, some, some)
    assert (kept.tolist(), users.tolist(), items.tolist()) == ([True], [False] * 2, [False] * 3)


@needs_real_data
def test_one_pass_and_the_iterated_core_differ_on_a_real_log():
    log = pd.read_parquet(Path(str(REAL_DATA)) / "taobao_fav_khgt.parquet", columns=["user_id", "item_id"])
    (user, users), (item, items) = pd.factorize(log["user_id"]), pd.factorize(log["item_id"])
    wanted = parse_intervals("[10,inf)")
    assert k_core(user, item, len(users), len(items), wanted, wanted, once=True)[0].sum() == 17_352
    assert k_core(user, item, len(users), len(items), wanted, wanted)[0].sum() == 0


def test_items_of_several_categories():
    item, category = np.array([0, 0, 1, 1, 2, 2]), np.array([5, 5, 5, 6, -1, 6])
    assert of_several(item, category).tolist() == [False, False, True, True, False, False]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=25),
    st.sampled_from([None, "[2,inf)", "(1,3]", "[1,1];[3,9]"]),
    st.sampled_from([None, "[2,inf)", "[0,4)"]),
)
def test_as_removed_one_round_at_a_time(events, users, items):
    wanted = [None if text is None else parse_intervals(text) for text in (users, items)]

    def outside(code, intervals):
        count = Counter(code)
        return {c for c, n in count.items() if intervals and not any(i.holds(np.array(n)) for i in intervals)}

    left = list(enumerate(events))
    while True:
        bad_users, bad_items = (outside([e[side] for _, e in left], wanted[side]) for side in (0, 1))
        if not bad_users | bad_items:
            break
        left = [(n, (u, i)) for n, (u, i) in left if u not in bad_users and i not in bad_items]
    user, item = (np.array([e[side] for e in events], dtype=int) for side in (0, 1))
    assert np.flatnonzero(k_core(user, item, 5, 5, *wanted)[0]).tolist() == [n for n, _ in left]


@pytest.mark.parametrize("keep", ["first", "last"])
def test_of_repeats_at_one_time_the_order_of_the_file_decides(load, keep):
    rows = [("a", f"i{n % 60}", 5, "first" if n < 60 else "last") for n in range(120)]
    header = "user_id:token\titem_id:token\ttimestamp:float\tevent_type:token"
    log = load(rows, header=header, rm_dup_inter=keep)
    assert log.field2id_token["event_type"][log.inter_feat["event_type"]].tolist() == [keep] * 60


@pytest.mark.parametrize("interval", ["[2,inf)", "[0,inf)", "[1,2]"])
def test_tables_are_those_that_recbole_keeps(tmp_path, interval):
    """Events, ids and item table equal RecBole's, also where an item of the item file has no event."""
    from recbole_lsrec.config import Config
    from recbole_lsrec.data.dataset import SessionDataset
    from tests.stock_recbole import StockConfig, StockDataset

    rng = np.random.default_rng(4)
    start = 1_580_000_000
    (tmp_path / "log").mkdir()
    rows = [f"u{rng.integers(9)}\ti{rng.integers(12)}\t{start + 128 * n}\tc{rng.integers(3)}" for n in range(40)]
    header = "user_id:token\titem_id:token\ttimestamp:float\tkind:token"
    (tmp_path / "log" / "log.inter").write_text("\n".join([header, *rows]) + "\n")
    items = "".join(f"i{n}\tg{n % 4} g{n % 3}\t{n}\n" for n in range(20))
    (tmp_path / "log" / "log.item").write_text("item_id:token\ttags:token_seq\tprice:float\n" + items)
    settings = {
        "data_path": str(tmp_path),
        "load_col": {"inter": ["user_id", "item_id", "timestamp", "kind"], "item": ["item_id", "tags", "price"]},
        "user_inter_num_interval": interval,
        "item_inter_num_interval": interval,
        "val_interval": {"kind": ["c0", "c1"], "price": "[1,inf)"},
        "filter_inter_by_user_or_item": True,
        "train_neg_sample_args": None,
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
    }
    stock = StockDataset(StockConfig("GRU4Rec", "log", config_dict=dict(settings)))
    ours = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
    for field in ("user_id", "item_id", "kind", "tags"):
        assert ours.field2id_token[field].tolist() == stock.field2id_token[field].tolist()
    expected = stock.inter_feat.sort_values(["user_id", "timestamp"], kind="stable").reset_index(drop=True)
    assert ours.inter_feat.astype(float).equals(expected.astype(float))
    assert ours.item_feat["item_id"].tolist() == stock.item_feat["item_id"].tolist()
    assert ours.item_feat["price"].tolist() == stock.item_feat["price"].tolist()
    assert [t.tolist() for t in ours.item_feat["tags"]] == [t.tolist() for t in stock.item_feat["tags"]]


def test_items_keep_their_lines_in_whatever_order_the_intervals_are_written(tmp_path):
    (tmp_path / "log").mkdir()
    rows = [f"u{user}\ti{item}\t{1_580_000_000 + item}" for user in range(5) for item in range(3)] + [
        "u0\trare\t1580000009"
    ]
    header = "user_id:token\titem_id:token\ttimestamp:float"
    (tmp_path / "log" / "log.inter").write_text("\n".join([header, *rows]) + "\n")
    items = "item_id:token\tcat:token\ni0\ta\ni1\ta\ni2\ta\nrare\tb\n"
    (tmp_path / "log" / "log.item").write_text(items)
    for interval in ("[1,2];[5,inf)", "[5,inf);[1,2]"):
        settings = {
            "data_path": str(tmp_path),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"], "item": ["item_id", "cat"]},
            "item_inter_num_interval": interval,
            "CATEGORY_FIELD": "cat",
        }
        log = SessionDataset(Config("GRU4Rec", "log", config_dict=settings))
        names = log.field2id_token["item_id"]
        assert names[log.item_feat["item_id"].to_numpy()].tolist() == ["[PAD]", "i0", "i1", "i2", "rare"]
