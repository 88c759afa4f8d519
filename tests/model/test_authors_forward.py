"""CLSR and SLi-Rec against the numbers of the authors' TensorFlow code: all tensors and losses of the forward pass."""

import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.timed_history import TimedRecommender
from tests.model.goldens import PASSES, Golden, asked_of, assert_equal, build, feed, load, rows_of_candidates

OPTIONS = {
    "clsr_small_triplet": {},
    "clsr_small_bpr": {"contrastive_loss": "bpr"},
    "clsr_small_gru_noevolve": {"sequential_model": "gru", "interest_evolve": False, "fusion_gru": False},
    "clsr_small_threshold_nan": {"length_threshold": 50},
    "clsr_full_triplet": {},
    "slirec_small": {},
    "slirec_full": {},
}


def found(model: TimedRecommender, golden: Golden, in_name: str) -> dict[str, Tensor]:
    """Everything we compute that the authors' code was asked for, under its names, one row for each candidate."""
    batch = feed(golden, in_name)
    items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
    state = model.encode(batch)
    match = model.match(state, items)
    values = {"logit": match.logits, "pred": match.logits.sigmoid(), "alpha": match.alpha}
    values["time4lstm_outputs"] = state.o.unsqueeze(1)
    if type(model).__mro__[1].__name__ == "SLiRec":
        values |= {"att_weights_asvd": state.a_long, "att_weights_short": match.interests}
    else:
        steps = torch.arange(state.x.shape[1])
        lengths = batch["item_length"].unsqueeze(1)
        recent = (steps < lengths) & (steps >= lengths - model.options.recent_k)
        proxies = dict(zip(("hist_mean", "hist_recent"), model.proxies(state), strict=True))
        values |= {
            "target_emb": model.embedding(items),
            "att_fea_long": match.interests.long,
            "att_fea_short": match.interests.short,
            "att_weights_long": state.a_long,
            "att_weights_short": match.interests.a_short,
            "short_term_intention": state.s.unsqueeze(1),
            "recent_mask": recent.float().unsqueeze(1),
            **{name: proxy.unsqueeze(1) for name, proxy in proxies.items()},
        }
        if state.g is not None:
            values["alpha_gru_final"] = state.g
    return rows_of_candidates(values)


def found_losses(model: TimedRecommender, golden: Golden) -> dict[str, Tensor]:
    terms = model.losses(feed(golden, "in_train"))
    theirs = {"data": "data_loss", "l2": "regular_loss", "contrastive": "contrastive_loss"}
    theirs["discrepancy"] = "discrepancy_loss"
    return {theirs[name]: term for name, term in terms.items()} | {"loss": torch.stack(list(terms.values())).sum()}


@pytest.mark.parametrize("name", list(OPTIONS))
@pytest.mark.parametrize(("in_name", "out_name", "training"), PASSES, ids=[out for _, out, _ in PASSES])
def test_forward(name: str, in_name: str, out_name: str, training: bool) -> None:
    golden = load(name)
    model = build(golden, **OPTIONS[name]).train(training)
    values = found(model, golden, in_name)
    if out_name != "out_eval":
        values |= found_losses(model.train(training), golden)
    expected = asked_of(golden, out_name)
    if name == "clsr_small_threshold_nan" and out_name != "out_eval":
        # No history is longer than 50: the authors divide 0 by 0, we go on without the term.
        assert expected["contrastive_loss"].isnan()
        assert expected["loss"].isnan()
        assert values["contrastive_loss"] == 0
        expected["contrastive_loss"] = torch.tensor(0.0)
        expected["loss"] = sum(expected[term] for term in ("data_loss", "regular_loss", "discrepancy_loss"))
    assert_equal(values, expected)
