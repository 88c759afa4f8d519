import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from recbole_lsrec.errors import ConfigError, TrainingError
from recbole_lsrec.evaluation import retriever, two_stage
from recbole_lsrec.evaluation.two_stage import RETRIEVED, ROUNDS, TwoStage, recall, scored, share_of_pairs
from recbole_lsrec.quick_start import run_recbole_lsrec


def scores_of_rank(rank: int, n_histories: int, n_items: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    left, right = (torch.randn(n, rank, generator=generator) for n in (n_histories, n_items))
    return left @ right.t() + torch.rand(n_items, generator=generator)


def test_scores_of_low_rank_are_recovered():
    scores = scores_of_rank(8, 260, 5000)
    known = scores[200:]
    asked = []

    def exact(items):
        asked.append(items.shape[1])
        return known.gather(1, items.expand(len(known), -1))

    found = TwoStage(scores[:200]).scores(exact, len(known))
    assert sum(asked) == scored(2) == 628
    assert recall(found, known, 10).tolist() == [1.0] * 60
    assert torch.allclose(found[:, 1:], known[:, 1:], atol=1e-2)
    assert (found[:, 1:] == known[:, 1:]).sum(1).min() >= scored(2)  # what was asked is as it was told


@pytest.mark.parametrize(
    ("noise", "aim", "rounds"),
    [(0.0, 0.99, 2), (2.0, 0.85, 2), (2.0, 0.92, 3), (2.0, 0.97, 5), (2.0, 0.99, 8), (2.0, 1.0, 8)],
)
def test_the_fewest_rounds_that_find_enough_are_taken(noise, aim, rounds):
    scores = scores_of_rank(8, 260, 5000)
    scores += noise * torch.randn(scores.shape, generator=torch.Generator().manual_seed(3))
    stages, known = TwoStage(scores[:200]), scores[200:]
    shares = {}
    for stages.rounds in ROUNDS:
        found = stages.scores(lambda items: known.gather(1, items.expand(len(known), -1)), len(known))
        shares[stages.rounds] = float(recall(found, known, 10).mean())
    share = stages.learn_rounds(known, 10, aim)
    assert stages.rounds == rounds
    assert share == shares[rounds]
    assert all(found < aim for number, found in shares.items() if number < rounds)


def test_what_does_not_show_in_the_anchors_is_missed():
    """And a target gets no other treatment than the rest: nothing tells two stages which it is."""
    scores = scores_of_rank(8, 260, 5000)
    known = scores[200:].clone()
    known[:, 4321] = 1000.0  # the best of all, for these histories alone
    stages = TwoStage(scores[:200])
    assert 4321 not in stages.anchor_items
    found = stages.scores(lambda items: known.gather(1, items.expand(len(known), -1)), len(known))
    assert recall(found, known, 1).sum() < 60
    assert found[:, 4321].min() < 100


def test_a_list_has_no_estimates_and_what_is_hidden_is_not_looked_for():
    scores = scores_of_rank(8, 240, 2000)
    known, asked = scores[200:], []

    def exact(items):
        asked.append(items.expand(len(known), -1))
        return known.gather(1, asked[-1])

    hidden = torch.zeros_like(known, dtype=torch.bool)
    hidden[torch.arange(len(known)).unsqueeze(1), known.topk(500).indices] = True  # more than are retrieved
    added = torch.zeros_like(known).masked_fill(hidden, -torch.inf)
    found = TwoStage(scores[:200]).best(exact, len(known), added)
    for_the_history = torch.cat(asked[1:], dim=1)
    assert for_the_history.shape == (40, RETRIEVED)
    assert not hidden.gather(1, for_the_history).any()
    listed = torch.isfinite(found)
    torch.testing.assert_close(found[listed], known[listed])
    best = found.masked_fill(hidden, -torch.inf).topk(20)
    torch.testing.assert_close(best.values, known.masked_fill(hidden, -torch.inf)[:, 1:].topk(20).values)


def test_what_is_added_to_scores_decides_what_is_retrieved():
    scores = scores_of_rank(8, 240, 2000)
    known = scores[200:]
    added = torch.linspace(0, -50, 2000).expand_as(known)[
        :, torch.randperm(2000, generator=torch.Generator().manual_seed(2))
    ]  # more than the scores themselves
    found = TwoStage(scores[:200]).best(lambda items: known.gather(1, items.expand(40, -1)), 40, added)
    torch.testing.assert_close((found + added)[:, 1:].topk(20).values, (known + added)[:, 1:].topk(20).values)


def test_few_items_are_all_scored():
    scores = scores_of_rank(3, 30, 40)
    found = TwoStage(scores[:20]).scores(lambda items: scores[20:].gather(1, items.expand(10, -1)), 10)
    assert torch.equal(found[:, 1:], scores[20:, 1:])


@pytest.mark.parametrize(
    ("found", "k", "expected"),
    [
        ([[9.0, 3, 2, 1, 0]], 2, [1.0]),  # padding, the first, is no item
        ([[0.0, 3, 0, 1, 2]], 2, [0.5]),
        ([[0.0, 0, 1, 2, 3]], 2, [0.0]),
        ([[0.0, 0, 1, 2, 3]], 9, [1.0]),
    ],
)
def test_recall(found, k, expected):
    assert recall(torch.tensor(found), torch.tensor([[0.0, 4, 3, 2, 1]]), k).tolist() == expected


def test_what_ties_with_the_last_of_the_best_is_among_them():
    exact = torch.tensor([[9.0, 1, 1, 1, 0], [9.0, 2, 1, 1, 0]])
    assert recall(torch.tensor([[0.0, 0, 0, 1, 0], [0.0, 0, 0, 1, 0]]), exact, 1).tolist() == [1.0, 0.0]
    assert recall(torch.tensor([[0.0, 0, 2, 1, 0], [0.0, 2, 0, 1, 0]]), exact, 2).tolist() == [1.0, 1.0]


def test_a_coefficient_of_an_axis_has_variance_1_beside_the_noise_of_the_axes_left_out():
    scores = scores_of_rank(3, 20, 50).double()
    scores += 0.01 * torch.randn(scores.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    values = torch.linalg.svdvals(scores - scores.mean(0)).square()  # decreasing
    stages = TwoStage(scores)
    assert stages.features.shape == (50, 2 + 3)  # the mean, a constant and the axes, the largest last
    torch.testing.assert_close(stages.features[:, 2:].square().sum(0), values[:3].flip(0) / 20)
    noise = float(values[3:].sum()) / 1000
    assert stages.penalty.diagonal().tolist() == pytest.approx([0, 0, noise, noise, noise], rel=1e-6, abs=1e-11)


def test_equal_scores_need_no_further_rounds():
    stages = TwoStage(torch.ones(200, 5000))
    assert stages.learn_rounds(torch.ones(50, 5000), 10, 0.99) == 1.0
    assert stages.rounds == ROUNDS[0]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), TrainingError, r"^GRU4Rec scored 1 instances of a batch with NaN"),
        (-float("inf"), ConfigError, r"^test: full in two stages: GRU4Rec gives some items an infinite score"),
    ],
)
def test_scores_of_which_no_vectors_can_be_made_are_refused(value, error, message):
    scores = scores_of_rank(8, 250, 2000)
    scores[3, 7] = value
    model = type("GRU4Rec", (), {})()
    with pytest.raises(error, match=message):
        retriever.make_items(model, scores, 10, "test: full")


