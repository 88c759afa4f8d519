"""MARank: the contract, its definition's properties, and the numbers of the authors' TensorFlow code (dropout off)."""

from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.data.log_chance import LOG_CHANCE
from recbole_lsrec.model.sequential_recommender.marank import ContextAttention, MARank
from recbole_lsrec.testing import ModelContract, StubDataset, random_batch, randomise, stub_config
from recbole_lsrec.testing.stub import N_USERS, repad
from tests.model.goldens import RATE, Golden, TensorFlowAdam, asked_of, load, take_weights

GOLDENS = {"marank_small": {"embedding_size": 8}, "marank_full": {"embedding_size": 64}}

ATTENTION = {  # authors' suffixes -> ours
    "item_attention": ("i/att/item/weight", "i/att/user/weight", "i/att/weight/bias", "i/att/out"),
    "order_attention.0": (
        "hid/att/rel/item/weight_0",
        "hid/att/rel/user/weight_0",
        "hid/att/rel/bias_0",
        "hid/att/rel/out_0",
    ),
    "order_attention.1": (
        "hid/att/rel/item/weight_1",
        "hid/att/rel/user/weight_1",
        "hid/att/rel/bias_1",
        "hid/att/rel/out_1",
    ),
    "aggregate": ("hid/att/weight", None, "hid/att/weight/bias", "hid/att/out"),
}
LAYERS = {"user_orders": "ulayer", "item_orders": "ilayer", "union": "layer"}
NAMES = {
    "emb/user_latent": "user.weight",
    "emb/item_latent": "item_latent.weight",
    "emb/item_context": "embedding.item.weight",
    **{f"W/{theirs}_{n}": f"{ours}.{n}.weight" for ours, theirs in LAYERS.items() for n in (0, 1)},
    **{f"b/{theirs}_{n}": f"{ours}.{n}.bias" for ours, theirs in LAYERS.items() for n in (0, 1)},
    **{f"W/{row}": f"{ours}.row.weight" for ours, (row, _, _, _) in ATTENTION.items()},
    **{f"W/{query}": f"{ours}.query.weight" for ours, (_, query, _, _) in ATTENTION.items() if query},
    **{f"b/{bias}": f"{ours}.row.bias" for ours, (_, _, bias, _) in ATTENTION.items()},
    **{f"W/{out}": f"{ours}.out" for ours, (_, _, _, out) in ATTENTION.items()},
}
"""The authors' variable -> our parameter; matrices stand ``[in, out]`` there and ``[out, in]`` here."""


class StubLog(StubDataset):
    """A data set whose users all train but the last."""

    user = np.arange(N_USERS)

    def training_events(self) -> np.ndarray:
        return self.user < N_USERS - 1


def build(seed: int = 0, dataset: Any = None, **options: Any) -> MARank:
    torch.manual_seed(seed)
    return MARank(stub_config("MARank", **options), dataset or StubLog())


class TestMARank(ModelContract):
    model_class = MARank
    options: ClassVar[dict[str, Any]] = {"dropout_prob": 0.2}
    overfit_steps = 100

    def dataset(self) -> StubLog:
        """With a log, which the contract's own has not."""
        return StubLog()


class TestItemsOnly(TestMARank):
    options: ClassVar[dict[str, Any]] = {"dropout_prob": 0.0, "attention_orders": 1, "category_embedding_size": 0}

    @pytest.mark.slow  # minutes for what the class above shows
    def test_overfits_32_sequences(self) -> None:
        super().test_overfits_32_sequences()


# ---- the authors' numbers --------------------------------------------------------------------------------------------


class GoldenDataset:
    item_category = None

    def __init__(self, golden: Golden) -> None:
        self.sizes = {"user_id": len(golden["w/emb/user_latent"]), "item_id": len(golden["w/emb/item_latent"])}
        self.user = np.arange(self.sizes["user_id"])

    def num(self, field: str) -> int:
        return self.sizes[field]

    def training_events(self) -> np.ndarray:
        return np.ones(len(self.user), dtype=bool)


def ours(theirs: str, value: Tensor) -> Tensor:
    if theirs.startswith("W/"):
        return value.squeeze(1) if value.shape[1] == 1 else value.t()
    return value


