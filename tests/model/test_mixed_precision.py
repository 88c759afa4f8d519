"""Training under bfloat16 autocast on a CPU: losses stay close to those of float32, for every model and encoder."""

from typing import Any

import pytest
import torch

from recbole_lsrec.model.layers.precision import full_precision, lerp
from tests.model.steps import AT_EVERY_POSITION, batch_of, model_of

MODELS: list[tuple[str, dict[str, Any]]] = [
    ("SLSRec", {"preset": "literal"}),
    ("SLSRec", {"preset": "lineage"}),
    ("CLSR", {"variant": "official"}),
    ("CLSR", {"variant": "paper", "sequential_model": "lstm"}),
    ("CLSR", {"short_encoder": "dien"}),
    ("CLSR", {"attention": "inner_product", "sequential_model": "gru"}),
    ("SLiRec", {"variant": "official"}),
    ("SURGE", {}),
    ("LSIDN", {}),
    ("DiffLSRec", {}),
    ("DiffLSRec", {"loss": "sampled", "fusion": "gate"}),
    ("MARank", {}),
    *AT_EVERY_POSITION,
]


def losses(name: str, options: dict[str, Any], mixed: bool) -> list[float]:
    torch.manual_seed(0)
    model = model_of(name, options)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    found = []
    for step in range(20):
        optimiser.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
            loss = model.calculate_loss(batch_of(name, seed=step % 10))
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    return found


@pytest.mark.parametrize(("name", "options"), MODELS)
def test_losses_are_close_to_those_of_float32(name: str, options: dict[str, Any]) -> None:
    exact = losses(name, options, mixed=False)
    mixed = losses(name, options, mixed=True)
    assert mixed != exact  # bfloat16 was at work
    assert mixed == pytest.approx(exact, rel=0.01)  # bfloat16 has 8 bits: 0.4 % a rounding


class Seen(torch.nn.Module):
    @full_precision
    def forward(self, x: torch.Tensor, n: int) -> tuple[torch.dtype, bool]:
        return x.dtype, torch.is_autocast_enabled(x.device.type)


def test_full_precision_acts_under_autocast_only() -> None:
    half, double = torch.zeros(1, dtype=torch.bfloat16), torch.zeros(1, dtype=torch.float64)
    assert Seen()(half, 1) == (torch.bfloat16, False)
    assert Seen()(double, 1) == (torch.float64, False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert Seen()(half, 1) == (torch.float32, False)


def test_lerp_of_several_dtypes() -> None:
    start, end = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0], dtype=torch.bfloat16)
    assert lerp(start, end, torch.tensor([0.5, 1.0], dtype=torch.bfloat16)).tolist() == [2.0, 4.0]
    assert lerp(start, end, 0.25).dtype == torch.float32
