"""What a model without sequences is trained on: the training events as pairs, negatives, users."""

import numpy as np
import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.pairs import PairDataset
from recbole_lsrec.errors import DataError
from recbole_lsrec.run_data import load_data

LOG = [
    *(("ann", item, 10 * t) for t, item in enumerate(["a", "b", "a", "c", "d", "e"])),
    *(("bob", item, 5 + 10 * t) for t, item in enumerate(["f", "b", "g", "a"])),
    ("cid", "c", 7),
    ("cid", "d", 8),
    ("dan", "e", 9),
]


def test_the_pairs_are_the_training_events_once_and_nothing_held_out(load):
    """Leave-one-out trains on ann's first four events, bob's first two and cid's only instance; dan has none."""
    log = load(LOG)
    log.build()
    pairs = PairDataset.of(log)
    user, item = (pairs.inter_feat[field].numpy() for field in ("user_id", "item_id"))
    tokens = list(zip(log.id2token("user_id", user), log.id2token("item_id", item), strict=True))
    assert tokens == [
        ("ann", "a"),
        ("ann", "b"),
        ("ann", "c"),
        *(("bob", i) for i in "fb"),
        *(("cid", i) for i in "cd"),
    ]
    assert len(pairs) == 7
    matrix = pairs.inter_matrix(form="csr")
    assert matrix.shape == (log.user_num, log.item_num)
    assert matrix.sum() == 7
    assert log.field2id_token["user_id"][log.training_users()].tolist() == ["ann", "bob", "cid"]


def general(shop, model="BPR", **settings):
    return load_data(Config(model, "shop", config_dict={**shop, **settings}))


def test_an_epoch_holds_each_pair_once_with_negatives_that_the_user_has_not_met_in_training(shop):
    data = general(shop, train_neg_sample_args={"sample_num": 3})
    log, events = data.dataset, data.dataset.training_events()
    met = set(zip(log.user[events].tolist(), log.item[events].tolist(), strict=True))
    appeared = set(log.item[log.time <= log.time[events].max()].tolist())
    seen = []
    for batch in data.train:
        positives = list(zip(batch["user_id"].tolist(), batch["item_id"].tolist(), strict=True))
        negatives = list(zip(batch["user_id"].tolist(), batch["neg_item_id"].tolist(), strict=True))
        n = len(positives) // 3  # RecBole's layout: all pairs, three times
        assert positives[:n] == positives[n : 2 * n] == positives[2 * n :]
        assert not met & set(negatives)
        assert {item for _, item in negatives} <= appeared
        seen += positives[:n]
    assert len(seen) == len(set(seen))
    assert set(seen) == met


def test_a_negative_may_appear_in_the_last_second_of_training_and_no_later(load):
    """Training ends at 100 with ann's c; bob is shown x in that second and y in the next, both held out."""
    log = [
        *(("ann", item, t) for item, t in [("a", 0), ("b", 10), ("c", 100), ("d", 200), ("e", 300)]),
        *(("bob", item, t) for item, t in [("a", 5), ("b", 6), ("x", 100), ("y", 101)]),
        *(("cid", item, t) for t, item in enumerate("fghfg")),
    ]
    data = load_data(load(log, model="BPR", train_neg_sample_args={"sample_num": 2}, eval_args={"mode": "full"}).config)
    users, items = (data.dataset.field2id_token[name] for name in ("user_id", "item_id"))
    drawn = {"ann": set(), "bob": set(), "cid": set()}
    for epoch in range(30):
        data.train.set_epoch(epoch)
        for batch in data.train:
            for user, item in zip(users[batch["user_id"]], items[batch["neg_item_id"]], strict=True):
                drawn[user].add(item)
    assert drawn == {"ann": set("fghx"), "bob": set("cfghx"), "cid": set("abcx")}


def test_two_epochs_differ_in_order_and_negatives_and_the_same_epoch_repeats(shop):
    train = general(shop).train
    batches = []
    for epoch in (0, 1, 0):
        train.set_epoch(epoch)
        batches.append([tuple(batch["neg_item_id"].tolist()) for batch in train])
    assert batches[0] == batches[2] != batches[1]


def test_pointwise_models_get_labels(shop):
    batch = next(iter(general(shop, "NeuMF", train_neg_sample_args={"sample_num": 4}).train))
    n = shop["train_batch_size"]
    assert batch["label"].tolist() == [1.0] * n + [0.0] * 4 * n


@pytest.mark.parametrize("model", ["DiffRec", "MultiVAE", "CDAE", "ENMF"])
def test_models_of_whole_users_get_each_training_user_once(shop, model):
    data = general(shop, model, train_batch_size=16)
    users = [user for batch in data.train for user in batch["user_id"].tolist()]
    assert sorted(users) == np.flatnonzero(data.dataset.training_users()).tolist()
    assert len(data.train) == -(-len(users) // 16)


def test_a_user_who_has_met_every_item_is_an_error_in_words(load):
    log = load([("ann", item, t) for t, item in enumerate("abcab")], model="BPR", eval_args={"mode": "full"})
    data = load_data(log.config)
    with pytest.raises(DataError, match=r"^negatives: the target user .* has 0 possible negatives, 1 are asked for"):
        next(iter(data.train))