def golden_model(golden: Golden, name: str) -> MARank:
    options = {"category_embedding_size": 0, "dropout_prob": 0.0, "train_batch_size": int(golden["meta/batch"])}
    options["reg_weight"] = 5e-4
    model = build(dataset=GoldenDataset(golden), **GOLDENS[name], **options)
    take_weights(model, golden, NAMES, ours, set())
    return model


def golden_batch(golden: Golden) -> Interaction:
    user, positive, negative = golden["in/triplets_user_pos_neg"].long().unbind(1)
    context = golden["in/context"].long()
    return Interaction(
        {
            "user_id": user,
            "item_id": positive,
            "neg_item_id": negative.unsqueeze(1),
            "item_id_list": context,
            "item_length": torch.full((len(context),), context.shape[1]),
        }
    )


@pytest.mark.parametrize("name", list(GOLDENS))
def test_forward_and_losses(name: str) -> None:
    golden = load(name)
    model, batch = golden_model(golden, name), golden_batch(golden)
    state = model.encode(batch)
    attention = {}
    x, p = model.embedding(batch["item_id_list"]), model.user(batch["user_id"])
    attention["att_item"] = model.item_attention(x, p)
    for order, layers in enumerate(zip(model.user_orders, model.item_orders, model.order_attention, strict=True)):
        p, x = model._residual(layers[0], p), model._residual(layers[1], x)
        attention[f"att_order_{order}"] = layers[2](x, p)
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    q, c = model.item_latent(items), model.embedding(items)
    found = attention | {
        "neu_embs": state.n,
        "diff_context": (state.n * (c[:, 0] - c[:, 1])).sum(1),
        "diff_user": (state.p * (q[:, 0] - q[:, 1])).sum(1),
        "scores_all_items": model.full_sort_predict(batch),
        "error_emb": model.calculate_loss(batch),
    }
    found["loss_each"] = F.softplus(-found["diff_context"] - found["diff_user"]) + 5e-4 * golden["out/l2_each"]
    torch.testing.assert_close(found["loss_each"].sum(), found["error_emb"])
    torch.testing.assert_close(
        found["error_emb"] / (model.options.train_batch_size * model.options.context_length), golden["out/error_nn"]
    )
    expected = asked_of(golden, "out")
    assert expected.keys() - found.keys() == {"error_nn", "l2_each", "att_hidden"}
    for key, value in found.items():
        torch.testing.assert_close(
            value, expected[key], rtol=2e-5, atol=2e-5, msg=lambda text, key=key: f"{key} {text}"
        )


@pytest.mark.parametrize("name", list(GOLDENS))
def test_gradients_of_all_variables_with_their_scales(name: str) -> None:
    """Tables by the sum, the network by the sum / (batch * context), which :meth:`before_step` makes of it."""
    golden = load(name)
    model = golden_model(golden, name)
    model.calculate_loss(golden_batch(golden)).backward()
    model.before_step()
    gradients = {key: value for key, value in golden.items() if key.startswith("grad_")}
    assert {key.split("/", 1)[1] for key in gradients} == set(NAMES)
    for key, value in gradients.items():
        theirs = key.split("/", 1)[1]
        assert key.startswith("grad_emb/") == theirs.startswith("emb/")
        expected, found = ours(theirs, value), model.get_parameter(NAMES[theirs]).grad
        allowed = 2e-5 * float(expected.abs().max()) + 1e-9
        assert float((found - expected).abs().max()) <= allowed, theirs


def test_two_steps_as_tensorflow_takes_them() -> None:
    """Tables first, then the network from the moved tables; both calls advance one Adam's bias correction."""
    golden = load("marank_small")
    model, batch = golden_model(golden, "marank_small"), golden_batch(golden)
    adam = TensorFlowAdam(beta2=MARank.optimizer_defaults["betas"][1], epsilon=MARank.optimizer_defaults["eps"])
    for step in ("step1", "step2"):
        for part in (("emb/",), ("W/", "b/")):
            model.zero_grad()
            model.calculate_loss(batch).backward()
            model.before_step()
            moved = [model.get_parameter(mine) for theirs, mine in NAMES.items() if theirs.startswith(part)]
            adam.step({parameter: parameter.grad for parameter in moved})
        for theirs, mine in NAMES.items():
            expected = ours(theirs, golden[f"{step}/w/{theirs}"])
            assert float((model.get_parameter(mine).detach() - expected).abs().max()) < 0.01 * RATE, (step, theirs)


