"""One scoring pass over a phase, every protocol reduced to ranks."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import nan

import numpy as np
import pandas as pd
import torch
from recbole.config import Config
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import AbstractRecommender, GeneralRecommender

from recbole_lsrec.console import bar
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.data.dataset import SessionDataset
from recbole_lsrec.errors import model_named
from recbole_lsrec.evaluation.instances import describe_instances
from recbole_lsrec.evaluation.lists import asks_for_lists, list_metrics
from recbole_lsrec.evaluation.metrics import summarise
from recbole_lsrec.evaluation.outcome import Collector, Outcome, of_all_processes
from recbole_lsrec.evaluation.popularity import Correction, Corrector, Curve
from recbole_lsrec.evaluation.retriever import make_retriever
from recbole_lsrec.evaluation.scoring import Scores, check_finite, rows_at_a_time, score_batch
from recbole_lsrec.evaluation.two_stage import TwoStage
from recbole_lsrec.model.general_recommender.unseen_users import take_average_user
from recbole_lsrec.run_files import COLUMNS


@dataclass
class Evaluation:
    """What one pass yields.

    Attributes:
        metrics: rounded as ``metric_decimal_place`` says; plain keys for the first protocol, ``full/ndcg@10`` style for
            the others.
        outcomes: rank, ties and competitors of each instance, by protocol.
        alpha: float32 ``[N]`` weight of the long-term interest for the target; NaN for models without.
        loader: what was evaluated.
        unseen: instances whose user has no training event; None for models that score histories, not users.
        averaged: tables in which such users have the mean of the others' rows.
        curves: by protocol, metrics under each lambda of a correction; empty where none was asked for.
        corrected_ranks: float64 ``[N]`` by protocol, ranks under the lambda that the correction chose for it.
        full_recall: share of the best items that ``full`` found in two stages; None where each item was scored exactly.
    """

    metrics: "OrderedDict[str, float]"
    outcomes: dict[str, Outcome]
    alpha: np.ndarray
    loader: EvalLoader
    unseen: int | None = None
    averaged: list[str] = field(default_factory=list)
    curves: dict[str, Curve] = field(default_factory=dict)
    corrected_ranks: dict[str, np.ndarray] = field(default_factory=dict)
    full_recall: float | None = None

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """float32 ``[N, 1 + C]`` per sampled protocol, the target's first; NaN where a list is short."""
        return {name: outcome.scores for name, outcome in self.outcomes.items() if outcome.scores is not None}

    @property
    def tied(self) -> dict[str, int]:
        """How many instances of each protocol have a competitor with the target's score."""
        return {name: int((outcome.ties > 0).sum()) for name, outcome in self.outcomes.items()}

    @cached_property
    def instances(self) -> pd.DataFrame:
        """One line per (protocol, instance): what :func:`describe_instances` knows, and what the pass found.

        Made on first use: early stopping reads the metrics alone.
        """
        known = describe_instances(self.loader.dataset, self.loader.dataset.rows)
        tables = [
            known.assign(
                phase=self.loader.phase,
                protocol=name,
                rank=outcome.rank,
                n_candidates=outcome.n_negatives + 1,
                ties=outcome.ties,
                corrected_rank=self.corrected_ranks.get(name, nan),
                alpha=self.alpha,
            )[COLUMNS]
            for name, outcome in self.outcomes.items()
        ]
        return pd.concat(tables, ignore_index=True)


@torch.no_grad()
def evaluate(
    model: AbstractRecommender,
    loader: EvalLoader,
    config: Config,
    show_progress: bool = False,
    correction: Correction | None = None,
) -> Evaluation:
    """Scores every instance of the loader once and ranks its target under each of the loader's protocols.

    Several processes share the batches, and all get the whole, which is what one process finds, bit for bit.

    Args:
        model: any recommender; put in ``eval()`` mode. In one without sequences, users unseen in training get
            the average row of its tables of users.
        loader: a phase with its protocols and frozen candidates.
        config: ``metrics``, ``topk``, ``ties``, ``gauc_by``, ``filter_seen``, ``tail_ratio``, ``metric_decimal_place``,
            ``eval_memory_mb``, ``full_stage``, ``device``.
        show_progress: whether to show a progress bar.
        correction: lambdas of popularity under which targets are to be ranked too, of the same scores.

    Raises:
        TrainingError: the model scored an instance with NaN.
    """
    model.eval()
    dataset, device, ties = loader.dataset, config["device"], config["ties"]
    unseen, averaged = _average_unseen_users(model, dataset)
    n_listed = max(config["topk"]) if asks_for_lists(config["metrics"]) else 0
    collectors = {protocol.name: Collector(n_listed) for protocol in loader.protocols}
    retriever = make_retriever(model, loader, config)
    two_stage = None if retriever is None else retriever.items
    corrector = None if correction is None else Corrector(correction, dataset.training_counts(), device)
    alpha: list[np.ndarray] = []
    cuts = loader.cuts(rows_at_a_time(model, device))
    batches = bar(loader.batches(cuts), total=len(cuts), desc="Evaluate   ", leave=False, shown=show_progress)
    for part, (rows, interaction) in zip(cuts, batches, strict=True):
        target = torch.from_numpy(dataset.item[rows]).to(device)
        lists = {name: torch.from_numpy(chosen[part]).to(device) for name, chosen in loader.candidates.items()}
        items = torch.cat([target[:, None], *lists.values()], dim=1)  # [B, 1 + all C], int64 as the target is
        batch = _scores(model, interaction.to(device), items, dataset, "full" in collectors, two_stage, config)
        _add_lists(collectors, corrector, target, lists, batch)
        if batch.full is not None:
            seen = seen_items(dataset, rows, device) if config["filter_seen"] else None
            _add_full(collectors["full"], corrector, target, seen, batch)
        alpha.append(np.full(len(rows), np.nan) if batch.alpha is None else batch.alpha.float().cpu().numpy())
    outcomes = {name: collector.outcome(ties) for name, collector in collectors.items()}
    metrics = _metrics(outcomes, loader, config)
    asked = (ties, config["metrics"], config["topk"], config["gauc_by"])
    curves, corrected_ranks = ({}, {}) if corrector is None else corrector.found(*asked)
    recall = None if retriever is None else retriever.recall
    every_alpha = of_all_processes({"alpha": alpha})["alpha"].astype(np.float32)
    return Evaluation(metrics, outcomes, every_alpha, loader, unseen, averaged, curves, corrected_ranks, recall)


