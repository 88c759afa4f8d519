"""A training step with sparse gradients and lazy Adam against dense ones, as the catalogue grows.

    python benchmarks/sparse_embeddings.py                       # 5 thousand, 100 thousand and a million items
    python benchmarks/sparse_embeddings.py --items 5000 1000000 --steps 10

Made-up histories that fill their windows (500 positives, length 50). Each line is a process of its own: CPU milliseconds
of a step (median; forward, backward, clipping, optimiser), and the memory that training takes beyond the parameters and
their two moments.
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
from recbole.utils import init_seed
from tabulate import tabulate
from tqdm import tqdm
from train_throughput import BATCH, FullWindows

from recbole_lsrec.model.sparse_tables import mark_sparse_tables
from recbole_lsrec.registry import get_model
from recbole_lsrec.training.clipping import clip_each_variable
from recbole_lsrec.training.lazy_adam import LazyAdam

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from recbole_lsrec.testing.stub import stub_config

MODELS = {"SLSRec": {}, "CLSR": {}, "DiffLSRec": {"loss": "sampled"}}
OWN_SIZES = {"embedding_size": 40, "category_embedding_size": 8}


def resident_mb(which: str) -> float:
    """Memory of this process: ``VmRSS`` now, ``VmHWM`` at most since :func:`forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(which)) / 1024


def forget_peak() -> None:
    """Building a model takes more than its parameters for a moment, which is not asked for here."""
    Path("/proc/self/clear_refs").write_text("5")


class Catalogue(FullWindows):
    """As many items as asked for, each with a training event, as DiffLSRec's sampler counts them."""

    def __init__(self, n_items: int) -> None:
        self.n_items = n_items
        super().__init__(50)
        self.item = np.arange(n_items)
        self.user, self.time = self.item // 100, self.item * 600

    def training_events(self) -> np.ndarray:
        return self.item > 0


def measure(name: str, n_items: int, sparse: bool, steps: int) -> tuple[float, float]:
    """CPU milliseconds of a step, and MiB beyond parameters and moments."""
    init_seed(2020, reproducibility=True)
    data = Catalogue(n_items)
    config = stub_config(name, **MODELS[name], **OWN_SIZES, MAX_ITEM_LIST_LENGTH=50, train_batch_size=BATCH)
    config |= {"learner": "adam", "sparse_embeddings": sparse, "weight_decay": 0.0, "clip_grad_norm": None}
    model = get_model(name)(config, data).train()
    optimiser = torch.optim.Adam if not mark_sparse_tables(model, config) else LazyAdam
    optimiser = optimiser(model.parameters(), lr=1e-3)
    parameters = sum(p.numel() * p.element_size() for p in model.parameters()) / 2**20
    forget_peak()
    before, seconds = resident_mb("VmRSS"), []
    for step in range(steps + 1):
        batch = data.make(data.rows[step * BATCH : (step + 1) * BATCH])
        started = process_time()
        optimiser.zero_grad()
        model.calculate_loss(batch).backward()
        clip_each_variable(optimiser, 2.0)
        optimiser.step()
        seconds.append(process_time() - started)
    return statistics.median(seconds[1:]) * 1e3, resident_mb("VmHWM") - before - 2 * parameters


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=[5_000, 100_000, 1_000_000])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--steps", type=int, default=7, help="after a first, which is not counted")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.one:
        name, n_items, side = arguments.one
        print(*measure(name, int(n_items), side == "sparse", arguments.steps))
        return
    lines = []
    for name in tqdm(arguments.models):
        first: dict[str, float] = {}
        for n_items in arguments.items:
            found = {}
            for side in ("dense", "sparse"):
                command = [sys.executable, __file__, "--steps", str(arguments.steps), "--one", name, str(n_items), side]
                output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found[side] = tuple(map(float, output.split()))
                first.setdefault(side, found[side][0])
            (dense, dense_mb), (sparse, sparse_mb) = found["dense"], found["sparse"]
            growth = sparse / first["sparse"]
            lines.append([name, n_items, dense, sparse, dense / sparse, growth, dense_mb, sparse_mb])
    headers = [
        "model",
        "items",
        "dense, ms",
        "sparse, ms",
        "dense / sparse",
        "sparse: of the smallest",
        "dense, MiB",
        "sparse, MiB",
    ]
    print(
        tabulate(
            lines, headers, tablefmt="github", floatfmt=("", ",", ".0f", ".0f", ".2f", ".2f", ".0f", ".0f"), intfmt=","
        )
    )


if __name__ == "__main__":
    main()
