"""Alpha from cosines, by hand."""

import pytest
import torch

from recbole_lsrec.model.layers.cosine_gate import CosineGate
from recbole_lsrec.model.layers.fcn import Mixture


def test_alpha_leans_to_the_interest_that_is_like_the_candidate_whatever_their_lengths() -> None:
    gate = CosineGate()
    right, up = [1.0, 0.0], [0.0, 1.0]
    u_long, u_short = torch.tensor([[[*right, *right]]]), torch.tensor([[[*up, *up]]])  # [1, 1, 2D]
    v = torch.tensor([[right, up, [0.6, 0.8]]])  # [1, 3, D]
    found = gate(u_long, u_short, v).flatten().tolist()
    assert found == pytest.approx([4.0, -4.0, 4 * (0.6 - 0.8)])
    assert gate(0.001 * u_long, 50 * u_short, 0.01 * v).flatten().tolist() == pytest.approx(found, abs=1e-4)


def test_an_interest_that_is_not_there_is_like_nothing() -> None:
    gate = CosineGate()
    found = gate(
        torch.zeros(1, 1, 4, requires_grad=True), torch.tensor([[[1.0, 0, 1.0, 0]]]), torch.tensor([[[1.0, 0]]])
    )
    assert found.item() == pytest.approx(-4.0)
    found.sum().backward()
    assert torch.isfinite(gate.slope.grad).all()


def test_a_mixture_is_its_sum() -> None:
    gate, mixed = CosineGate(), Mixture(torch.rand(2, 5, 3), torch.randn(2, 3, 8))
    u_short, v = torch.randn(2, 1, 8), torch.randn(1, 5, 4)
    torch.testing.assert_close(gate(mixed, u_short, v), gate(mixed.dense(), u_short, v))
