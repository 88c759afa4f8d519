"""RecBole's transforms: functions of seed, epoch and batch, which end."""

import pickle
import random

import pytest
import torch

from recbole_lsrec.data.dataloader import TrainLoader

ROWS = [(f"u{u}", f"i{(u * 7 + 3 * t) % 23}", 1000 * t + u) for u in range(12) for t in range(9)]
FEW = [(f"u{u}", f"i{(u + t) % 3}", 1000 * t + u) for u in range(2) for t in range(8)]
MASKS = {"model": "BERT4Rec", "mask_ratio": 0.5, "train_batch_size": 16, "MAX_ITEM_LIST_LENGTH": 6}
CROPS = {"transform": "crop_itemseq", "eta": 0.5, "train_batch_size": 16, "loss_type": "CE"}


@pytest.fixture
def batches(load):
    """``batches(rows, epoch, **settings)``: the training batches of an epoch."""

    def make(rows, epoch, **settings):
        log = load(rows, train_neg_sample_args=None, **settings)
        train = TrainLoader(log.config, log.build()[0], None, candidate_batch=False)
        train.set_epoch(epoch)
        return [{field: batch[field] for field in batch.columns} for batch in train]

    return make


def equal(one, two):
    return all(torch.equal(a[field], b[field]) for a, b in zip(one, two, strict=True) for field in a)


@pytest.mark.parametrize("settings", [MASKS, CROPS])
def test_batches_are_functions_of_seed_epoch_and_batch(batches, settings):
    random.seed(1)
    first = batches(ROWS, 0, **settings)
    assert random.random() == 0.13436424411240122  # the first after seed(1): none was drawn
    random.seed(2)
    assert equal(first, batches(ROWS, 0, **settings))
    for worker in (1, 2):
        assert equal(first, batches(ROWS, 0, worker=worker, **settings))
    assert not equal(first, batches(ROWS, 1, **settings))
    assert not equal(first, batches(ROWS, 0, seed=1, **settings))


@pytest.mark.parametrize("settings", [{"loss_type": "CE"}, MASKS, CROPS])
def test_a_loader_travels_to_a_process_that_is_not_forked(load, settings):
    log = load(ROWS, train_neg_sample_args=None, **settings)
    train = TrainLoader(log.config, log.build()[0], None, candidate_batch=False)
    there = pickle.loads(pickle.dumps(train))
    made = [[{field: batch[field] for field in batch.columns} for batch in loader] for loader in (train, there)]
    assert equal(*made)


def test_a_window_that_holds_every_item_gets_any_as_its_negative(batches):
    made = batches(FEW, 0, **{**MASKS, "mask_ratio": 1.0})
    window = torch.cat([batch["item_id_list"] for batch in made])
    negative = torch.cat([batch["Neg_item_id"] for batch in made])
    holds_all = torch.stack([(window == item).any(dim=1) for item in (1, 2, 3)]).all(dim=0)
    assert holds_all.any()
    assert set(negative[holds_all].flatten().tolist()) <= {0, 1, 2, 3}
    for items, drawn in zip(window[~holds_all].tolist(), negative[~holds_all].tolist(), strict=True):
        assert not {*items} & {*drawn} - {0}
