"""Training that keeps freed memory for the next step, as our trainer does, against malloc's default, in one process.

    python benchmarks/freed_memory.py                    # cosmetics, one thread is best

Both sides train the same model on the same batches in turn, in CPU time, the system's included; the ratio is that of the
medians. glibc only.
"""

import argparse
import ctypes
import statistics
from itertools import islice
from time import process_time

import torch

from recbole_lsrec.freed_memory import keep_freed_memory
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import configure

MODELS = {"SLSRec literal": {"preset": "literal"}, "SLSRec lineage": {"preset": "lineage"}, "CLSR": {}, "DiffLSRec": {}}
_DEFAULT = 128 << 10  # bytes, of both of malloc's thresholds


def give_back() -> None:
    """malloc's default, as a process begins: what is freed goes back to the system."""
    for threshold in (-3, -1):
        ctypes.CDLL(None).mallopt(threshold, _DEFAULT)
    ctypes.CDLL(None).malloc_trim(0)


def compare(name: str, dataset: str, batches: int, repeats: int) -> None:
    config = configure(name.split()[0], dataset, [], MODELS[name], [], None)
    data = load_data(config)
    model = build_model(config, data).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    taken = list(islice(iter(data.train), batches))

    def train() -> float:
        started = process_time()
        for batch in taken:
            optimiser.zero_grad()
            with torch.autograd.set_detect_anomaly(False):
                model.calculate_loss(batch).backward()
            optimiser.step()
        return (process_time() - started) / batches

    times: dict[str, list[float]] = {"kept": [], "given back": []}
    for number in range(repeats + 1):
        for side, spent in times.items():
            keep_freed_memory() if side == "kept" else give_back()
            seconds = train()
            spent.extend([seconds] if number else [])  # the first is to warm up
    kept, back = (statistics.median(spent) * 1e3 for spent in times.values())
    print(f"{name}: {kept:.1f} ms a step, {back:.1f} with memory given back: {back / kept:.2f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{arguments.dataset}; CPU time, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name in arguments.models:
        compare(name, arguments.dataset, arguments.batches, arguments.repeats)


if __name__ == "__main__":
    main()
