"""The first layer of an attention's network, for each pair of an event and a candidate of its history, as one function.

The pairs are the largest arrays of the models. Autograd keeps several of them, and each operation goes over all of them in
memory; here they are made in blocks that stay in the cache, and again on the way back.

Shape letters: ``P`` events, ``B`` instances, ``C`` candidates, ``Q`` features of key and query, ``F`` units of the layer.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.layers.cache_blocks import blocks


def pair_layer(
    key: Tensor, key_image: Tensor, query: Tensor, query_image: Tensor, weight: Tensor, row: Tensor
) -> Tensor:
    """``(k * q) W^T`` plus both images.

    Args:
        key: ``[P, Q]``.
        key_image: ``[P, F]``.
        query: ``[B, C, Q]``.
        query_image: ``[B, C, F]``.
        weight: ``[F, Q]``.
        row: ``[P]`` instance of each event.

    Returns:
        ``[P, C, F]``.
    """
    return _PairLayer.apply(key, key_image, query, query_image, weight, row)


class _PairLayer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, key: Tensor, key_image: Tensor, query: Tensor, query_image: Tensor, weight: Tensor, row: Tensor
    ) -> Tensor:
        ctx.save_for_backward(key, query, weight, row)
        out = key.new_empty(len(key), *query_image.shape[1:])
        for part in blocks(key, query.shape[1]):
            pairs = query.index_select(0, row[part]).mul_(key[part].unsqueeze(1))  # [P, C, Q]
            torch.mm(pairs.flatten(0, 1), weight.t(), out=out[part].flatten(0, 1))
            out[part].add_(key_image[part].unsqueeze(1)).add_(query_image.index_select(0, row[part]))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        key, query, weight, row = ctx.saved_tensors
        grad = grad.contiguous()
        of_key, of_key_image = torch.empty_like(key), grad.new_empty(len(key), len(weight))
        of_query, of_query_image, of_weight = (
            torch.zeros_like(query),
            grad.new_zeros(*query.shape[:2], len(weight)),
            None,
        )
        for part in blocks(key, query.shape[1]):
            own, asked, at = key[part].unsqueeze(1), query.index_select(0, row[part]), row[part]
            flat = grad[part].flatten(0, 1)  # [P * C, F]
            product = flat.t() @ (asked * own).flatten(0, 1)
            of_weight = product if of_weight is None else of_weight.add_(product)
            of_pairs = (flat @ weight).view_as(asked)
            torch.sum(asked.mul_(of_pairs), 1, out=of_key[part])
            torch.sum(grad[part], 1, out=of_key_image[part])
            of_query.flatten(1).index_add_(0, at, of_pairs.mul_(own).flatten(1))
            of_query_image.flatten(1).index_add_(0, at, grad[part].flatten(1))
        return of_key, of_key_image, of_query, of_query_image, of_weight, None
