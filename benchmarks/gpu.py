"""Training on a GPU: instances a second in float32 and bfloat16 against RecBole's SASRec, and the share of the card's peak.

    python benchmarks/gpu.py                                # the simulated cosmetics log
    python benchmarks/gpu.py --batch 500 2048 --batches 30

Every model trains on the same log, forward, backward and optimiser step, batches made on the CPU and moved, in each
precision in turn. RecBole's SASRec is the stock class with one window for each target; ours of that name trains at every
position. Arithmetic is counted by torch's counter (matrix products and attention), and the peak is what one large
matrix product reaches in the same run, in float32 and in bfloat16 each. Operators are those of a step forth and back, but for
those that only look at an array in another way: what a GPU is waiting for. (On a CPU, models work in blocks that fit its cache.)
"""

import argparse
import logging
import statistics
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from time import perf_counter
from typing import Any

import torch
from recbole.model.sequential_recommender import SASRec as StockSASRec
from tabulate import tabulate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data

MODELS: dict[str, tuple[str | type, dict[str, Any]]] = {
    "RecBole's SASRec": (StockSASRec, {"train_neg_sample_args": None}),
    "SASRec, all positions": ("SASRec", {"train_positions": "all"}),
    "eSASRec": ("eSASRec", {}),
    "GRU4Rec, all positions": ("GRU4Rec", {"train_positions": "all"}),
    "SLSRec literal": ("SLSRec", {"preset": "literal"}),
    "SLSRec lineage": ("SLSRec", {"preset": "lineage"}),
    "CLSR": ("CLSR", {}),
    "SLiRec": ("SLiRec", {}),
    "LSIDN": ("LSIDN", {}),
    "SURGE": ("SURGE", {}),
    "DiffLSRec": ("DiffLSRec", {}),
}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def synchronised() -> float:
    """Seconds, when all that was asked of the card is done."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return perf_counter()


def peak(dtype: torch.dtype, device: torch.device, size: int) -> float:
    """What a large matrix product reaches, in floating-point operations a second."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    times = []
    for _ in range(6):
        started = synchronised()
        a @ b
        times.append(synchronised() - started)
    return 2 * size**3 / statistics.median(times[1:])


class Operators(TorchDispatchMode):
    """Counts what runs inside."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


def epochs(loader: Any) -> Iterator[Any]:
    """The batches of one epoch after the other."""
    for epoch in count():
        loader.set_epoch(epoch)
        yield from loader


class Training:
    """A model, its optimiser and an endless train of batches."""

    def __init__(self, kind: str | type, settings: dict[str, Any]) -> None:
        config = Config(kind, "cosmetics", config_dict=settings)
        data = load_data(config)
        self.device = config["device"]
        self.model = build_model(config, data).train()
        self.batches = epochs(data.train)
        self.adam = torch.optim.Adam(self.model.parameters())

    def step(self, dtype: torch.dtype, inside: AbstractContextManager[Any] | None = None) -> Any:
        """Trains on the next batch, which it gives back; forth and back run ``inside`` a context."""
        batch = next(self.batches).to(self.device)
        self.adam.zero_grad()
        with inside or nullcontext():
            with torch.autocast(self.device.type, dtype=dtype, enabled=dtype != torch.float32):
                loss = self.model.calculate_loss(batch)
            loss.backward()
        self.adam.step()
        return batch

    def operators(self) -> int:
        """Of a step in float32, when what is made once is there."""
        self.step(torch.float32)
        self.step(torch.float32, counted := Operators())
        return counted.count

    def speed(self, dtype: torch.dtype, batches: int) -> tuple[float, float]:
        """Targets, and floating-point operations, a second."""
        with FlopCounterMode(display=False) as counter:
            self.step(dtype)
        flops = counter.get_total_flops()
        self.step(dtype)
        targets, started = 0, synchronised()
        for _ in range(batches):
            batch = self.step(dtype)
            at_once = "next_item_id_list" in batch.interaction
            targets += (batch["next_item_id_list"] > 0).sum() if at_once else len(batch)
        seconds = synchronised() - started
        return int(targets) / seconds, flops * batches / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[500, 4096], help="targets in a batch")
    parser.add_argument("--batches", type=int, default=30, help="measured, of each")
    parser.add_argument("--size", type=int, default=8192, help="of the matrix product that is the peak")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # what the log is like is not the question
    torch.autograd.set_detect_anomaly(False)  # importing RecBole's models turns it on; our trainer turns it off
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    peaks = {name: peak(dtype, device, arguments.size) for name, dtype in PRECISIONS.items()}
    print(f"{torch.cuda.get_device_name() if on_gpu else 'no GPU: the CPU'}, torch {torch.__version__}, peak", end=" ")
    print(", ".join(f"{name} {value / 1e12:.1f} TFLOP/s" for name, value in peaks.items()))
    for size in arguments.batch:
        rows, base = [], None
        for label in tqdm(arguments.models, desc=f"batches of {size}", leave=False):
            kind, settings = MODELS[label]
            training = Training(kind, {"state": "ERROR", "train_batch_size": size, **settings})
            row: list[Any] = [label, training.operators()]
            for name, dtype in PRECISIONS.items():
                targets, flops = training.speed(dtype, arguments.batches)
                base = base or targets
                row += [f"{targets:,.0f}", f"{targets / base:.2f}", f"{flops / peaks[name]:.2%}"]
            rows.append(row)
        heads = [head for name in PRECISIONS for head in (f"{name}: targets/s", f"x {arguments.models[0]}", "of peak")]
        print(tabulate(rows, [f"batches of {size}", "operators", *heads], disable_numparse=True), flush=True)


if __name__ == "__main__":
    main()
