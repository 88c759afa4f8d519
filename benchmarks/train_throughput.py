"""Training speed of encode-once, score-many against one row per candidate and against plain recurrences, in one process.

    python benchmarks/train_throughput.py                          # the simulated cosmetics log
    python benchmarks/train_throughput.py --dataset retailrocket --data_path /folder/of/logs --without cate
    python benchmarks/train_throughput.py --clock cpu              # CPU time, on a machine with other work
    python benchmarks/train_throughput.py --full_windows           # made-up histories that fill their windows

All sides run the same model on the same batches (500 positives, 1+4 in-batch negatives) in turn, forward, backward and
optimiser step; the time to make a batch is counted on all. Reported is the median over batches. ``--full_windows`` is
the case for which the authors of CLSR can be compared: their TensorFlow code trains 276 (CLSR) and 422 (SLi-Rec)
positives a second on 2 cores, at 50 steps and d = 40.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.utils import init_seed
from stock_recbole import CLOCKS

from recbole_lsrec.config import Config
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.model.layers.recurrent import GRU
from recbole_lsrec.model.layers.time_lstm import LSTM, Time4LSTM
from recbole_lsrec.quick_start import build_model, load_data
from recbole_lsrec.registry import get_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.model.layers import plain_recurrence

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "SLSRec": [{"preset": "literal"}, {"preset": "lineage"}],
    "CLSR": [{"variant": "official"}, {"variant": "paper"}],
    "SLiRec": [{"variant": "official"}, {"variant": "paper"}],
    "SURGE": [{}],
    "LSIDN": [{"sequence": "official"}, {"sequence": "recent30"}],
}
AUTHORS = {"CLSR": 276, "SLiRec": 422}  # positives/s of the authors' code
BATCH = 500


class FullWindows:
    """A made-up data set in which every history fills its window; as big as a batch of the authors' needs."""

    n_items, n_categories, n_users = 20_000, 500, 5_000

    def __init__(self, width: int) -> None:
        self.width, self.rows = width, np.arange(100 * BATCH)
        self.item_category = torch.randint(1, self.n_categories, (self.n_items,))

    def num(self, field: str) -> int:
        return self.n_users if field == "user_id" else self.n_items

    def make(self, rows: np.ndarray) -> Interaction:
        n, width = len(rows), self.width
        times = torch.randint(0, 700_000, (n, width)).sort(dim=1).values
        targets = torch.randint(1, self.n_items, (n,))
        return Interaction(
            {
                "user_id": torch.randint(1, self.n_users, (n,)),
                "item_id": targets,
                "neg_item_id": targets[torch.randint(0, n, (n, 4))],
                "item_id_list": torch.randint(1, self.n_items, (n, width)),
                "item_length": torch.full((n,), width),
                "timestamp_list": times,
                "session_id_list": (times.diff(dim=1, prepend=times[:, :1]) > 5400).cumsum(1) + 1,
                "first_timestamp": times[:, 0],
                "timestamp": times[:, -1] + 100,
            }
        )


def one_row_per_candidate(model: LongShortRecommender, batch: Interaction) -> torch.Tensor:
    """The loss of a batch with every history repeated for each of its candidates.

    LSIDN's views are not repeated, they are left out: this side is given the work of its contrast.
    """
    candidates = torch.cat([batch[model.ITEM_ID].unsqueeze(1), batch[model.NEG_ITEM_ID]], dim=1)  # [B, 1+N]
    histories = Interaction({name: batch[name] for name in batch.columns if not name.startswith("view_")})
    state = model.encode(histories.repeat_interleave(candidates.shape[1]))
    match = model.match(state, candidates.reshape(-1, 1))  # [B*(1+N), 1]
    loss = model.data_loss(match.logits.view(candidates.shape))
    return loss + sum(model.auxiliary_loss(state, match).values())


@contextmanager
def plain_loops() -> Iterator[None]:
    """Recurrences as their definitions read, autograd at work."""
    with (
        patch.object(GRU, "forward", plain_recurrence.gru),
        patch.object(GRU, "beside", plain_recurrence.beside),
        patch.object(LSTM, "forward", plain_recurrence.lstm),
        patch.object(Time4LSTM, "forward", plain_recurrence.lstm),
    ):
        yield


def with_plain_loops(model: LongShortRecommender, batch: Interaction) -> torch.Tensor:
    with plain_loops():
        return model.calculate_loss(batch)


