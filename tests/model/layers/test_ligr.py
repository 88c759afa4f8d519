"""LiGR blocks against their formulas, head by head and row by row."""

import torch
from torch import Tensor

from recbole_lsrec.model.layers.ligr import LiGRBlock, LiGREncoder
from recbole_lsrec.testing.stub import randomise


def plain(block: LiGRBlock, x: Tensor, mask: Tensor) -> Tensor:
    """One block on ``x [L, D]`` with a mask ``[L, L]``."""
    d = x.shape[1] // block.n_heads
    query, key, value = block.query_key_value(block.attention_norm(x)).chunk(3, dim=1)
    heads = []
    for at in range(0, x.shape[1], d):
        q, k, v = (part[:, at : at + d] for part in (query, key, value))
        heads.append((q @ k.t() / d**0.5 + mask).softmax(dim=1) @ v)
    x = x + torch.sigmoid(block.attention_gate(x)) * block.attention_out(torch.cat(heads, dim=1))
    h = block.inner_norm(x)
    gate = block.gate(h)
    return x + torch.sigmoid(block.inner_gate(x)) * block.down(gate * torch.sigmoid(gate) * block.up(h))


def test_blocks_are_the_formulas() -> None:
    torch.manual_seed(0)
    encoder = LiGREncoder(2, 3, size=6, inner_size=10, dropout=0.5, attention_dropout=0.5).eval()
    randomise(encoder)
    x, mask = torch.randn(2, 4, 6), torch.full((4, 4), -1e4).triu(1)  # causal
    (found,) = encoder(x, mask.expand(2, 1, 4, 4))
    for row, expected in enumerate(x):
        for block in encoder.blocks:
            expected = plain(block, expected, mask)
        torch.testing.assert_close(found[row], expected, rtol=1e-5, atol=1e-5)


def test_each_dropout_is_of_training_alone() -> None:
    x, mask = torch.randn(2, 4, 6), torch.zeros(2, 1, 4, 4)
    for dropouts in ((0.5, 0.0), (0.0, 0.5)):
        block = LiGRBlock(3, 6, 10, *dropouts)
        randomise(block)
        assert not torch.allclose(block(x, mask), block(x, mask))
        block.eval()
        assert torch.equal(block(x, mask), block(x, mask))
