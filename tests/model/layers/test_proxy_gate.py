"""Alpha from cosines, by hand."""

import pytest
import torch

from recbole_lsrec.model.layers.proxy_gate import ProxyGate


def test_alpha_leans_to_the_interest_that_is_like_the_candidate_whatever_their_lengths() -> None:
    gate = ProxyGate()
    right, up = [1.0, 0.0], [0.0, 1.0]
    long, short = torch.tensor([[right]]), torch.tensor([[up]])  # [1, 1, D]
    v = torch.tensor([[right, up, [0.6, 0.8]]])  # [1, 3, D]
    found = gate(long, short, v).flatten().tolist()
    assert found == pytest.approx([4.0, -4.0, 4 * (0.6 - 0.8)])
    assert gate(0.001 * long, 50 * short, 0.01 * v).flatten().tolist() == pytest.approx(found, abs=1e-4)


def test_a_proxy_that_is_not_there_is_like_nothing() -> None:
    gate = ProxyGate()
    found = gate(torch.zeros(1, 1, 2, requires_grad=True), torch.tensor([[[1.0, 0]]]), torch.tensor([[[1.0, 0]]]))
    assert found.item() == pytest.approx(-4.0)
    found.sum().backward()
    assert torch.isfinite(gate.slope.grad).all()
