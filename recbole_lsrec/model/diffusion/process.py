"""Gaussian diffusion of vectors as pure functions: noise schedule, forward process, deterministic or noisy reversal.

Steps run from 1 to ``T``; a table over steps has ``T + 1`` entries, so that its index is the step, and entry 0 is the
clean end. Tables are float64: coefficients are made once, and vectors have the model's own precision.
Shape letters: ``B`` instances, ``D`` features, ``T`` diffusion steps.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

Predict = Callable[[Tensor, int], Tensor]
"""``(e_t, t) -> eps_hat``, the noise thought to be in ``e_t``."""
Normal = Callable[[Tensor], Tensor]
"""Draws standard normal numbers shaped like its argument."""


def linear_betas(steps: int, first: float, last: float) -> Tensor:
    """Returns the variances ``beta_1 .. beta_T`` added at each step, evenly spaced, ``[T]``."""
    return torch.linspace(first, last, steps, dtype=torch.float64)


def alpha_bars(betas: Tensor) -> Tensor:
    """Returns ``alpha_bar_t = prod_{s<=t} (1 - beta_s)`` with ``alpha_bar_0 = 1``, ``[T + 1]`` (DiffLSRec eq. 3.1)."""
    return torch.cat([betas.new_ones(1), (1 - betas).cumprod(0)])


def log_snr_plus_one(alpha_bar: Tensor) -> Tensor:
    """Returns ``log(1 + SNR_t)`` with ``SNR_t = alpha_bar_t / (1 - alpha_bar_t)``, which is ``-log(1 - alpha_bar_t)``.

    Infinite at step 0, where there is no noise.
    """
    return -torch.log1p(-alpha_bar)


def sigmas(alpha_bar: Tensor, eta: float) -> Tensor:
    """Standard deviation of the noise that reversing step ``t`` adds, ``[T + 1]`` (DDIM; Song et al., 2021, eq. 16).

        sigma_t = eta sqrt((1 - ab_{t-1}) / (1 - ab_t)) sqrt(1 - ab_t / ab_{t-1})

    ``eta`` 0 is deterministic, 1 is DDPM. ``sigma_1`` is 0 whatever ``eta``; entry 0 is 0 and means nothing.
    """
    before, after = alpha_bar[:-1], alpha_bar[1:]
    sigma = eta * ((1 - before) / (1 - after)).sqrt() * (1 - after / before).sqrt()
    return torch.cat([sigma.new_zeros(1), sigma])


def diffuse(clean: Tensor, noise: Tensor, alpha_bar: Tensor | float) -> Tensor:
    """Draws from ``q(e_t | e_0)`` (3.1): ``sqrt(ab) clean + sqrt(1 - ab) noise``; ``alpha_bar`` is a number or ``[B, 1]``."""
    alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float64)  # a number stays on the CPU: no copy to wait for
    return alpha_bar.sqrt().to(clean.dtype) * clean + (1 - alpha_bar).sqrt().to(clean.dtype) * noise


def clean_estimate(noisy: Tensor, noise: Tensor, alpha_bar: Tensor | float) -> Tensor:
    """Undoes :func:`diffuse` given the noise (3.7): ``(noisy - sqrt(1 - ab) noise) / sqrt(ab)``."""
    alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float64)
    return (noisy - (1 - alpha_bar).sqrt().to(noisy.dtype) * noise) / alpha_bar.sqrt().to(noisy.dtype)


def reverse_coefficients(alpha_bar: Tensor, sigma: Tensor) -> tuple[list[float], list[float]]:
    """Eq. 3.8 with 3.7 put in: ``e_{t-1} = keep_t e_t + noise_t eps_hat + sigma_t z``.

        keep_t  = sqrt(ab_{t-1} / ab_t)
        noise_t = sqrt(1 - ab_{t-1} - sigma_t^2) - keep_t sqrt(1 - ab_t)

    The first radicand is held at 0: rounding may take it below.

    Returns:
        Both by step, ``T + 1`` numbers each; entry 0 means nothing.
    """
    before, after = alpha_bar[:-1], alpha_bar[1:]
    keep = (before / after).sqrt()
    noise = (1 - before - sigma[1:].square()).clamp_min(0).sqrt() - keep * (1 - after).sqrt()
    return [1.0, *keep.tolist()], [0.0, *noise.tolist()]


class Reversal(NamedTuple):
    """Eq. 3.8 in numbers, by step; entry 0 means nothing. See :func:`reverse_coefficients` and :func:`sigmas`."""

    keep: list[float]
    noise: list[float]
    sigma: list[float]

    @classmethod
    def of(cls, alpha_bar: Tensor, eta: float) -> "Reversal":
        """Makes them from the ``[T + 1]`` table, which is on the CPU."""
        sigma = sigmas(alpha_bar, eta)
        return cls(*reverse_coefficients(alpha_bar, sigma), sigma.tolist())

    def run(self, noisy: Tensor, predict: Predict, normal: Normal) -> Tensor:
        """Runs eq. 3.8; see :func:`reverse`."""
        e = noisy
        for t in range(len(self.keep) - 1, 0, -1):
            e = torch.add(self.keep[t] * e, predict(e, t), alpha=self.noise[t])
            if self.sigma[t] > 0:
                e = torch.add(e, normal(e), alpha=self.sigma[t])
        return e


def reverse(
    noisy: Tensor,
    predict: Predict,
    alpha_bar: Tensor,
    eta: float = 0.0,
    normal: Normal = torch.randn_like,
) -> Tensor:
    """Runs eq. 3.8 from ``e_T`` down to ``e_0``.

    Args:
        noisy: ``[B, D]`` start ``e_T``.
        predict: ``(e_t, t) -> eps_hat``, the noise thought to be in ``e_t``.
        alpha_bar: ``[T + 1]`` table, on the CPU.
        eta: See :func:`sigmas`; for 0 nothing is drawn.
        normal: Draws standard normal numbers shaped like its argument.

    Returns:
        ``e_0 [B, D]``.
    """
    return Reversal.of(alpha_bar, eta).run(noisy, predict, normal)
