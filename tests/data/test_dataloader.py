import os

import numpy as np
import pytest
import torch

from recbole_lsrec.data.candidates.freeze import candidate_hash
from recbole_lsrec.data.dataloader import EvalLoader, TrainLoader, in_parallel
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.protocol import Protocol

ROWS = [(f"u{u}", f"i{(u * 7 + 3 * t) % 23}", 1000 * t + u) for u in range(12) for t in range(9)]


@pytest.fixture
def loaders(load):
    """``loaders(candidate_batch, **settings)``: the three loaders of the log above."""

    def make(candidate_batch=True, model="GRU4Rec", **settings):
        settings = {
            **({"loss_type": "BPR"} if model == "GRU4Rec" else {}),
            "train_neg_sample_args": {"sample_num": 3},
            "eval_args": {"mode": ["uni5", "full"]},
            "train_batch_size": 16,
            "eval_batch_size": 5,
            "metrics": ["NDCG"],
            **settings,
        }
        log = load(ROWS, model=model, **settings)
        train, valid, test = log.build()
        sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
        config = log.config
        return (
            TrainLoader(config, train, sampler, candidate_batch),
            EvalLoader(config, valid, "valid", sampler),
            EvalLoader(config, test, "test", sampler),
        )

    return make


def _all(loader):
    return [{field: batch[field] for field in batch.columns} for batch in loader]


def _equal(one, two):
    return len(one) == len(two) and all(torch.equal(a[f], b[f]) for a, b in zip(one, two, strict=True) for f in a)


def test_candidate_batches_hold_each_history_once(loaders):
    train, _, _ = loaders()
    batches = _all(train)
    assert len(batches) == len(train) == 5  # 12 users x 6 training instances, 16 at a time
    assert batches[0]["item_id_list"].shape == (16, 3)
    assert batches[0]["neg_item_id"].shape == (16, 3)
    assert sum(len(batch["item_id"]) for batch in batches) == 72
    for batch in batches:
        candidates = torch.cat([batch["item_id"][:, None], batch["neg_item_id"]], dim=1)
        assert all(len(set(row.tolist())) == 4 for row in candidates)


def test_stock_pairs(loaders):
    train, _, _ = loaders(candidate_batch=False)
    batch = next(iter(train))
    assert len(batch) == 48  # three blocks of the same 16 positives
    assert torch.equal(batch["item_id"][:16], batch["item_id"][32:])
    assert batch["neg_item_id"].shape == (48,)
    assert not (batch["neg_item_id"] == batch["item_id"]).any()


def test_stock_labels(loaders):
    train, _, _ = loaders(candidate_batch=False, model="DIN")
    batch = next(iter(train))
    assert len(batch) == 64
    assert batch["label"].tolist() == [1.0] * 16 + [0.0] * 48
    assert torch.equal(batch["item_id_list"][:16], batch["item_id_list"][48:])


def test_an_epoch_is_a_function_of_seed_and_epoch(loaders):
    one, two = loaders()[0], loaders()[0]
    first = _all(one)
    assert _equal(first, _all(two))
    one.set_epoch(1)
    assert not _equal(first, _all(one))
    one.set_epoch(0)
    assert _equal(first, _all(one))
    assert not _equal(first, _all(loaders(seed=1)[0]))


def test_without_shuffling_the_order_is_that_of_the_log(loaders):
    train, _, _ = loaders(shuffle=False)
    items = torch.cat([batch["item_id"] for batch in train])
    assert items.tolist() == train.dataset.item[train.dataset.rows].tolist()


def _process(_):
    """Here, since what workers are given is pickled where they are not forked, as on Python 3.14."""
    return os.getpid()


def test_workers_are_other_processes():
    made = list(in_parallel([1, 2, 3, 4], _process, workers=2, seed=0))
    assert len(set(made)) == 2
    assert os.getpid() not in made
    assert list(in_parallel([1, 2], _process, workers=0, seed=0)) == [os.getpid()] * 2


def test_workers_change_nothing(loaders):
    assert _equal(_all(loaders()[0]), _all(loaders(worker=2)[0]))


def test_ce_models_get_no_negatives(loaders):
    train, _, _ = loaders(candidate_batch=False, loss_type="CE", train_neg_sample_args=None)
    assert "neg_item_id" not in next(iter(train)).columns


