"""Numbers of the official CLSR code (see tests/golden), and RecBole's own metric classes on the same ranks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from recbole.evaluator.collector import DataStruct
from recbole.evaluator.metrics import GAUC, MAP, MRR, NDCG, Hit, Precision, Recall
from sklearn.metrics import roc_auc_score

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.metrics import pooled_auc, summarise
from recbole_lsrec.evaluation.ties import rank_of_positive

GOLDEN = Path(__file__).parents[1] / "golden"
METRICS = json.loads((GOLDEN / "metrics.json").read_text())
ARRAYS = np.load(GOLDEN / "metrics.npz")
METRICS_OF_RANK = ["Hit", "NDCG", "MRR", "Precision", "Recall", "MAP"]


def evaluated(scores, user, ties, topk=(1, 2, 5, 10)):
    """All metrics of ``[N, 1 + C]`` scores under the names of the official code."""
    above = (scores[:, 1:] > scores[:, :1]).sum(1)
    equal = (scores[:, 1:] == scores[:, :1]).sum(1)
    rank = rank_of_positive(above, equal, ties)
    middle = rank_of_positive(above, equal, "average")
    n_negatives = np.full(len(scores), scores.shape[1] - 1)
    found = summarise(rank, n_negatives, ["Hit", "NDCG", "AUC"], list(topk), scores)
    found["mean_mrr"] = found.pop("mrr")
    found["group_auc"] = summarise(middle, n_negatives, ["GAUC"], [1])["gauc"]
    found["wauc"] = summarise(rank, n_negatives, ["GAUC"], [1], scores, user, "rows")["gauc"]
    return found, rank


def lists_of(name):
    size = int(name.split("_")[0][1:])
    preds, users = (ARRAYS[f"{name}/{part}"].reshape(-1, size) for part in ("preds", "users"))
    assert (ARRAYS[f"{name}/labels"].reshape(-1, size)[:, 0] == 1).all()
    return preds, users[:, 0]


@pytest.mark.parametrize("name", ["g5_noties", "g100_noties"])
def test_the_official_metrics_without_ties(name):
    scores, user = lists_of(name)
    found, rank = evaluated(scores, user, "pessimistic")
    for metric, value in METRICS[name].items():
        if metric != "logloss":
            assert round(found[metric], 4) == pytest.approx(value, abs=1e-9), metric
    assert (rank == ARRAYS[f"{name}/pos_rank_coded"]).all()
    assert 1 / rank == pytest.approx(ARRAYS[f"{name}/mrr_each"])


@pytest.mark.parametrize("name", ["g5_ties", "g100_ties"])
def test_ties(name):
    scores, user = lists_of(name)
    for ties in ("pessimistic", "optimistic"):
        assert (evaluated(scores, user, ties)[1] == ARRAYS[f"{name}/pos_rank_{ties}"]).all()
    # In lists of up to 16 the official code puts a tied positive last; in longer ones numpy's unstable sort decides.
    found, rank = evaluated(scores, user, "pessimistic")
    if name == "g5_ties":
        assert (rank == ARRAYS["g5_ties/pos_rank_coded"]).all()
        for metric, value in METRICS["g5_ties"].items():
            if metric.startswith(("hit", "ndcg", "mean_mrr")):
                assert round(found[metric], 4) == pytest.approx(value, abs=1e-9), metric
    # The stored areas of these two sets are not those of the stored scores (scikit-learn's differ from them as well).
    label = ARRAYS[f"{name}/labels"].reshape(scores.shape)
    assert found["auc"] == pytest.approx(roc_auc_score(label.ravel(), scores.ravel()))
    by_user = [roc_auc_score(label[user == u].ravel(), scores[user == u].ravel()) for u in np.unique(user)]
    assert found["wauc"] == pytest.approx(np.average(by_user, weights=np.unique(user, return_counts=True)[1]))


def test_the_hand_case_of_two_users():
    case = METRICS["tiny"]
    scores, users = (np.array(case[part]).reshape(3, 3) for part in ("preds", "users"))
    found, rank = evaluated(scores, users[:, 0], "pessimistic")
    assert rank.tolist() == [1, 2, 3]
    for metric in ("wauc", "mean_mrr", "group_auc", "auc"):
        assert round(found[metric], 4) == case[metric], metric
    # User 1 has two instances, user 2 one: each user counting once is a third number.
    by_hand = np.mean([np.mean([p > n for p in (0.9, 0.25) for n in (0.2, 0.3, 0.5, 0.1)]), 0.25])
    assert summarise(rank, np.full(3, 2), ["GAUC"], [1], scores, users[:, 0], "user")["gauc"] == pytest.approx(by_hand)


def test_the_official_end_to_end_evaluation_from_its_scores():
    official = json.loads((GOLDEN / "clsr_small_run_weighted_eval.json").read_text())
    arrays = np.load(GOLDEN / "clsr_small_triplet.npz")
    scores = arrays["out_eval/pred"].reshape(-1, 5)
    user = arrays["in_eval/users"].reshape(-1, 5)[:, 0]
    found, _ = evaluated(scores, user, "pessimistic", topk=(2, 4, 6))
    for metric, value in official.items():
        if metric != "logloss":
            assert round(found[metric], 4) == pytest.approx(value, abs=1e-9), metric


def test_recboles_metric_classes_on_the_same_ranks():
    topk = [1, 2, 5, 10]
    settings = {"topk": topk, "metric_decimal_place": 12}
    rng = np.random.default_rng(0)
    rank, n_items = rng.integers(1, 40, 500), 40
    Config("GRU4Rec", "ml-100k")  # gives numpy the old names that RecBole's metrics read
    is_target = np.arange(1, max(topk) + 1) == rank[:, None]
    known = DataStruct()
    known.set("rec.topk", torch.from_numpy(np.concatenate([is_target, np.ones((500, 1))], axis=1)).int())
    known.set("rec.meanrank", torch.from_numpy(np.stack([rank, np.full(500, n_items), np.ones(500)], axis=1)))
    theirs = {}
    for metric in (Hit, NDCG, MRR, Precision, Recall, MAP, GAUC):
        theirs |= metric(settings).calculate_metric(known)
    ours = summarise(rank.astype(float), np.full(500, n_items - 1), [*METRICS_OF_RANK, "GAUC"], topk)
    assert {key: ours[key] for key in theirs} == pytest.approx(theirs)


def test_pooled_auc_of_a_large_sample_without_ties():
    scores = np.random.default_rng(1).normal(size=(400, 20)).astype(np.float32)
    scores[:, 0] += 1
    below = (scores[:, :1, None] > scores[None, :, 1:].reshape(1, 1, -1)).mean()
    assert pooled_auc(scores) == pytest.approx(below)
