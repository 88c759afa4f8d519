"""Items as vectors, by hand."""

import pytest
import torch

from recbole_lsrec.model.layers.embedding import ItemEmbedding


@pytest.fixture
def embedding() -> ItemEmbedding:
    """Four items of three categories: item 3 is of the unknown one."""
    made = ItemEmbedding(4, 3, category_size=1, item_category=torch.tensor([0, 2, 1, 0]), n_categories=3)
    made.item.weight.data = torch.tensor([[0.0, 1], [10, 11], [20, 21], [30, 31]])
    made.category.weight.data = torch.tensor([[5.0], [6], [7]])
    return made


def test_the_category_follows_the_item(embedding: ItemEmbedding) -> None:
    items = torch.tensor([[3, 1], [0, 2]])
    vectors = [[[30, 31, 5], [10, 11, 7]], [[0, 1, 5], [20, 21, 6]]]
    assert embedding(items).tolist() == vectors
    assert embedding(items, embedding.every()).tolist() == vectors
    assert embedding.every().tolist() == [[0, 1, 5], [10, 11, 7], [20, 21, 6], [30, 31, 5]]


def test_all_vectors_are_made_where_they_are_no_more_than_those_asked_for(embedding: ItemEmbedding) -> None:
    assert embedding.every_of_few(3) is None
    assert torch.equal(embedding.every_of_few(4), embedding.every())
    embedding.item.sparse = True  # their gradient would be dense
    assert embedding.every_of_few(4) is None


def test_each_row_is_regularised_once(embedding: ItemEmbedding) -> None:
    rows = embedding.squared_rows(torch.tensor([2, 2, 3])).detach()
    assert float(rows) == 20**2 + 21**2 + 30**2 + 31**2 + 6**2 + 5**2
