"""The spread of metrics over draws at inference, alone and in a run's result."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recbole_lsrec.evaluation import inference_noise as module
from recbole_lsrec.evaluation.inference_noise import inference_noise
from recbole_lsrec.quick_start import run_recbole_lsrec


class Drawing:
    """A model whose result is the number of its sample."""

    inference_samples, number = 3, -1

    @contextmanager
    def inference_sample(self, number: int) -> Iterator[None]:
        self.number = number
        yield
        self.number = -1


def test_spread_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def evaluate(model: Drawing, loader: Any, config: Any, correction: Any) -> SimpleNamespace:
        return SimpleNamespace(metrics=OrderedDict({"ndcg@10": [0.1, 0.2, 0.6][model.number]}))

    monkeypatch.setattr(module, "evaluate", evaluate)
    model: Any = Drawing()
    found = inference_noise(model, None, None)  # type: ignore[arg-type]
    assert found is not None
    assert found["samples"] == 3
    assert found["metrics"]["ndcg@10"] == pytest.approx(
        {"mean": 0.3, "std": 0.264575, "min": 0.1, "max": 0.6}, abs=1e-6
    )
    assert inference_noise(SimpleNamespace(), None, None) is None  # type: ignore[arg-type]


def test_a_run_reports_it_and_its_own_result_stays_deterministic(shop: dict[str, Any]) -> None:
    settings = {**shop, "epochs": 1, "embedding_size": 8, "diffusion_steps": 3, "eval_args": {"mode": "full"}}
    results = []
    for samples in (None, 4):
        result = run_recbole_lsrec("DiffLSRec", "shop", config_dict={**settings, "inference_samples": samples})
        results.append((result, json.loads((Path(result["run_folder"]) / "result.json").read_text())))
    (plain, plain_stored), (sampled, stored) = results
    assert sampled["test_result"] == plain["test_result"]
    assert plain_stored["inference_noise"] == {}
    assert set(stored["inference_noise"]) == {"valid", "test"}
    of_test = stored["inference_noise"]["test"]
    assert of_test["samples"] == 4
    spread = of_test["metrics"]["meanrank"]
    assert spread["min"] <= spread["mean"] <= spread["max"]
    assert spread["std"] > 0
