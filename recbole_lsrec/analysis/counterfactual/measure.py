"""What a trained model does when its histories or the weight of its interests are changed; nothing is trained."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from recbole.utils import init_seed

from recbole_lsrec.analysis.counterfactual.apply import changed_loader, no_alpha, with_alpha
from recbole_lsrec.analysis.counterfactual.groups import Group, make_groups
from recbole_lsrec.analysis.counterfactual.intervention import Intervention
from recbole_lsrec.analysis.counterfactual.tables import UNTOUCHED, alpha_statistics, differences_table
from recbole_lsrec.analysis.estimates import Estimate, metric_estimate
from recbole_lsrec.analysis.saved_runs import KEY, Lines, SavedRun, load_run_folder
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.console import bar
from recbole_lsrec.data.dataloader import EvalLoader
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.evaluator import Evaluation, evaluate
from recbole_lsrec.evaluation.popularity import Correction
from recbole_lsrec.json_files import finite
from recbole_lsrec.trained_run import load_run

# Events kept by default, as far as they are fewer than the window shows; and the sweep of alpha.
LENGTHS = (1, 2, 3, 5, 10, 20, 50, 100)
ALPHAS = tuple(step / 10 for step in range(11))


@dataclass(frozen=True)
class Counterfactuals:
    """What :func:`counterfactual` found.

    Attributes:
        run: what was asked.
        phase, seed: which instances; which order of the shuffle.
        other_ranks: by protocol, how many ranks of the untouched model are not those that its run saved.
        table: one line for each protocol, metric, group and intervention; see :func:`differences_table`.
        alpha: one line for each group, see :func:`alpha_statistics`; None for a model without alpha.
        alpha_values: float32 ``[N]`` of each instance, and ``groups`` its groups.
    """

    run: SavedRun
    phase: str
    seed: int
    other_ranks: Mapping[str, int]
    table: pd.DataFrame
    alpha: pd.DataFrame | None
    alpha_values: np.ndarray
    groups: list[Group]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        about = {key: self.run.result[key] for key in ("model", "dataset", "simulated")}
        found = {
            "run": str(self.run.folder),
            **about,
            "training_seed": self.run.result["seed"],
            "phase": self.phase,
            "shuffle_seed": self.seed,
            "other_ranks": dict(self.other_ranks),
            "alpha": None if self.alpha is None else self.alpha.to_dict("records"),
            "differences": self.table.to_dict("records"),
        }
        return finite(found)


def counterfactual(
    folder: str | Path,
    metrics: Sequence[str] = ("ndcg@10",),
    phase: str = "test",
    protocols: Sequence[str] = (),
    interventions: Sequence[Intervention] = (),
    by: Sequence[str] = (),
    seed: int = 2020,
    model: str | type | None = None,
) -> Counterfactuals:
    """Scores the instances of a finished run again, untouched and changed, and tests the differences over users.

    Args:
        folder: of the run, or its checkpoint.
        metrics: names, see :class:`Metric`; one that needs scores is given for sampled protocols only.
        phase: ``valid`` or ``test``.
        protocols: all of the phase if empty.
        interventions: if empty, a shuffle, lengths from 1 up, and for a model with alpha values from 0 to 1.
        by: how to group the targets, see :func:`make_groups`.
        seed: of the shuffle.
        model: see :func:`load_run`.

    Raises:
        DataError: not the folder of a finished run, the data are not those it was trained on, or it lacks the phase, a
            protocol, or what ``by`` names.
        ConfigError: an unknown metric or group; scores are needed and only ranks are kept; or alpha is to be fixed and
            the model has none.
    """
    parsed = list(dict.fromkeys(map(Metric.parse, metrics)))
    saved = load_run_folder(folder)
    names = [saved.protocol(phase, name) for name in dict.fromkeys(protocols)] or _protocols(saved, phase)
    config, data, trained = load_run(folder, model)
    _check_same_data(saved, data.fingerprints(), [f"{phase}/{name}" for name in names])
    loader, of_results = _with_protocols(getattr(data, phase), names), _correction_of_results(saved)

    def scored(change: Intervention) -> Evaluation:
        init_seed(config["seed"], config["reproducibility"])  # a model that draws noise draws the same each time
        with with_alpha(trained, change.fixed_alpha):
            return evaluate(trained, changed_loader(loader, change, seed), config, correction=of_results)

    untouched = scored(UNTOUCHED)
    has_alpha = not np.isnan(untouched.alpha).all()
    chosen = list(dict.fromkeys(interventions)) or _default_interventions(loader.dataset.max_item_list_len, has_alpha)
    if not has_alpha and any(change.fixed_alpha is not None for change in chosen):
        raise no_alpha(trained)
    kept = {name: saved.lines(phase, name) for name in names}
    order = untouched.instances[: len(loader.dataset)].sort_values(KEY).index.to_numpy()  # as saved.lines sorts
    groups = make_groups(kept[names[0]].instances, loader.dataset, by)
    cells = _cells(parsed, kept, phase)
    users, user = kept[names[0]].users

    def estimates(evaluation: Evaluation) -> dict[tuple[str, str, int], Estimate]:
        lines = {name: _lines(kept[name], evaluation, name, order) for name in names}
        return {
            (name, metric.name, number): metric_estimate(metric, lines[name].part(group.chosen), users)
            for name, metric in cells
            for number, group in enumerate(groups)
        }

    found = {UNTOUCHED: estimates(untouched)}
    for change in bar(chosen, desc="Counterfactuals", shown=config["show_progress"]):
        evaluation = scored(change)
        fixed = change.fixed_alpha
        if fixed is not None and not np.allclose(evaluation.alpha, fixed, atol=1e-6):
            raise TypeError(f"{type(trained).__name__}.match does not pass its alpha through fusion_weight()")
        found[change] = estimates(evaluation)
    alpha = untouched.alpha[order]
    return Counterfactuals(
        run=saved,
        phase=phase,
        seed=seed,
        other_ranks={
            name: int((kept[name].instances["rank"].to_numpy() != untouched.outcomes[name].rank[order]).sum())
            for name in names
        },
        table=differences_table(found, cells, groups, user),
        alpha=alpha_statistics(alpha, groups, user) if has_alpha else None,
        alpha_values=alpha,
        groups=groups,
    )


def _correction_of_results(saved: SavedRun) -> Correction | None:
    """The lambdas of popularity that the run's own results are with; None where they are with none."""
    told = saved.result.get("popularity_correction")
    if not (told and told["in_results"]):
        return None
    return Correction(tuple(sorted({0.0, *told["lambda"].values()})), told["lambda"], in_results=True)


