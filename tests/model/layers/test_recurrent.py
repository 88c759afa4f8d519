import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.layers.recurrent import GRU, VecAttGRU
from recbole_lsrec.model.layers.steps import Steps
from tests.model import authors_names
from tests.model.goldens import load
from tests.model.layers import plain_recurrence


@pytest.fixture
def golden() -> dict[str, Tensor]:
    return load("tf_gru_cell")


def test_equals_tensorflow(golden: dict[str, Tensor]) -> None:
    gru = GRU(3, 5)
    names = authors_names.gru("rnn/gru_cell", "")
    gru.load_state_dict({ours: golden[f"w/{theirs}"] for theirs, ours in names.items()})
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
    for run in (gru, lambda *inputs: plain_recurrence.gru(gru, *inputs)):
        outputs, state = run(x, lengths, initial)
        loss = (outputs * weight).sum() + (state * weight[:, 0]).square().sum()
        results.append((outputs, state, *torch.autograd.grad(loss, leaves)))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("with_initial", [False, True])
def test_two_side_by_side_are_each_alone(with_initial: bool) -> None:
    torch.manual_seed(0)
    one, two = GRU(3, 4).double(), GRU(3, 4).double()
    x = torch.randn(5, 6, 3, dtype=torch.float64, requires_grad=True)
    initial = torch.randn(5, 4, dtype=torch.float64, requires_grad=True) if with_initial else None
    steps = Steps(torch.tensor([2, 0, 5, 5, 1]), 6)
    leaves = [x, *one.parameters(), *two.parameters()] + ([initial] if initial is not None else [])
    results = []
    for states in (one.beside(x, steps, two, initial), plain_recurrence.beside(one, x, steps, two, initial)):
        loss = states[0].square().sum() + states[1].pow(3).sum()
        results.append((*states, *torch.autograd.grad(loss, leaves)))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


def test_no_sequence_has_a_step() -> None:
    initial = torch.randn(2, 4)
    outputs, state = GRU(3, 4)(torch.randn(2, 1, 3), torch.tensor([0, 0]), initial)
    assert not outputs.any()
    assert torch.equal(state, initial)


def test_attentional_gru_equals_tensorflow() -> None:
    golden = load("vecatt_gru_cell")
    cell = VecAttGRU(3, 5)
    names = authors_names.gru("rnn", "")
    cell.load_state_dict({ours: golden[f"w/{theirs}"] for theirs, ours in names.items()})
    state = cell(golden["in/x"], golden["in/seq_len"].long(), golden["in/att"].transpose(1, 2))
    torch.testing.assert_close(state.squeeze(1), golden["out/state"], rtol=2e-5, atol=2e-5)


def test_attentional_gru_and_its_gradients_equal_the_plain_loop() -> None:
    torch.manual_seed(0)
    cell = VecAttGRU(3, 4).double()
    x = torch.randn(4, 5, 3, dtype=torch.float64, requires_grad=True)
    attention = torch.rand(4, 2, 5, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([2, 5, 1, 4])
    results = []
    for run in (cell, lambda *inputs: plain_recurrence.vec_att_gru(cell, *inputs)):
        state = run(x, lengths, attention)
        leaves = [x, attention, *cell.parameters()]
        results.append((state, *torch.autograd.grad(state.square().sum(), leaves)))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-10, atol=1e-10)


def test_attentional_gru_reads_its_steps_at_given_places() -> None:
    torch.manual_seed(0)
    cell, x, attention = VecAttGRU(4, 3), torch.randn(2, 6, 4), torch.rand(2, 3, 5)
    places = torch.stack([torch.stack([torch.randperm(6)[:5] for _ in range(3)]) for _ in range(2)])
    lengths = torch.tensor([[5, 0, 2], [1, 3, 4]])
    found = cell(x, lengths, attention, places)
    for row in range(2):
        for candidate in range(3):
            n = int(lengths[row, candidate])
            if n == 0:
                assert not found[row, candidate].any()
                continue
            chosen = x[row, places[row, candidate, :n]].unsqueeze(0)
            alone = cell(chosen, torch.tensor([n]), attention[row : row + 1, candidate : candidate + 1, :n])
            torch.testing.assert_close(found[row, candidate], alone[0, 0])


def test_attentional_gru_at_given_places_sends_gradients_back() -> None:
    torch.manual_seed(0)
    cell = VecAttGRU(2, 2).double()
    x, attention = (torch.rand(shape, dtype=torch.double, requires_grad=True) for shape in ((2, 3, 2), (2, 2, 3)))
    places = torch.tensor([[[2, 0, 1], [1, 1, 0]], [[0, 1, 2], [2, 1, 0]]])
    assert torch.autograd.gradcheck(
        lambda x, a: cell(x, torch.tensor([[3, 2], [1, 0]]), a, places), (x, attention), fast_mode=True
    )


@pytest.mark.parametrize("n_rows", [4, 9])  # fewer and more than the 6 steps
def test_rows_that_steps_share_are_projected_once(n_rows: int) -> None:
    torch.manual_seed(0)
    rows, lengths = torch.randn(n_rows, 3, dtype=torch.float64, requires_grad=True), torch.tensor([1, 3, 2])
    index = torch.tensor([[2, 0, 0], [1, 2, 2], [3, 1, 0]])
    cell = GRU(3, 2).double()
    given = [rows, *cell.parameters()]
    results = []
    for steps in (lengths, Steps(lengths, 3, rows, index)):
        states, end = cell(rows[index], steps)
        results.append((states, end, *torch.autograd.grad((states.square().sum() + end.sum()), given)))
    torch.testing.assert_close(results[1], results[0])


def test_a_bias_by_kind_is_that_of_the_row() -> None:
    torch.manual_seed(0)
    rows, index, lengths = torch.randn(3, 2), torch.tensor([[2, 1, 0], [2, 2, 1]]), torch.tensor([2, 3])
    kind_of_row = torch.tensor([0, 1, 1])
    kind = kind_of_row[index]
    kind[0, 2] = 0  # of padding
    weight, bias = torch.randn(2, 4), torch.randn(2, 4)
    plain, shared = (
        steps.project(rows[index], weight, bias, kind) for steps in (Steps(lengths, 3), Steps(lengths, 3, rows, index))
    )
    torch.testing.assert_close(shared, plain)
