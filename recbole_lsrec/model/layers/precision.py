"""Mixed precision: what stays in float32 under autocast, and what autocast forgets."""

from collections.abc import Callable
from functools import reduce, wraps
from typing import Any

import torch
from torch import Tensor


def full_precision(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a method compute in float32 under autocast, and leaves it alone otherwise.

    For recurrences, whose rounding errors add up over the steps, and for kernels that take one dtype only.

    Args:
        forward: A method whose first argument is a tensor.
    """

    @wraps(forward)
    def run(self: Any, first: Tensor, *others: Any, **named: Any) -> Any:
        device = first.device.type
        if not torch.is_autocast_enabled(device):
            return forward(self, first, *others, **named)
        with torch.autocast(device, enabled=False):
            return forward(self, _float32(first), *map(_float32, others), **{k: _float32(v) for k, v in named.items()})

    return run


def _float32(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value


def lerp(start: Tensor, end: Tensor, weight: Tensor | float) -> Tensor:
    """``torch.lerp`` of tensors whose dtypes may differ, which autocast does not bring together."""
    dtypes = [part.dtype for part in (start, end, weight) if isinstance(part, Tensor)]
    if len(set(dtypes)) == 1:
        return torch.lerp(start, end, weight)
    dtype = reduce(torch.promote_types, dtypes)
    return torch.lerp(start.to(dtype), end.to(dtype), weight.to(dtype) if isinstance(weight, Tensor) else weight)
