"""Sampled evaluation (1+99) against stock RecBole's loader and trainer, same weights, in one process.

    python benchmarks/sampled_evaluation.py                            # ml-100k, SASRec GRU4Rec BERT4Rec DIN DIEN SLSRec
    python benchmarks/sampled_evaluation.py --models DIN --users 16

Ours is a pass over all test instances with its metrics. The stock side is so slow that it evaluates the first ``--users``
users only, and its time is scaled to all of them; DIEN, of which a full ranking takes long here too, is given these
users only on both sides. Stock runs RecBole's NegSampleEvalDataLoader and Trainer.evaluate on the
same data set and weights, and draws its negatives anew, as it does at every evaluation. Printed are seconds, how
many times faster ours is, ours against our own full ranking, and what several protocols at once cost: with the full
ranking, against it alone; without it, against one protocol made of the union of their candidates.
"""

import argparse
import copy

import numpy as np
import torch
from recbole.utils import init_seed
from stock_recbole import CLOCKS, describe_machine, evaluation, seconds

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.evaluation.scoring import distinct_candidates
from recbole_lsrec.protocol import Protocol
from recbole_lsrec.quick_start import build_model, load_data

MODELS = ["SASRec", "GRU4Rec", "BERT4Rec", "DIN", "DIEN", "SLSRec"]
SAMPLED = ("uni99", "pop99")


def first(loader: EvalLoader, n: int) -> EvalLoader:
    """The loader of the first instances."""
    part = copy.copy(loader)
    part.dataset = loader.dataset.view(loader.dataset.rows[:n])
    part.candidates = {name: chosen[:n] for name, chosen in loader.candidates.items()}
    return part


def only(loader: EvalLoader, *names: str) -> EvalLoader:
    """The loader with some of its protocols."""
    part = copy.copy(loader)
    part.protocols = [protocol for protocol in loader.protocols if protocol.name in names]
    part.candidates = {name: loader.candidates[name] for name in names if name in loader.candidates}
    return part


def union(loader: EvalLoader) -> EvalLoader:
    """The loader with one protocol: for each instance all negatives of the sampled ones, once each."""
    every = torch.from_numpy(np.concatenate([loader.candidates[name] for name in SAMPLED], axis=1))
    part = copy.copy(loader)
    part.protocols, part.candidates = [Protocol("file")], {"file": distinct_candidates(every)[0].numpy()}
    return part


def compare(name: str, dataset: str, settings: dict, users: int, repeats: int, clock: str) -> None:
    config = Config(name, dataset, config_dict={**settings, "eval_args": {"mode": [*SAMPLED, "full"]}})
    data = load_data(config)
    init_seed(config["seed"], True)
    model = build_model(config, data).eval()
    users = min(users, len(data.test.dataset))
    loader = first(data.test, users) if name == "DIEN" else data.test
    n = len(loader.dataset)

    def ours(part: EvalLoader) -> float:
        return seconds(lambda: evaluate(model, part, config), clock, repeats)

    full = ours(only(loader, "full"))
    print(f"{name}: full ranking of {n} instances, {loader.dataset.item_num - 1} items {full:8.3f} s")
    for protocol in SAMPLED:
        alone = ours(only(loader, protocol))
        stock = seconds(evaluation(config, model, data, protocol, users), clock, 1, warm=False) * n / users
        print(
            f"  {protocol}: ours {alone:8.3f} s, stock RecBole {stock:8.2f} s (from {users} users): {stock / alone:6.1f}x; "
            f"{alone / full:.2f} of our full ranking"
        )
    together, both, of_union = ours(loader), ours(only(loader, *SAMPLED)), ours(union(loader))
    print(
        f"  full+uni99+pop99 {together:8.3f} s: {together / full:.2f} of full alone; "
        f"uni99+pop99 {both:8.3f} s: {both / of_union:.2f} of their union alone",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="ml-100k")
    parser.add_argument("--data_path")
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--users", type=int, default=64, help="users that the stock side evaluates")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS))
    arguments = parser.parse_args()
    settings = {"metrics": ["Hit", "NDCG", "MRR", "AUC", "GAUC"], "show_progress": False}
    settings |= {"data_path": arguments.data_path} if arguments.data_path else {}
    print(f"{arguments.dataset}; {arguments.clock} time, {describe_machine()}")
    for name in arguments.models:
        compare(name, arguments.dataset, settings, arguments.users, arguments.repeats, arguments.clock)


if __name__ == "__main__":
    main()
