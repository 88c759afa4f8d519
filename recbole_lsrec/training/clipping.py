"""Clipping the gradient of each parameter on its own."""

import torch


def clip_each_variable(optimizer: torch.optim.Optimizer, limit: float) -> None:
    """Scales each parameter's gradient on its own to an L2 norm of at most ``limit``: g <- g * limit / max(|g|, limit).

    RecBole's ``clip_grad_norm`` bounds the norm over all parameters together; this is TensorFlow's ``clip_by_norm``
    applied per variable, as in the code bases from which several long- and short-term models come. Deviation: for an
    embedding table the norm is that of its summed gradient; TensorFlow takes the larger one of the unsummed rows.
    """
    gradients = []
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()  # rows that occur several times become one
                gradients.append(parameter.grad.values())
            elif parameter.grad is not None:
                gradients.append(parameter.grad)
    if gradients:
        norms = torch.stack(torch._foreach_norm(gradients))
        torch._foreach_mul_(gradients, (limit / norms.clamp(min=limit)).unbind())
