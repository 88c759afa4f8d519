"""The chain with its gradient written out against autograd's."""

import pytest
import torch

from recbole_lsrec.model.diffusion import chain, process
from recbole_lsrec.model.diffusion.denoiser import Denoiser
from recbole_lsrec.model.diffusion.recent_encoder import padding
from recbole_lsrec.testing.stub import random_batch
from tests.model.difflsrec_stub import build


@pytest.mark.parametrize("eta", [0.0, 0.5])
@pytest.mark.parametrize(("steps", "most"), [(1, 1.0), (4, 3.0)])
def test_result_and_all_gradients_are_autograds(steps, most, eta):
    torch.manual_seed(0)
    alpha_bar = process.alpha_bars(process.linear_betas(steps, 0.01, 0.2))
    denoiser = Denoiser(6, alpha_bar, most=most).double()
    for parameter in denoiser.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    start, short, tokens = (torch.randn(shape, dtype=torch.float64) for shape in ((5, 6), (5, 6), (5, 3, 6)))
    inputs = [tensor.requires_grad_() for tensor in (start, short, tokens)]
    hidden = padding(torch.tensor([3, 1, 2, 3, 1]), 3).double()
    found = []
    for own in (True, False):
        torch.manual_seed(1)  # of the noise
        prepared = denoiser.prepare(short, tokens, hidden)
        assert chain.has_own_gradient(prepared)
        if own:
            end = chain.denoised(denoiser, start, prepared, alpha_bar, eta, torch.randn_like)
        else:
            end = process.reverse(start, lambda e, t, p=prepared: denoiser.guided_noise(e, t, p), alpha_bar, eta)
        found.append([end, *torch.autograd.grad(end.square().sum(), [*inputs, *denoiser.parameters()])])
    for left, right in zip(*found, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("options", [{"without": ["token"]}, {"without": ["snr"]}, {"guidance_max": 0.0}])
def test_other_networks_are_left_to_autograd(options):
    model = build(**options).train()
    interests = model.interests(random_batch())
    assert not chain.has_own_gradient(model._sides(interests)[1])
    assert model.chain(interests).requires_grad


def test_a_training_step_uses_it(monkeypatch):
    """In float32, the loss of a model with it and without it."""
    model, found = build().train(), []
    for own in (True, False):
        if not own:
            monkeypatch.setattr(chain, "has_own_gradient", lambda _: False)
        torch.manual_seed(3)  # of the noise
        loss = model.calculate_loss(random_batch(n=5))
        found.append([loss, *torch.autograd.grad(loss, list(model.parameters()))])
    assert torch.equal(found[0][0], found[1][0])
    for left, right in zip(*found, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)