def test_the_padding_item_may_score_anything():
    scores = scores_of_rank(8, 250, 2000)
    known = retriever.make_items(type("GRU4Rec", (), {})(), scores.clone(), 10, "test: full").recall
    scores[:, 0] = -float("inf")
    assert retriever.make_items(type("GRU4Rec", (), {})(), scores, 10, "test: full").recall == known


def test_share_of_pairs():
    assert share_of_pairs(54_474, 68_010) == pytest.approx(0.03147, abs=1e-5)  # Taobao's test
    assert share_of_pairs(1000, 4000) == pytest.approx(0.25 + 0.457)
    assert share_of_pairs(100, 1000) == 1.0
    assert share_of_pairs(0, 68_010) == 1.0


@pytest.mark.parametrize(("share", "worth"), [(0.49, True), (0.5, False), (1.0, False)])
def test_stages_are_worth_it_where_more_than_half_is_saved(monkeypatch, share, worth):
    monkeypatch.setattr(retriever, "share_of_pairs", lambda n_histories, n_items: share)
    assert retriever.worth_it(100, 1000) is worth


def test_where_they_are_worth_it_is_what_the_page_says():
    page = (Path(__file__).resolve().parents[2] / "docs" / "recommending.md").read_text(encoding="utf-8")
    said = re.search(r"begins at (\S+) histories with (\S+) items, (\S+) with (\S+), (\S+) with (\S+)\.", page)
    numbers = [int(number.replace(",", "")) for number in said.groups()]
    for histories, items in zip(numbers[::2], numbers[1::2], strict=True):
        assert retriever.worth_it(histories, items)
        assert not retriever.worth_it(histories, int(0.95 * items))


