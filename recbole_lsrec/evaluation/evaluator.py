"""One scoring pass over a phase, every protocol reduced to ranks."""

from collections import OrderedDict
from dataclasses import dataclass
from math import nan

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import set_color
from tqdm import tqdm

from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.evaluation.instances import describe_instances
from recbole_lsrec.evaluation.metrics import summarise
from recbole_lsrec.evaluation.ranking import rank_of_positive
from recbole_lsrec.evaluation.scoring import check_finite, score_batch


@dataclass
class Evaluation:
    """What one pass yields.

    Attributes:
        metrics: rounded as ``metric_decimal_place`` says; plain keys for the first protocol, ``full/ndcg@10`` style for
            the others.
        instances: one line per (instance, protocol); see :func:`describe_instances`, plus ``phase``, ``protocol``,
            ``rank``, ``n_candidates``, ``ties`` and ``alpha``.
        scores: float32 ``[N, 1 + C]`` per sampled protocol, the target's first; NaN where a list is short.
    """

    metrics: "OrderedDict[str, float]"
    instances: pd.DataFrame
    scores: dict[str, np.ndarray]


@torch.no_grad()
def evaluate(
    model: SequentialRecommender, loader: EvalLoader, config: Config, show_progress: bool = False
) -> Evaluation:
    """Scores every instance of the loader once and ranks its target under each of the loader's protocols.

    Args:
        model: any sequential model; put in ``eval()`` mode.
        loader: a phase with its protocols and frozen candidates.
        config: ``metrics``, ``topk``, ``ties``, ``metric_decimal_place``, ``eval_memory_mb``, ``device``.
        show_progress: whether to show a progress bar.

    Raises:
        FloatingPointError: the model scored an instance with NaN.
    """
    model.eval()
    device = config["device"]
    sampled = [protocol for protocol in loader.protocols if protocol.sampled]
    want_full = any(not protocol.sampled for protocol in loader.protocols)
    above: dict[str, list[np.ndarray]] = {protocol.name: [] for protocol in loader.protocols}
    tied: dict[str, list[np.ndarray]] = {protocol.name: [] for protocol in loader.protocols}
    scores: dict[str, list[np.ndarray]] = {protocol.name: [] for protocol in sampled}
    alpha: list[np.ndarray] = []
    done = 0
    bar = tqdm(loader, total=len(loader), ncols=100, desc=set_color("Evaluate   ", "pink"), disable=not show_progress)
    for rows, interaction in bar:
        target = loader.dataset.item[rows][:, None]
        chosen = [loader.candidates[protocol.name][done : done + len(rows)] for protocol in sampled]
        items = torch.from_numpy(np.concatenate([target, *chosen], axis=1).astype(np.int64)).to(device)  # [B, 1+C]
        batch = score_batch(model, interaction.to(device), items, loader.dataset, want_full, config["eval_memory_mb"])
        check_finite(batch.candidates if batch.full is None else batch.full, model)
        positive = batch.candidates[:, :1]
        at = 1
        for protocol in loader.protocols:
            if protocol.sampled:
                # A gap (item 0) becomes NaN: neither above the target nor tied with it.
                rivals = batch.candidates[:, at : at + protocol.n].masked_fill(items[:, at : at + protocol.n] == 0, nan)
                at += protocol.n
                scores[protocol.name].append(torch.cat([positive, rivals], dim=1).float().cpu().numpy())
                equal = (rivals == positive).sum(dim=1)
            else:
                assert batch.full is not None  # asked for by want_full
                rivals = batch.full[:, 1:]  # column 0 is padding
                equal = (rivals == positive).sum(dim=1) - 1  # the target meets itself
            above[protocol.name].append((rivals > positive).sum(dim=1).cpu().numpy())
            tied[protocol.name].append(equal.cpu().numpy())
        alpha.append(np.full(len(rows), np.nan) if batch.alpha is None else batch.alpha.float().cpu().numpy())
        done += len(rows)
    return _reduce(loader, config, above, tied, scores, alpha)


def _reduce(
    loader: EvalLoader,
    config: Config,
    above: dict[str, list[np.ndarray]],
    tied: dict[str, list[np.ndarray]],
    scores: dict[str, list[np.ndarray]],
    alpha: list[np.ndarray],
) -> Evaluation:
    """Ranks, metrics and the instance table from the counts of the pass."""
    known = describe_instances(loader.dataset, loader.dataset.rows)
    metrics: OrderedDict[str, float] = OrderedDict()
    tables, stacked = [], {name: np.concatenate(parts) for name, parts in scores.items()}
    for number, protocol in enumerate(loader.protocols):
        equal = np.concatenate(tied[protocol.name])
        rank = rank_of_positive(np.concatenate(above[protocol.name]), equal, config["ties"])
        n_negatives = (
            (loader.candidates[protocol.name] > 0).sum(axis=1)
            if protocol.sampled
            else np.full(len(rank), loader.dataset.item_num - 2)
        )
        table = known.assign(
            phase=loader.phase,
            protocol=protocol.name,
            rank=rank,
            n_candidates=n_negatives + 1,
            ties=equal,
            alpha=np.concatenate(alpha).astype(np.float32),
        )
        tables.append(table[COLUMNS])
        prefix = "" if number == 0 else f"{protocol.name}/"
        values = summarise(rank, n_negatives, config["metrics"], config["topk"], stacked.get(protocol.name))
        metrics.update({prefix + key: round(value, config["metric_decimal_place"]) for key, value in values.items()})
    return Evaluation(metrics, pd.concat(tables, ignore_index=True), stacked)


COLUMNS = [
    "row",
    "phase",
    "protocol",
    "user_id",
    "item_id",
    "timestamp",
    "rank",
    "n_candidates",
    "ties",
    "alpha",
    "history_length",
    "n_sessions",
    "gap_s",
    "in_history",
    "same_category",
    "event_type",
    "item_pop_third",
]