def _average_unseen_users(model: AbstractRecommender, dataset: SessionDataset) -> tuple[int | None, list[str]]:
    """Gives users without a training event the average row.

    Returns:
        How many instances are theirs, None of a model that scores histories; and the tables that were changed.
    """
    if not isinstance(model, GeneralRecommender):
        return None, []
    trained = dataset.training_users()
    averaged = take_average_user(model, torch.from_numpy(trained))
    return int((~trained[dataset.user[dataset.rows]]).sum()), averaged


def _scores(
    model: AbstractRecommender,
    interaction: Interaction,
    items: torch.Tensor,
    dataset: SessionDataset,
    full: bool,
    two_stage: TwoStage | None,
    config: Config,
) -> Scores:
    """The scores of a batch as they are kept, none of them NaN; see :func:`score_batch`."""
    with model_named(config["model"], "evaluated"):
        batch = score_batch(model, interaction, items, dataset, full, config["eval_memory_mb"], two_stage)
    # Ranks are of the scores that are kept: two of float64 may be one in float32.
    batch = Scores(batch.full if batch.full is None else batch.full.float(), batch.candidates.float(), batch.alpha)
    if batch.full is None:
        check_finite(batch.candidates.masked_fill(items == 0, 0), model)
    else:
        check_finite(batch.full[:, 1:], model)  # the padding item's is never read
    return batch


def _add_lists(
    collectors: Mapping[str, Collector],
    corrector: Corrector | None,
    target: torch.Tensor,
    lists: Mapping[str, torch.Tensor],
    batch: Scores,
) -> None:
    """Ranks a batch's targets among the candidates of each sampled protocol."""
    positive = batch.candidates[:, :1]
    rivals = batch.candidates[:, 1:].split([chosen.shape[1] for chosen in lists.values()], dim=1)
    for (name, chosen), scores in zip(lists.items(), rivals, strict=True):
        # A gap (item 0) becomes NaN: neither above the target nor tied with it.
        own, scores = positive, scores.masked_fill(chosen == 0, nan)
        if corrector is not None:
            own, scores = corrector.take(name, target, own, chosen, scores)
        collectors[name].add_lists(target, own, chosen, scores)


def _add_full(
    collector: Collector,
    corrector: Corrector | None,
    target: torch.Tensor,
    seen: torch.Tensor | None,
    batch: Scores,
) -> None:
    """Ranks a batch's targets among all items but those ``seen``."""
    assert batch.full is not None  # it was asked for
    if seen is not None:
        seen.scatter_(1, target[:, None], False)  # the target competes, also where it was met before
    own, scores = batch.full.gather(1, target[:, None]), batch.full  # in two stages it may be an estimate
    if corrector is not None:
        scores = scores if seen is None else scores.masked_fill(seen, nan)
        own, scores = corrector.take("full", target, own, None, scores)
    collector.add_full(target, own, scores, seen)


def seen_items(dataset: SessionDataset, rows: np.ndarray, device: torch.device) -> torch.Tensor:
    """Boolean ``[B, n_items]``: items of the instance's whole history."""
    first, end = dataset.start[dataset.user[rows]], dataset.history_end(rows)
    length = end - first
    owner = np.repeat(np.arange(len(rows)), length)
    event = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length) + first[owner]
    seen = torch.zeros(len(rows), dataset.item_num, dtype=torch.bool, device=device)
    seen[torch.from_numpy(owner), torch.from_numpy(dataset.item[event])] = True
    return seen


def _metrics(outcomes: dict[str, Outcome], loader: EvalLoader, config: Config) -> "OrderedDict[str, float]":
    """All metrics of all protocols."""
    dataset, metrics = loader.dataset, OrderedDict()
    user = dataset.user[dataset.rows]
    for number, (name, outcome) in enumerate(outcomes.items()):
        values = summarise(
            outcome.rank,
            outcome.n_negatives,
            config["metrics"],
            config["topk"],
            outcome.scores,
            user,
            config["gauc_by"],
        )
        if outcome.lists is not None and _long_enough(name, outcome.lists, config, loader):
            values |= list_metrics(config, outcome.lists, dataset.training_counts())
        prefix = "" if number == 0 else f"{name}/"
        metrics.update({prefix + key: round(value, config["metric_decimal_place"]) for key, value in values.items()})
    return metrics


def _long_enough(name: str, lists: np.ndarray, config: Config, loader: EvalLoader) -> bool:
    """Whether every list has the items that the largest cut-off asks for; says so if not."""
    shortest, wanted = int((lists > 0).sum(axis=1).min()), max(config["topk"])
    if shortest < wanted:
        loader.dataset.logger.warning(
            f"{loader.phase}, {name}: some lists hold {shortest} items, topk asks for {wanted}; metrics of the lists "
            "(ItemCoverage, GiniIndex, ...) are left out"
        )
    return shortest >= wanted
