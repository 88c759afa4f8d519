import pytest
import torch

from recbole_lsrec.model.layers.fcn import FCN, BatchNorm, Mixture, linear
from recbole_lsrec.testing.stub import randomise


def test_batch_norm_averages_the_biased_variance() -> None:
    norm = BatchNorm(1)
    out = norm(torch.tensor([[1.0], [3.0], [8.0]]))  # mean 4, biased variance 26 / 3, unbiased 13
    torch.testing.assert_close(norm.running_mean, torch.tensor([0.05 * 4]))
    torch.testing.assert_close(norm.running_var, torch.tensor([0.95 + 0.05 * 26 / 3]))
    torch.testing.assert_close(out.flatten(), torch.tensor([-3.0, -1.0, 4.0]) / (26 / 3 + 1e-4) ** 0.5)


def test_batch_norm_averages_small_variances_without_eps() -> None:
    norm = BatchNorm(1, momentum=0.0)
    norm(torch.tensor([[0.01], [0.03], [0.08]]))
    torch.testing.assert_close(norm.running_var, torch.tensor([26e-4 / 3]), rtol=1e-4, atol=0)


def test_batch_norm_uses_moving_averages_in_evaluation() -> None:
    norm = BatchNorm(2).eval()
    randomise(norm)
    rows = torch.randn(3, 2)
    expected = (rows - norm.running_mean) / (norm.running_var + 1e-4).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(norm(rows), expected)
    torch.testing.assert_close(norm(rows[:1]), expected[:1])


@pytest.mark.parametrize("n_rows", [0, 1])
def test_batch_norm_of_no_row_and_of_one(n_rows: int) -> None:
    norm = BatchNorm(2)
    out = norm(torch.ones(n_rows, 2))
    assert out.shape == (n_rows, 2)
    assert not out.any()
    assert torch.isfinite(norm.running_var).all()
    assert torch.equal(norm.running_mean, torch.full((2,), 0.05 * n_rows))


@pytest.mark.parametrize("hidden", [[], [7], [7, 5]])
@pytest.mark.parametrize("training", [True, False])
def test_parts_equal_the_concatenation(hidden: list[int], training: bool) -> None:
    torch.manual_seed(0)
    network = FCN([4, 3, 2], hidden, out_size=2)
    randomise(network)
    network.train(training)
    history, pair, candidate = torch.randn(6, 1, 4), torch.randn(6, 5, 3), torch.randn(1, 5, 2)
    whole = torch.cat([history.expand(6, 5, 4), pair, candidate.expand(6, 5, 2)], dim=2)
    rows = whole.reshape(30, 9)
    for number, layer in enumerate(network.linears):
        rows = rows @ layer.weight.t() + layer.bias
        if number < len(hidden):
            norm = network.norms[number]
            mean, variance = (
                (rows.mean(0), rows.var(0, unbiased=False)) if training else (norm.running_mean, norm.running_var)
            )
            rows = torch.relu((rows - mean) / (variance + 1e-4).sqrt() * norm.weight + norm.bias)
    torch.testing.assert_close(network(history, pair, candidate), rows.view(6, 5, 2), rtol=1e-5, atol=1e-5)


def test_hidden_units_are_dropped_in_training_alone() -> None:
    torch.manual_seed(0)
    network, plain, x = FCN([4], [7], out_bias=1.5, dropout=1.0), FCN([4], [7], out_bias=1.5), torch.randn(6, 4)
    plain.load_state_dict(network.state_dict())
    assert network(x).flatten().tolist() == [1.5] * 6  # nothing but the bias is left
    assert network.after_first(torch.randn(6, 7), counts=torch.ones(6)).flatten().tolist() == [1.5] * 6
    network.eval()
    plain.eval()
    plain.load_state_dict(network.state_dict())
    assert (plain(x) != 1.5).all()
    assert torch.equal(network(x), plain(x))


def test_a_mixture_equals_its_sums() -> None:
    torch.manual_seed(0)
    network = FCN([4, 2], [7]).eval()
    randomise(network)
    mixture, candidate = Mixture(torch.randn(6, 5, 3), torch.randn(6, 3, 4)), torch.randn(1, 5, 2)
    torch.testing.assert_close(network(mixture, candidate), network(mixture.dense(), candidate), rtol=1e-5, atol=1e-6)


def test_initialisation() -> None:
    torch.manual_seed(0)
    layer = linear(200, 200)
    assert layer.weight.abs().max() <= 0.02
    assert abs(layer.weight.std().item() - 0.0088) < 2e-4  # a normal of 0.01 cut at two standard deviations
    assert not layer.bias.any()


def test_batch_norm_with_counts_equals_repeated_rows() -> None:
    torch.manual_seed(0)
    rows, counts = torch.randn(5, 3), torch.tensor([1.0, 4.0, 2.0, 1.0, 3.0])
    counted, repeated = BatchNorm(3), BatchNorm(3)
    out = counted(rows, counts)
    expected = repeated(rows.repeat_interleave(counts.long(), dim=0))
    torch.testing.assert_close(out.repeat_interleave(counts.long(), dim=0), expected)
    torch.testing.assert_close(counted.running_mean, repeated.running_mean)
    torch.testing.assert_close(counted.running_var, repeated.running_var)