def test_in_batch_negatives(loaders):
    train, _, _ = loaders(train_neg_sample_args={"distribution": "in_batch", "sample_num": 2})
    batch = next(iter(train))
    assert set(batch["neg_item_id"].flatten().tolist()) <= set(batch["item_id"].tolist())


def test_a_part_of_a_batch_draws_among_the_targets_of_the_whole(loaders):
    train, _, _ = loaders(train_neg_sample_args={"distribution": "in_batch", "sample_num": 20})
    item, rows = train.dataset.item, train.dataset.rows
    offered = set(item[rows[:6]].tolist())
    drawn = train.negatives(rows[:2], rows[:6])
    assert set(drawn.ravel().tolist()) > set(item[rows[:2]].tolist())
    assert set(drawn.ravel().tolist()) <= offered


def test_more_negatives_than_items_is_refused(loaders):
    with pytest.raises(
        ConfigError, match="sample_num is 23, but an item of tiny has only 22 others; ask for at most 22"
    ):
        loaders(train_neg_sample_args={"sample_num": 23})


def test_evaluation_in_the_order_of_the_log_with_frozen_candidates(loaders):
    _, valid, test = loaders()
    rows = np.concatenate([rows for rows, _ in test])
    assert rows.tolist() == test.dataset.rows.tolist()
    assert test.candidates["uni5"].shape == (12, 5)
    assert test.candidates["uni5"].dtype == np.int32
    assert list(test.hashes) == ["uni5"]
    assert test.hashes != valid.hashes


def test_candidates_depend_on_the_candidate_seed_but_not_on_seed_model_or_batch(loaders):
    hashes = loaders()[2].hashes
    assert loaders(seed=7, eval_batch_size=1, loss_type="CE", train_neg_sample_args=None)[2].hashes == hashes
    assert loaders(candidate_seed=1)[2].hashes != hashes


def test_too_few_candidates_is_an_error_or_allowed(loaders):
    with pytest.raises(
        DataError, match=r"uni23: 12 of 12 targets have fewer than 23 possible negatives \(the least 22\), 100"
    ):
        loaders(eval_args={"mode": "uni23"})
    _, _, test = loaders(eval_args={"mode": "uni23", "fewer": "allow"})
    assert (test.candidates["uni23"] == 0).sum() == 12


def test_candidate_hash_of_known_lists():
    assert candidate_hash(np.array([3]), np.array([[1, 2]])) == candidate_hash(
        np.array([3]), np.array([[1, 2]], dtype=np.int32)
    )
    assert candidate_hash(np.array([3]), np.array([[1, 2]])) != candidate_hash(np.array([4]), np.array([[1, 2]]))


@pytest.mark.parametrize("name", ["uni", "pop0", "uni-5", "ful", "99"])
def test_unknown_protocol(name):
    with pytest.raises(ValueError, match="accepted: 'full', 'uniN' or 'popN'"):
        Protocol.parse(name)


def test_candidates_of_a_global_time_split_were_seen_before_its_boundary(loaders):
    boundaries = {"valid": 2000, "test": 3000}
    _, valid, test = loaders(eval_args={"mode": "uni5", "split": {"GTS": {**boundaries, "targets": "successive"}}})
    pools = {}
    for loader in (valid, test):
        log = loader.dataset
        pools[loader.phase] = set(log.item[log.time < boundaries[loader.phase]].tolist())
        assert set(loader.candidates["uni5"].ravel().tolist()) <= pools[loader.phase]
    # The targets of validation come later, when all items have been seen.
    assert len(pools["valid"]) < len(pools["test"]) == log.item_num - 1


@pytest.mark.parametrize(
    ("divisible", "cuts"),
    [
        (None, [[(0, 5)], [(5, 10), (10, 12)]]),  # whole batches
        (1, [[(0, 5), (5, 6)], [(6, 10), (10, 12)]]),  # a batch may be cut after any row
        (9, [[(0, 5)], [(5, 10), (10, 12)]]),
    ],
)
def test_processes_share_the_instances_each_in_one(loaders, monkeypatch, divisible, cuts):
    loader = loaders()[2]  # 12 instances, 5 at a time
    monkeypatch.setattr("recbole_lsrec.processes.group._world", 2)
    for rank in range(2):
        monkeypatch.setattr("recbole_lsrec.processes.group._rank", rank)
        assert [(cut.start, cut.stop) for cut in loader.cuts(divisible)] == cuts[rank]
