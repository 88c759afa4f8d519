"""Ranks under every lambda, against counting one by one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.evaluation import popularity
from recbole_lsrec.evaluation.popularity import LAMBDAS, Correction, Corrector, best_lambda, kept_lambda, log_popularity

EVENTS = np.array([0, 0, 1, 1, 4, 20])  # item 1 was never trained on


def test_an_item_without_training_events_counts_as_one_with_one():
    expected = [0, 0, 0, 0, np.log(4), np.log(20)]
    np.testing.assert_allclose(log_popularity(EVENTS).numpy(), expected, rtol=1e-6)


def test_popularity_taken_out_and_put_in_turns_a_list_round():
    corrector = Corrector(Correction((-1.0, 0.0, 1.0), {"pop2": -1.0}), EVENTS, torch.device("cpu"))
    target, items = torch.tensor([2]), torch.tensor([[4, 5, 0]])
    scores = torch.tensor([[0.5, 2.0, torch.nan]])  # less their log popularity -0.9 and -1.0, with it 1.9 and 5.0
    own, rivals = corrector.take("pop2", target, torch.tensor([[0.0]]), items, scores)
    assert (own.item(), rivals is scores) == (0.0, True)  # the results stay as they are
    curves, own_ranks = corrector.found("average", ["Hit", "NDCG"], [1], "instance")
    assert curves["pop2"]["hit@1"] == [1.0, 0.0, 0.0]
    assert curves["pop2"]["meanrank"] == [1.0, 3.0, 3.0]
    assert own_ranks["pop2"].tolist() == [1.0]
    of_ranks, of_scores = (corrector.found("average", ["GAUC"], [1], by)[0]["pop2"] for by in ("instance", "user"))
    assert of_ranks["gauc"] == [1.0, 0.0, 0.0]
    assert "gauc" not in of_scores  # the AUC of a user's rows, which ranks do not give


@given(st.data())
@settings(max_examples=50)
def test_ranks_are_those_of_counting(data):
    lambdas = tuple(sorted(data.draw(st.sets(st.sampled_from(LAMBDAS), min_size=1, max_size=4))))
    in_results = data.draw(st.sampled_from(lambdas))
    rows = data.draw(st.integers(1, 4))
    whole = data.draw(st.booleans())
    score = st.sampled_from([-1.0, 0.0, float(np.log(4)), 2.0])
    target = torch.tensor(data.draw(st.lists(st.integers(1, 5), min_size=rows, max_size=rows)))
    every = torch.tensor(data.draw(st.lists(st.lists(score, min_size=6, max_size=6), min_size=rows, max_size=rows)))
    positive = every.gather(1, target[:, None])
    others = [[item for item in range(1, 6) if item != own][: data.draw(st.integers(1, 4))] for own in target.tolist()]
    chosen = torch.tensor([row + [0] * (4 - len(row)) for row in others])
    items, scores = (None, every) if whole else (chosen, every.gather(1, chosen).masked_fill(chosen == 0, torch.nan))

    corrector = Corrector(Correction(lambdas, {"it": in_results}, in_results=True), EVENTS, torch.device("cpu"))
    own, corrected = corrector.take("it", target, positive, items, scores)
    curves, own_ranks = corrector.found("average", ["MRR"], [3], "instance")
    found = curves["it"]

    shift = log_popularity(EVENTS)
    for at, value in enumerate(lambdas):
        ranks = []
        for row, mine in enumerate(target.tolist()):
            rivals = [item for item in range(1, 6) if item != mine] if whole else others[row]
            of = {item: every[row, item] + np.float32(value) * shift[item] for item in (mine, *rivals)}
            above, level = (sum(test(of[item], of[mine]) for item in rivals) for test in (torch.gt, torch.eq))
            ranks.append(1 + int(above) + int(level) / 2)
        assert found["meanrank"][at] == np.mean(ranks)
        if value == in_results:
            assert own_ranks["it"].tolist() == ranks
    expected = every + np.float32(in_results) * shift
    assert torch.equal(own, expected.gather(1, target[:, None]))
    assert torch.equal(corrected.nan_to_num(), expected if whole else expected.gather(1, chosen) * (chosen > 0))


@pytest.mark.parametrize(
    ("values", "bigger", "best"),
    [([0.1, 0.3, 0.2], True, 0.0), ([0.3, 0.1, 0.3], True, 1.0), ([0.2, 0.2, 0.1], False, 1.0), ([0.2] * 3, True, 0.0)],
)
def test_the_best_lambda_is_of_equals_the_one_nearest_to_none(values, bigger, best):
    assert best_lambda((-1.0, 0.0, 1.0), values, bigger) == best


@pytest.mark.parametrize(
    ("values", "best"), [([np.nan, 0.1, 0.2], 1.0), ([0.3, np.nan, 0.1], -1.0), ([np.nan] * 3, 0.0)]
)
def test_a_lambda_whose_metric_is_no_number_is_not_chosen(values, best):
    assert best_lambda((-1.0, 0.0, 1.0), values, True) == best


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ("valid", {"lambda": {"pop9": -1.0, "full": 0.5}}, 0.5),
        ("valid", {"lambda": {"pop9": -1.0}}, 0.0),  # fitted for drawn negatives alone
        ("valid", None, 0.0),
        (-0.5, None, -0.5),
        (None, None, 0.0),
    ],
)
def test_a_ranking_of_all_items_is_corrected_by_the_lambda_of_full(monkeypatch, tmp_path, asked, told, expected):
    monkeypatch.setattr(popularity, "read_result", lambda _: {"popularity_correction": told})
    assert kept_lambda(tmp_path, {"popularity_correction": asked}) == expected
