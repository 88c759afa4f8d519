"""CLSR: the contract for every variant, and each option; the authors' numbers are in test_authors_*.py."""

from typing import Any, ClassVar

import pytest
import torch

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.sequential_recommender.clsr import CLSR
from recbole_lsrec.testing import ModelContract
from recbole_lsrec.testing.stub import N_ITEMS, StubDataset, batch_of, random_batch, randomise, repad, stub_config

SIZES = {"attention_hidden_sizes": [8, 4], "alpha_hidden_sizes": [8, 4], "head_hidden_sizes": [20, 10]}


def build(dataset: Any = None, **options: Any) -> CLSR:
    """A model in evaluation mode, its weights with no term near zero."""
    torch.manual_seed(0)
    model = CLSR(stub_config("CLSR", **{**SIZES, **options}), dataset or StubDataset())
    randomise(model)
    return model.eval()


class TestOfficial(ModelContract):
    model_class = CLSR
    overfit_steps = 240  # half of them do with the first weights that torch 2.13 draws, not with torch 2.6's
    # Windows of 12, so that some of the test's histories fill them: only then has alpha a time.
    options: ClassVar[dict[str, Any]] = {**SIZES, "MAX_ITEM_LIST_LENGTH": 12}


class TestPaper(TestOfficial):
    options: ClassVar[dict[str, Any]] = {**SIZES, "variant": "paper"}


class TestOtherChoices(TestOfficial):
    """The other value of every option at once, as far as they go together."""

    options: ClassVar[dict[str, Any]] = {
        **SIZES,
        "sequential_model": "lstm",
        "contrastive_loss": "bpr",
        "interest_evolve": False,
        "attention": "inner_product",
        "fusion_gru": False,
        "alpha_time": "last_event",
        "category_embedding_size": 0,
        "length_threshold": 2,
        "recent_k": 1,
    }


class TestDien(TestOfficial):
    options: ClassVar[dict[str, Any]] = {**SIZES, "short_encoder": "dien", "triplet_form": "eq16"}


class TestManualAlpha(TestOfficial):
    options: ClassVar[dict[str, Any]] = {**SIZES, "manual_alpha": 0.3, "sequential_model": "gru"}


def test_a_window_too_short_for_the_contrast_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        build(MAX_ITEM_LIST_LENGTH=6)
        build(MAX_ITEM_LIST_LENGTH=5, contrastive_weight=0)
        assert not caplog.text
        model = build(MAX_ITEM_LIST_LENGTH=5)
    assert "length_threshold is 5, and MAX_ITEM_LIST_LENGTH 5: no history is long enough" in caplog.text
    assert model.losses(random_batch(width=5))["contrastive"] == 0


def test_the_head_of_each_variant() -> None:
    batch = random_batch()
    official, paper = build(), build(variant="paper")
    assert set(official.losses(batch)) == {"data", "contrastive", "discrepancy", "l2"}
    assert set(paper.losses(batch)) == {"data", "contrastive", "l2"}
    assert official.user_short is not None
    assert paper.user_short is None
    assert paper.encode(batch).u_short is not None, "without the candidate in its query, u_s belongs to the history"
    assert official.encode(batch).u_short is None
    literal = {"short_query": "history", "triplet_form": "euclidean", "data_loss": "bce", "padding": "ignored"}
    same = build(**literal, alpha_time="none", discrepancy_weight=0.0)
    assert torch.equal(same.calculate_loss(batch), paper.calculate_loss(batch))


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_padding_matters_in_training_where_the_authors_let_it(variant: str) -> None:
    """More padding, or another row 0, changes batch-norm statistics; what stands in the padding never matters."""
    batch = random_batch()
    expected = build(variant=variant, MAX_ITEM_LIST_LENGTH=12).train().losses(batch)["data"]

    def data_loss(width: int, fill: int, row: float | None = None) -> torch.Tensor:
        model = build(variant=variant, MAX_ITEM_LIST_LENGTH=width).train()
        if row is not None:
            model.embedding.item.weight.data[0] = row
        return model.losses(repad(batch, width, fill))["data"]

    assert torch.equal(data_loss(12, fill=7), expected)
    for changed in (data_loss(12, 0, row=9.0), data_loss(24, 0)):
        # A window of 24 is full for no history, so the time of alpha changes as well: one more of the authors' ways.
        same = torch.allclose(changed, expected, rtol=1e-5)
        assert same == (variant == "paper")


def test_alpha_reads_the_time_only_where_the_window_is_full() -> None:
    full = batch_of([[[1, 2, 3]], [[1, 2]]], [5, 5], [[6], [6]])
    later = batch_of([[[1, 2, 3]], [[1, 2]]], [5, 5], [[6], [6]])
    later.interaction["timestamp"] += 10_000_000
    changes = {}
    for choice in ("last_column", "last_event", "none"):
        model = build(MAX_ITEM_LIST_LENGTH=3, alpha_time=choice, sequential_model="gru")
        alphas = [model.score(model.encode(batch), batch["item_id"].unsqueeze(1), True)[1] for batch in (full, later)]
        changes[choice] = (alphas[0] != alphas[1]).flatten().tolist()
    assert changes == {"last_column": [True, False], "last_event": [True, True], "none": [False, False]}


def test_proxies() -> None:
    model = build(recent_k=2)
    long, short = model.proxies(model.encode(batch_of([[[1, 2, 3], [4]], [[5]]], [7, 8], [[9], [9]])))
    for row, items, recent in ((0, [1, 2, 3, 4], [3, 4]), (1, [5], [5])):
        torch.testing.assert_close(long[row], model.embedding(torch.tensor(items)).mean(0))
        torch.testing.assert_close(short[row], model.embedding(torch.tensor(recent)).mean(0))


