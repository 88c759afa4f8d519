import pytest
import torch

from recbole_lsrec.model.layers import cache_blocks
from recbole_lsrec.model.layers.pair_layer import pair_layer


@pytest.mark.parametrize("block", [1, 4, 2048])
def test_each_event_meets_each_candidate_of_its_history(monkeypatch, block):
    """In the output and every gradient; a history of no event and one of several."""
    monkeypatch.setattr(cache_blocks, "CPU_BLOCK", block)
    torch.manual_seed(0)
    row = torch.tensor([0, 0, 0, 2, 2])
    shapes = [(5, 4), (5, 6), (3, 2, 4), (3, 2, 6), (6, 4)]
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    key, key_image, query, query_image, weight = given
    found = pair_layer(*given, row)
    expected = torch.stack(
        [
            torch.stack([(key[p] * query[b, c]) @ weight.t() + key_image[p] + query_image[b, c] for c in range(2)])
            for p, b in enumerate(row.tolist())
        ]
    )
    torch.testing.assert_close(found, expected)
    into = torch.randn(5, 2, 6, dtype=torch.float64)
    torch.testing.assert_close(torch.autograd.grad(found, given, into), torch.autograd.grad(expected, given, into))
