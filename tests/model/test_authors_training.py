"""CLSR and SLi-Rec against the numbers of the authors' TensorFlow code: gradients, moving averages, two steps."""

import json
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from recbole_lsrec.model.sequential_recommender.clsr import CLSR
from recbole_lsrec.model.timed_history import TimedRecommender
from recbole_lsrec.testing.stub import stub_config
from recbole_lsrec.training.clipping import clip_each_variable
from tests.model import goldens
from tests.model.goldens import FOLDER, FULL, RATE, Golden, GoldenDataset, build, feed, load, names_of, ours

OPTIONS = {
    "clsr_small_triplet": {},
    "clsr_small_bpr": {"contrastive_loss": "bpr"},
    "clsr_small_clip": {},
    "slirec_small": {},
}
LIMIT = {"clsr_small_triplet": 2.0, "clsr_small_bpr": 2.0, "clsr_small_clip": 0.05, "slirec_small": None}


def gradients(model: TimedRecommender, golden: Golden) -> dict[str, Tensor]:
    """Takes the gradient of the training loss; moves the moving averages, as a training step does."""
    model.zero_grad()
    model.calculate_loss(feed(golden, "in_train")).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def trained(golden: Golden, model: TimedRecommender) -> dict[str, str]:
    """The variables of a golden that have a gradient."""
    return goldens.with_gradient(golden, names_of(model))


@pytest.mark.parametrize("name", list(OPTIONS))
def test_gradients_of_all_variables(name: str) -> None:
    golden = load(name)
    model = build(golden, **OPTIONS[name])
    gradients(model, golden)
    goldens.assert_gradients(model, golden, trained(golden, model), ours)


def test_the_unused_table_of_the_authors_has_no_gradient() -> None:
    with np.load(FOLDER / "clsr_small_triplet.npz") as arrays:
        assert arrays["meta/no_gradient"].tolist() == ["sequential/embedding/user_embedding"]
        before, after = (arrays[f"{step}w/sequential/embedding/user_embedding"] for step in ("", "step1/"))
        assert np.array_equal(before, after)


@pytest.mark.parametrize("name", list(OPTIONS))
def test_moving_averages_after_a_step(name: str) -> None:
    golden = load(name)
    model = build(golden, **OPTIONS[name])
    gradients(model, golden)
    buffers = dict(model.named_buffers())
    moved = {theirs: mine for theirs, mine in names_of(model).items() if "/moving_" in theirs}
    assert len(moved) == (16 if "clsr" in name else 12)
    for theirs, mine in moved.items():
        torch.testing.assert_close(buffers[mine], golden[f"step1/w/{theirs}"], rtol=2e-5, atol=2e-5)


def deviations(model: TimedRecommender, golden: Golden, step: str) -> dict[str, Tensor]:
    """Differences from the authors' weights after a step, by variable.

    Left out are the biases of the fully connected blocks: batch norm, the softmax over events or that over candidates
    takes away whatever they add. Their gradients are rounding noise, and Adam makes whole steps of noise.
    """
    state = model.state_dict()
    return {
        theirs: (state[mine] - ours(theirs, golden[f"{step}/w/{theirs}"])).abs()
        for theirs, mine in trained(golden, model).items()
        if "/b_nn_" not in theirs
    }


def largest(differences: dict[str, Tensor]) -> float:
    return max(float(difference.max()) for difference in differences.values())


def mean(differences: dict[str, Tensor]) -> float:
    return float(torch.cat([difference.flatten() for difference in differences.values()]).mean())


