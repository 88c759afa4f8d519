"""Full ranking, encode once and score all items, against RecBole's way of repeating everything for each item.

    python benchmarks/full_ranking.py                        # ml-100k: SLSRec literal and lineage, DIN, DIEN
    python benchmarks/full_ranking.py --presets --baselines DIN --users 64

For a model without ``full_sort_predict`` RecBole repeats every history once per item and calls ``predict`` on the rows. Both
sides have the same weights, users, and stock trainer and loader; ours only keeps its ``full_sort_predict``. Scores of
the two are compared, and the metrics must be equal.

DIN and DIEN are compared with RecBole's own classes, whose ``predict`` gets one row per history and item, 256 at a time,
which is the fastest for it. Both sides score the same users by turns; of DIN, whose users share work, ours scores all test
users too.
"""

import argparse
import statistics

import torch
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.model.sequential_recommender import DIEN, DIN
from recbole.utils import init_seed
from stock_recbole import CLOCKS, describe_machine, evaluation, seconds

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.scoring import predict_rows, score_batch
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.quick_start import build_model, load_data

BASELINES = {"DIN": DIN, "DIEN": DIEN}


class Repeating(SLSRec):
    """SLSRec as RecBole would rank with it if it had ``predict`` alone."""

    full_sort_predict = AbstractRecommender.full_sort_predict


def compare(preset: str, dataset: str, settings: dict, users: int, repeats: int, clock: str) -> None:
    config = Config("SLSRec", dataset, config_dict={**settings, "preset": preset, "eval_args": {"mode": "full"}})
    data = load_data(config)
    init_seed(config["seed"], True)
    model = build_model(config, data).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:  # as spread as after training; the first weights of the paper would score nearly 0
            torch.nn.init.xavier_normal_(parameter)
    repeating = Repeating(config, data.train.dataset).eval()
    repeating.load_state_dict(model.state_dict())
    users = min(users, len(data.test.dataset))
    once = evaluation(config, model, data, "full", users)
    repeat = evaluation(config, repeating, data, "full", users)
    difference = largest_difference(model, data, users)
    equal = once() == repeat()
    fast, slow = seconds(once, clock, repeats), seconds(repeat, clock, 1, warm=False)
    print(
        f"SLSRec {preset}: {users} users x {data.dataset.item_num} items: {fast:8.3f} s encode once, {slow:8.2f} s repeat "
        f"everything: {slow / fast:6.1f}x; metrics equal: {equal}; largest difference of a score {difference:.1e}",
        flush=True,
    )


@torch.no_grad()
def largest_difference(model: SLSRec, data: object, users: int) -> float:
    """Between ``full_sort_predict`` and ``predict`` on repeated rows, over a few users and all items."""
    _, batch = data.test.make(data.test.dataset.rows[: min(users, 4)])  # type: ignore[attr-defined]
    every = torch.arange(1, model.n_items)
    rows = batch.repeat_interleave(len(every))
    rows[model.ITEM_ID] = every.repeat(len(batch))
    by_row = model.predict(rows).view(len(batch), -1)
    return float((model.full_sort_predict(batch)[:, 1:] - by_row).abs().max())


@torch.no_grad()
def compare_baseline(name: str, dataset: str, settings: dict, users: int, repeats: int, clock: str) -> None:
    config = Config(name, dataset, config_dict={**settings, "eval_args": {"mode": "full"}})
    data = load_data(config)
    model = build_model(config, data).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.xavier_normal_(parameter)
    of_recbole = BASELINES[name](config, data.train.dataset).eval()
    of_recbole.load_state_dict(model.state_dict())
    view, memory = data.test.dataset, config["eval_memory_mb"]
    users = min(users, len(view))
    every = torch.arange(view.item_num)

    def ours(n: int) -> torch.Tensor:
        scores = score_batch(model, data.test.make(view.rows[:n])[1], every[:1].expand(n, -1), view, True, memory).full
        assert scores is not None
        return scores

    def theirs() -> torch.Tensor:
        return predict_rows(of_recbole, data.test.make(view.rows[:users])[1], every.unsqueeze(0), view, memory)

    difference = (ours(users) / theirs() - 1).abs().max()
    turns = [(seconds(lambda: ours(users), clock, 1, False), seconds(theirs, clock, 1, False)) for _ in range(repeats)]
    fast, slow = (statistics.median(side) / users * 1e3 for side in zip(*turns, strict=True))
    print(
        f"{name}: largest relative difference of a score {difference:.1e}; {users} users x {view.item_num} items: "
        f"{fast:.1f} ms a user, RecBole's predict {slow:.1f}: {slow / fast:.1f}x",
        flush=True,
    )
    if model.histories_share:
        of_all = seconds(lambda: ours(len(view)), clock, 1, False) / len(view) * 1e3
        print(f"{name} ({len(view)} users): {of_all:.1f} ms a user: {slow / of_all:.1f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="ml-100k")
    parser.add_argument("--data_path")
    parser.add_argument("--presets", nargs="*", default=["literal", "lineage"])
    parser.add_argument("--baselines", nargs="*", default=list(BASELINES), choices=list(BASELINES))
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS))
    arguments = parser.parse_args()
    settings = {"metrics": ["Hit", "NDCG", "MRR"], "show_progress": False, "eval_batch_size": 4096}
    settings |= {"data_path": arguments.data_path} if arguments.data_path else {}
    print(f"{arguments.dataset}; {arguments.clock} time, {describe_machine()}")
    for preset in arguments.presets:
        compare(preset, arguments.dataset, settings, arguments.users, arguments.repeats, arguments.clock)
    for name in arguments.baselines:
        compare_baseline(name, arguments.dataset, settings, arguments.users, arguments.repeats, arguments.clock)


if __name__ == "__main__":
    main()
