import pytest
import torch

from recbole_lsrec.model.layers.history_attention import HistoryAttention, Scored
from recbole_lsrec.testing.stub import randomise

REAL = torch.tensor([[True, True, True], [True, False, False]])


@pytest.mark.parametrize("kind", ["mlp", "inner_product"])
@pytest.mark.parametrize("known_size", [0, 2])
def test_equals_the_definition(kind: str, known_size: int) -> None:
    torch.manual_seed(0)
    attention = HistoryAttention(kind, 4, 5, [6]).eval()
    randomise(attention)
    values, q = torch.randn(2, 3, 4), torch.randn(2, 2, 5)
    known = torch.randn(2, known_size) if known_size else None
    if known is not None:
        q = torch.cat([known.unsqueeze(1).expand(2, 2, known_size), q[..., known_size:]], dim=2)
    u, a = attention(attention.prepare(values, attention.scored(REAL), known), q[..., known_size:])
    for b in range(2):
        for c in range(2):
            k = values[b, REAL[b]] @ attention.attention.matrix  # [n, 5]
            query = q[b, c].expand_as(k)
            of_mlp = kind == "mlp"
            logits = attention.attention.fcn(k, query, k - query, k * query).squeeze(1) if of_mlp else k @ q[b, c]
            weights = logits.softmax(0)
            torch.testing.assert_close(a[b, c, REAL[b]], weights, rtol=1e-5, atol=1e-6)
            torch.testing.assert_close(u[b, c], weights @ values[b, REAL[b]], rtol=1e-5, atol=1e-5)
            assert not a[b, c, ~REAL[b]].any()


@pytest.mark.parametrize("see_padding", [False, True])
def test_padding_enters_batch_norm_in_training_only(see_padding: bool) -> None:
    torch.manual_seed(0)
    attention = HistoryAttention("mlp", 4, 4, [6], see_padding)
    randomise(attention)
    values, q = torch.randn(2, 3, 4), torch.randn(2, 2, 4)
    other = torch.where(REAL.unsqueeze(2), values, 5.0)
    for training in (False, True):
        attention.train(training)
        one, two = (attention.weights(attention.prepare(x, attention.scored(REAL)), q) for x in (values, other))
        assert torch.allclose(one, two) == (not (training and see_padding))
        assert not one.transpose(1, 2)[~REAL].any()


@pytest.mark.parametrize("own", [False, True])
def test_one_padded_step_stands_for_all_in_the_batch_norm_statistics(own: bool) -> None:
    """Outputs, gradients and moving averages are those of a network that every padded step passes through."""
    torch.manual_seed(0)
    lengths = torch.tensor([1, 9, 3, 4, 8])
    real = torch.arange(9) < lengths.unsqueeze(1)
    values = torch.where(real.unsqueeze(2), torch.randn(5, 9, 6), torch.full((1, 1, 6), 0.3))
    q = torch.randn(5, 2, 6)
    each = torch.where(real.unsqueeze(2), torch.randn(5, 9, 6), torch.full((1, 1, 6), -0.2))
    found = []
    for one_stands_for_all in (True, False):
        torch.manual_seed(1)
        attention = HistoryAttention("mlp", 6, 6, [8, 4], see_padding=True)
        randomise(attention)
        every = Scored(~real, *torch.ones_like(real).nonzero(as_tuple=True), None)
        scored = attention.scored(real) if one_stands_for_all else every
        own_weights, weights = attention.own_weights, attention.weights
        a = own_weights(values, scored, each) if own else weights(attention.prepare(values, scored), q)
        (a.square() * torch.arange(9)).sum().backward()
        gradients = [p.grad for p in attention.parameters() if p.grad is not None]
        found.append([a, *gradients, *attention.buffers()])
    for left, right in zip(*found, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-6)
