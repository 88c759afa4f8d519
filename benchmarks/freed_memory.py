"""Training that keeps freed memory for the next step, as our trainer does, against malloc's default.

    python benchmarks/freed_memory.py                    # cosmetics, one thread is best

Both sides train the same model on the same batches in turn, each in a process of its own, since malloc raises its
thresholds by itself until it is told one; in CPU time, the system's included; the ratio is that of the medians. glibc only.
"""

import argparse
import multiprocessing
import statistics
from itertools import islice
from time import process_time

import torch

from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import configure
from recbole_lsrec.training.freed_memory import keep_freed_memory

MODELS = {"SLSRec literal": {"preset": "literal"}, "SLSRec lineage": {"preset": "lineage"}, "CLSR": {}, "DiffLSRec": {}}
_forked = multiprocessing.get_context("fork")


def compare(name: str, dataset: str, batches: int, repeats: int) -> None:
    config = configure(name.split()[0], dataset, [], MODELS[name], [], None)
    data = load_data(config)
    model = build_model(config, data).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    taken = list(islice(iter(data.train), batches))

    def train(keep: bool) -> float:
        if keep:
            keep_freed_memory()
        started = 0.0
        for number, batch in enumerate([*taken, *taken]):
            if number == len(taken):  # the first time is to warm up
                started = process_time()
            optimiser.zero_grad()
            with torch.autograd.set_detect_anomaly(False):
                model.calculate_loss(batch).backward()
            optimiser.step()
        return (process_time() - started) / batches

    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(repeats):
        for keep, spent in times.items():
            ours, there = _forked.Pipe()
            side = _forked.Process(target=lambda keep=keep, there=there: there.send(train(keep)))
            side.start()
            spent.append(ours.recv())
            side.join()
    kept, default = (statistics.median(spent) * 1e3 for spent in times.values())
    print(f"{name}: {kept:.1f} ms a step, {default:.1f} as malloc does it: {default / kept:.2f}x", flush=True)


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
