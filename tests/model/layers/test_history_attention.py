import pytest
import torch

from recbole_lsrec.model.layers.history_attention import HistoryAttention
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
    u, a = attention(attention.prepare(values, REAL, known), q[..., known_size:])
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
        one, two = (attention.weights(attention.prepare(x, REAL), q) for x in (values, other))
        assert torch.allclose(one, two) == (not (training and see_padding))
        assert not one.transpose(1, 2)[~REAL].any()
