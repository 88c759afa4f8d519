import pytest
import torch
import torch.nn.functional as F

from recbole_lsrec.model.layers import cache_blocks
from recbole_lsrec.model.layers.fcn import BatchNorm
from recbole_lsrec.model.layers.norm_relu_linear import norm_relu_linear


@pytest.mark.parametrize("block", [1, 2, 2048])
def test_counted_rows_are_repeated_rows(monkeypatch, block):
    """In the output, the moving averages and every gradient."""
    monkeypatch.setattr(cache_blocks, "CPU_BLOCK", block)
    torch.manual_seed(0)
    rows, counts = torch.randn(5, 3, dtype=torch.float64), torch.tensor([1.0, 4.0, 2.0, 1.0, 3.0], dtype=torch.float64)
    weight, bias = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, dtype=torch.float64)
    of_rows = torch.randn(5, 2, dtype=torch.float64)  # the gradient of each output, however often it counts
    results = []
    for counted in (True, False):
        norm = BatchNorm(3).double()
        torch.nn.init.normal_(norm.weight, generator=torch.Generator().manual_seed(1))
        torch.nn.init.normal_(norm.bias, generator=torch.Generator().manual_seed(2))
        inputs = [tensor.clone().requires_grad_() for tensor in (rows, weight, bias)]
        if counted:
            out = norm.relu_linear(inputs[0], counts / counts.sum(), *inputs[1:])
        else:
            repeated = inputs[0].repeat_interleave(counts.long(), dim=0)
            first = counts.long().cumsum(0) - counts.long()
            out = F.linear(torch.relu(norm(repeated)), *inputs[1:])[first]
        out.backward(of_rows)
        grads = [tensor.grad for tensor in (*inputs, norm.weight, norm.bias)]
        results.append([out.detach(), norm.running_mean, norm.running_var, *grads])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_in_numbers():
    out, mean, variance = norm_relu_linear(
        torch.tensor([[1.0], [5.0]]),
        torch.tensor([0.75, 0.25]),
        torch.tensor([2.0]),
        torch.tensor([1.0]),
        1.0,
        torch.tensor([[10.0]]),
        torch.tensor([0.5]),
    )
    assert (mean.item(), variance.item()) == (2.0, 3.0)  # of 1, 1, 1, 5
    assert out.flatten().tolist() == [0.5, 40.5]  # 2 (1 - 2) / 2 + 1 = 0; 2 (5 - 2) / 2 + 1 = 4
