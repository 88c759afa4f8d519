"""Sparse gradients of embedding tables: the same numbers as dense ones, and tables chosen by what a batch looks up."""

from typing import Any

import pytest
import torch
from torch import nn

from recbole_lsrec.config import Config
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.model.sparse_tables import looked_up, mark_sparse_tables
from recbole_lsrec.registry import get_model
from recbole_lsrec.testing.stub import StubDataset, random_batch, stub_config
from tests.model.difflsrec_stub import StubLog
from tests.model.test_marank import build as build_marank

TRAINING = {"learner": "adam", "sparse_embeddings": True, "weight_decay": 0.0, "clip_grad_norm": None}
MODELS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("SLSRec", {"preset": "literal", "reg_weight": 0.1}, {"embedding.item", "embedding.category"}),
    ("SLSRec", {"preset": "lineage"}, {"embedding.item", "embedding.category"}),
    ("CLSR", {"reg_weight": 0.1}, {"embedding.item", "embedding.category", "user_long", "user_short"}),
    ("SLiRec", {}, {"embedding.item", "embedding.category"}),
    ("SURGE", {}, {"embedding.item", "embedding.category"}),
    ("LSIDN", {}, {"embedding.item", "embedding.category", "user_long", "user_short"}),
    ("DiffLSRec", {"loss": "sampled"}, {"embedding.item", "embedding.category"}),
    ("DiffLSRec", {"loss": "full"}, set()),
]


def build(name: str, options: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    return get_model(name)(
        stub_config(name, **options, **TRAINING), StubLog() if name == "DiffLSRec" else StubDataset()
    )


@pytest.mark.parametrize(("name", "options", "tables"), MODELS)
def test_gradients_are_sparse_and_equal_to_dense_ones(name: str, options: dict[str, Any], tables: set[str]) -> None:
    sparse, dense = build(name, options).train(), build(name, options).train()
    marked = mark_sparse_tables(sparse, stub_config(name, **options, **TRAINING))
    assert {path for path, module in sparse.named_modules() if module in marked} == tables
    for model in (sparse, dense):
        torch.manual_seed(1)
        model.calculate_loss(random_batch(n=12)).backward()
    for (path, ours), theirs in zip(sparse.named_parameters(), dense.parameters(), strict=True):
        if ours.grad is None:
            assert theirs.grad is None
            continue
        assert ours.grad.is_sparse == (path.removesuffix(".weight") in tables), path
        torch.testing.assert_close(ours.grad.to_dense(), theirs.grad, rtol=1e-4, atol=1e-6)


def test_marank_has_sparse_tables_too() -> None:
    model = build_marank()
    marked = mark_sparse_tables(model, stub_config("MARank", **TRAINING))
    assert set(marked) == {model.user, model.item_latent, *model.embedding.tables()}
    model.calculate_loss(random_batch()).backward()
    assert all(table.weight.grad.is_sparse for table in marked)


def test_auto_takes_tables_with_four_times_the_rows_that_a_batch_looks_up() -> None:
    """Of each of 2 instances: 3 events, a target and 4 negatives, so 16 rows."""
    config = {
        **stub_config("SLSRec", train_batch_size=2, MAX_ITEM_LIST_LENGTH=3),
        **TRAINING,
        "train_neg_sample_args": {"distribution": "in_batch", "sample_num": 4},
        "sparse_embeddings": "auto",
    }
    assert looked_up(config) == 16
    model = build("SLSRec", {})
    model.large, model.small = nn.Embedding(64, 1), nn.Embedding(63, 1)
    assert mark_sparse_tables(model, config) == [model.large]
    assert mark_sparse_tables(model, {**config, "sparse_embeddings": False}) == []
    assert mark_sparse_tables(model, {**config, "weight_decay": 0.1}) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learner": "sgd"}, "sparse_embeddings: True cannot be had together with learner: sgd"),
        ({"weight_decay": 0.1}, "weight_decay: 0.1"),
        ({"clip_grad_norm": {"max_norm": 5}}, "clip_grad_norm, which torch computes of dense gradients"),
        ({"learner": "sparse_adam", "clip_grad_norm": {"max_norm": 5}}, "learner: sparse_adam cannot be had"),
        (
            {"learner": "sparse_adam", "sparse_embeddings": False},
            "together with sparse_embeddings: False; leave that out",
        ),
    ],
)
def test_what_sparse_gradients_do_not_go_with(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mark_sparse_tables(build("SLSRec", {}), {**stub_config("SLSRec"), **TRAINING, **settings})


def test_a_model_of_recboles_says_what_to_use() -> None:
    model = type("SASRec", (nn.Linear,), {})(1, 1)
    config = {**TRAINING, "learner": "sparse_adam"}
    with pytest.raises(ConfigError, match=r"sparse_adam cannot be had together with SASRec.*use learner: adam"):
        mark_sparse_tables(model, config)  # type: ignore[arg-type]


def test_a_model_without_negatives_looks_up_history_and_target_alone(shop) -> None:
    config = Config("DiffLSRec", "shop", config_dict={**shop, "train_batch_size": 2, "MAX_ITEM_LIST_LENGTH": 3})
    assert looked_up(config) == 8
