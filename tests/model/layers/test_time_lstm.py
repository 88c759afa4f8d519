import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.layers.time_lstm import LSTM, Time4LSTM
from tests.model import authors_names
from tests.model.goldens import Golden, load
from tests.model.layers import plain_recurrence


def built(kind: str) -> tuple[LSTM, Golden, tuple[Tensor, ...]]:
    """A cell with the weights of its golden, the golden and the inputs."""
    golden = load(kind)
    x, lengths = golden["in/x"], golden["in/seq_len"].long()
    if kind == "tf_lstm_cell":
        cell, names, inputs = LSTM(3, 5), {f"rnn/lstm_cell/{part}": part for part in ("kernel", "bias")}, (x, lengths)
    else:
        cell, names = Time4LSTM(3, 5), authors_names.time4lstm("rnn/time4lstm_cell", "")
        inputs = (x[..., :3], x[..., 4], x[..., 3], lengths)  # the authors' last column is time_to_now
    cell.load_state_dict({ours: golden[f"w/{theirs}"] for theirs, ours in names.items()})
    return cell, golden, inputs


@pytest.mark.parametrize("kind", ["tf_lstm_cell", "time4lstm_cell"])
def test_equals_tensorflow(kind: str) -> None:
    cell, golden, inputs = built(kind)
    outputs, (h, c) = cell(*inputs)
    for found, name in ((outputs, "outputs"), (h, "state_h"), (c, "state_c")):
        torch.testing.assert_close(found, golden[f"out/{name}"], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", ["tf_lstm_cell", "time4lstm_cell"])
def test_padding_is_never_read(kind: str) -> None:
    cell, _, (*given, lengths) = built(kind)
    padding = torch.arange(6) >= lengths.unsqueeze(1)
    noisy = [part.masked_fill(padding.view(*padding.shape, *[1] * (part.dim() - 2)), float("nan")) for part in given]
    clean = cell(*given, lengths)
    outputs, (h, c) = cell(*noisy, lengths)
    assert torch.equal(outputs, clean[0])
    assert torch.equal(h, clean[1][0])
    assert torch.equal(c, clean[1][1])


@pytest.mark.parametrize("kind", [LSTM, Time4LSTM])
def test_outputs_and_gradients_equal_the_plain_loop(kind: type[LSTM]) -> None:
    torch.manual_seed(0)
    cell = kind(3, 4).double()
    given = [torch.randn(5, 6, 3, dtype=torch.float64)]
    given += [torch.randn(5, 6, dtype=torch.float64) for _ in range(2)] if kind is Time4LSTM else []
    for part in given:
        part.requires_grad_()
    lengths = torch.tensor([2, 0, 5, 5, 1])  # not sorted, one empty, no one as long as the array
    weight = torch.randn(5, 6, 4, dtype=torch.float64)
    results = []
    for run in (cell, lambda *inputs: plain_recurrence.lstm(cell, *inputs)):
        outputs, (h, c) = run(*given, lengths)
        loss = (outputs * weight).sum() + (h * weight[:, 0]).square().sum() + (c * weight[:, 1]).sum()
        results.append((outputs, h, c, *torch.autograd.grad(loss, [*given, *cell.parameters()])))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


def test_no_sequence_has_a_step() -> None:
    outputs, (h, c) = LSTM(3, 4)(torch.randn(2, 3, 3), torch.tensor([0, 0]))
    assert outputs.shape == (2, 3, 4)
    assert not outputs.any()
    assert not h.any()
    assert not c.any()


def test_initialisation() -> None:
    """Glorot uniform, the vectors too: at 40 units within sqrt(6 / 80) and not zero."""
    torch.manual_seed(0)
    cell = Time4LSTM(40, 40)
    assert not cell.bias.any()
    for name, parameter in cell.named_parameters():
        if parameter.dim() == 1 and name != "bias":
            assert parameter.abs().max() <= 0.27387
            assert parameter.std() > 0.1
