"""Training speed of encode-once, score-many against one row per candidate, RecBole's way, in one process.

    python benchmarks/train_throughput.py                          # the simulated cosmetics log
    python benchmarks/train_throughput.py --dataset retailrocket --data_path /folder/of/logs --without cate

Both sides run the same model on the same batches (500 positives, 1+4 in-batch negatives) in turn, forward, backward and
optimiser step; the time to make a batch is counted on both. Reported is the median over batches.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from recbole.data.interaction import Interaction
from recbole.utils import init_seed

from recbole_lsrec.config import Config
from recbole_lsrec.model.base import LongShortRecommender
from recbole_lsrec.quick_start import build_model, load_data

VARIANTS = {"SLSRec": [{"preset": "literal"}, {"preset": "lineage"}]}


def one_row_per_candidate(model: LongShortRecommender, batch: Interaction) -> torch.Tensor:
    """The loss of a batch with every history repeated for each of its candidates."""
    candidates = torch.cat([batch[model.ITEM_ID].unsqueeze(1), batch[model.NEG_ITEM_ID]], dim=1)  # [B, 1+N]
    state = model.encode(batch.repeat_interleave(candidates.shape[1]))
    match = model.match(state, candidates.reshape(-1, 1))  # [B*(1+N), 1]
    loss = model.data_loss(match.logits.view(candidates.shape))
    return loss + sum(model.auxiliary_loss(state, match).values())


def seconds_per_batch(
    config: Config, loss_of: Callable, make: Callable, batches: list, model: LongShortRecommender
) -> list[float]:
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    spent = []
    for rows in batches:
        clock = time.perf_counter()
        optimiser.zero_grad()
        loss_of(make(rows)).backward()
        optimiser.step()
        spent.append(time.perf_counter() - clock)
    return spent


def compare(dataset: str, name: str, options: dict, settings: dict, n_batches: int) -> None:
    config = Config(name, dataset, config_dict={**settings, **options})
    data = load_data(config)
    init_seed(config["seed"], True)
    model = build_model(config, data).train()
    size, rows = config["train_batch_size"], data.train.dataset.rows
    rows = rows[torch.randperm(len(rows)).numpy()]
    batches = [rows[i * size : (i + 1) * size] for i in range(n_batches)]
    sides = {
        "encode once": model.calculate_loss,
        "row per candidate": lambda batch: one_row_per_candidate(model, batch),
    }
    times: dict[str, list[float]] = {side: [] for side in sides}
    for part in range(-1, n_batches):  # the first round only warms up; then the sides alternate batch by batch
        for side, loss_of in sides.items():
            spent = seconds_per_batch(config, loss_of, data.train.make, [batches[max(part, 0)]], model)
            times[side] += spent if part >= 0 else []
    speed = {side: size / statistics.median(spent) for side, spent in times.items()}
    label = " ".join([name, *(f"{k}={v}" for k, v in options.items())])
    print(
        f"{label:28s} on {dataset}: {speed['encode once']:8,.0f} instances/s encode once, "
        f"{speed['row per candidate']:8,.0f} one row per candidate: {speed['encode once'] / speed['row per candidate']:.2f}x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--data_path")
    parser.add_argument(
        "--without", nargs="*", default=[], help="parts left out, e.g. cate on a log without categories"
    )
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--models", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    arguments = parser.parse_args()
    settings = {"train_batch_size": 500, "metrics": ["NDCG"]}
    settings |= {"without": arguments.without, "eval_args": {"mode": "full"}}
    settings |= {"data_path": arguments.data_path} if arguments.data_path else {}
    print(
        f"{torch.get_num_threads()} threads, torch {torch.__version__}, {arguments.batches} batches of 500 positives, 1+4"
    )
    for name in arguments.models:
        for options in VARIANTS[name]:
            compare(arguments.dataset, name, options, settings, arguments.batches)


if __name__ == "__main__":
    main()
