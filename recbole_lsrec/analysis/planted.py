"""A run's alpha against the planted truth of a simulated log: does the model know what drives a choice?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from tabulate import tabulate

from recbole_lsrec.analysis.saved_runs import KEY, SavedRun, load_run_folder
from recbole_lsrec.analysis.significance import bootstrap
from recbole_lsrec.config.paths import dataset_folder
from recbole_lsrec.errors import DataError
from recbole_lsrec.evaluation.metrics import roc_area
from recbole_lsrec.json_files import finite
from recbole_lsrec.page.numbers import weight
from recbole_lsrec.run_files import read_table

RESAMPLES, SEED = 1000, 2020


@dataclass(frozen=True)
class Part:
    """Some of the targets.

    Attributes:
        name: ``all``, ``opens a session`` or ``inside a session``.
        targets: how many.
        long_driven: share that a long-term taste caused.
        alpha_long, alpha_short: mean alpha of the long- and of the short-driven ones; NaN where there are none.
        auc: how often a long-driven target has the higher alpha, ties counting half; NaN where one kind is missing.
        low, high: 95 % percentile bootstrap of it over users.
    """

    name: str
    targets: int
    long_driven: float
    alpha_long: float
    alpha_short: float
    auc: float
    low: float
    high: float


@dataclass(frozen=True)
class PlantedReport:
    """Alpha beside the truth.

    Attributes:
        run: where alpha comes from.
        phase: whose targets.
        parts: all targets, and those that open a session and do not.
        share: Spearman's rank correlation of alpha with the user's planted share of taste-driven events.
        share_given: the same among ranks from which history length and session opening are taken out by least squares.
        truth: as ``share``, with whether the target itself is long-driven in place of alpha: perfect knowledge of every
            target reaches no more.
    """

    run: SavedRun
    phase: str
    parts: list[Part]
    share: float
    share_given: float
    truth: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        result = self.run.result
        about = {key: result[key] for key in ("model", "dataset", "seed")}  # type: ignore[literal-required]
        parts = [asdict(part) for part in self.parts]
        correlations = {key: getattr(self, key) for key in ("share", "share_given", "truth")}
        run = {"run": str(self.run.folder), **about, "phase": self.phase}
        return finite({**run, "parts": parts, "correlations": correlations})

    def text(self) -> str:
        """For the terminal."""
        result = self.run.result
        head = f"{result['model']} on {result['dataset']}, seed {result['seed']}, {self.phase}: alpha against the planted truth"
        rows = [
            [part.name, part.targets, f"{part.long_driven:.0%}", weight(part.alpha_long), weight(part.alpha_short),
             f"{weight(part.auc)} ({weight(part.low)} to {weight(part.high)})"]
            for part in self.parts
        ]  # fmt: skip
        table = tabulate(rows, ["targets", "", "long-driven", "alpha, long", "alpha, short", "AUC (95 % over users)"])
        return "\n".join([
            head, "", table, "",
            "AUC: how often a long-driven target has the higher alpha than a short-driven one; .5 is chance.",
            f"Rank correlation of alpha with the user's planted long share: {weight(self.share)}; given history length and "
            f"session opening: {weight(self.share_given)}; of the truth about each target itself: {weight(self.truth)}.",
        ])  # fmt: skip


def planted(folder: str | Path, phase: str = "test", truth: Path | None = None) -> PlantedReport:
    """Compares the alphas of a finished run with what caused its targets.

    Args:
        folder: of the run, or its checkpoint.
        phase: ``valid`` or ``test``.
        truth: ``<log>.planted.parquet``; None looks beside the log of the run.

    Raises:
        DataError: not a run folder, the model has no alpha, there is no planted truth, or it belongs to another log.
    """
    run = load_run_folder(folder)
    lines = run.lines(phase, run.protocol(phase)).instances
    if lines["alpha"].isna().all():
        raise DataError(
            f"{run.folder}: {run.result['model']} has no alpha; give the run of a long- and short-term model."
        )
    lines = lines[lines["alpha"].notna()]
    found = _join(lines, truth or _truth_beside(run))
    alpha, is_long = found["alpha"].to_numpy(dtype=float), found["long_driven"].to_numpy() == 1
    opens, share = found["opens"].to_numpy(), found["long_share"].to_numpy()
    user = found["user_id"].to_numpy(dtype=str)
    every = np.ones(len(alpha), dtype=bool)
    parts = [
        _part(name, alpha[chosen], is_long[chosen], user[chosen], np.random.default_rng(SEED))
        for name, chosen in (("all", every), ("opens a session", opens), ("inside a session", ~opens))
        if chosen.any()
    ]
    others = [rankdata(found["history_length"]), opens.astype(float)]
    return PlantedReport(
        run,
        phase,
        parts,
        rank_correlation(alpha, share),
        rank_correlation(alpha, share, others),
        rank_correlation(is_long.astype(float), share),
    )


def auc(values: np.ndarray, positive: np.ndarray) -> float:
    """How often a positive has the higher value than a negative, ties counting half; NaN where one kind is missing."""
    if positive.all() or not positive.any():
        return float("nan")
    return roc_area(values[positive], values[~positive])


def rank_correlation(a: np.ndarray, b: np.ndarray, given: Sequence[np.ndarray] = ()) -> float:
    """Spearman's rank correlation; with ``given``, of what least squares on these columns leave of both ranks.

    Returns:
        NaN where one of them does not vary.
    """
    columns = np.column_stack([np.ones(len(a)), *given])
    left = []
    for values in (a, b):
        ranks = rankdata(values)
        left.append(ranks - columns @ np.linalg.lstsq(columns, ranks, rcond=None)[0])
    sizes = [float(np.sqrt(part @ part)) for part in left]
    if min(sizes) < 1e-9 * len(a):
        return float("nan")
    return float(left[0] @ left[1] / (sizes[0] * sizes[1]))


def _part(name: str, alpha: np.ndarray, is_long: np.ndarray, user: np.ndarray, rng: np.random.Generator) -> Part:
    users, place = np.unique(user, return_inverse=True)

    def of_draws(counts: np.ndarray) -> np.ndarray:
        times = (draw[place].astype(int) for draw in counts)
        return np.array([auc(alpha.repeat(often), is_long.repeat(often)) for often in times])

    drawn = bootstrap(of_draws, len(users), RESAMPLES, rng)
    known = drawn[~np.isnan(drawn)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    long, short = (float(alpha[kind].mean()) if kind.any() else float("nan") for kind in (is_long, ~is_long))
    return Part(name, len(alpha), float(is_long.mean()), long, short, auc(alpha, is_long), float(low), float(high))


def _join(lines: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The lines with ``long_driven``, ``long_share`` and whether the target opens a planted session."""
    truth = read_table(path, [*KEY, "session", "long_driven", "long_share"])
    before = truth[["user_id", "session"]].shift()
    truth["opens"] = (truth[["user_id", "session"]] != before).any(axis=1)
    joined = lines.merge(truth[[*KEY, "long_driven", "long_share", "opens"]], on=KEY, how="left")
    foreign = int(joined["long_driven"].isna().sum())
    if foreign or len(joined) != len(lines):
        raise DataError(
            f"{path}: {foreign} of {len(lines)} targets of the run are not in it, row by row; it belongs to another log, or the "
            "run filtered its log. Give the right file with --truth."
        )
    joined["opens"] = joined["opens"].astype(bool)
    return joined


def _truth_beside(run: SavedRun) -> Path:
    name, data_path = run.result["dataset"], run.result["config"]["data_path"]
    places = [Path(data_path) / name, dataset_folder(name, data_path, given=False)]
    for place in places:
        path = place / f"{name}.planted.parquet"
        if path.is_file():
            return path
    raise DataError(
        f"{places[0]}: has no {name}.planted.parquet: only a simulated log has a planted truth (recbole-lsrec simulate). If "
        "it lies elsewhere, give it with --truth."
    )