# ---- properties of the definition ------------------------------------------------------------------------------------


def test_a_short_context_is_filled_up_at_its_end() -> None:
    model = build()
    batch = Interaction(
        {"item_id_list": torch.tensor([[5, 7, 0, 0, 0, 0, 0, 0], [*range(1, 9)]]), "item_length": torch.tensor([2, 8])}
    )
    assert model.context(batch).tolist() == [[5, 7, 7, 7, 7, 7], [3, 4, 5, 6, 7, 8]]


def test_attention_weights_differ_by_a_factor_of_e_at_most() -> None:
    model = build()
    randomise(model, std=5.0)
    weights = model.item_attention(torch.randn(50, 6, 8) * 9, torch.randn(50, 8))
    torch.testing.assert_close(weights.sum(1), torch.ones(50))
    ratio = weights.max(1).values / weights.min(1).values
    assert 2 < float(ratio.max().detach()) <= np.e + 1e-5


def test_a_score_is_the_sum_of_two_dot_products() -> None:
    model, batch = build().eval(), random_batch()
    randomise(model)
    before, state = model.full_sort_predict(batch), model.encode(batch)
    model.item_latent.weight.data[4] += 1
    change = model.full_sort_predict(batch) - before
    torch.testing.assert_close(change[:, 4], state.p.sum(1))
    assert not change[:, :4].any()
    torch.testing.assert_close(model.full_sort_predict(repad(batch, 30)), model.full_sort_predict(batch))


def test_users_without_a_training_event_have_no_vector() -> None:
    norms = build().user.weight.norm(dim=1)
    assert bool((norms[:-1] > 0).all())
    assert norms[-1] == 0


def test_several_negatives_are_several_triplets() -> None:
    model, batch = build(dropout_prob=0.0), random_batch(n_negatives=2)
    pairs = [Interaction({**batch.interaction, "neg_item_id": batch["neg_item_id"][:, at : at + 1]}) for at in (0, 1)]
    torch.testing.assert_close(model.calculate_loss(batch), sum(model.calculate_loss(pair) for pair in pairs))


def test_what_is_drawn_more_often_is_taken_off_its_score() -> None:
    model, batch = build(dropout_prob=0.0), random_batch(n=1, n_negatives=2)
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    target, first, second = model.match(model.encode(batch), items).logits[0]
    batch.update(Interaction({LOG_CHANCE: torch.tensor([[0.5, 2.0, -1.0]])}))
    expected = F.softplus((first - 2) - (target - 0.5)) + F.softplus((second + 1) - (target - 0.5))
    torch.testing.assert_close(model.losses(batch)["data"], expected)


def test_tables_and_matrices_start_small_biases_and_output_vectors_do_not() -> None:
    for name, parameter in build(embedding_size=64, category_embedding_size=16).named_parameters():
        drawn = parameter.detach()[:-1]  # without the user who has no vector
        assert float(drawn.std()) == pytest.approx(0.01 if parameter.dim() == 2 else 1.0, rel=0.4), name


def test_dropout_takes_what_goes_into_layers_and_not_what_goes_past_them() -> None:
    attention = ContextAttention(8, query=True, dropout=1.0)
    torch.testing.assert_close(attention(torch.randn(3, 6, 8), torch.randn(3, 8)), torch.full((3, 6), 1 / 6))
    model, x = build(), torch.randn(3, 8)
    model.dropout.p = 1.0
    torch.testing.assert_close(model._residual(model.union[0], x), torch.relu(model.union[0].bias + x))


def test_dropout_is_off_in_evaluation() -> None:
    model, batch = build(dropout_prob=0.5), random_batch()
    assert not torch.equal(model.full_sort_predict(batch), model.full_sort_predict(batch))
    model.eval()
    assert torch.equal(model.full_sort_predict(batch), model.full_sort_predict(batch))


def test_only_the_network_is_clipped() -> None:
    model = build()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 1e9)
    model.before_step()
    tables = {id(p) for p in model._tables()}
    squares = [p.grad.square().sum() for p in model.parameters() if id(p) not in tables]
    assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(5.0, rel=1e-4)
    assert all(bool((p.grad == 1e9).all()) for p in model._tables())