@pytest.mark.parametrize("name", list(OPTIONS))
def test_two_steps_as_tensorflow_takes_them(name: str) -> None:
    """With TensorFlow's epsilon and the clip norms of its un-aggregated slices, two steps end where theirs do.

    The slices' norms are known for the first step only; where clipping is active (the limit is 0.05 in one golden) the
    second step shows what the dense norm changes.
    """
    golden = load(name)
    model = build(golden, **OPTIONS[name])
    limit = LIMIT[name]
    adam = goldens.TensorFlowAdam()
    for step in ("step1", "step2"):
        found, clipped = gradients(model, golden), {}
        for theirs, mine in trained(golden, model).items():
            gradient = found[mine]
            if limit is not None:
                norm = float(golden[f"gradnorm_as_clipped/{theirs}"]) if step == "step1" else float(gradient.norm())
                gradient = gradient * limit / max(norm, limit)
            clipped[model.get_parameter(mine)] = gradient
        adam.step(clipped)
        found_difference = deviations(model, golden, step)
        if name == "clsr_small_clip" and step == "step2":
            assert largest(found_difference) < 0.2 * RATE
            assert mean(found_difference) < 0.002 * RATE
        else:
            assert largest(found_difference) < 0.01 * RATE
            assert mean(found_difference) < 2e-5 * RATE


@pytest.mark.parametrize("name", list(OPTIONS))
def test_two_steps_as_our_trainer_takes_them(name: str) -> None:
    """PyTorch adds epsilon after the bias correction: an entry with a gradient below 1e-5 makes a larger first step.

    TensorFlow's first step is ``lr |g| / (|g| + 1e-8 / sqrt(1 - beta2))``, PyTorch's ``lr |g| / (|g| + 1e-8)``: up to
    0.70 lr apart (at ``|g|`` near 6e-8), 0.015 lr on average here. The factor tends to 1 over a few thousand steps.
    """
    golden = load(name)
    model = build(golden, **OPTIONS[name])
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    for step, most, average in (("step1", 0.71, 0.02), ("step2", 2.0, 0.04)):
        gradients(model, golden)
        if LIMIT[name] is not None:
            clip_each_variable(optimiser, LIMIT[name])
        optimiser.step()
        found_difference = deviations(model, golden, step)
        assert largest(found_difference) < most * RATE
        assert mean(found_difference) < average * RATE


def test_norms_that_clipping_looks_at() -> None:
    """TensorFlow clips a table by the norm of its slices before duplicates are added up; ours is the dense gradient's."""
    golden = load("clsr_small_clip")
    model = build(golden)
    found, table = gradients(model, golden), trained(golden, model)
    ratio = {
        theirs: float(golden[f"gradnorm_as_clipped/{theirs}"] / found[mine].norm()) for theirs, mine in table.items()
    }
    tables = {theirs.split("/")[-1]: value for theirs, value in ratio.items() if theirs.endswith("_embedding")}
    expected = {"item": 1.505, "cate": 1.427, "user_long": 2.072, "user_short": 0.986}
    assert tables == pytest.approx({f"{name}_embedding": value for name, value in expected.items()}, rel=1e-3)
    rest = [value for theirs, value in ratio.items() if "_embedding" not in theirs and "/b_nn_" not in theirs]
    assert rest == pytest.approx([1.0] * len(rest), rel=1e-4)


def test_initialisation_has_the_authors_statistics() -> None:
    """Mean, spread and bounds of every variable at full size, beside those of the official initialiser."""
    expected = json.loads((FOLDER / "clsr_full_init_stats.json").read_text())
    golden = load("clsr_full_triplet")
    torch.manual_seed(0)
    model = CLSR(stub_config("CLSR", **FULL), GoldenDataset(golden))
    fresh = model.state_dict()
    for theirs, mine in names_of(model).items():
        theirs_stats, value = expected[theirs], fresh[mine]
        assert list(value.shape) in (theirs_stats["shape"], theirs_stats["shape"][::-1])
        n = value.numel()
        if theirs_stats["std"] == 0:
            assert torch.equal(value, torch.full_like(value, theirs_stats["mean"])), theirs
            continue
        std = theirs_stats["std"]
        assert abs(float(value.mean()) - theirs_stats["mean"]) < 6 * std / math.sqrt(n), theirs
        assert float(value.std()) == pytest.approx(std, rel=6 / math.sqrt(2 * n)), theirs
        bound = max(abs(theirs_stats["min"]), abs(theirs_stats["max"]))
        assert float(value.abs().max()) == pytest.approx(bound, rel=0.02 + 6 / n), theirs
