"""SLSRec: the contract for every variant, the equations against a plain reference, and each option."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.layers.fcn import Mixture
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.testing import ModelContract
from recbole_lsrec.testing.stub import N_ITEMS, StubDataset, batch_of, random_batch, randomise, stub_config
from tests.model import slsrec_reference


def build(dataset: Any = None, spread: bool = True, **options: Any) -> SLSRec:
    """A model in evaluation mode; ``spread`` gives it weights with no term near zero."""
    torch.manual_seed(0)
    model = SLSRec(stub_config("SLSRec", **options), dataset or StubDataset())
    if spread:
        randomise(model)
    return model.eval()


class TestLiteral(ModelContract):
    model_class = SLSRec
    options: ClassVar[dict[str, Any]] = {"head_hidden_sizes": [20, 10]}


class TestLineage(TestLiteral):
    options: ClassVar[dict[str, Any]] = {
        "preset": "lineage",
        "attention_hidden_sizes": [12, 6],
        "head_hidden_sizes": [20, 10],
    }


class TestWithoutContrast(TestLiteral):
    options: ClassVar[dict[str, Any]] = {"without": ["cl"], "head_hidden_sizes": [20, 10]}


class TestWithoutCategoryMask(TestLiteral):
    options: ClassVar[dict[str, Any]] = {"without": ["cate"], "head_hidden_sizes": [20, 10]}


class TestWithoutLong(TestLiteral):
    options: ClassVar[dict[str, Any]] = {"without": ["long"], "head_hidden_sizes": [20, 10]}


class TestWithoutShort(TestLiteral):
    options: ClassVar[dict[str, Any]] = {"without": ["short"], "head_hidden_sizes": [20, 10]}

    def test_overfits_32_sequences(self) -> None:
        """Histories with one session all look the same without the short-term encoder: only the loss must fall."""
        losses = self.train(self.build(), [random_batch(n=32)] * self.overfit_steps)
        assert losses[-1] < losses[0]


class TestManyOptions(TestLiteral):
    """The other value of every option at once, as far as they go together."""

    options: ClassVar[dict[str, Any]] = {
        "preset": "lineage",
        "session_attention": "self",
        "category_tie": "recent",
        "alpha_hidden_sizes": [8],
        "attention_hidden_sizes": [6],
        "head_hidden_sizes": [20, 10],
    }


class TestBilinear(TestLiteral):
    options: ClassVar[dict[str, Any]] = {
        "session_attention": "bilinear",
        "head_hidden_sizes": [20, 10],
    }


class TestProxyGate(TestLiteral):
    options: ClassVar[dict[str, Any]] = {"fusion_gate": "proxies", "head_hidden_sizes": [20, 10]}


# ---- the equations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["literal", "lineage"])
@pytest.mark.parametrize("training", [False, True], ids=["eval", "train"])
def test_equals_the_plain_reference(preset: str, training: bool) -> None:
    model = build(preset=preset, attention_hidden_sizes=[12, 6], head_hidden_sizes=[10, 7]).double().train(training)
    batch = random_batch(n=7, width=9, n_negatives=2, seed=11)
    expected = slsrec_reference.run(model, batch, preset, training)
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    logits, alpha = model.score(model.encode(batch), items, return_alpha=True)
    terms = model.losses(batch)
    found = {"logits": logits, "alpha": alpha, **terms}
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name], value, rtol=1e-9, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("preset", ["literal", "lineage"])
def test_gradients_equal_those_of_the_plain_reference(preset: str) -> None:
    model = build(preset=preset, attention_hidden_sizes=[6, 4], head_hidden_sizes=[6, 5]).double().train()
    batch = random_batch(n=5, width=8, n_negatives=2, seed=12)
    terms = slsrec_reference.run(model, batch, preset, training=True)
    expected = torch.autograd.grad(terms["data"] + terms["contrastive"] + terms["l2"], list(model.parameters()))
    found = torch.autograd.grad(model.calculate_loss(batch), list(model.parameters()))
    for (name, _), left, right in zip(model.named_parameters(), found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-7, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")


def interests(model: SLSRec, histories: list[list[list[int]]], target: int = 9) -> tuple[Tensor, Tensor]:
    """u^L and u^S of each history for one candidate."""
    n = len(histories)
    batch = batch_of(histories, [target] * n, [[target]] * n)
    state = model.encode(batch)
    long, short = model.match(state, batch["item_id"].unsqueeze(1)).interests
    long = long.dense() if isinstance(long, Mixture) else long
    return long.squeeze(1), short.squeeze(1)


# Categories of the stub: item 1 -> 1, 2 -> 2, ... 5 -> 5, 6 -> 1, 7 -> 2, ...


def test_u_c_equals_u_s_when_the_session_has_one_category() -> None:
    _, short = interests(build(), [[[2, 3], [1, 6, 11]], [[2, 3], [1, 6, 2]]])
    u_s, u_c = short.chunk(2, dim=1)
    torch.testing.assert_close(u_c[0], u_s[0])
    assert not torch.allclose(u_c[1], u_s[1])


def test_category_mask_keeps_the_majority_and_breaks_ties() -> None:
    history = [[4], [1, 6, 2, 7, 3]]  # categories 1 1 2 2 3: a tie of 1 and 2, the last item has neither
    by_tie = {}
    for tie in ("last", "recent"):
        model = build(category_tie=tie)
        state = model.encode(batch_of([history], [9], [[9]]))
        assert state.majority is not None
        by_tie[tie] = state.majority.tolist()
    assert by_tie == {"last": [False, False, False, False, True], "recent": [False, False, True, True, False]}


def test_one_session_has_no_long_interest_and_no_contrast() -> None:
    model = build()
    long, _ = interests(model, [[[1, 2, 3]], [[1], [2, 3]]])
    assert not long[0].any()
    assert long[1].any()
    single = batch_of([[[1, 2, 3]], [[4]]], [5, 6], [[7], [8]])
    assert model.losses(single)["contrastive"] == 0
    both = batch_of([[[1, 2, 3]], [[4], [5, 6]]], [5, 6], [[7], [8]])
    alone = batch_of([[[4], [5, 6]]], [6], [[8]])
    torch.testing.assert_close(model.losses(both)["contrastive"], model.losses(alone)["contrastive"])


@pytest.mark.parametrize("kind", ["additive", "target_mlp", "self", "bilinear"])
def test_order_matters_between_long_sessions_and_not_inside(kind: str) -> None:
    model = build(session_attention=kind)
    long, _ = interests(model, [[[1, 2, 3], [4, 5], [6, 7]], [[3, 1, 2], [5, 4], [6, 7]], [[4, 5], [1, 2, 3], [6, 7]]])
    torch.testing.assert_close(long[1], long[0])
    u_h, u_h_prime = long.chunk(2, dim=1)
    torch.testing.assert_close(u_h[2], u_h[0])  # pooling alone knows no order
    assert not torch.allclose(u_h_prime[2], u_h_prime[0])  # the GRU does


def test_events_of_the_current_session_stay_out_of_the_long_interest() -> None:
    long, short = interests(build(), [[[1, 2], [3, 4]], [[1, 2], [5, 6]], [[7, 2], [3, 4]]])
    torch.testing.assert_close(long[0], long[1])
    torch.testing.assert_close(short[0], short[2])
    assert not torch.allclose(long[0], long[2])


def test_proxies() -> None:
    batch = batch_of([[[1, 2], [3], [4, 5]], [[6]]], [7, 8], [[9], [9]])
    model = build()
    long, short = model.proxies(model.encode(batch))
    torch.testing.assert_close(long[0], model.embedding(torch.tensor([1, 2, 3])).mean(0))
    torch.testing.assert_close(short[0], model.embedding(torch.tensor([4, 5])).mean(0))
    torch.testing.assert_close(short[1], model.embedding(torch.tensor([6])).mean(0))


def test_ablations() -> None:
    batch = random_batch()
    assert "contrastive" not in build(without=["cl"]).losses(batch)
    _, short = interests(build(without="cate"), [[[1], [2, 3, 4]]])
    assert torch.equal(*short.chunk(2, dim=1))
    for part in ("long", "short"):
        model = build(without=[part])
        logits, alpha = model.score(model.encode(batch), batch["neg_item_id"], return_alpha=True)
        assert alpha is None
        assert torch.isfinite(logits).all()
        assert set(model.losses(batch)) == {"data", "l2"}


def test_options_override_the_preset() -> None:
    batch = random_batch()
    literal = build(preset="literal", session_attention="target_mlp", data_loss="softmax", contrastive_loss="clsr_code")
    lineage = build(preset="lineage")
    assert torch.equal(literal.full_sort_predict(batch), lineage.full_sort_predict(batch))
    assert torch.equal(literal.calculate_loss(batch), lineage.calculate_loss(batch))


@pytest.mark.parametrize(
    "options",
    [
        {"session_attention": "target_mlp"},
        {"session_attention": "self"},
        {"session_attention": "bilinear"},
        {"category_tie": "recent"},
        {"alpha_hidden_sizes": [6, 4]},
        {"fusion_gate": "proxies"},
        {"category_embedding_size": 0},
    ],
    ids=str,
)
def test_every_option_changes_the_scores(options: dict[str, Any]) -> None:
    batch = random_batch(n=12)
    assert not torch.allclose(build(**options).full_sort_predict(batch), build().full_sort_predict(batch))


@pytest.mark.parametrize(
    "options",
    [
        {"data_loss": "softmax"},
        {"contrastive_loss": "clsr_code"},
        {"contrastive_weight": 0.2},
        {"contrastive_margin": 0.5},
        {"reg_weight": 0.1},
    ],
    ids=str,
)
def test_every_loss_option_changes_the_loss(options: dict[str, Any]) -> None:
    batch = random_batch(n=12)
    changed, default = (build(**{"contrastive_margin": 0.01, **option}) for option in (options, {}))
    assert not torch.allclose(changed.calculate_loss(batch), default.calculate_loss(batch))


@pytest.mark.parametrize("option", ["embedding_dropout_prob", "head_dropout_prob"])
def test_dropout_acts_in_training_alone(option: str) -> None:
    model, plain, batch = build(**{option: 0.5}), build(), random_batch(n=12)
    assert torch.equal(model.full_sort_predict(batch), plain.full_sort_predict(batch))
    model.train(), plain.train()
    assert torch.equal(plain.calculate_loss(batch), plain.calculate_loss(batch))
    assert not torch.equal(model.calculate_loss(batch), model.calculate_loss(batch))


def test_dropout_keeps_the_mean_of_embedded_items() -> None:
    """0.25 is dropped and the rest is divided by 0.75, so that evaluation needs no factor."""
    model = build(embedding_dropout_prob=0.25).train()
    dropped = model.dropout(torch.ones(100_000))
    assert sorted(set(dropped.tolist())) == pytest.approx([0, 1 / 0.75])
    assert float(dropped.mean()) == pytest.approx(1, abs=0.01)


def test_alpha_answers_to_the_candidate() -> None:
    model = build()
    batch = batch_of([[[1], [2, 3]]], [4], [[5, 6]])
    _, alpha = model.score(model.encode(batch), torch.tensor([[4, 5, 6]]), return_alpha=True)
    assert alpha is not None
    assert len(set(alpha.flatten().tolist())) == 3


def test_runs_on_items_alone() -> None:
    model = build(StubDataset(with_categories=False), without=["cate"])
    assert model.embedding.category is None
    assert model.embedding.item.weight.shape == (N_ITEMS, 8)
    assert torch.isfinite(model.calculate_loss(random_batch()))


def test_initialisation() -> None:
    model = build(spread=False, embedding_size=40, category_embedding_size=8)
    weight = model.embedding.item.weight
    assert weight.abs().max() <= 0.02
    assert abs(weight.std() - 0.0088) < 5e-4
    assert weight[0].any(), "row 0 is an ordinary row"
    assert torch.equal(model.gru.gate_bias, torch.ones(80))
    assert not model.head.linears[0].bias.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"preset": "litteral"},
            "preset: found 'litteral'; accepted: one of literal, lineage; or strong, which takes settings that a search found. "
            "Did you mean 'literal'?",
        ),
        (
            {"session_attention": "dot"},
            "accepted: one of additive, target_mlp, self, bilinear, or ~ for what the preset says",
        ),
        ({"data_loss": 3}, "data_loss: found 3; accepted: one of bce, softmax"),
        ({"without": ["cl", "time"]}, "without: found"),
        ({"without": ["long", "short"]}, "nothing would be left"),
        ({"head_hidden_sizes": []}, "head_hidden_sizes: found []"),
        ({"head_hidden_sizes": [10, -1]}, "head_hidden_sizes"),
        ({"contrastive_weight": -0.1}, "contrastive_weight: found -0.1"),
        ({"reg_weight": float("nan")}, "reg_weight: found nan"),
        ({"category_embedding_size": 8}, "category_embedding_size: found 8"),
    ],
)
def test_refuses_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(**options)
    assert message in str(caught.value)


def test_category_mask_needs_categories() -> None:
    with pytest.raises(ConfigError, match=r"CATEGORY_FIELD.*without: \[cate\]"):
        build(StubDataset(with_categories=False))
