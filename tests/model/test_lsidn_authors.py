"""LSIDN against the numbers of the authors' TensorFlow code: forward pass, losses, gradients, two steps."""

from typing import Any

import pytest
import torch
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.model.layers.time_features import TimeFeatures
from recbole_lsrec.model.layers.unique_history import Slots
from recbole_lsrec.model.sequential_recommender.lsidn import LSIDN, Read
from recbole_lsrec.testing import StubDataset, stub_config
from tests.model import authors_names, goldens
from tests.model.goldens import GROUP, PASSES, RATE, Golden, load

OPTIONS = {
    "embedding_size": 8,
    "category_embedding_size": 2,
    "attention_hidden_sizes": [8, 4],
    "alpha_hidden_sizes": [12, 8, 4],
    "head_hidden_sizes": [12, 10, 6],
    "MAX_ITEM_LIST_LENGTH": 30,
    "max_session_len": 6,
    "temperature": 0.7,
    "length_threshold": 2,
}
NAMES = {f"sequential/{theirs}": mine for theirs, mine in authors_names.LSIDN.items()} | authors_names.LSIDN_NORM
SESSIONS = [4, 3, 2, 1, 0]  # the feeds count slots from the last to the oldest


class GoldenDataset(StubDataset):
    """Sizes and the category map of a golden."""

    def __init__(self, golden: Golden) -> None:
        tables = {
            name: len(golden[f"w/sequential/embedding/{name}_embedding"]) for name in ("item", "cate", "user_long")
        }
        self.n_items, self.n_users, self.n_categories = tables["item"], tables["user_long"], tables["cate"]
        self.item_category = torch.zeros(self.n_items, dtype=torch.long)
        for name, items in golden.items():
            if name.startswith("in_") and "/item_" in name and "cate" not in name:
                self.item_category[items.long()] = golden[name.replace("/item_", "/item_cate_")].long()
            elif name.endswith("/items"):
                self.item_category[items.long()] = golden[name.replace("/items", "/cates")].long()

    def num(self, field: str) -> int:
        return {"item_id": self.n_items, "user_id": self.n_users}[field]


class Given(LSIDN):
    """LSIDN reading the authors' feeds, in which histories are cut already."""

    def read(self, interaction: Interaction) -> Read:
        def masked(items: str, mask: str) -> tuple[Tensor, Tensor]:
            return interaction[items].long(), interaction[mask].bool()

        slots = [masked(f"item_session_{n}", f"session_{n}_mask") for n in SESSIONS]
        views = (
            tuple(masked(f"item_current_session_pre_{n}", f"current_session_pre_mask_{n}") for n in (1, 2))
            if bool(interaction["current_session_pre_mask_1"].any())
            else ()
        )
        return Read(
            interaction["users"].long(),
            interaction["item_sequence"].long(),
            interaction["sequence_mask"].sum(1).long(),
            TimeFeatures(interaction["time_from_first_action"], interaction["time_to_now"]),
            Slots(
                *(torch.stack(part, dim=1) for part in zip(*slots, strict=True)),
                interaction["session_count_mask"].sum(1).long(),
            ),
            masked("item_current_session_pre", "current_session_pre_mask"),
            views,
        )


def ours(theirs: str, value: Tensor) -> Tensor:
    if "/conv1d" in theirs and theirs.endswith("/kernel"):
        return value.squeeze(0).t()
    return value.t() if "/w_nn_" in theirs or ("/dense" in theirs and theirs.endswith("/kernel")) else value


def build(golden: Golden, **options: Any) -> LSIDN:
    model = Given(stub_config(LSIDN, **{**OPTIONS, **options}), GoldenDataset(golden))
    goldens.take_weights(model, golden, NAMES, ours, {"Variable", "Variable_1"})
    return model.train()


def batch_of(golden: Golden, name: str) -> Interaction:
    rows = {key.split("/")[1]: value[::GROUP] for key, value in golden.items() if key.startswith(f"{name}/")}
    candidates = golden[f"{name}/items"].long().view(-1, GROUP)
    return Interaction({**rows, "item_id": candidates[:, 0], "neg_item_id": candidates[:, 1:]})


