from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.recurrent import GRU

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "tf_gru_cell.npz"

# The authors' variable names and ours.
NAMES = {
    "rnn/gru_cell/gates/kernel": "gate_kernel",
    "rnn/gru_cell/gates/bias": "gate_bias",
    "rnn/gru_cell/candidate/kernel": "candidate_kernel",
    "rnn/gru_cell/candidate/bias": "candidate_bias",
}


@pytest.fixture
def golden() -> dict[str, Tensor]:
    with np.load(GOLDEN) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def plain(gru: GRU, x: Tensor, lengths: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The cell's definition, step by step on padded arrays, autograd at work."""
    h = x.new_zeros(len(x), gru.hidden_size) if initial is None else initial
    outputs = []
    for t in range(x.shape[1]):
        gates = torch.sigmoid(torch.cat([x[:, t], h], 1) @ gru.gate_kernel + gru.gate_bias)
        r, z = gates.chunk(2, dim=1)
        c = torch.tanh(torch.cat([x[:, t], r * h], 1) @ gru.candidate_kernel + gru.candidate_bias)
        real = (t < lengths).unsqueeze(1)
        h = torch.where(real, z * h + (1 - z) * c, h)
        outputs.append(h * real)
    return torch.stack(outputs, 1), h


def test_equals_tensorflow(golden: dict[str, Tensor]) -> None:
    gru = GRU(3, 5)
    gru.load_state_dict({ours: golden[f"w/{theirs}"] for theirs, ours in NAMES.items()})
    outputs, state = gru(golden["in/x"], golden["in/seq_len"].long(), golden["in/h0"])
    torch.testing.assert_close(outputs, golden["out/outputs"], rtol=2e-5, atol=2e-5)
    torch.testing.assert_close(state, golden["out/state"], rtol=2e-5, atol=2e-5)


def test_torch_gru_with_the_same_weights_is_another_function(golden: dict[str, Tensor]) -> None:
    gates, candidate = (golden[f"w/rnn/gru_cell/{part}/kernel"] for part in ("gates", "candidate"))
    bias = torch.cat([golden["w/rnn/gru_cell/gates/bias"], golden["w/rnn/gru_cell/candidate/bias"]])
    kernel = torch.cat([gates, candidate], dim=1)
    torch_gru = torch.nn.GRU(3, 5, batch_first=True)  # also r, z, c
    torch_gru.load_state_dict(
        {
            "weight_ih_l0": kernel[:3].t(),
            "weight_hh_l0": kernel[3:].t(),
            "bias_ih_l0": bias,
            "bias_hh_l0": torch.zeros(15),
        }
    )
    full = golden["in/seq_len"] == 6
    outputs, _ = torch_gru(golden["in/x"], golden["in/h0"].unsqueeze(0))
    assert (outputs - golden["out/outputs"])[full].abs().max() > 0.01


def test_padding_is_never_read(golden: dict[str, Tensor]) -> None:
    gru, lengths = GRU(3, 5), golden["in/seq_len"].long()
    padding = torch.arange(6) >= lengths.unsqueeze(1)
    noisy = golden["in/x"].masked_fill(padding.unsqueeze(2), float("nan"))
    for left, right in zip(gru(noisy, lengths), gru(golden["in/x"], lengths), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("with_initial", [False, True])
def test_outputs_and_gradients_equal_the_plain_loop(with_initial: bool) -> None:
    torch.manual_seed(0)
    gru = GRU(3, 4).double()
    x = torch.randn(5, 6, 3, dtype=torch.float64, requires_grad=True)
    initial = torch.randn(5, 4, dtype=torch.float64, requires_grad=True) if with_initial else None
    lengths = torch.tensor([2, 0, 5, 5, 1])  # not sorted, one empty, no one as long as the array
    weight = torch.randn(5, 6, 4, dtype=torch.float64)
    leaves = [x, *gru.parameters()] + ([initial] if initial is not None else [])
    results = []
    for run in (gru, lambda *inputs: plain(gru, *inputs)):
        outputs, state = run(x, lengths, initial)
        loss = (outputs * weight).sum() + (state * weight[:, 0]).square().sum()
        results.append((outputs, state, *torch.autograd.grad(loss, leaves)))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


def test_no_sequence_has_a_step() -> None:
    initial = torch.randn(2, 4)
    outputs, state = GRU(3, 4)(torch.randn(2, 1, 3), torch.tensor([0, 0]), initial)
    assert not outputs.any()
    assert torch.equal(state, initial)
