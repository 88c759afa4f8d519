"""SLi-Rec: the contract, and what its padding may do; the authors' numbers are in test_authors_*.py."""

from typing import Any, ClassVar

import pytest
import torch

from recbole_lsrec.model.sequential_recommender.slirec import SLiRec
from recbole_lsrec.testing import ModelContract
from recbole_lsrec.testing.stub import StubDataset, random_batch, randomise, repad, stub_config

SIZES = {"attention_hidden_sizes": [8, 4], "alpha_hidden_sizes": [8, 4], "head_hidden_sizes": [20, 10]}


def build(dataset: Any = None, **options: Any) -> SLiRec:
    """A model in evaluation mode, its weights with no term near zero."""
    torch.manual_seed(0)
    model = SLiRec(stub_config("SLiRec", **{**SIZES, **options}), dataset or StubDataset())
    randomise(model)
    return model.eval()


class TestOfficial(ModelContract):
    model_class = SLiRec
    overfit_steps = 120
    options: ClassVar[dict[str, Any]] = {**SIZES, "MAX_ITEM_LIST_LENGTH": 12}


class TestPaper(TestOfficial):
    options: ClassVar[dict[str, Any]] = {**SIZES, "variant": "paper"}


class TestItemOnly(TestOfficial):
    options: ClassVar[dict[str, Any]] = {**SIZES, "category_embedding_size": 0, "alpha_time": "none"}


@pytest.mark.parametrize("variant", ["official", "paper"])
def test_the_long_attention_sees_padding_where_the_authors_let_it(variant: str) -> None:
    """Row 0 and the width of the window change scores even in evaluation; what stands in the padding never does."""
    batch = random_batch()
    model = build(variant=variant, MAX_ITEM_LIST_LENGTH=12)
    expected = model.full_sort_predict(batch)
    assert torch.equal(model.full_sort_predict(repad(batch, 12, fill=7)), expected)
    a_long, real = model.encode(batch).a_long[:, 0], model.encode(batch).history.real
    assert bool(a_long[:, : real.shape[1]][~real].any()) == (variant == "official")
    torch.testing.assert_close(a_long.sum(1), torch.ones(6))

    wider = build(variant=variant, MAX_ITEM_LIST_LENGTH=20, alpha_time="none")
    window = build(variant=variant, MAX_ITEM_LIST_LENGTH=12, alpha_time="none").full_sort_predict(batch)
    assert torch.allclose(wider.full_sort_predict(batch), window, atol=1e-6) == (variant == "paper")
    model.embedding.item.weight.data[0] += 1
    changed = model.full_sort_predict(batch)[:, 1:]
    assert torch.allclose(changed, expected[:, 1:], atol=1e-6) == (variant == "paper")


def test_the_recurrence_reads_the_item_part_only() -> None:
    model, batch = build(), random_batch()
    before = model.encode(batch).o
    model.embedding.category.weight.data += 1
    assert torch.equal(model.encode(batch).o, before)
    model.embedding.item.weight.data += 1
    assert not torch.equal(model.encode(batch).o, before)


def test_no_clipping_and_no_user_table() -> None:
    assert stub_config("SLiRec").get("clip_variable_norm") is None
    assert not any("user" in name for name in build().state_dict())


def test_runs_without_categories() -> None:
    model = build(StubDataset(with_categories=False))
    assert model.item_size == 8
    assert torch.isfinite(model.calculate_loss(random_batch()))
