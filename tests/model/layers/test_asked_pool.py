import pytest
import torch

from recbole_lsrec.model.layers import asked_pool


@pytest.mark.parametrize("n_queries", [1, 3])
def test_the_gradient_is_that_of_its_definition(n_queries):
    """``softmax(q h^T + hidden) h``; one group with a hidden vector, one with none to see."""
    torch.manual_seed(0)
    query = torch.randn(2, n_queries, 3, dtype=torch.float64, requires_grad=True)
    vectors = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    hidden = torch.zeros(2, 1, 4, dtype=torch.float64)
    hidden[0, 0, 1] = hidden[1] = torch.finfo(torch.float64).min
    found = asked_pool.pool(query, vectors, hidden)
    expected = (query @ vectors.mT + hidden).softmax(-1) @ vectors
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found[1], vectors[1].mean(0).expand(n_queries, 3))
    with torch.no_grad():
        torch.testing.assert_close(asked_pool.pool(query, vectors, hidden), expected)
    into = torch.randn_like(found)
    given = [query, vectors]
    torch.testing.assert_close(torch.autograd.grad(found, given, into), torch.autograd.grad(expected, given, into))