@pytest.fixture
def small(monkeypatch):
    """Two stages that are worth it on a log of 60 instances and 71 items."""
    monkeypatch.setattr(two_stage, "ROUNDS", (1, 2))
    monkeypatch.setattr(two_stage, "_RANK", 6)
    monkeypatch.setattr(two_stage, "_ANCHOR_ITEMS", 8)
    monkeypatch.setattr(two_stage, "_RETRIEVED", 6)
    monkeypatch.setattr(retriever, "HISTORIES", 15)
    monkeypatch.setattr(two_stage, "HISTORIES", 15)
    monkeypatch.setattr(retriever, "_WORTH_IT", 0.6)


def outcome(model, **settings):
    result = run_recbole_lsrec(model, "shop", config_dict=settings)
    folder = Path(result["run_folder"])
    return json.loads((folder / "result.json").read_text()), pd.read_parquet(folder / "instances.parquet")


@pytest.mark.parametrize("model", ["SLSRec", "DIN", "DIEN"])
def test_a_run_in_two_stages(shop, small, model, caplog, monkeypatch):
    anchors, checked = [], []
    monkeypatch.setattr(retriever, "TwoStage", lambda scores: anchors.append(scores) or TwoStage(scores))
    learn = TwoStage.learn_rounds
    monkeypatch.setattr(
        TwoStage, "learn_rounds", lambda self, known, k, aim: checked.append(known) or learn(self, known, k, aim)
    )
    settings = {**shop, "train_steps": 3, "eval_args": {"mode": ["uni9", "full"]}, "state": "INFO", "topk": [5, 10]}
    exact, of_exact = outcome(model, **settings)
    fast, of_fast = outcome(model, **settings, full_stage="two_stage")
    assert exact["full_recall"] == {}
    assert set(fast["full_recall"]) == {"valid", "test"}
    assert 0.2 < fast["full_recall"]["test"] <= 1
    # What is missed is measured on histories that the stages are not made of.
    for made_of, known in zip(anchors, checked, strict=True):
        assert (len(made_of), len(known)) == (12, 3)
        assert not (known[:, None] == made_of).all(2).any()
    told = [record for record in caplog.records if "full in two stages" in record.message]
    assert told
    assert all("of the 10 best by exact ranking" in record.message for record in told)  # the largest of topk
    # What is missed much is a warning; the rest is for the log file alone.
    assert all((record.levelname == "WARNING") != hasattr(record, "place") for record in told)
    sampled = of_exact["protocol"] == "uni9"
    pd.testing.assert_frame_equal(of_exact[sampled], of_fast[sampled])
    ranks = of_exact[~sampled]["rank"], of_fast[~sampled]["rank"]
    assert (of_fast[~sampled]["n_candidates"] == 71).all()
    assert np.corrcoef(*ranks)[0, 1] > 0.5


@pytest.mark.parametrize("model", ["GRU4Rec", "DiffLSRec"])
def test_a_dot_product_needs_no_stages(shop, small, model):
    settings = {**shop, "loss_type": "CE", "train_steps": 3, "eval_args": {"mode": ["full"]}}
    of_exact = outcome(model, **settings)[1]
    fast, of_fast = outcome(model, **settings, full_stage="two_stage")
    assert fast["full_recall"] == {}
    pd.testing.assert_frame_equal(of_exact, of_fast)
