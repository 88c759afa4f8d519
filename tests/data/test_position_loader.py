"""Training at every position: each training instance once an epoch, nothing held out, chunks as they are said to be."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recbole_lsrec.config import Config
from recbole_lsrec.run_data import load_data
from tests.shop_log import shop_events


@pytest.fixture
def shop_with_types(shop):
    """The shop's log with its event types."""
    shop_events().to_csv(f"{shop['data_path']}/shop/shop.inter", sep="\t", index=False)
    return {**shop, "load_col": {"inter": [*shop["load_col"]["inter"], "event_type"]}}


def batches(data, epoch=0):
    data.train.set_epoch(epoch)
    return list(data.train)


def positions(batch):
    """(items seen, target) of every position with a target."""
    for items, length, targets in zip(
        batch["item_id_list"].tolist(), batch["item_length"].tolist(), batch["next_item_id_list"].tolist(), strict=True
    ):
        assert not any(items[length:])
        assert not any(targets[length:])
        yield from ((tuple(items[: place + 1]), target) for place, target in enumerate(targets) if target)


LINES = [("u", item, t) for t, item in enumerate("abcdefghi")] + [("v", item, 100 + t) for t, item in enumerate("bca")]


def test_the_sampler_that_the_model_draws_by_is_kept(load):
    settings = {"train_positions": "all", "train_neg_sample_args": None, "eval_args": {"mode": "full"}}
    data = load_data(load(LINES, model="SASRec", **settings).config)
    assert data.train.sampler is not None


def test_a_user_is_cut_into_chunks_of_the_sequence_length(load):
    """u trains on a..g, so on six targets b..g: three and three, or cut elsewhere; v's only target is c after b."""
    log = load(LINES, model="SASRec", train_positions="all", train_neg_sample_args=None, eval_args={"mode": "full"})
    data = load_data(log.config)
    tokens = data.dataset.field2id_token["item_id"]
    heads = set()
    for epoch in range(20):
        chunks = data.train.chunks(epoch)
        lengths = [int(length) for first, length in chunks if first < 9]
        heads.add(tuple(lengths))
        seen = [p for batch in batches(data, epoch) for p in positions(batch)]
        targets = sorted("".join(tokens[list(items)]) + ">" + tokens[target] for items, target in seen)
        assert "b>c" in targets
        assert sorted(line[-1] for line in targets) == sorted("bcdefg" + "c")
        assert all("abcdefg".endswith(line[:-2] + line[-1], 0, "abcdefg".index(line[-1]) + 1) for line in targets)
    assert heads == {(3, 3), (1, 3, 2), (2, 3, 1)}


def test_users_of_one_chunk_come_in_another_order_each_epoch(load):
    lines = [(f"u{user}", f"i{(user + t) % 7}", t) for user in range(20) for t in range(4)]
    log = load(lines, model="SASRec", train_positions="all", train_neg_sample_args=None, eval_args={"mode": "full"})
    data = load_data(log.config)
    orders = [
        [items for batch in batches(data, epoch) for items in batch["item_id_list"].tolist()] for epoch in (0, 1, 0)
    ]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


SPLITS = {
    "leave one out": {"split": {"LS": "valid_and_test"}},
    "ratios": {"split": {"RS": [6, 2, 2]}},
    "global time": {"split": {"GTS": {"valid": 0.6, "test": 0.8}}, "fewer": "allow"},
    "global time, all targets": {"split": {"GTS": {"valid": 0.6, "test": 0.8, "targets": "all"}}, "fewer": "allow"},
    "purchases": {"split": {"GTS": {"valid": 0.6, "test": 0.8, "train_events": ["purchase"]}}, "fewer": "allow"},
}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
def test_an_epoch_holds_the_training_instances_each_once_and_no_row_after_them(split, shop_with_types):
    config = Config(
        "SASRec",
        "shop",
        config_dict={**shop_with_types, "train_positions": "all", "eval_args": {**split, "mode": "uni9"}},
    )
    data = load_data(config)
    log = data.dataset
    read = np.zeros(len(log.user), dtype=bool)
    for first, length in data.train.chunks(epoch=1):
        read[first : first + length + 1] = True
        assert len(set(log.user[first : first + length + 1])) == 1
        assert 1 <= length <= config["MAX_ITEM_LIST_LENGTH"]
    held_out = np.concatenate([log.split.valid, log.split.test])
    assert not read[held_out].any()
    assert not (read & ~log.training_events()).any()
    for epoch in (0, 1):
        found = sorted(target for batch in batches(data, epoch) for _, target in positions(batch))
        assert found == sorted(log.item[log.split.train].tolist())


def test_what_a_position_sees_is_the_end_of_its_history_and_all_of_a_short_one(shop):
    data = load_data(Config("SASRec", "shop", config_dict={**shop, "train_positions": "all"}))
    log = data.dataset
    short = {
        user
        for user in range(log.user_num)
        if (log.user[log.split.train] == user).sum() <= shop["MAX_ITEM_LIST_LENGTH"]
    }
    whole = sorted(
        (tuple(log.item[log.start[log.user[row]] : row].tolist()), int(log.item[row]))
        for row in log.split.train
        if log.user[row] in short
    )
    histories = {}
    for row in log.split.train:
        histories.setdefault(int(log.item[row]), []).append(log.item[log.start[log.user[row]] : row].tolist())
    seen = [p for batch in batches(data) for p in positions(batch)]
    for items, target in seen:
        assert any(history[-len(items) :] == list(items) for history in histories[target])
    for instance in whole:
        assert instance in seen
    assert len(short) > 0


def test_batches_have_the_asked_number_of_targets_and_do_not_change_in_number(shop):
    for size in (1, 40, 200, 10_000):
        data = load_data(
            Config("GRU4Rec", "shop", config_dict={**shop, "train_positions": "all", "train_batch_size": size})
        )
        for epoch in range(4):
            sizes = [int((batch["next_item_id_list"] > 0).sum()) for batch in batches(data, epoch)]
            assert len(sizes) == len(data.train)
            assert min(sizes) > 0
            assert sum(sizes) == len(data.dataset.split.train)
            if size >= 40:
                assert max(sizes) <= size + shop["MAX_ITEM_LIST_LENGTH"]


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(3, 40), min_size=1, max_size=8), size=st.integers(1, 30), epoch=st.integers(0, 3))
def test_any_log_gives_every_target_once_in_batches_none_of_which_is_empty(load, lengths, size, epoch):
    lines = [(f"u{u}", f"i{(3 * u + t) % 17}", 50 * u + t) for u, n in enumerate(lengths) for t in range(n)]
    log = load(lines, model="SASRec", train_positions="all", train_batch_size=size, eval_args={"mode": "full"})
    data = load_data(log.config)
    found = batches(data, epoch)
    assert len(found) == len(data.train)
    assert all((batch["next_item_id_list"] > 0).any() for batch in found)
    targets = sorted(target for batch in found for _, target in positions(batch))
    assert targets == sorted(data.dataset.item[data.dataset.split.train].tolist())


def test_workers_give_the_same_batches(shop):
    made = [
        [
            batch["next_item_id_list"].tolist()
            for batch in batches(load_data(Config("SASRec", "shop", config_dict=given)))
        ]
        for given in ({**shop, "train_positions": "all"}, {**shop, "train_positions": "all", "worker": 2})
    ]
    assert made[0] == made[1]
