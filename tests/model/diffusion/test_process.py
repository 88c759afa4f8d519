"""The noise schedule against numbers worked out by hand, and the reverse chain with the true noise as an oracle."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recbole_lsrec.model.diffusion import process


def test_schedule_by_hand() -> None:
    betas = process.linear_betas(3, 0.1, 0.3)
    assert betas.tolist() == pytest.approx([0.1, 0.2, 0.3])
    # 0.9, 0.9 * 0.8, 0.9 * 0.8 * 0.7
    assert process.alpha_bars(betas).tolist() == pytest.approx([1.0, 0.9, 0.72, 0.504])


def test_default_schedule_keeps_the_prior() -> None:
    alpha_bar = process.alpha_bars(process.linear_betas(20, 1e-4, 0.05))
    assert alpha_bar[-1].item() == pytest.approx(0.60, abs=0.005)


def test_signal_to_noise_by_hand() -> None:
    # ab 0.9: SNR = 9, log 10; ab 0.5: SNR = 1, log 2
    values = process.log_snr_plus_one(torch.tensor([0.9, 0.5], dtype=torch.float64))
    assert values.tolist() == pytest.approx([2.302585093, 0.693147181])


def test_sigmas_by_hand() -> None:
    alpha_bar = torch.tensor([1.0, 0.9, 0.72], dtype=torch.float64)
    # sigma_2 = sqrt(0.1 / 0.28) sqrt(1 - 0.72 / 0.9) = 0.597614 * 0.447214 = 0.267261
    assert process.sigmas(alpha_bar, eta=1.0).tolist() == pytest.approx([0, 0, 0.267261], abs=1e-6)
    assert process.sigmas(alpha_bar, eta=0.1).tolist() == pytest.approx([0, 0, 0.0267261], abs=1e-7)


@given(st.integers(1, 60), st.floats(0.0, 1.0), st.floats(1e-5, 0.5), st.floats(1e-5, 0.5))
def test_the_last_step_adds_no_noise(steps: int, eta: float, first: float, last: float) -> None:
    sigma = process.sigmas(process.alpha_bars(process.linear_betas(steps, first, last)), eta)
    assert sigma[1] == 0
    assert torch.isfinite(sigma).all()


def test_diffuse_and_estimate_by_hand() -> None:
    clean, noise = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 1.0]])
    noisy = process.diffuse(clean, noise, 0.64)
    torch.testing.assert_close(noisy, torch.tensor([[1.1, -1.0]]))  # 0.8 clean + 0.6 noise
    torch.testing.assert_close(process.clean_estimate(noisy, noise, 0.64), clean)
    by_row = process.diffuse(clean.expand(2, 2), noise.expand(2, 2), torch.tensor([[0.64], [1.0]]))
    torch.testing.assert_close(by_row, torch.stack([noisy[0], clean[0]]))


def test_one_reverse_step_by_hand() -> None:
    # ab_1 = 0.64 -> ab_0 = 1: e_0 = (e_1 - 0.6 eps) / 0.8
    keep, noise = process.reverse_coefficients(torch.tensor([1.0, 0.64], dtype=torch.float64), torch.zeros(2).double())
    assert keep[1] == pytest.approx(1.25)
    assert noise[1] == pytest.approx(-0.75)


def test_two_reverse_steps_by_hand() -> None:
    alpha_bar = torch.tensor([1.0, 0.9, 0.72], dtype=torch.float64)
    drawn = []

    def normal(like: torch.Tensor) -> torch.Tensor:
        drawn.append(like)
        return torch.full_like(like, 2.0)

    def predict(e: torch.Tensor, t: int) -> torch.Tensor:
        return torch.full_like(e, {2: 0.5, 1: 0.25}[t])

    # keep_2 = sqrt(0.9 / 0.72) = 1.118034, noise_2 = sqrt(0.1 - 0.0714286) - 1.118034 sqrt(0.28) = -0.422577
    # e_1 = 1.118034 - 0.422577 * 0.5 + 0.267261 * 2 = 1.441268; e_0 = 1.054093 e_1 - 0.333333 * 0.25
    back = process.reverse(torch.ones(1, 1, dtype=torch.float64), predict, alpha_bar, 1.0, normal)
    assert back.item() == pytest.approx(1.435896, abs=1e-5)
    assert len(drawn) == 1  # the last step adds no noise
    process.reverse(torch.ones(1, 1, dtype=torch.float64), predict, alpha_bar, 0.0, normal)
    assert len(drawn) == 1  # nor does any of a deterministic chain


@settings(deadline=None)
@given(st.integers(1, 200), st.sampled_from([0.0, 0.1, 1.0]), st.integers(0, 10_000))
def test_the_true_noise_leads_back(steps: int, eta: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    clean, noise = torch.randn(2, 3, 5, dtype=torch.float64, generator=generator)
    alpha_bar = process.alpha_bars(process.linear_betas(steps, 1e-4, 0.05))

    def oracle(e: torch.Tensor, t: int) -> torch.Tensor:
        return (e - alpha_bar[t].sqrt() * clean) / (1 - alpha_bar[t]).sqrt()

    def normal(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, dtype=like.dtype, generator=generator)

    start = process.diffuse(clean, noise, alpha_bar[-1])
    back = process.reverse(start, oracle, alpha_bar, eta, normal)
    torch.testing.assert_close(back, clean, rtol=0, atol=1e-5)
