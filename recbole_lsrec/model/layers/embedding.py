"""Items as vectors: an item embedding beside the embedding of the item's category."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model import losses
from recbole_lsrec.model.layers.fcn import embedding


def look_up(rows: Tensor, ids: Tensor, sparse: bool = False) -> Tensor:
    """Returns the ``rows [V, D]`` of ``ids [...]``, ``[..., D]``; their gradient may be sparse."""
    if sparse or ids.device.type != "cpu":
        return F.embedding(ids, rows, sparse=sparse)
    # The same on a CPU, its gradient in a fourth of the time.
    return rows.index_select(0, ids.reshape(-1)).view(*ids.shape, rows.shape[1])


class ItemEmbedding(nn.Module):
    """``x = E(item) ; C(category of item)`` in ``D`` dimensions.

    Row 0 of both tables (padding, unknown category) is an ordinary row.

    Args:
        n_items: Number of items, padding included.
        size: ``D``.
        category_size: How many of the ``D`` dimensions hold the category; 0 for item only.
        item_category: ``[n_items]`` category of each item; not needed for item only.
        n_categories: Number of categories, 0 (unknown) included.
    """

    item_category: Tensor | None

    def __init__(
        self,
        n_items: int,
        size: int,
        category_size: int = 0,
        item_category: Tensor | None = None,
        n_categories: int = 0,
    ) -> None:
        super().__init__()
        self.size = size
        self.item = embedding(n_items, size - category_size)
        self.category = embedding(n_categories, category_size) if category_size else None
        # Not in the checkpoint: the map belongs to the data set.
        self.register_buffer("item_category", item_category, persistent=False)

    def forward(self, items: Tensor, every: Tensor | None = None) -> Tensor:
        """Maps items ``[...]`` to ``[..., D]``; ``every`` is what :meth:`every` returned, where it is at hand."""
        if every is not None:
            return look_up(every, items)
        vectors = look_up(self.item.weight, items, self.item.sparse)
        if self.category is None:
            return vectors
        categories = look_up(self.category.weight, self.category_of(items), self.category.sparse)
        return torch.cat([vectors, categories], dim=-1)

    def every(self) -> Tensor:
        """Returns the vectors of all items, ``[n_items, D]``, padding first."""
        if self.category is None or self.item_category is None:
            return self.item.weight
        return torch.cat([self.item.weight, look_up(self.category.weight, self.item_category)], dim=-1)

    def every_of_few(self, n: int) -> Tensor | None:
        """Returns those of all items if they are at most ``n``, and their gradient is dense."""
        return None if self.item.num_embeddings > n or self.item.sparse else self.every()

    def tables(self) -> list[nn.Embedding]:
        """Returns the tables, of the items first."""
        return [self.item] if self.category is None else [self.item, self.category]

    def category_of(self, items: Tensor) -> Tensor:
        """Returns the categories of ``items``, in the same shape."""
        assert self.item_category is not None, "the model must refuse a data set without categories before it gets here"
        return self.item_category[items]

    def squared_rows(self, items: Tensor) -> Tensor:
        """Sum of squares of the distinct item rows, and of the distinct category rows, that ``items [M]`` involve."""
        total = losses.squared_rows(self.item, items)
        if self.category is None:
            return total
        return total + losses.squared_rows(self.category, self.category_of(items))
