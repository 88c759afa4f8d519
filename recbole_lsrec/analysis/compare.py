"""Differences between saved runs, tested over users."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from recbole_lsrec.analysis.comparable import Model, load_models
from recbole_lsrec.analysis.over_users import measure
from recbole_lsrec.analysis.saved_runs import Lines, SavedRun, in_two_stages
from recbole_lsrec.analysis.significance import (
    cohen_d,
    combined_t,
    holm,
    less,
    paired_t,
    percentile_interval,
    variance,
    win_tie_loss,
)
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import check_arguments
from recbole_lsrec.json_files import finite
from recbole_lsrec.run_files import RunResult


@dataclass(frozen=True)
class RunValue:
    """One run's metric: as ``result.json`` has it, and as the mean over users (None for ``auc``).

    Attributes:
        popularity: the lambda with which its ranks are; None for those of the run's own results.
        command: arguments that repeat it; none if they are not known.
    """

    folder: str
    seed: int
    value: float
    over_users: float | None
    popularity: float | None
    command: list[str]


@dataclass(frozen=True)
class ModelValue:
    """One model: ``mean``, ``sd``, ``low`` and ``high`` over its seeds of what is compared.

    Attributes:
        sd: None for one seed, 0 if no seed changes the model.
        model: what ``--model`` takes: a name, or the place of a class of the user's own.
    """

    name: str
    label: str
    model: str
    runs: list[RunValue]
    mean: float
    sd: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Pair:
    """Difference of two models, ``a`` minus ``b``.

    Attributes:
        difference: of the means over users (of ``auc`` itself), each user's value averaged over the seeds.
        low, high: bootstrap interval over users.
        t_users, p_users: paired t test over users; for ``auc`` the bootstrap's standard error gives t.
        d: Cohen's d_z over users; None where all users differ by the same.
        win, tie, loss: users for whom ``a`` is better, ...; None for ``auc``, as ``d``.
        seed_se: standard error of the difference that the seeds cause; None where a side has one seed and others would differ.
        t, p: over users and seeds; None likewise, as one seed says nothing of how another would do.
        p_holm: ``p`` adjusted for all pairs that have one.
        about: what the difference is about: ``models``, or ``runs`` where there is no ``p``.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    t_users: float
    p_users: float
    d: float | None
    win: int | None
    tie: int | None
    loss: int | None
    seed_se: float | None
    t: float | None
    p: float | None
    p_holm: float | None
    about: str

    def significant(self, alpha: float) -> bool:
        """Whether one of the two models is better, at a level for all pairs together; never so of single runs."""
        return self.p_holm is not None and self.p_holm <= alpha and self.difference != 0


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; ``to_dict`` makes it JSON.

    Attributes:
        two_stage: by label of the models ranked in two stages, the share of the best items found, a mean over seeds.
        fitted_here: whether these instances chose the lambda of popularity that a run's ranks are with.
    """

    dataset: str
    simulated: str | bool
    metric: str
    higher_is_better: bool
    phase: str
    protocol: str
    fingerprints: dict[str, str | None]
    instances: int
    users: int
    users_left_out: int
    alpha: float
    resamples: int
    bootstrap_seed: int
    code_versions: int
    two_stage: dict[str, float]
    fitted_here: bool
    models: list[ModelValue]
    pairs: list[Pair]

    @property
    def corrected(self) -> bool:
        """Whether the ranks are those under each run's own ``popularity_correction``."""
        return any(run.popularity is not None for model in self.models for run in model.runs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; a number that JSON has no form for becomes None."""
        return finite(asdict(self))


def compare(
    folders: Sequence[str | Path],
    metric: Metric | str = "ndcg@10",
    phase: str = "test",
    protocol: str | None = None,
    *,
    corrected: bool = False,
    alpha: float = 0.05,
    resamples: int = 2000,
    bootstrap_seed: int = 2020,
) -> Comparison:
    """Compares saved runs pair by pair; nothing is trained or scored again.

    Args:
        folders: of the runs, or their checkpoints; runs that differ in the seed alone are one model.
        metric: what to compare, or its name.
        phase: ``valid`` or ``test``.
        protocol: None for the phase's first.
        corrected: whether each run is to be taken with its own ``popularity_correction``.
        alpha: level of the tests; the intervals have confidence ``1 - alpha``.
        resamples: bootstrap draws.
        bootstrap_seed: seed of these draws.

    Raises:
        DataError: the runs may not be compared (see :func:`load_models`), or have fewer than two users.
        ConfigError: the metric needs scores that are not kept, or an argument is none.
    """
    check_arguments(
        ("metric", metric, isinstance(metric, (str, Metric)), "a name such as ndcg@10"),
        ("protocol", protocol, protocol is None or isinstance(protocol, str), "a name such as full, or None"),
        ("alpha", alpha, isinstance(alpha, Real) and 0 < alpha <= 0.5, "a number above 0, up to 0.5"),
        ("resamples", resamples, isinstance(resamples, Integral) and resamples > 0, "a whole number of at least 1"),
        (
            "bootstrap_seed",
            bootstrap_seed,
            isinstance(bootstrap_seed, Integral) and bootstrap_seed >= 0,
            "a whole number >= 0",
        ),
    )
    metric = Metric.parse(metric) if isinstance(metric, str) else metric
    models, protocol = load_models(folders, phase, protocol, corrected)
    return compare_models(
        models, metric, phase, protocol, alpha=alpha, resamples=resamples, bootstrap_seed=bootstrap_seed
    )


def compare_models(
    models: Sequence[Model],
    metric: Metric,
    phase: str,
    protocol: str,
    *,
    alpha: float = 0.05,
    resamples: int = 2000,
    bootstrap_seed: int = 2020,
) -> Comparison:
    """As :func:`compare`, of models that :func:`recbole_lsrec.analysis.comparable.group_runs` made.

    Raises:
        DataError: fewer than two users.
        ConfigError: the metric needs scores that are not kept.
    """
    for model in models:
        for lines in model.lines:
            metric.check_scores(lines, f"{phase}/{protocol}")
    found = measure(models, metric, resamples, np.random.default_rng(bootstrap_seed))
    table = [
        _model_value(f"M{number}", model, metric, means)
        for number, (model, means) in enumerate(zip(models, found.of_runs, strict=True), 1)
    ]
    pairs = [
        _pair(
            table[a],
            table[b],
            None if found.per_user is None else less(found.per_user[a], found.per_user[b]),
            less(found.draws[:, a], found.draws[:, b]),
            found.users,
            metric.higher_is_better,
            1 - alpha,
        )
        for a, b in combinations(range(len(models)), 2)
    ]
    return Comparison(
        **_known_of_runs(models, phase, protocol),
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        phase=phase,
        protocol=protocol,
        users=found.users,
        users_left_out=len(models[0].lines[0].users[0]) - found.users,
        alpha=alpha,
        resamples=resamples,
        bootstrap_seed=bootstrap_seed,
        models=table,
        pairs=adjusted(pairs),
    )


def _known_of_runs(models: Sequence[Model], phase: str, protocol: str) -> dict[str, Any]:
    """What a :class:`Comparison` says of the runs, whatever is compared."""
    runs = [run for model in models for run in model.runs]
    prints = runs[0].result["fingerprints"]
    return {
        "dataset": runs[0].result["dataset"],
        "simulated": runs[0].result["simulated"],
        "fingerprints": {
            "data": prints.get("data"),
            "split": prints.get("split"),
            "candidates": prints.get("candidates", {}).get(f"{phase}/{protocol}"),
        },
        "instances": len(models[0].lines[0].instances),
        "code_versions": len({run.result["fingerprints"].get("code") for run in runs}),
        "two_stage": in_two_stages({model.label: model.runs for model in models}, phase, protocol),
        "fitted_here": phase == "valid"
        and any(_fitted(*run) for model in models for run in zip(model.runs, model.lines, strict=True)),
    }


def adjusted(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with ``p_holm`` for all of them together."""
    of_family = iter(holm(np.array([pair.p for pair in pairs if pair.p is not None])))
    return [pair if pair.p is None else replace(pair, p_holm=float(next(of_family))) for pair in pairs]


def _fitted(run: SavedRun, lines: Lines) -> bool:
    """Whether the ranks are with a lambda of popularity that validation chose."""
    config = run.result["config"]
    with_it = lines.popularity is not None or config.get("corrected_results")
    return bool(with_it) and config.get("popularity_correction") == "valid"


def _model_value(name: str, model: Model, metric: Metric, over_users: Sequence[float | None]) -> ModelValue:
    runs = [
        RunValue(str(run.folder), run.result["seed"], metric.of(lines), mean, lines.popularity, _command(run.result))
        for run, lines, mean in zip(model.runs, model.lines, over_users, strict=True)
    ]
    compared = np.array([run.value if run.over_users is None else run.over_users for run in runs])
    sd = float(compared.std(ddof=1)) if len(compared) > 1 else None
    first = model.runs[0].result
    if sd is None and first.get("seedless"):
        sd = 0.0
    own = first.get("own_model")
    return ModelValue(
        name=name,
        label=model.label,
        model=own["model"] if own else first["model"],
        runs=runs,
        mean=float(compared.mean()),
        sd=sd,
        low=float(compared.min()),
        high=float(compared.max()),
    )


def _command(result: RunResult) -> list[str]:
    """What repeats a run; nothing where it was resumed, with a checkpoint's settings."""
    return [] if result["config"].get("resume") else [str(part) for part in result.get("command", [])]


def _pair(
    a: ModelValue,
    b: ModelValue,
    difference: np.ndarray | None,
    draws: np.ndarray,
    n_users: int,
    higher_is_better: bool,
    confidence: float,
) -> Pair:
    """One pair; ``difference`` is ``[U]`` or None for a pooled metric, ``draws`` ``[R]`` of the bootstrap."""
    mean = float(less(np.array(a.mean), np.array(b.mean)))
    over_users = (variance(draws) if difference is None else variance(difference) / n_users, n_users - 1.0)
    users_test = combined_t(mean, over_users) if difference is None else paired_t(difference)
    test, seed_se = None, None
    if a.sd is not None and b.sd is not None:
        seeds = [(side.sd**2 / len(side.runs), len(side.runs) - 1.0) for side in (a, b) if side.sd]
        seed_se = float(np.sqrt(sum(part for part, _ in seeds)))
        test = combined_t(mean, over_users, *seeds)
    low, high = percentile_interval(draws, confidence)
    win, tie, loss = (None,) * 3 if difference is None else win_tie_loss(difference, higher_is_better)
    return Pair(
        a=a.name,
        b=b.name,
        difference=mean,
        low=low,
        high=high,
        t_users=users_test.t,
        p_users=users_test.p,
        d=None if difference is None else cohen_d(difference),
        win=win,
        tie=tie,
        loss=loss,
        seed_se=seed_se,
        t=None if test is None else test.t,
        p=None if test is None else test.p,
        p_holm=None,
        about="runs" if test is None else "models",
    )
