"""How far the metrics of a model that can draw at inference move from draw to draw."""

from typing import Any

import numpy as np
from recbole.config import Config

from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.popularity import Correction
from recbole_lsrec.processes import group


def inference_noise(
    model: Any, loader: EvalLoader, config: Config, correction: Correction | None = None
) -> dict[str, Any] | None:
    """Evaluates a phase once per sample and says how the metrics spread.

    A model takes part by ``inference_samples``, how many samples it is asked for, and ``inference_sample(number)``, a
    context in which it draws from that sample's own seed; draws go through the loader's batches in order, so they are
    the same for equal batch sizes. Outside of it a model is deterministic, and so is a run's own result.

    Args:
        model: the trained model.
        loader: the phase, with its protocols and frozen candidates.
        config: as for :func:`~recbole_lsrec.evaluation.evaluator.evaluate`.
        correction: see there.

    Returns:
        ``samples``, and by metric ``mean``, ``std`` (of a sample of samples: n - 1), ``min`` and ``max``; None for a model
        that draws nothing or is asked for no samples.
    """
    n = getattr(model, "inference_samples", 0)
    if not n:
        return None
    found = {}
    for number in range(group.rank(), n, group.world()):  # draws go through all batches, so a sample is not divided
        with model.inference_sample(number), group.alone():
            found[number] = evaluate(model, loader, config, correction=correction).metrics
    of_all = {number: metrics for of_one in group.of_each(found) for number, metrics in of_one.items()}
    results = [of_all[number] for number in range(n)]
    values = {name: np.array([result[name] for result in results]) for name in results[0]}
    spread = {
        name: {"mean": float(v.mean()), "std": float(v.std(ddof=1)), "min": float(v.min()), "max": float(v.max())}
        for name, v in values.items()
    }
    return {"samples": n, "metrics": spread}
