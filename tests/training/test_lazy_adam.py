"""LazyAdam: torch's Adam where every row has a gradient, and rows without one left alone."""

import copy

import pytest
import torch
from torch import nn

from recbole_lsrec.training.lazy_adam import LazyAdam


def table_with(rows: list[list[float]], sparse: bool = True) -> nn.Embedding:
    return nn.Embedding.from_pretrained(torch.tensor(rows), freeze=False, sparse=sparse)


def step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def test_dense_parameters_get_torchs_adam_bit_for_bit() -> None:
    ours, theirs = (nn.Linear(3, 2) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    pairs = [(ours, LazyAdam(ours.parameters(), lr=0.1)), (theirs, torch.optim.Adam(theirs.parameters(), lr=0.1))]
    for seed in range(4):
        x = torch.randn(5, 3, generator=torch.Generator().manual_seed(seed))
        for layer, optimizer in pairs:
            step(optimizer, layer(x).square().sum())
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_rows_that_are_always_looked_up_get_torchs_adam() -> None:
    rows = [[1.0, -2.0], [0.5, 3.0]]
    sparse, dense = table_with(rows), table_with(rows, sparse=False)
    own = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 0.1}
    pairs = [(sparse, LazyAdam(sparse.parameters(), **own)), (dense, torch.optim.Adam(dense.parameters(), **own))]
    for seed in range(4):
        x = torch.randn(2, 2, generator=torch.Generator().manual_seed(seed))
        for table, optimizer in pairs:
            step(optimizer, (table(torch.tensor([0, 1, 1])) * x[[0, 1, 1]]).square().sum())
    torch.testing.assert_close(sparse.weight, dense.weight, rtol=1e-6, atol=1e-7)


def test_one_step_moves_a_row_by_the_learning_rate_and_no_other() -> None:
    """Adam's first step is lr times the sign of the gradient, whatever its size."""
    table = table_with([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    step(LazyAdam(table.parameters(), lr=0.5), (table(torch.tensor([1, 1])) * torch.tensor([3.0, -0.01])).sum())
    torch.testing.assert_close(table.weight, torch.tensor([[1.0, 1.0], [0.5, 1.5], [1.0, 1.0]]))


def test_a_row_without_gradient_rests_and_dense_adam_moves_it_on() -> None:
    sparse, dense = table_with([[1.0], [1.0]]), table_with([[1.0], [1.0]], sparse=False)
    pairs = [(sparse, LazyAdam(sparse.parameters(), lr=0.5)), (dense, torch.optim.Adam(dense.parameters(), lr=0.5))]
    for row in (0, 1):
        for table, optimizer in pairs:
            step(optimizer, table(torch.tensor([row])).sum())
    assert sparse.weight[0].item() == pytest.approx(0.5)
    assert dense.weight[0].item() < 0.4


def test_its_state_goes_through_a_checkpoint() -> None:
    tables = [table_with([[1.0, 2.0], [3.0, 4.0]]) for _ in range(2)]
    first, second = (LazyAdam(table.parameters(), lr=0.1) for table in tables)
    step(first, tables[0](torch.tensor([1])).square().sum())
    tables[1].load_state_dict(tables[0].state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for table, optimizer in zip(tables, (first, second), strict=True):
        step(optimizer, table(torch.tensor([0, 1])).square().sum())
    assert torch.equal(tables[0].weight, tables[1].weight)
