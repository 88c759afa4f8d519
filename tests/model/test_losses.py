import math

import pytest
import torch

from recbole_lsrec.model import losses


def test_bce_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [2.0, -1.0]])
    expected = (math.log(2) * 2 + math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 4
    assert losses.bce(logits).item() == torch.tensor(expected).item()


def test_sampled_softmax_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [math.log(2), 0.0, 0.0]])
    torch.testing.assert_close(losses.sampled_softmax(logits), torch.tensor((math.log(3) + math.log(2)) / 2))
    assert losses.sampled_softmax(torch.tensor([[-1000.0, 0.0]])).item() == 1000  # finite, where log(softmax) is not


def contrast(kind: str, anchor: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, *more: float) -> float:
    gap, loss = losses.CONTRASTS[kind]
    return loss(gap(anchor, positive), gap(anchor, negative), *more).item()


def test_contrasts_by_hand() -> None:
    a, p, n = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.0])
    # squared differences: 1, 4 to p and 4, 0 to n
    assert contrast("eq16", a, p, n, 1.0, 1.0) == 5 - 4 + 1
    assert contrast("eq16", a, n, p, 0.5, 1.0) == 0
    assert contrast("eq16", a, p, n, 1.0, 0.5) == 1.5
    assert contrast("clsr_code", a, p, n, 1.0, 1.0) == 0 + 5  # max(0, 1-4+1) + max(0, 4-0+1)
    assert contrast("clsr_code", a, p, n, 1.0, 0.5) == 2.5
    assert contrast("euclidean", a, p, n, 1.0, 1.0) == pytest.approx(5**0.5 - 2 + 1)
    assert contrast("bpr", p, p, n, 9.0, 1.0) == pytest.approx(math.log(1 + math.exp(2 - 5)))  # <p, p> = 5, <p, n> = 2


@pytest.mark.parametrize("kind", losses.CONTRASTS)
def test_the_four_contrasts_of_interests(kind: str) -> None:
    long, short, long_proxy, short_proxy = torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(0))
    gap, loss = losses.CONTRASTS[kind]
    sides = [(short, short_proxy, long_proxy), (long, long_proxy, short_proxy)]
    sides += [(short_proxy, short, long), (long_proxy, long, short)]
    expected = sum(loss(gap(a, p), gap(a, n), 1.0, 0.5) for a, p, n in sides)
    found = losses.interest_contrast(long, short, long_proxy, short_proxy, kind, 1.0, 0.5)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


def test_interest_contrast_is_margin_only_when_all_coincide_and_zero_when_far_apart() -> None:
    zero, far = torch.zeros(3), torch.full((3,), 10.0)
    assert losses.interest_contrast(zero, zero, zero, zero, "eq16", margin=1.0).item() == 4
    assert losses.interest_contrast(zero, zero, zero, zero, "clsr_code", margin=1.0).item() == 12
    assert losses.interest_contrast(zero, far, zero, far, "eq16", margin=1.0).item() == 0
    assert losses.interest_contrast(zero, far, far, zero, "eq16", margin=0.0).item() == 4 * 300


def test_mean_over_eligible_rows() -> None:
    values = torch.tensor([[1.0, 3.0], [10.0, 20.0]])
    assert losses.mean_over(values, torch.tensor([[True], [False]])).item() == 2
    assert losses.mean_over(values, torch.tensor([[True], [True]])).item() == 8.5
    assert losses.mean_over(values, torch.tensor([[False], [False]])).item() == 0  # the authors' code: NaN


@pytest.mark.parametrize("ids", [[[2, 2], [2, 1]], [[2, 1]]])
def test_squared_rows_counts_each_row_once(ids: list[list[int]]) -> None:
    table = torch.nn.Embedding.from_pretrained(torch.tensor([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]]), freeze=False)
    total = losses.squared_rows(table, torch.tensor(ids))
    assert total.item() == 4 + 9
    total.backward()
    assert table.weight.grad is not None
    assert table.weight.grad.tolist() == [[0, 0], [4, 0], [0, 6]]


def test_squared_sum() -> None:
    assert losses.squared_sum([torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])]).item() == 14


def test_squared_distances_send_gradients_to_what_was_broadcast() -> None:
    torch.manual_seed(0)
    given = [torch.randn(2, 3, 4, requires_grad=True), torch.randn(5, 2, 1, 4, requires_grad=True)]
    found, expected = losses.squared_distance(*given), (given[0] - given[1]).square().sum(-1)
    torch.testing.assert_close(found, expected)
    into = torch.randn_like(found)
    torch.testing.assert_close(torch.autograd.grad(found, given, into), torch.autograd.grad(expected, given, into))
