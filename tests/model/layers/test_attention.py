import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.layers.attention import (
    AdditiveAttention,
    BilinearAttention,
    MLPAttention,
    SelfAttentionBlocks,
)
from recbole_lsrec.model.layers.session_attention import WAAM
from recbole_lsrec.testing.stub import randomise

ROW = torch.tensor([0, 0, 0, 1, 2, 2])  # instance of each of six events


def plain_mlp(attention: MLPAttention, x: Tensor, q: Tensor) -> Tensor:
    """The attention network on the concatenation ``[k, q, k - q, k * q]``."""
    k = x @ attention.matrix
    return attention.fcn(k, q, k - q, k * q).squeeze(-1)


@pytest.mark.parametrize("training", [True, False])
def test_mlp_split_equals_the_concatenation(training: bool) -> None:
    torch.manual_seed(0)
    attention = MLPAttention(4, 3, [6, 5])
    randomise(attention)
    attention.train(training)
    x, q = torch.randn(6, 4), torch.randn(3, 5, 3)
    flat = attention(attention.keys(x), attention.query(q), ROW)  # [6, 5]
    expected = plain_mlp(attention, x.unsqueeze(1).expand(6, 5, 4), q[ROW])
    torch.testing.assert_close(flat, expected, rtol=1e-5, atol=1e-5)


def test_mlp_counts_equal_events_in_the_batch_norm_statistics() -> None:
    torch.manual_seed(0)
    attention = MLPAttention(4, 3, [6])
    randomise(attention)
    x, q, counts = torch.randn(6, 4), torch.randn(3, 5, 3), torch.tensor([1, 4, 2, 1, 3, 1])
    each, row = x.repeat_interleave(counts, dim=0), ROW.repeat_interleave(counts)
    expected = attention(attention.keys(each), attention.query(q), row)
    found = attention(attention.keys(x), attention.query(q), ROW, counts.float())
    torch.testing.assert_close(found.repeat_interleave(counts, dim=0), expected, rtol=1e-4, atol=1e-5)


def test_mlp_takes_the_known_part_of_the_query_with_the_keys() -> None:
    torch.manual_seed(0)
    attention = MLPAttention(4, 5, [6]).eval()
    randomise(attention)
    x, known, q = torch.randn(6, 4), torch.randn(3, 2), torch.randn(3, 7, 3)
    whole = torch.cat([known.unsqueeze(1).expand(3, 7, 2), q], dim=2)
    expected = plain_mlp(attention, x.unsqueeze(1).expand(6, 7, 4), whole[ROW])
    found = attention(attention.keys(x, known, ROW), attention.query(q), ROW)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    common = attention(attention.keys(x, known, ROW), attention.query(q[:1]), ROW)
    torch.testing.assert_close(common[:2], found[:2], rtol=1e-5, atol=1e-5)


def test_mlp_takes_padded_keys_and_common_candidates() -> None:
    torch.manual_seed(0)
    attention = MLPAttention(4, 3, [6]).eval()
    randomise(attention)
    x, q = torch.randn(2, 7, 4), torch.randn(2, 5, 3)
    padded = attention(attention.keys(x.unsqueeze(1)), attention.query(q.unsqueeze(2)))  # [2, 5, 7]
    row = torch.arange(2).repeat_interleave(7)
    flat = attention(attention.keys(x.reshape(14, 4)), attention.query(q), row)  # [14, 5]
    torch.testing.assert_close(padded.transpose(1, 2).reshape(14, 5), flat)
    common = attention(attention.keys(x.reshape(14, 4)), attention.query(q[:1]), row)
    torch.testing.assert_close(common[:7], flat[:7])


def test_additive_and_bilinear() -> None:
    torch.manual_seed(0)
    x, q = torch.randn(6, 4), torch.randn(3, 5, 4)
    additive, bilinear = AdditiveAttention(4), BilinearAttention(4, 4)
    randomise(additive)
    randomise(bilinear)
    logits = additive(additive.keys(x), None, ROW)
    torch.testing.assert_close(logits, ((x @ additive.matrix) @ additive.vector).unsqueeze(1))
    expected = torch.stack([q[b] @ (x[p] @ bilinear.matrix) for p, b in enumerate(ROW.tolist())])
    torch.testing.assert_close(bilinear(bilinear.keys(x), bilinear.query(q), ROW), expected)


def test_self_attention_stays_inside_sessions() -> None:
    torch.manual_seed(0)
    blocks = SelfAttentionBlocks(4).eval()
    randomise(blocks)
    x = torch.randn(6, 4)
    session = torch.tensor([0, 0, 1, 2, 3, 3])
    column = torch.tensor([0, 1, 2, 0, 0, 1])
    once = torch.ones(6)
    out = blocks(x, once, ROW, column, session)
    changed = x.clone()
    changed[1] += 1
    different = (blocks(changed, once, ROW, column, session) != out).any(1)
    assert different.tolist() == [True, True, False, False, False, False]
    order = torch.tensor([1, 0, 2, 3, 4, 5])
    torch.testing.assert_close(blocks(x[order], once, ROW, column, session), out[order])


def test_self_attention_counts_equal_events() -> None:
    torch.manual_seed(0)
    blocks = SelfAttentionBlocks(4).eval()
    randomise(blocks)
    x, counts, one = torch.randn(2, 4), torch.tensor([1.0, 2.0]), torch.zeros(3, dtype=torch.long)
    twice = blocks(x[[0, 1, 1]], torch.ones(3), one, torch.arange(3), one)
    torch.testing.assert_close(blocks(x, counts, one[:2], torch.arange(2), one[:2]), twice[:2])


def test_waam_equals_a_loop_over_sessions() -> None:
    torch.manual_seed(0)
    waam = WAAM(4)
    randomise(waam)
    h, v = torch.randn(2, 1, 3, 4), torch.randn(2, 5, 4)
    absent = torch.tensor([[False, False, True], [True, True, True]])
    h = h.masked_fill(absent[:, None, :, None], 0)
    out = waam(h, *waam.ask(v, absent, by_candidate=False))
    for c in range(5):
        e = (h[0, 0, :2] @ waam.alignment.matrix @ v[0, c]).exp()
        torch.testing.assert_close(out[0, c], (e / e.sum()) @ h[0, 0, :2])
    assert not out[1].any()
    torch.testing.assert_close(waam(h.expand(2, 5, 3, 4), *waam.ask(v, absent, by_candidate=True)), out)
    torch.testing.assert_close(waam(h, *waam.ask(v[:1], absent, by_candidate=False))[0], out[0])
