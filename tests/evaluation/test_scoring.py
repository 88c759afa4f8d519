"""Scores of candidates and of all items, whatever the model and the chunks."""

import numpy as np
import pytest
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import GeneralRecommender
from recbole.model.sequential_recommender import DIEN, DIN, GRU4Rec, SASRec

from recbole_lsrec.evaluation import scoring
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.scoring import distinct_candidates, predict_rows, score_batch, scores_pairs
from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.registry import get_model
from recbole_lsrec.testing import randomise
from tests.evaluation.test_evaluator import make, small_log  # noqa: F401

CE = {"train_neg_sample_args": None}
OPTIONS = {SASRec: CE, SLSRec: {"without": ["cate"]}}


def batch_of(loader, n=8):
    rows = loader.dataset.rows[:n]
    return loader.make(rows)[1]


@pytest.mark.parametrize("model_class", [DIN, DIEN, SLSRec])
def test_full_ranking_of_target_aware_models_equals_predict_column_by_column(small_log, model_class):  # noqa: F811
    _, loader, model = make(
        small_log, model_class, eval_args={"mode": "full"}, eval_memory_mb=1, **OPTIONS.get(model_class, {})
    )
    model.eval()
    interaction = batch_of(loader)
    n_items = loader.dataset.item_num
    items = torch.arange(n_items).expand(len(interaction), -1)
    with torch.no_grad():
        full = score_batch(model, interaction, items[:, :1], loader.dataset, full=True, memory_mb=1).full
        for column in range(1, n_items):
            interaction["item_id"] = items[:, column]
            assert torch.allclose(full[:, column], model.predict(interaction), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("model_class", [SASRec, DIN, SLSRec])
def test_candidates_alone_score_as_among_all_items(small_log, model_class):  # noqa: F811
    _, loader, model = make(small_log, model_class, eval_args={"mode": "full"}, **OPTIONS.get(model_class, {}))
    model.eval()
    interaction = batch_of(loader)
    items = torch.randint(
        1, loader.dataset.item_num, (8, 40), generator=torch.Generator().manual_seed(1)
    )  # repeats too
    with torch.no_grad():
        every = score_batch(model, interaction, items, loader.dataset, full=True, memory_mb=1)
        alone = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=1)
    assert alone.full is None
    assert torch.allclose(alone.candidates, every.candidates, rtol=1e-5, atol=1e-6)


class AllExactly:
    """Two stages that retrieve everything, and note how many histories they are asked about."""

    def __init__(self, n_items):
        self.items, self.asked = torch.arange(n_items).unsqueeze(0), []

    def scores(self, exact, n):
        self.asked.append(n)
        return exact(self.items)


# A history takes 322 KiB: three fit in 1 MiB. On a CPU models of ours are given as many as its caches hold.
@pytest.mark.parametrize(("model_class", "asked"), [(DIN, [3, 3, 2]), (get_model("DIN"), [3, 3, 2]), (SLSRec, [8])])
def test_two_stages_are_asked_about_as_many_histories_as_fit(small_log, model_class, asked):  # noqa: F811
    _, loader, model = make(small_log, model_class, eval_args={"mode": "full"}, **OPTIONS.get(model_class, {}))
    model.eval()
    interaction, stages = batch_of(loader), AllExactly(loader.dataset.item_num)
    items = torch.ones(8, 1, dtype=torch.int64)
    with torch.no_grad():
        exact = score_batch(model, interaction, items, loader.dataset, full=True, memory_mb=1)
        staged = score_batch(model, interaction, items, loader.dataset, True, 1, stages)  # type: ignore[arg-type]
    assert stages.asked == asked
    torch.testing.assert_close(staged.full, exact.full, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["SASRec", "GRU4Rec", "eSASRec"])
@pytest.mark.parametrize(
    ("items_per_candidate", "all_items"), [(11, False), (12, True)]
)  # five of 58 items and padding
def test_of_a_large_catalogue_the_candidates_alone_are_scored(
    small_log,  # noqa: F811
    monkeypatch,
    name,
    items_per_candidate,
    all_items,
):
    _, loader, model = make(small_log, get_model(name), **CE, eval_args={"mode": "uni9"})
    model.eval()
    interaction = batch_of(loader)
    items = torch.randint(1, loader.dataset.item_num, (8, 5), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = model.full_sort_predict(interaction).gather(1, items)
        monkeypatch.setattr(scoring, "_LARGE", items_per_candidate)
        asked, predict = [], model.full_sort_predict
        of_recbole = next(base for base in type(model).__mro__ if "full_sort_predict" in vars(base))
        monkeypatch.setattr(of_recbole, "full_sort_predict", lambda self, some: asked.append(some) or predict(some))
        found = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=0.005)
    torch.testing.assert_close(found.candidates, expected, rtol=1e-5, atol=1e-6)
    assert bool(asked) is all_items