SIDES: dict[str, Callable[[LongShortRecommender, Interaction], torch.Tensor]] = {
    "encode once": lambda model, batch: model.calculate_loss(batch),
    "row per candidate": one_row_per_candidate,
    "plain recurrences": with_plain_loops,
}


def median_speed(
    take_step: Callable[[str], None], sides: list[str], rounds: int, size: int, clock: str = "wall"
) -> dict[str, float]:
    """Units a second of each side, of wall or of CPU time; the sides alternate, and the first round only warms up."""
    spent: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(-1, rounds):
        for side in sides:
            started = CLOCKS[clock]()
            take_step(side)
            if number >= 0:
                spent[side].append(CLOCKS[clock]() - started)
    return {side: size / statistics.median(times) for side, times in spent.items()}


def compare(name: str, options: dict, arguments: argparse.Namespace) -> None:
    settings: dict[str, Any] = {"train_batch_size": BATCH, "metrics": ["NDCG"], "eval_args": {"mode": "full"}}
    settings |= {"without": arguments.without} if name == "SLSRec" else {}
    settings |= {"data_path": arguments.data_path} if arguments.data_path else {}
    config = Config(name, arguments.dataset, config_dict={**settings, **options})
    init_seed(config["seed"], True)
    source: Any
    if arguments.full_windows:
        source = FullWindows(config["MAX_ITEM_LIST_LENGTH"])
        rows, model = source.rows, get_model(name)(config, source).train()
    else:
        data = load_data(config)
        source, rows = data.train, data.train.dataset.rows
        model = build_model(config, data).train()
    rows = rows[torch.randperm(len(rows)).numpy()]
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    at = dict.fromkeys(SIDES, 0)

    def take_step(side: str) -> None:
        optimiser.zero_grad()
        with torch.autograd.set_detect_anomaly(False):  # as our trainer does
            SIDES[side](model, source.make(rows[at[side] : at[side] + BATCH])).backward()
        optimiser.step()
        at[side] += BATCH

    speed = median_speed(take_step, list(SIDES), arguments.batches, BATCH, arguments.clock)
    label = " ".join([name, *(f"{k}={v}" for k, v in options.items())])
    where = "full windows" if arguments.full_windows else arguments.dataset
    print(f"{label:24s} on {where}: {speed['encode once']:7,.0f} positives/s", end="")
    for side in list(SIDES)[1:]:
        print(f", {speed['encode once'] / speed[side]:.2f}x of {side} ({speed[side]:,.0f})", end="")
    if arguments.full_windows and name in AUTHORS:
        print(f", {speed['encode once'] / AUTHORS[name]:.1f}x of the authors' {AUTHORS[name]}", end="")
    print(flush=True)


def compare_recurrences(rounds: int, clock: str, n: int = BATCH, width: int = 50, size: int = 40) -> None:
    """Forward and backward of each recurrence alone against its plain loop."""
    torch.manual_seed(0)
    x, times = torch.randn(n, width, size), torch.randn(2, n, width)
    for kind in (GRU, LSTM, Time4LSTM):
        cell = kind(size, size)
        for label, lengths in (
            ("full", torch.full((n,), width)),
            ("uniform 1-50", torch.randint(1, width + 1, (n,))),
        ):
            inputs = (x, *times, lengths) if kind is Time4LSTM else (x, lengths)

            def take_step(side: str, cell: Any = cell, inputs: tuple = inputs) -> None:
                if side == "plain":
                    with plain_loops():
                        outputs, _ = cell(*inputs)
                else:
                    outputs, _ = cell(*inputs)
                outputs.sum().backward()

            speed = median_speed(take_step, ["ours", "plain"], rounds, n, clock)
            print(
                f"{kind.__name__:10s} lengths {label:12s}: {speed['ours']:8,.0f} sequences/s, "
                f"{speed['ours'] / speed['plain']:.2f}x of a plain loop ({speed['plain']:,.0f})",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--data_path")
    parser.add_argument(
        "--without", nargs="*", default=[], help="parts of SLSRec left out, e.g. cate without categories"
    )
    parser.add_argument("--full_windows", action="store_true", help="made-up histories that fill their windows")
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS), help="cpu where other work shares the machine")
    parser.add_argument("--models", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    arguments = parser.parse_args()
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {arguments.batches} batches of {BATCH} positives, 1+4"
    )
    compare_recurrences(min(arguments.batches, 10), arguments.clock)
    for name in arguments.models:
        for options in VARIANTS[name]:
            compare(name, options, arguments)


if __name__ == "__main__":
    main()
