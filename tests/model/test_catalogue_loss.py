"""Cross-entropy over a catalogue: chunks equal the whole, samples tend to it, and memory is bounded."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from recbole_lsrec.model.catalogue_loss import CHUNK_BYTES, ItemSampler, full_softmax, sampled_softmax


def case(n_items: int = 23, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    user = torch.randn(6, 4, dtype=dtype, generator=generator).requires_grad_()
    items = torch.randn(n_items, 4, dtype=dtype, generator=generator).requires_grad_()
    return user, items, torch.tensor([0, 3, 3, 22, 7, 0])


@pytest.mark.parametrize("n_at_a_time", [1, 5, 23])
def test_chunks_equal_the_whole(n_at_a_time: int) -> None:
    user, items, target = case()
    plain = F.cross_entropy(user @ items.t(), target)
    loss = full_softmax(user, items, target, chunk_bytes=8 * len(user) * n_at_a_time)
    torch.testing.assert_close(loss, plain)
    scaled = [torch.autograd.grad(3 * value, [user, items]) for value in (loss, plain)]
    for left, right in zip(*scaled, strict=True):
        torch.testing.assert_close(left, right)


def test_chunks_under_autocast_where_states_are_half_and_the_table_is_not() -> None:
    user, items, target = case(dtype=torch.float32)
    exact = full_softmax(user, items, target)
    gradients = torch.autograd.grad(exact, [user, items])
    half = user.detach().bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = full_softmax(half, items, target, chunk_bytes=2 * len(user) * 5)
    mixed = torch.autograd.grad(loss, [half, items])
    assert [gradient.dtype for gradient in mixed] == [torch.bfloat16, torch.float32]
    for left, right in zip((loss, *mixed), (exact, *gradients), strict=True):
        torch.testing.assert_close(left.float(), right, rtol=0.05, atol=0.01)


def test_sampled_softmax_by_hand() -> None:
    user, positive = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 5.0]])
    negatives = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    log_expected = torch.tensor([0.5, 0.25]).log()
    # logits 2; 0, 1: -log(e^2 / (e^2 + e^0 / 0.5 + e^1 / 0.25))
    loss = sampled_softmax(user, positive, negatives, log_expected, torch.zeros(1, 2, dtype=torch.bool))
    assert loss.item() == pytest.approx(1.0088, abs=1e-4)
    # the second draw is the target itself: e^2 / (e^2 + e^0 / 0.5)
    loss = sampled_softmax(user, positive, negatives, log_expected, torch.tensor([[False, True]]))
    assert loss.item() == pytest.approx(0.2395, abs=1e-3)


def test_the_sampled_partition_sum_is_unbiased_and_the_loss_consistent() -> None:
    user, items, target = (part.detach() for part in case())
    sampler = ItemSampler(torch.arange(23) * 3)
    generator = torch.Generator().manual_seed(1)

    def estimate(n: int) -> torch.Tensor:
        drawn = sampler.draw(n, generator)
        log_expected = sampler.log_chance[drawn] + torch.tensor(float(n)).log()
        hit = drawn == target.unsqueeze(1)
        return sampled_softmax(user, items[target], items[drawn], log_expected, hit)

    full = full_softmax(user, items, target)
    assert estimate(200_000).item() == pytest.approx(full.item(), abs=0.02)
    # For one instance exp(loss) is the partition sum over the positive's weight: its mean over small draws is right.
    user, target = user[:1], target[:1]
    exact = full_softmax(user, items, target).exp()
    estimates = torch.stack([estimate(8).exp() for _ in range(4000)])
    assert abs(estimates.mean() - exact) < 4 * estimates.std() / 4000**0.5


def test_sampler_follows_its_chances() -> None:
    sampler = ItemSampler(torch.tensor([0, 1, 7]))  # weights 1, 2, 8
    drawn = sampler.draw(11_000, torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn, minlength=3)
    assert torch.allclose(counts / 1000, torch.tensor([1.0, 2.0, 8.0]), atol=0.2)
    assert sampler.log_chance.exp().tolist() == pytest.approx([1 / 11, 2 / 11, 8 / 11])


class Largest(TorchDispatchMode):
    """Remembers the largest tensor that any operation makes."""

    numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(tensor, torch.Tensor) and not tensor._is_view():
                self.numel = max(self.numel, tensor.numel())
        return out


def test_a_large_catalogue_in_bounded_memory() -> None:
    user = torch.randn(512, 2, requires_grad=True)
    items = torch.randn(100_000, 2, requires_grad=True)
    with Largest() as largest:
        full_softmax(user, items, torch.randint(0, 100_000, (512,))).backward()
    assert largest.numel <= CHUNK_BYTES // 4 < 512 * 100_000
    assert items.grad is not None