class OfPairs(GeneralRecommender):
    """Scores user u and item i with 100 u + i, and notes how many pairs it is asked about."""

    def __init__(self):
        self.sizes = []

    def predict(self, interaction):
        self.sizes.append(len(interaction))
        return 100.0 * interaction["user_id"] + interaction["item_id"]


class OfUsers(OfPairs):
    """The same, of all items together."""

    def full_sort_predict(self, interaction):
        return 100.0 * interaction["user_id"][:, None] + torch.arange(59)


@pytest.mark.parametrize("model_class", [OfPairs, OfUsers])
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("memory_mb", [1, 0.001])  # all users together, or one
def test_a_model_of_users_scores_each_instance_by_its_user(small_log, model_class, full, memory_mb):  # noqa: F811
    _, loader, _ = make(small_log, **CE, eval_args={"mode": "uni9"})
    batch = Interaction({"user_id": torch.tensor([3, 5, 3])})
    items = torch.tensor([[1, 9], [9, 2], [58, 1]])
    found = score_batch(model_class(), batch, items, loader.dataset, full, memory_mb)
    assert found.candidates.tolist() == [[301, 309], [509, 502], [358, 301]]
    if full:
        assert found.full[:, 1].tolist() == [301, 501, 301]


def test_predict_is_given_as_many_rows_as_fit(small_log):  # noqa: F811
    _, loader, _ = make(small_log, **CE, eval_args={"mode": "uni9"})
    model, batch = OfPairs(), Interaction({"user_id": torch.arange(6)})
    # A row of 8 bytes is counted as 1 KiB.
    predict_rows(model, batch, torch.tensor([[1, 2, 3, 4, 5]]), loader.dataset, memory_mb=10 / 1024)
    assert model.sizes == [10, 10, 10]


@pytest.mark.parametrize(
    ("name", "pairs"),
    [("SLSRec", True), ("DIN", True), ("DiffLSRec", False), ("SASRec", False), ("NeuMF", False), ("BPR", False)],
)
def test_which_models_look_at_pairs_of_history_and_item(name, pairs):
    model_class = get_model(name)
    assert scores_pairs(model_class.__new__(model_class)) is pairs


def test_alpha_is_that_of_the_first_candidate(small_log):  # noqa: F811
    _, loader, model = make(small_log, SLSRec, eval_args={"mode": "uni9"}, **OPTIONS[SLSRec])
    randomise(model)
    model.eval()
    interaction, items = batch_of(loader), torch.tensor([[7, 3, 5]]).expand(8, -1)
    with torch.no_grad():
        found = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=1).alpha
        of_each = model.score(model.encode(interaction), items, return_alpha=True)[1]
    assert not torch.allclose(of_each[:, 0], of_each[:, 2])
    torch.testing.assert_close(found, of_each[:, 0])


class Colder(get_model("SASRec")):  # type: ignore[misc]
    """One's own scores on a model of ours."""

    def full_sort_predict(self, interaction):
        return super().full_sort_predict(interaction) / 7


def test_scores_of_ones_own_are_those_of_a_large_catalogue_too(small_log, monkeypatch):  # noqa: F811
    _, loader, model = make(small_log, get_model("SASRec"), **CE, eval_args={"mode": "uni9"})
    model.__class__ = Colder
    model.eval()
    interaction, items = batch_of(loader), torch.arange(1, 6).expand(8, -1)
    monkeypatch.setattr(scoring, "_LARGE", 1)
    with torch.no_grad():
        found = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=1).candidates
        assert torch.equal(found, model.full_sort_predict(interaction).gather(1, items))


class Listed(SLSRec):
    """The trio of RecBole's, changed on a model of ours: item 7 is everyone's first."""

    def predict(self, interaction):
        return super().predict(interaction) + 1e6 * (interaction["item_id"] == 7)

    def full_sort_predict(self, interaction):
        scores = super().full_sort_predict(interaction)
        scores[:, 7] += 1e6
        return scores


class Matched(DiffLSRec):
    """The same by ``match``, whose base scores all items without it."""

    def match(self, state, items):
        match = super().match(state, items)
        return match._replace(logits=match.logits + 1e6 * (items == 7))


class Predicted(get_model("GRU4Rec")):  # type: ignore[misc]
    """The same by ``predict`` alone."""

    def predict(self, interaction):
        return super().predict(interaction) + 1e6 * (interaction["item_id"] == 7)


