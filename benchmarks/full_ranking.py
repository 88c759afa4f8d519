"""Full ranking of SLSRec, encode once and score all items, against RecBole's repeat-everything fallback.

    python benchmarks/full_ranking.py                        # ml-100k, presets literal and lineage

For a model without ``full_sort_predict`` RecBole repeats every history once per item and calls ``predict`` on the rows. Both
sides have the same weights, users, and stock trainer and loader; ours only keeps its ``full_sort_predict``. Scores of
the two are compared, and the metrics must be equal.
"""

import argparse

import torch
from recbole.model.abstract_recommender import AbstractRecommender
from recbole.utils import init_seed
from stock_recbole import describe_machine, evaluation, seconds

from recbole_lsrec.config import Config
from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec
from recbole_lsrec.quick_start import build_model, load_data


class Repeating(SLSRec):
    """SLSRec as RecBole would rank with it if it had ``predict`` alone."""

    full_sort_predict = AbstractRecommender.full_sort_predict


def compare(preset: str, dataset: str, settings: dict, users: int, repeats: int) -> None:
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
    fast, slow = seconds(once, repeats), seconds(repeat, 1, warm=False)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="ml-100k")
    parser.add_argument("--data_path")
    parser.add_argument("--presets", nargs="*", default=["literal", "lineage"])
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    settings = {"metrics": ["Hit", "NDCG", "MRR"], "show_progress": False, "eval_batch_size": 4096}
    settings |= {"data_path": arguments.data_path} if arguments.data_path else {}
    print(f"{arguments.dataset}; {describe_machine()}")
    for preset in arguments.presets:
        compare(preset, arguments.dataset, settings, arguments.users, arguments.repeats)


if __name__ == "__main__":
    main()
