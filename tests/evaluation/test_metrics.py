import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from recbole_lsrec.evaluation.metrics import gauc, group_auc, instance_auc, pooled_auc, roc_area, summarise, twice_below
from recbole_lsrec.evaluation.ties import rank_of_positive

NAMES = ["Hit", "NDCG", "MRR", "Precision", "Recall", "GAUC"]


def test_hand_case():
    rank = np.array([1.0, 3.0, 11.0])
    result = summarise(rank, np.array([99, 99, 99]), NAMES, [2, 10])
    assert result == pytest.approx(
        {
            "hit@2": 1 / 3,
            "hit@10": 2 / 3,
            "ndcg@2": 1 / 3,
            "ndcg@10": (1 + 0.5) / 3,
            "mrr@2": 1 / 3,
            "mrr@10": (1 + 1 / 3) / 3,
            "precision@2": 1 / 6,
            "precision@10": 2 / 30,
            "recall@2": 1 / 3,
            "recall@10": 2 / 3,
            "mrr": (1 + 1 / 3 + 1 / 11) / 3,
            "meanrank": 5.0,
            "gauc": (1 + 97 / 99 + 89 / 99) / 3,
        }
    )


def test_the_last_place_of_a_list_is_in_it_and_half_a_place_beyond_is_not():
    result = summarise(np.array([10.0, 10.5]), np.array([99, 99]), ["Hit", "NDCG", "MRR", "Precision", "MAP"], [10])
    expected = {"hit@10": 1 / 2, "ndcg@10": 0.144532, "mrr@10": 1 / 20, "precision@10": 1 / 20, "map@10": 1 / 20}
    assert {key: result[key] for key in expected} == pytest.approx(expected, abs=1e-6)  # 1 / log2(11) = 0.289065


@pytest.mark.parametrize(("ties", "rank"), [("average", 3.5), ("optimistic", 2.0), ("pessimistic", 5.0)])
def test_tie_rules(ties, rank):
    assert rank_of_positive(np.array([1]), np.array([3]), ties).tolist() == [rank]


def test_unknown_tie_rule():
    with pytest.raises(ValueError, match="accepted: average, optimistic, pessimistic"):
        rank_of_positive(np.array([0]), np.array([0]), "worst")


def test_a_constant_scorer_is_no_better_than_chance():
    scores = np.ones((50, 100))
    rank = rank_of_positive(np.zeros(50), np.full(50, 99))
    result = summarise(rank, np.full(50, 99), ["AUC", "GAUC"], [10], scores)
    assert result["auc"] == result["gauc"] == 0.5
    assert result["mrr"] == pytest.approx(1 / 50.5)


def test_a_random_scorer_on_one_plus_99():
    scores = np.random.default_rng(0).random((20_000, 100))
    rank = rank_of_positive((scores[:, 1:] > scores[:, :1]).sum(1), np.zeros(len(scores)))
    result = summarise(rank, np.full(len(rank), 99), ["AUC", "Hit"], [10], scores)
    assert result["auc"] == pytest.approx(0.5, abs=0.006)
    assert result["hit@10"] == pytest.approx(0.10, abs=0.008)
    assert result["mrr"] == pytest.approx(0.0519, abs=0.003)


@given(st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=12))
def test_auc_equals_scikit_learn_with_ties(rows):
    scores = np.array(rows, dtype=float)
    label = np.zeros_like(scores)
    label[:, 0] = 1
    assert pooled_auc(scores) == pytest.approx(roc_auc_score(label.ravel(), scores.ravel()))
    above = (scores[:, 1:] > scores[:, :1]).sum(1)
    tied = (scores[:, 1:] == scores[:, :1]).sum(1)
    each = [roc_auc_score(label[i], scores[i]) for i in range(len(scores))]
    assert instance_auc(rank_of_positive(above, tied), np.full(len(scores), 3)) == pytest.approx(np.array(each))


def test_an_area_counts_pairs_and_ties_half():
    positive, negative = np.array([5.0, 2.0]), np.array([2.0, 1.0, 2.0])
    assert twice_below(positive, np.sort(negative)).tolist() == [6, 4]
    assert roc_area(positive, negative) == 5 / 6
    assert roc_area(negative, positive) == 1 / 6


def test_auc_leaves_out_the_gaps_of_short_lists():
    scores = np.array([[0.9, 0.1, np.nan], [0.2, 0.3, 0.1]])
    assert pooled_auc(scores) == pytest.approx(roc_auc_score([1, 0, 1, 0, 0], [0.9, 0.1, 0.2, 0.3, 0.1]))


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=2, max_size=12),
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.lists(st.booleans(), min_size=36, max_size=36),
)
def test_group_auc_equals_scikit_learn_by_group(rows, groups, gaps):
    scores = np.array(rows, dtype=float)
    scores[:, 2:][np.array(gaps[: 2 * len(rows)]).reshape(-1, 2)] = np.nan  # the first negative stays
    group = np.array(groups[: len(rows)]) * 10
    area, n_rows = group_auc(scores, group)
    label = np.zeros_like(scores)
    label[:, 0] = 1
    for at, one in enumerate(np.unique(group)):
        part = scores[group == one]
        real = ~np.isnan(part)
        assert area[at] == pytest.approx(roc_auc_score(label[group == one][real], part[real]))
        assert n_rows[at] == real.sum()


def test_groups_stay_apart_where_the_lowest_score_of_one_is_the_highest_of_the_one_before():
    area, n_rows = group_auc(np.array([[0.5, 0.1], [0.9, 0.5]]), np.array([1, 2]))
    assert (area.tolist(), n_rows.tolist()) == ([1, 1], [2, 2])


def test_gauc_in_its_three_groupings():
    # User 7: two instances; user 9: one, with a gap in its list.
    scores = np.array([[0.9, 0.2, 0.3], [0.25, 0.5, 0.1], [0.4, 0.6, np.nan]])
    rank, n_negatives, user = np.array([1.0, 2.0, 2.0]), np.array([2, 2, 1]), np.array([7, 7, 9])
    of_7 = (4 + 2) / 8  # .9 is above all four negatives of the user, .25 above two
    assert gauc("instance", rank, n_negatives, None, None) == pytest.approx((1 + 0.5 + 0) / 3)
    assert gauc("user", rank, n_negatives, scores, user) == pytest.approx((of_7 + 0) / 2)
    assert gauc("rows", rank, n_negatives, scores, user) == pytest.approx((6 * of_7 + 2 * 0) / 8)
    assert gauc("rows", rank, n_negatives, None, user) is None
    assert np.isnan(gauc("instance", rank, np.zeros(3), None, None))


def test_a_user_without_negatives_is_left_out():
    scores = np.array([[0.9, np.nan], [0.2, 0.1]])
    assert gauc("user", np.array([1.0, 1.0]), np.array([0, 1]), scores, np.array([1, 2])) == 1.0


def test_an_instance_without_competitors_is_left_out():
    assert gauc("instance", np.array([1.0, 2.0]), np.array([0, 4]), None, None) == 0.75
