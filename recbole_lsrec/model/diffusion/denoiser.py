"""Which noise is in a long-term interest, as the short-term interest sees it: DiffLSRec eq. 3.3-3.6.

What does not depend on the step is made once (:meth:`Denoiser.prepare`), and a guided prediction costs about one pass
of the network instead of two: both passes share the image of ``e_t``, and the guidance (3.5), being linear, is applied
before the last layer.
Shape letters: ``B`` instances, ``K`` tokens, ``D`` features, ``T`` diffusion steps.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recbole_lsrec.model.diffusion import process
from recbole_lsrec.model.layers.precision import lerp

Step = int | Tensor
"""A diffusion step from 1 to ``T``: one for all instances, or int64 ``[B]``."""


def guided(conditional: Tensor, unconditional: Tensor, scale: Tensor | float) -> Tensor:
    """Eq. 3.5: ``(1 + s) conditional - s unconditional``; equal predictions come out as they are, bit for bit."""
    return lerp(unconditional, conditional, 1 + scale)


class Prepared(NamedTuple):
    """What the short side and the weights give to every step."""

    short: Tensor  # [B, D]
    level: Tensor | None  # [B, T + 1] what the sigmoid of 3.6 sees, but for the norm of e_t; None without 3.6
    of_norm: Tensor | None  # [] factor on that norm
    keys: Tensor | None  # [B, K, D] tokens, ready for a product with e_t itself; None without tokens
    values: Tensor | None  # [B, K, D]
    hidden: Tensor | None  # [B, 1, K] 0 on real tokens, -inf on padding
    gate: Tensor | None  # [B, D] the gate's part of e_short
    image: Tensor | None  # [B, 2D] first layer's part of the condition, where that is e_short at each step
    steps: Tensor  # [T + 1, 2D] first layer's part of the step, with bias
    nothing: Tensor  # [2D] first layer's part of the null condition
    of_e: Tensor  # [D, 2D] first layer's weights for e_t
    of_condition: Tensor  # [D, 2D] and for the condition


class Denoiser(nn.Module):
    """The noise network with its condition and guidance.

    Decisions: one attention head and no bias in W_Q, W_K, W_V, W_g; a vector gate; the network is DreamRec's
    ``mlp2``, 3D -> 2D, GELU, -> D; the step is a sinusoid through D -> 2D, GELU, -> D; the null condition is learned.
    Norms in 3.6 are divided by sqrt(D), so that ``u`` means the same for every D. ``u`` and ``b_0`` start at 0: the
    scale then falls with the step, as "monotonic" says; nothing keeps a learned ``u`` from breaking that.

    Args:
        size: Width ``D``.
        alpha_bar: ``[T + 1]`` float64 noise schedule.
        most: ``s_max`` of eq. 3.6; 0 switches its guidance off.
        rate: ``a``.
        shift: ``b``.
        constant: Scale to use at each step instead of 3.6 (w/o SNR); None for 3.6.
        tokens: Whether tokens take part; without (w/o Token) the condition is e_short.
    """

    steps: Tensor
    log_snr: Tensor

    def __init__(
        self,
        size: int,
        alpha_bar: Tensor,
        most: float = 1.0,
        rate: float = 5.0,
        shift: float = 0.5,
        constant: float | None = None,
        tokens: bool = True,
    ) -> None:
        super().__init__()
        self.n_steps = len(alpha_bar) - 1
        self.most, self.rate, self.shift, self.constant, self.tokens = most, rate, shift, constant, tokens
        if tokens:
            self.query, self.key, self.value = (nn.Linear(size, size, bias=False) for _ in range(3))
            self.gate = nn.Linear(2 * size, size, bias=False)  # columns: e_t, e_short
        self.first = nn.Linear(3 * size, 2 * size)  # columns: e_t, c, step
        self.second = nn.Linear(2 * size, size)
        self.time = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.adaptive = most > 0 and constant is None
        if self.adaptive:
            self.learned = nn.Linear(3, 1)  # u and b_0
            nn.init.zeros_(self.learned.weight)
            nn.init.zeros_(self.learned.bias)
        self.null = nn.Parameter(torch.randn(size) / math.sqrt(size))
        self.register_buffer("steps", sinusoid(self.n_steps + 1, size), persistent=False)
        self.register_buffer("log_snr", process.log_snr_plus_one(alpha_bar[1:]).float(), persistent=False)  # [T]

    def matrices(self) -> list[Tensor]:
        """Returns the weights that eq. C.6 regularises: W_Q, W_K, W_V, W_g."""
        return [layer.weight for layer in (self.query, self.key, self.value, self.gate)] if self.tokens else []

    def prepare(self, short: Tensor, tokens: Tensor, hidden: Tensor) -> Prepared:
        """Makes what no step changes.

        Args:
            short: ``[B, D]`` short-term interest.
            tokens: ``[B, K, D]`` embeddings of the most recent items.
            hidden: ``[B, K]``, 0 on real tokens, -inf on padding.
        """
        d = short.shape[1]
        of_e, of_condition, of_step = (part.t() for part in self.first.weight.split(d, dim=1))  # [D, 2D] each
        steps = torch.addmm(self.first.bias, self.time(self.steps), of_step)
        nothing = self.null @ of_condition
        level = self._level(short) if self.adaptive else None
        of_norm = self.learned.weight[0, 0] / math.sqrt(d) if self.adaptive else None
        if not self.tokens:
            image = short @ of_condition
            return Prepared(short, level, of_norm, None, None, None, None, image, steps, nothing, of_e, of_condition)
        # (W_Q e) . (W_K s) = e . (s W_K^T W_Q): no projection is left for the steps.
        keys = tokens @ (self.key.weight.t() @ self.query.weight / math.sqrt(d))
        gate = F.linear(short, self.gate.weight[:, d:])
        values, hidden = self.value(tokens), hidden.unsqueeze(1)
        return Prepared(short, level, of_norm, keys, values, hidden, gate, None, steps, nothing, of_e, of_condition)

    def guided_noise(self, e: Tensor, t: Step, prepared: Prepared) -> Tensor:
        """Eq. 3.5 for ``e [B, D]`` at step ``t``: ``[B, D]``."""
        base, conditional = self._images(e, t, prepared)  # [B, 2D] each
        hidden = F.gelu(conditional)
        if (self.most if self.constant is None else self.constant) > 0:
            hidden = guided(hidden, F.gelu(base + prepared.nothing), self.scale(e, t, prepared))
        return self.second(hidden)

    def noise(self, e: Tensor, t: Step, prepared: Prepared, drop: Tensor | None = None) -> Tensor:
        """The network by itself, ``eps(e_t, t | c_t)``; ``eps(e_t, t | null)`` in the rows that ``drop [B]`` marks."""
        base, conditional = self._images(e, t, prepared)
        if drop is not None:
            conditional = torch.where(drop.unsqueeze(1), base + prepared.nothing, conditional)
        return self.second(F.gelu(conditional))

    def scale(self, e: Tensor, t: Step, prepared: Prepared) -> Tensor:
        """The guidance scale ``s_t``, ``[B, 1]``: eq. 3.6, or the constant."""
        if prepared.level is None:
            return e.new_full((len(e), 1), self.most if self.constant is None else self.constant)
        at = prepared.level[:, t, None] if isinstance(t, int) else prepared.level.gather(1, t.unsqueeze(1))
        assert prepared.of_norm is not None
        return self.most * torch.sigmoid(torch.addcmul(at, e.norm(dim=1, keepdim=True), prepared.of_norm))

    def _level(self, short: Tensor) -> Tensor:
        """``-a (t / T - b) + u . [., |e_short|, log(1 + SNR_t)] + b_0`` by step, ``[B, T + 1]``; entry 0 means nothing."""
        _, of_short, of_snr = self.learned.weight[0]
        progress = torch.arange(1, self.n_steps + 1, device=short.device) / self.n_steps
        by_step = of_snr * self.log_snr - self.rate * (progress - self.shift) + self.learned.bias  # [T]
        by_row = of_short / math.sqrt(short.shape[1]) * short.norm(dim=1, keepdim=True)  # [B, 1]
        return by_row + F.pad(by_step, (1, 0))

    def _images(self, e: Tensor, t: Step, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """First layer before its activation, without and with the condition's part, ``[B, 2D]`` each."""
        base = torch.addmm(prepared.steps[t], e, prepared.of_e)
        if prepared.image is not None:
            return base, base + prepared.image
        assert prepared.keys is not None
        assert prepared.values is not None
        assert prepared.hidden is not None
        assert prepared.gate is not None
        # As rows: columns take a CPU several times as long.
        logits = torch.baddbmm(prepared.hidden, e.unsqueeze(1), prepared.keys.transpose(1, 2))  # [B, 1, K]
        context = torch.bmm(F.softmax(logits, dim=2), prepared.values).squeeze(1)  # (3.3) [B, D]
        gate = torch.sigmoid(torch.addmm(prepared.gate, e, self.gate.weight[:, : e.shape[1]].t()))
        condition = lerp(prepared.short, context, gate)  # (3.4) [B, D]
        return base, torch.addmm(base, condition, prepared.of_condition)


def sinusoid(n: int, size: int) -> Tensor:
    """Transformer's encoding of positions ``0 .. n - 1``, ``[n, size]``: sines, then cosines (a last 0 if size is odd)."""
    half = size // 2
    rates = torch.exp(-math.log(10_000) * torch.arange(half) / max(half, 1))
    angles = torch.arange(n).unsqueeze(1) * rates
    return F.pad(torch.cat([angles.sin(), angles.cos()], dim=1), (0, size - 2 * half))
