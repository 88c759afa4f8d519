"""Adam that leaves alone the rows of an embedding table that a batch did not look up."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam


class LazyAdam(torch.optim.Optimizer):
    """torch's Adam, with rows of tables whose gradients are sparse updated only in steps that have a gradient for them.

    A parameter with a dense gradient gets torch's Adam, bit for bit. Of a parameter with a sparse gradient the named rows
    get the same update, from their own moments and the number of the step; the moments of the others neither decay nor
    move them, whereas dense Adam goes on moving a row for some steps after its last gradient. So a step costs what its
    batch looks up, not what the table holds. This is ``torch.optim.SparseAdam`` for both kinds of parameter at once, with
    Adam's place for epsilon.

    Args:
        params: parameters or groups of them.
        lr: learning rate.
        betas: decay of the two moments.
        eps: added to the root of the second moment.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Updates every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            with_gradient = [p for p in group["params"] if p.grad is not None]
            self._dense(group, [p for p in with_gradient if not p.grad.is_sparse])
            for parameter in with_gradient:
                if parameter.grad.is_sparse:
                    self._rows(group, parameter)
        return loss

    def _moments(self, parameter: Tensor) -> dict[str, Tensor]:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        return state

    def _dense(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        states = [self._moments(p) for p in parameters]
        adam(
            parameters,
            [p.grad for p in parameters if p.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )

    def _rows(self, group: dict[str, Any], table: Tensor) -> None:
        """``table [N, D]`` by its sparse gradient."""
        assert table.grad is not None
        state, gradient = self._moments(table), table.grad.coalesce()
        rows, values = gradient.indices()[0], gradient.values()  # [R], [R, D]
        state["step"] += 1
        step, (beta1, beta2) = float(state["step"]), group["betas"]
        mean = state["exp_avg"].index_select(0, rows).lerp_(values, 1 - beta1)
        square = state["exp_avg_sq"].index_select(0, rows).mul_(beta2).addcmul_(values, values, value=1 - beta2)
        state["exp_avg"].index_copy_(0, rows, mean)
        state["exp_avg_sq"].index_copy_(0, rows, square)
        root = square.sqrt_().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        table.index_add_(0, rows, mean.div_(root), alpha=-group["lr"] / (1 - beta1**step))