def found(model: LSIDN, batch: Interaction) -> dict[str, Tensor]:
    """Everything we compute that the authors' code was asked for, under its names, one row for each candidate."""
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    state = model.encode(batch)
    match = model.match(state, items)
    d = model.embedding.size
    u_long, u_short, a_sessions, (a_gru, a_plain), h_gru, last, a_current, a_sequence = match.interests
    session, short = "long_term.long_term_session.attention_fcn", "short_term"
    values = {
        "logit": match.logits,
        "pred": match.logits.sigmoid(),
        "alpha": match.alpha,
        "target_emb": model.embedding(items),
        "att_fea_long": u_long,
        "att_fea_long_rnn": u_long[..., :d],
        "att_fea_long_sasrec": u_long[..., d:],
        "att_fea_short": u_short,
        "att_fea_short_rnn": u_short[..., :d],
        "att_fea_current": u_short[..., d:],
        "long_gru_outputs": h_gru,
        "long_gru_final": last,
        "time4lstm_outputs": state.sequence.values.unsqueeze(1),
        "alpha_gru_final": state.g,
        **{
            f"att_weights_{session}{f'_{n}' if n else ''}.att_weights": a
            for n, a in zip(SESSIONS, a_sessions, strict=True)
        },
        "att_weights_long_term.attention_fcn.att_weights": a_gru,
        "att_weights_long_term.attention_fcn_1.att_weights": a_plain,
        f"att_weights_{short}.short_term_current.attention_fcn.att_weights": a_current,
        f"att_weights_{short}.attention_fcn.att_weights": a_sequence,
        **{f"view_{n}": model.view(*view).unsqueeze(1) for n, view in enumerate(state.read.views, 1)},
    }
    return goldens.rows_of_candidates(values)


@pytest.mark.parametrize("name", ["lsidn_small", "lsidn_small_no_eligible_nan"])
@pytest.mark.parametrize(("in_name", "out_name", "training"), PASSES, ids=[out for _, out, _ in PASSES])
def test_forward_and_losses(name: str, in_name: str, out_name: str, training: bool) -> None:
    golden = load(name)
    expected = goldens.asked_of(golden, out_name)
    options = {} if name == "lsidn_small" else {"length_threshold": 50}
    batch = batch_of(golden, in_name)
    values = found(build(golden, **options).train(training), batch)
    if out_name != "out_eval":
        terms = build(golden, **options).train(training).losses(batch)
        unused = 0.5e-6 * sum(golden[f"w/{table}"].square().sum() for table in ("Variable", "Variable_1"))
        values |= {
            "data_loss": terms["data"],
            "regular_loss": terms["l2"] + unused,
            "contrastive_loss": terms["contrastive"],
            "discrepancy_loss": terms["discrepancy"],
            "loss": sum(terms.values()) + unused,
        }
        if name != "lsidn_small":  # theirs divides 0 by 0, and training is lost
            assert expected["contrastive_loss"].isnan()
            assert terms["contrastive"] == 0
            del expected["contrastive_loss"], expected["loss"]
    goldens.assert_equal(values, expected)


def no_effect(theirs: str) -> bool:
    """A batch norm or softmax takes these biases away; that of the keys moves all scores of a query alike."""
    return "/b_nn_" in theirs or theirs.endswith("dense_1/bias")


def test_gradients_of_all_variables() -> None:
    golden = load("lsidn_small")
    model = build(golden)
    model.calculate_loss(batch_of(golden, "in_train")).backward()
    goldens.assert_gradients(model, golden, goldens.with_gradient(golden, NAMES), ours, no_effect)


def test_gradients_of_the_contrast_alone() -> None:
    golden = load("lsidn_small")
    model, batch = build(golden), batch_of(golden, "in_train")
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    state = model.encode(batch)
    model.auxiliary_loss(state, model.match(state, items))["contrastive"].backward()
    table = {theirs: mine for theirs, mine in NAMES.items() if f"contrastive_grad/{theirs}" in golden}
    goldens.assert_gradients(
        model, golden, table, ours, lambda theirs: theirs.endswith("dense_1/bias"), "contrastive_grad"
    )


def test_two_steps_as_tensorflow_takes_them() -> None:
    """With TensorFlow's epsilon, and in the first step the clip norms of its un-aggregated slices.

    Left out are biases under a batch norm or softmax: Adam makes whole steps of their rounding noise.
    """
    golden = load("lsidn_small")
    model, batch = build(golden), batch_of(golden, "in_train")
    adam = goldens.TensorFlowAdam()
    for step in ("step1", "step2"):
        model.zero_grad()
        model.calculate_loss(batch).backward()
        clipped = {}
        for theirs, mine in goldens.with_gradient(golden, NAMES).items():
            parameter = model.get_parameter(mine)
            known = golden.get(f"gradnorm_as_clipped/{theirs}") if step == "step1" else None
            norm = float(parameter.grad.norm() if known is None else known)
            clipped[parameter] = parameter.grad * 2 / max(norm, 2)
        adam.step(clipped)
        for theirs, mine in goldens.with_gradient(golden, NAMES).items():
            parameter = model.get_parameter(mine)
            if not no_effect(theirs):
                difference = (parameter.detach() - ours(theirs, golden[f"{step}/w/{theirs}"])).abs()
                assert float(difference.max()) < 0.05 * RATE, (step, theirs, float(difference.max()) / RATE)
        for theirs, mine in authors_names.LSIDN.items():
            # ATT_s is used five times a step and ATT_l twice, in no order there.
            if "/moving_" in theirs and "/long_term/" not in theirs:
                value = golden[f"{step}/w/sequential/{theirs}"]
                torch.testing.assert_close(model.get_buffer(mine), value, rtol=2e-5, atol=2e-5)
