"""DiffLSRec's way back from step T to 0 in training, its gradient written out.

Autograd would keep some twenty arrays of each step and add up each weight gradient step by step. Here a step keeps its
``e_t`` alone. On the way back all else is made again for all steps at once, only what waits for the step after is done in a
loop, and each weight gradient is one matrix product over all steps.

Shape letters: ``T`` diffusion steps, in the order in which they run; ``B`` instances, ``K`` tokens, ``D`` features.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from recbole_lsrec.model.diffusion import process
from recbole_lsrec.model.diffusion.denoiser import Denoiser, Prepared

gelu_backward = torch.ops.aten.gelu_backward.default
softmax_backward = torch.ops.aten._softmax_backward_data.out


def has_own_gradient(prepared: Prepared) -> bool:
    """Whether :func:`denoised` knows the gradient: with tokens and the scale of eq. 3.6, outside autocast."""
    device = prepared.short.device.type
    return prepared.keys is not None and prepared.level is not None and not torch.is_autocast_enabled(device)


def denoised(
    denoiser: Denoiser, start: Tensor, prepared: Prepared, alpha_bar: Tensor, eta: float, normal: process.Normal
) -> Tensor:
    """``process.reverse`` with the guided noise of ``denoiser``: ``e_0 [B, D]`` from ``e_T``.

    Args:
        denoiser: with tokens and adaptive guidance, see :func:`has_own_gradient`.
        start: ``[B, D]``.
        prepared: what no step changes.
        alpha_bar: ``[T + 1]`` table, on the CPU.
        eta: see ``process.sigmas``.
        normal: draws standard normal numbers shaped like its argument.
    """
    reversal = process.Reversal.of(alpha_bar, eta)

    def run(noisy: Tensor) -> tuple[Tensor, Tensor]:
        passed = []

        def predict(e: Tensor, t: int) -> Tensor:
            passed.append(e)
            return denoiser.guided_noise(e, t, prepared)

        return reversal.run(noisy, predict, normal), torch.stack(passed)

    d = start.shape[1]
    keep, noise = (part[:0:-1] for part in (reversal.keep, reversal.noise))  # of steps T .. 1
    of_step = prepared.steps[1:].flip(0)  # [T, 2D]
    assert prepared.level is not None
    level = prepared.level[:, 1:].flip(1).t()  # [T, B]
    gate_of_e = denoiser.gate.weight[:, :d].t()
    return _Chain.apply(
        *(run, keep, noise, denoiser.most, start),
        *(prepared.short, level, prepared.keys, prepared.values, prepared.hidden),
        *(prepared.gate, of_step, prepared.nothing, prepared.of_e, prepared.of_condition, gate_of_e, prepared.of_norm),
        *(denoiser.second.weight, denoiser.second.bias),
    )


class _Chain(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, run: Any, keep: list[float], noise: list[float], most: float, start: Tensor, *given: Tensor
    ) -> Tensor:
        end, passed = run(start)
        ctx.save_for_backward(passed, *given)
        ctx.keep, ctx.noise, ctx.most = keep, noise, most
        return end

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Goes from e_0 back to e_T; names as in :class:`Denoiser`."""
        e, short, level, keys, values, hidden, gate, of_step, *others = ctx.saved_tensors
        nothing, of_e, of_condition, gate_of_e, of_norm, second, _ = others
        # Forth again, all steps at once.
        base = e @ of_e + of_step.unsqueeze(1)  # [T, B, 2D]
        by_row = e.transpose(0, 1)  # [B, T, D]
        attention = (torch.bmm(by_row, keys.mT) + hidden).softmax(2)  # [B, T, K]
        context = torch.bmm(attention, values).transpose(0, 1)  # (3.3) [T, B, D]
        gate = torch.sigmoid(gate + e @ gate_of_e)
        condition = torch.lerp(short, context, gate)  # (3.4)
        conditional, unconditional = base + condition @ of_condition, base + nothing
        norm = e.norm(dim=2, keepdim=True)  # [T, B, 1]
        sigmoid = torch.sigmoid(level.unsqueeze(2) + norm * of_norm)
        weight = 1 + ctx.most * sigmoid  # (3.5), (3.6)
        with_condition, without = F.gelu(conditional), F.gelu(unconditional)

        # What the gradient of the guided units is multiplied with to give that of the three they are made of.
        of_units = torch.stack(
            [
                gelu_backward(weight.expand_as(conditional), conditional),
                gelu_backward((1 - weight).expand_as(unconditional), unconditional),
                with_condition - without,
            ],
            dim=2,
        )  # [T, B, 3, 2D]
        of_scale = ctx.most * sigmoid * (1 - sigmoid)
        of_length = of_scale * of_norm / norm.clamp_min(torch.finfo(norm.dtype).tiny) * e
        of_both = torch.stack([gate, (context - short) * gate * (1 - gate)], dim=2)  # [T, B, 2, D]

        into_noise, into_condition = torch.empty_like(e), torch.empty_like(e)
        into_units, into_both, into_base = (torch.empty_like(part) for part in (of_units, of_both, base))
        into_weight, into_logits = torch.empty_like(norm), attention.new_empty(len(e), *hidden.shape)  # [T, B, 1, K]
        grad = grad.clone(memory_format=torch.contiguous_format)
        for t in reversed(range(len(e))):
            torch.mul(grad, ctx.noise[t], out=into_noise[t])
            torch.mul((into_noise[t] @ second).unsqueeze(1), of_units[t], out=into_units[t])
            torch.sum(into_units[t, :, 2], 1, keepdim=True, out=into_weight[t])
            torch.add(into_units[t, :, 0], into_units[t, :, 1], out=into_base[t])
            torch.mm(into_units[t, :, 0], of_condition.t(), out=into_condition[t])
            torch.mul(into_condition[t].unsqueeze(1), of_both[t], out=into_both[t])
            of_attention = torch.bmm(into_both[t, :, 0].unsqueeze(1), values.mT)  # [B, 1, K]
            softmax_backward(of_attention, attention[:, t].unsqueeze(1), 2, grad.dtype, grad_input=into_logits[t])
            grad.mul_(ctx.keep[t]).addcmul_(into_weight[t], of_length[t])
            grad.addmm_(into_base[t], of_e.t()).addmm_(into_both[t, :, 1], gate_of_e.t())
            grad.unsqueeze(1).baddbmm_(into_logits[t], keys)

        def product(left: Tensor, right: Tensor) -> Tensor:
            return left.flatten(0, 1).t() @ right.flatten(0, 1)

        units = torch.lerp(without, with_condition, weight)
        into_level = into_weight * of_scale
        return (
            *(None, None, None, None, grad),
            torch.addcmul(into_condition, into_condition, gate, value=-1).sum(0),  # short
            into_level.squeeze(2),
            torch.bmm(into_logits.squeeze(2).permute(1, 2, 0), by_row),  # keys
            torch.bmm(attention.transpose(1, 2), into_both[:, :, 0].transpose(0, 1)),  # values
            None,
            into_both[:, :, 1].sum(0),  # gate
            into_base.sum(1),  # step
            into_units[:, :, 1].sum((0, 1)),  # nothing
            product(e, into_base),
            product(condition, into_units[:, :, 0]),
            product(e, into_both[:, :, 1]),
            (into_level * norm).sum(),
            product(into_noise, units),  # second
            into_noise.sum((0, 1)),
        )
