import pytest
import torch

from recbole_lsrec.model.layers.slot_attention import SlotAttention
from recbole_lsrec.testing.stub import randomise

REAL = torch.tensor([[[True, True, True], [True, False, False]], [[True, True, False], [False, False, False]]])


@pytest.mark.parametrize("training", [True, False])
def test_equals_the_definition_slot_by_slot(training: bool) -> None:
    """The network sees one slot after the other, in training padding too: outputs, gradients and moving averages agree."""
    torch.manual_seed(0)
    values, q = torch.randn(2, 2, 3, 4), torch.randn(2, 5, 6)
    found = []
    for by_slot in (True, False):
        torch.manual_seed(1)
        attention = SlotAttention(4, 6, [8, 3]).train(training)
        randomise(attention)
        if by_slot:
            fcn, parts = attention.attention.fcn, []
            for n in range(2):
                k = (values[:, n] @ attention.attention.matrix).unsqueeze(2).expand(2, 3, 5, 6)  # [B, W, C, Q]
                query = q.unsqueeze(1).expand_as(k)
                logits = fcn(k, query, k - query, k * query).squeeze(3).transpose(1, 2)  # [B, C, W]
                least = torch.finfo(logits.dtype).min
                a = logits.masked_fill(~REAL[:, n].unsqueeze(1), least).softmax(dim=2)
                parts.append((a @ values[:, n], a))
            h, a = (torch.stack(part, dim=2) for part in zip(*parts, strict=True))
        else:
            h, a = attention(attention.prepare(values, REAL), q)
        h.square().sum().backward()
        found.append([h, a, *(p.grad for p in attention.parameters() if p.grad is not None), *attention.buffers()])
    for left, right in zip(*found, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-5)


def test_an_empty_slot_weighs_its_padding_evenly() -> None:
    attention = SlotAttention(4, 6, [8]).eval()
    _, a = attention(attention.prepare(torch.randn(2, 2, 3, 4), REAL), torch.randn(1, 5, 6))
    assert a.shape == (2, 5, 2, 3)
    assert a[1, :, 1].tolist() == [pytest.approx([1 / 3] * 3)] * 5
    assert not a[0, :, 1, 1:].any()
