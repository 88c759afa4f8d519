"""A training step, and an evaluation, by several processes against one, each with one thread.

    python benchmarks/processes.py                          # SLSRec and SASRec, 1 and 2 processes
    python benchmarks/processes.py --models CLSR --processes 1 2 4 --steps 20

Seconds of a step are the median over steps of the same batches; every process is new. The wall clock says something only
on a machine that has as many free cores as there are processes. Beside it stands the CPU time of the process that took
most: the speed-up that is left when nobody has to wait.
"""

import argparse
import statistics
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import torch
from tabulate import tabulate

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.processes import group
from recbole_lsrec.processes.launch import launch
from recbole_lsrec.processes.place import place
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import build_model
from recbole_lsrec.trainer import Trainer


class Timed(Trainer):
    """Notes both clocks at the same place of every step."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.times: list[tuple[float, float]] = []

    def _check_nan(self, loss: torch.Tensor) -> None:
        super()._check_nan(loss)
        self.times.append((perf_counter(), process_time()))


def measure(model: str, dataset: str, settings: Mapping[str, Any]) -> list[tuple[float, float, float, float]]:
    """Wall and CPU seconds of a step, and of a validation over all items, in each process."""
    torch.set_num_threads(1)
    with group.joined(place()), TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        config = Config(model, dataset, config_dict={**settings, "run_dir": folder, "use_gpu": False})
        data = load_data(config, phases=("valid",))
        built = build_model(config, data)
        trainer = Timed(config, built, folder)
        trainer.fit(data.train, None, verbose=False, saved=False)
        steps = [
            [later[clock] - earlier[clock] for earlier, later in zip(trainer.times, trainer.times[1:], strict=False)]
            for clock in (0, 1)
        ]
        began = perf_counter(), process_time()
        evaluate(built, data.valid, config)
        ended = perf_counter(), process_time()
        return group.of_each((*map(statistics.median, steps), ended[0] - began[0], ended[1] - began[1]))


def main() -> None:
    """Prints a line for each model and number of processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["SLSRec", "SASRec"])
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=2048)
    given = parser.parse_args()
    settings = {
        "train_steps": given.steps + 1,
        "train_batch_size": given.batch,
        "eval_args": {"mode": {"valid": ["full"], "test": ["full"]}},
        "show_progress": False,
        "state": "ERROR",
    }
    rows = []
    for model in given.models:
        first: tuple[float, ...] | None = None
        for n in given.processes:
            arguments = (model, given.dataset, settings)
            of_all = launch(measure, arguments, n, world=n, first=0, address="localhost", port=None)
            slowest = tuple(max(found) for found in zip(*of_all, strict=True))
            first = first or slowest
            cells = [f"{now:.3f} ({before / now:.2f}x)" for now, before in zip(slowest, first, strict=True)]
            rows.append([model, n, *cells])
    header = ["model", "processes", "s a step", "CPU s a step", "s a validation", "CPU s a validation"]
    print(tabulate(rows, header, disable_numparse=True))


if __name__ == "__main__":
    main()
