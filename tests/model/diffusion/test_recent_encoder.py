"""The most recent events, and their encoder."""

import math

import torch

from recbole_lsrec.model.diffusion.recent_encoder import RecentEncoder, padding, recent


def test_recent_events() -> None:
    x = torch.arange(1, 11).view(2, 5, 1).float()
    tokens, kept = recent(x, torch.tensor([5, 2]), 3)
    assert kept.tolist() == [3, 2]
    assert tokens[0, :, 0].tolist() == [3, 4, 5]
    assert tokens[1, :2, 0].tolist() == [6, 7]
    assert padding(kept, 3).tolist() == [[0, 0, 0], [0, 0, -math.inf]]


def test_equals_attention_by_definition() -> None:
    torch.manual_seed(0)
    encoder = RecentEncoder(4)
    tokens, lengths = torch.randn(3, 5, 4), torch.tensor([5, 1, 3])
    out = encoder(tokens, lengths)
    for row, length in enumerate(lengths.tolist()):
        states = encoder.gru(tokens[row : row + 1, :length], torch.tensor([length]))[0][0]  # [length, 4]
        q, k, v = encoder.query(states), encoder.key(states), encoder.value(states)
        attended = torch.softmax(q @ k.t() / 2, dim=1) @ v  # every position asks
        torch.testing.assert_close(out[row], attended[-1])