def test_only_longer_histories_are_contrasted_and_none_gives_zero() -> None:
    batch = batch_of([[[1, 2, 3, 4]], [[5, 6]]], [7, 8], [[9], [9]])
    longer = batch_of([[[1, 2, 3, 4]]], [7], [[9]])
    of_both, of_longer = (build(length_threshold=2).losses(part)["contrastive"] for part in (batch, longer))
    torch.testing.assert_close(of_both, of_longer)
    nothing = build(length_threshold=4).losses(batch)
    assert nothing["contrastive"] == 0
    assert all(torch.isfinite(term) for term in nothing.values())


def test_contrast_by_hand() -> None:
    """Eq. 25 of one row with each form of eq. 23, 24."""
    model = build(length_threshold=0, contrastive_weight=1.0)
    batch = batch_of([[[1, 2, 3, 4, 5]]], [7], [[9]])
    state = model.encode(batch)
    match = model.match(state, batch["item_id"].unsqueeze(1))
    u_l, u_s = match.interests.long[0, 0], match.interests.short[0, 0]
    p_l, p_s = (proxy[0] for proxy in model.proxies(state))
    tasks = [(u_l, p_l, p_s), (p_l, u_l, u_s), (u_s, p_s, p_l), (p_s, u_s, u_l)]
    by_hand = {
        "clsr_code": lambda a, p, q: ((a - p) ** 2 - (a - q) ** 2 + 1).clamp(min=0).sum(),
        "eq16": lambda a, p, q: (((a - p) ** 2).sum() - ((a - q) ** 2).sum() + 1).clamp(min=0),
        "euclidean": lambda a, p, q: ((a - p).norm() - (a - q).norm() + 1).clamp(min=0),
        "bpr": lambda a, p, q: (1 + (a @ q - a @ p).exp()).log(),
    }
    for form, term in by_hand.items():
        model.contrastive_loss = form
        expected = sum(term(*task) for task in tasks)
        torch.testing.assert_close(model.auxiliary_loss(state, match)["contrastive"], expected)


def test_contrast_with_coinciding_proxies_has_a_finite_gradient() -> None:
    model = build(variant="paper", length_threshold=0).train()
    model.calculate_loss(batch_of([[[1]], [[2, 2]]], [7, 8], [[9], [9]])).backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters() if parameter.grad is not None)


def test_discrepancy_counts_each_user_once() -> None:
    batch = batch_of([[[1]], [[2]], [[3]]], [7, 7, 7], [[9]] * 3)
    batch.interaction["user_id"] = torch.tensor([4, 4, 2])
    model = build(discrepancy_weight=2.0)
    gap = (model.user_long.weight - model.user_short.weight)[[2, 4]].square().mean()
    torch.testing.assert_close(model.losses(batch)["discrepancy"], -2 * gap)


def test_l2_counts_involved_rows_and_the_padding_where_it_is_seen() -> None:
    batch = batch_of([[[1, 2]], [[3]]], [4, 5], [[6], [6]])
    for variant, padding in (("official", [0]), ("paper", [])):
        model = build(variant=variant, reg_weight=1.0)
        items = torch.tensor([*padding, 1, 2, 3, 4, 5, 6])
        tables = [
            (model.embedding.item, items),
            (model.embedding.category, model.embedding.category_of(items).unique()),
        ]
        tables += [(table, batch["user_id"]) for table in (model.user_long, model.user_short) if table is not None]
        expected = sum(table.weight[rows].square().sum() for table, rows in tables)
        weights = {table.weight for table, _ in tables}
        expected = expected + sum(p.square().sum() for p in model.parameters() if p not in weights)
        torch.testing.assert_close(model.losses(batch)["l2"], 0.5 * expected)


def test_manual_alpha() -> None:
    batch = random_batch()
    for value in (0.0, 0.25, 1.0):
        model = build(manual_alpha=value)
        _, alpha = model.score(model.encode(batch), batch["neg_item_id"], return_alpha=True)
        assert torch.equal(alpha, torch.full((6, 3), value))
        assert model.fusion_gru is None


def test_time_reaches_only_time4lstm() -> None:
    batch, later = random_batch(), random_batch()
    later.interaction["timestamp"] += 5_000_000
    for kind, differs in (("time4lstm", True), ("lstm", False), ("gru", False)):
        model = build(sequential_model=kind)
        assert torch.equal(model.full_sort_predict(batch), model.full_sort_predict(later)) != differs
    assert build(time_feature_unit=3600.0).time_feature_unit == 3600


def test_runs_without_categories() -> None:
    model = build(StubDataset(with_categories=False))
    assert model.embedding.item.embedding_dim == 8
    assert model.full_sort_predict(random_batch()).shape == (6, N_ITEMS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "tf"}, r"variant: found 'tf'; accepted: one of official, paper\."),
        ({"triplet_form": "squared"}, "triplet_form: found 'squared'"),
        ({"manual_alpha": 1.5}, r"manual_alpha: found 1\.5; accepted: a number from 0 to 1, or ~ for none\."),
        ({"time_feature_unit": 0}, "time_feature_unit: found 0"),
        ({"recent_k": 0}, "recent_k: found 0; accepted: a whole number greater than 0"),
        ({"fusion_gru": "on"}, "fusion_gru: found 'on'; accepted: True or False"),
        ({"variant": "paper", "discrepancy_weight": 0.01}, r"discrepancy_weight: found 0\.01, but this model has no"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**options)
