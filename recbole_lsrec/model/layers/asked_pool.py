"""Vectors pooled by the queries that ask them, ``softmax(q h^T) h``, its gradient written out.

Autograd's way back makes the outer products of one query with many vectors column by column, which takes a CPU several times
as long as the rest of the pooling.

Shape letters: ``K`` vectors of a group, ``C`` queries that ask it, ``D`` features; ``...`` any leading axes.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def weights(query: Tensor, vectors: Tensor, hidden: Tensor) -> Tensor:
    """``softmax(q h^T + hidden)``, ``[..., C, K]``; ``query [..., C, D]``, ``vectors [..., K, D]``, ``hidden [..., 1, K]``."""
    # Along the last axis but one: of few vectors and many queries a CPU then takes many queries at a time.
    return F.softmax(vectors @ query.transpose(-1, -2) + hidden.transpose(-1, -2), dim=-2).transpose(-1, -2)


def pool(query: Tensor, vectors: Tensor, hidden: Tensor) -> Tensor:
    """The vectors in those weights, ``[..., C, D]``; ``hidden`` gets no gradient."""
    if not torch.is_grad_enabled():  # a graph can hold this, but not the function
        return weights(query, vectors, hidden) @ vectors
    return _Pool.apply(query, vectors, hidden)


class _Pool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, query: Tensor, vectors: Tensor, hidden: Tensor) -> Tensor:
        a = F.softmax(query @ vectors.transpose(-1, -2) + hidden, dim=-1)
        ctx.save_for_backward(query, vectors, a)
        return a @ vectors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        query, vectors, a = ctx.saved_tensors
        of_logits = torch._softmax_backward_data(grad @ vectors.mT, a, -1, a.dtype)  # [..., C, K]
        if query.shape[-2] == 1:
            of_vectors = (a.mT * grad).addcmul_(of_logits.mT, query)  # [..., K, D]
        else:
            of_vectors = torch.cat([a, of_logits], dim=-2).mT @ torch.cat([grad, query], dim=-2)
        return of_logits @ vectors, of_vectors, None