def _default_interventions(window: int, has_alpha: bool) -> list[Intervention]:
    changes = [Intervention("shuffle"), *(Intervention("truncate", k) for k in LENGTHS if k < window)]
    return changes + [Intervention("alpha", alpha) for alpha in ALPHAS] * has_alpha


def _protocols(saved: SavedRun, phase: str) -> list[str]:
    saved.protocol(phase)
    return saved.instances.loc[saved.instances["phase"] == phase, "protocol"].unique().tolist()


def _check_same_data(saved: SavedRun, now: Mapping[str, Any], lists: Sequence[str]) -> None:
    """The log may have been changed since the run."""
    then = saved.result["fingerprints"]
    pairs = {"log": (then.get("data"), now["data"]), "split": (then.get("split"), now["split"])}
    for name in lists:
        pairs[f"candidates of {name}"] = (then.get("candidates", {}).get(name), now["candidates"].get(name))
    for what, (was, found) in pairs.items():
        if was != found:
            raise DataError(
                f"{saved.folder}: the {what} now found has another fingerprint than that of the run ({str(found)[:12]} and "
                f"{str(was)[:12]}); put the data set back as it was when the run was made."
            )


def _with_protocols(loader: EvalLoader, names: Sequence[str]) -> EvalLoader:
    """The loader with some of its protocols."""
    chosen = copy(loader)
    chosen.protocols = [protocol for protocol in loader.protocols if protocol.name in names]
    chosen.candidates = {name: items for name, items in loader.candidates.items() if name in names}
    return chosen


def _cells(metrics: Sequence[Metric], kept: Mapping[str, Lines], phase: str) -> list[tuple[str, Metric]]:
    """Protocol and metric of each part of the table; metrics of scores only where scores are kept."""
    cells = []
    for metric in metrics:
        given = []
        for name, lines in kept.items():
            try:
                metric.check_scores(lines, f"{phase}/{name}")
                given.append((name, metric))
            except ConfigError as error:
                refused = error
        if not given:
            raise refused
        if len(given) < len(kept):
            getLogger().warning(f"metric: {metric.name} needs scores: given for {', '.join(n for n, _ in given)} only")
        cells += given
    return cells


def _lines(kept: Lines, evaluation: Evaluation, protocol: str, order: np.ndarray) -> Lines:
    """The saved lines with the ranks and scores of a new pass."""
    outcome = evaluation.outcomes[protocol]
    instances = kept.instances.assign(rank=outcome.rank[order], ties=outcome.ties[order])
    return Lines(instances, None if outcome.scores is None else outcome.scores[order])
