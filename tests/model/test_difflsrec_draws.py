"""What DiffLSRec draws: steps, samples, and the items of its sampled loss."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.diffusion import process
from recbole_lsrec.testing.stub import batch_of, random_batch
from tests.model.difflsrec_stub import build


def test_steps_are_drawn_evenly_from_the_first_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    model, clean = build(diffusion_steps=20), torch.randn(5, 8)
    monkeypatch.setattr(model, "_uniform", lambda n: torch.tensor([0.0, 0.049, 0.051, 0.951, 0.999]))
    noisy, t, alpha_bar, noise = model._diffused(clean)
    assert t.tolist() == [1, 1, 2, 20, 20]
    assert alpha_bar.tolist() == model.alpha_bar[[1, 1, 2, 20, 20]].unsqueeze(1).tolist()
    torch.testing.assert_close(noisy, process.diffuse(clean, noise, alpha_bar))


def test_a_sample_starts_from_the_seed_and_its_number() -> None:
    def sample(seed: int, number: int) -> Tensor:
        model = build(inference_seed=seed)
        with model.inference_sample(number):
            return model.full_sort_predict(random_batch())

    assert torch.equal(sample(5, 0), sample(4, 1))
    assert not torch.allclose(sample(5, 0), sample(4, 0))


def test_outside_of_training_losses_are_a_function_of_batch_and_seed() -> None:
    def losses(model: Any) -> dict[str, float]:
        return {name: float(term.detach()) for name, term in model.losses(random_batch()).items()}

    model = build(loss="sampled")
    scores, found = model.full_sort_predict(random_batch()), losses(model)
    torch.rand(3)
    assert losses(model) == found
    other = losses(build(loss="sampled", inference_seed=1))
    assert other["data"] != found["data"]
    assert other["denoise"] != found["denoise"]
    assert torch.equal(model.full_sort_predict(random_batch()), scores)  # without a draw, as before


def test_the_sampled_loss_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 22 training events 7 are of item 1, and of item 8 none, which is held out; each of 29 items counts once more."""
    model = build(loss="sampled", loss_samples=3)
    batch = batch_of([[[1, 2], [3]]], targets=[5], negatives=[[2, 3, 4]])
    monkeypatch.setattr(
        model.sampler, "draw", lambda n, generator: torch.tensor([4, 0, 7])
    )  # items 5, the target, 1, 8
    scores = model.full_sort_predict(batch)[0]
    corrected = [scores[5], scores[1] - math.log(3 * 8 / 51), scores[8] - math.log(3 * 1 / 51)]
    expected = torch.stack(corrected).logsumexp(0) - scores[5]
    torch.testing.assert_close(model.losses(batch)["data"], expected)
