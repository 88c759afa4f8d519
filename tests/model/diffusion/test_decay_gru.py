"""The decaying GRU against its definition, step by step with autograd."""

import torch
from torch import Tensor

from recbole_lsrec.model.diffusion.decay_gru import DecayGRU


def inputs(n: int = 4, width: int = 5, size: int = 3) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, width, size, dtype=torch.float64, generator=generator)
    interval = torch.rand(n, width, dtype=torch.float64, generator=generator)
    bucket = torch.randint(0, 16, (n, width), generator=generator)
    return x, interval, bucket, torch.tensor([5, 1, 0, 3])


def build() -> DecayGRU:
    torch.manual_seed(1)
    cell = DecayGRU(3).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return cell


def by_definition(cell: DecayGRU, x: Tensor, interval: Tensor, bucket: Tensor, length: int) -> Tensor:
    """One sequence, event by event: B.1-B.3 and the update as the class docstring prints them."""
    h, d = torch.zeros(cell.size, dtype=x.dtype), cell.size
    for t in range(length):
        e_f = cell.frequency.weight[bucket[t]]
        g_time = torch.sigmoid(cell.time_gate(interval[t : t + 1]))
        g_freq = torch.sigmoid(cell.frequency_gate(e_f))
        w_delta = torch.cat([cell.delta_time.weight, cell.delta_frequency.weight], dim=1)
        delta = torch.nn.functional.softplus(w_delta @ torch.cat([g_time, g_freq]) + cell.delta_time.bias)
        s = torch.exp(-delta) * h
        from_x = x[t] @ cell.to_input + cell.bias
        r = torch.sigmoid(from_x[:d] + s @ cell.to_state[:, :d])
        z = torch.sigmoid(from_x[d : 2 * d] + s @ cell.to_state[:, d : 2 * d])
        v = cell.direction.weight @ e_f
        inside = from_x[2 * d :] + (r * s) @ cell.to_state[:, 2 * d :]
        n = torch.tanh(inside + v)
        h = z * s + (1 - z) * n
    return h


def test_equals_its_definition_with_gradients() -> None:
    cell = build()
    x, *features, lengths = inputs()
    x.requires_grad_()
    weight = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    last = cell(x, *features, lengths)
    names = [name for name, _ in cell.named_parameters()]
    got = torch.autograd.grad((last * weight).sum(), [x, *cell.parameters()])
    plain = torch.stack(
        [by_definition(cell, x[i], *(f[i] for f in features), length) for i, length in enumerate(lengths.tolist())]
    )
    torch.testing.assert_close(last, plain)
    expected = torch.autograd.grad((plain * weight).sum(), [x, *cell.parameters()])
    for name, left, right in zip(["x", *names], got, expected, strict=True):
        torch.testing.assert_close(left, right, msg=lambda text, name=name: f"{name}: {text}")


def test_nothing_real() -> None:
    x, *features, _ = inputs()
    assert not build()(x, *features, torch.zeros(4, dtype=torch.int64)).any()


def test_a_fresh_encoder_remembers() -> None:
    torch.manual_seed(0)
    cell = DecayGRU(64)
    delta = -cell.decay(torch.rand(100, 1), torch.randint(0, 16, (100,))).log()
    assert delta.shape == (100, 64)
    assert 0 < delta.mean() < 0.1