@pytest.mark.parametrize(
    ("own", "settings"),
    [(Listed, {"without": ["cate"]}), (Matched, {}), (Predicted, CE)],
    ids=["both", "match", "predict"],
)
@pytest.mark.parametrize("full", [True, False])
def test_what_a_subclass_overrides_scores_in_every_protocol(small_log, own, settings, full):  # noqa: F811
    _, loader, model = make(small_log, own.__base__, eval_args={"mode": "full"}, **settings)
    model.__class__ = own
    model.eval()
    items = torch.tensor([[7, 3, 5]]).expand(8, -1)
    with torch.no_grad():
        found = score_batch(model, batch_of(loader), items, loader.dataset, full=full, memory_mb=1)
    assert (found.candidates > 1e5).tolist() == [[True, False, False]] * 8
    if full:
        assert found.full.argmax(dim=1).tolist() == [7] * 8


def test_without_a_bound_all_histories_are_scored_at_once(small_log, monkeypatch):  # noqa: F811
    _, loader, model = make(small_log, SLSRec, eval_args={"mode": "full"}, **OPTIONS[SLSRec])
    interaction = batch_of(loader)
    items = torch.arange(4).expand(len(interaction), -1)
    model.eval()
    with torch.no_grad():
        bounded = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=1)
        monkeypatch.setattr(scoring, "rows_at_a_time", lambda *_: None)  # as on a GPU
        whole = score_batch(model, interaction, items, loader.dataset, full=False, memory_mb=1)
    assert torch.equal(bounded.candidates, whole.candidates)


def test_a_small_memory_budget_makes_small_batches_of_full_rankings(small_log, monkeypatch):  # noqa: F811
    config, loader, model = make(small_log, GRU4Rec, **CE, eval_args={"mode": ["uni9"]})
    whole = evaluate(model, loader, config)
    sizes = []
    predict = GRU4Rec.full_sort_predict
    monkeypatch.setattr(GRU4Rec, "full_sort_predict", lambda self, i: sizes.append(len(i)) or predict(self, i))
    config["eval_memory_mb"] = 0.004
    assert evaluate(model, loader, config).metrics == whole.metrics
    assert max(sizes) == int(0.004 * 2**20 // (8 * loader.dataset.item_num)) < len(loader.dataset)


def test_what_protocols_share_is_scored_once():
    items = torch.tensor([[5, 2, 9, 2], [7, 0, 7, 7]])
    distinct, place = distinct_candidates(items)
    assert distinct.tolist() == [[2, 5, 9], [0, 7, 0]]
    assert torch.equal(distinct.gather(1, place), items)


def test_seen_items_can_be_left_out_of_the_full_ranking(small_log):  # noqa: F811
    config, loader, model = make(small_log, **CE, eval_args={"mode": ["full", "uni9"]}, metrics=["NDCG", "GAUC"])
    plain = evaluate(model, loader, config)
    config["filter_seen"] = True
    filtered = evaluate(model, loader, config)
    dataset = loader.dataset
    scores = torch.cat([model.full_sort_predict(batch) for _, batch in loader])
    by_hand, n_candidates = [], []
    for row, score in zip(dataset.rows, scores, strict=True):
        target = dataset.item[row]
        past = set(dataset.item[dataset.start[dataset.user[row]] : row].tolist()) - {target}
        rivals = [item for item in range(1, dataset.item_num) if item not in past and item != target]
        by_hand.append(1 + int((score[rivals] > score[target]).sum()))
        n_candidates.append(1 + len(rivals))
    full = filtered.instances.query("protocol == 'full'")
    assert full["rank"].tolist() == by_hand
    assert full["n_candidates"].tolist() == n_candidates
    assert max(n_candidates) < dataset.item_num - 1
    assert filtered.metrics["gauc"] != plain.metrics["gauc"]
    assert filtered.metrics["uni9/mrr"] == plain.metrics["uni9/mrr"]  # drawn negatives have exclude: [history]


def test_tied_instances_are_counted(small_log):  # noqa: F811
    config, loader, model = make(small_log, **CE, eval_args={"mode": ["uni9", "full"]})
    assert evaluate(model, loader, config).tied == {"uni9": 0, "full": 0}
    with torch.no_grad():
        model.item_embedding.weight[:10] = 0
    found = evaluate(model, loader, config)
    is_tied = found.instances["ties"] > 0
    assert found.tied["full"] == is_tied[found.instances["protocol"] == "full"].sum() > 0


def test_gauc_by_user_needs_kept_scores(small_log):  # noqa: F811
    settings = {**CE, "eval_args": {"mode": ["uni9", "full"]}, "metrics": ["NDCG", "GAUC"]}
    by = {}
    for grouping in ("instance", "user", "rows"):
        config, loader, model = make(small_log, **settings, gauc_by=grouping)
        by[grouping] = evaluate(model, loader, config).metrics
    assert "full/gauc" in by["instance"]
    assert "full/gauc" not in by["rows"]
    # One test event a user: the three are the same number.
    assert np.allclose([by[grouping]["gauc"] for grouping in by], by["instance"]["gauc"])
