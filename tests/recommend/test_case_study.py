"""What RecBole's ``full_sort_topk`` lists, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.errors import DataError
from recbole_lsrec.quick_start import load_data_and_model
from recbole_lsrec.recommend import full_sort_scores, full_sort_topk
from tests.recommend.test_recommender import _shop_run


@pytest.mark.parametrize(("model", "options"), [("BPR", {}), ("SASRec", {"filter_seen": True}), ("SASRec", {})])
def test_what_was_seen_is_left_out_as_in_recbole_and_where_the_run_says_so(tmp_path, model, options):
    folder, _ = _shop_run(tmp_path, model, options)
    _, trained, dataset, _, _, test = load_data_and_model(folder)
    rows = test.dataset.rows
    scores = full_sort_scores(dataset.user[rows], trained, test)
    for row, found in zip(rows, scores, strict=True):
        seen = np.unique(dataset.item[dataset.start[dataset.user[row]] : row])
        left_out = {0, *seen} if options or model == "BPR" else {0}
        assert set(torch.isneginf(found).nonzero()[:, 0].tolist()) == left_out


def test_a_user_without_a_training_event_is_scored_as_in_the_evaluation(tmp_path):
    split = {"GTS": {"valid": 0.03, "test": 0.5, "targets": "last"}}
    folder, _ = _shop_run(tmp_path, "BPR", {"eval_args": {"mode": ["full"], "split": split}})
    _, model, dataset, train, _, test = load_data_and_model(folder)
    targets = dataset.user[test.dataset.rows]
    unseen = targets[~train.dataset.training_users()[targets]]
    assert len(unseen) > 1
    scores = full_sort_scores(unseen, model, test)
    weights = model.user_embedding.weight
    mean = weights[torch.from_numpy(train.dataset.training_users())].mean(dim=0)
    expected = (model.item_embedding.weight @ mean).expand_as(scores)
    shown = ~torch.isneginf(scores)
    torch.testing.assert_close(scores[shown], expected[shown])


def test_more_items_than_there_are_are_refused(tmp_path):
    folder, _ = _shop_run(tmp_path, "Pop", {})
    _, model, dataset, _, _, test = load_data_and_model(folder)
    users, n = dataset.user[test.dataset.rows[:2]], dataset.item_num - 1
    assert full_sort_topk(users, model, test, k=n)[1].shape == (2, n)
    for k in (0, n + 1, 2.0, "2", None, True):
        with pytest.raises(
            DataError, match=rf"^k: found {k!r}; accepted: a whole number from 1 to {n}, the number of items\.$"
        ):
            full_sort_topk(users, model, test, k=k)


@pytest.mark.parametrize("model", ["Pop", "SASRec"])
def test_what_names_no_users_is_refused(tmp_path, model):
    folder, _ = _shop_run(tmp_path, model, {})
    _, trained, dataset, _, _, test = load_data_and_model(folder)
    users = dataset.user[test.dataset.rows[:2]]
    for given in ([str(user) for user in users], users[0], 1, [], [users], {1}, None, iter(users), [1.0], [True]):
        with pytest.raises(
            DataError, match=r"^uid_series: found .*; accepted: a list of internal ids of users, whole numbers"
        ):
            full_sort_scores(given, trained, test)
    for given in (users, users.tolist(), torch.from_numpy(users), pd.Series(users), users.astype(np.int32)):
        assert len(full_sort_scores(given, trained, test)) == 2
