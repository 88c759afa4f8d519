"""One table: the systems of a data set under one protocol, with what the tests say of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from recbole_lsrec.analysis.comparable import Model, group_runs, labels
from recbole_lsrec.analysis.compare import Comparison, compare_models
from recbole_lsrec.analysis.saved_runs import Lines, SavedRun, in_two_stages
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.evaluation.repeats import SAME_AS_HIT
from recbole_lsrec.leaderboard.board import Board, Cell, runs_by_system
from recbole_lsrec.leaderboard.page.columns import Column, columns
from recbole_lsrec.leaderboard.page.rising import is_rising, still_improving, validated_once
from recbole_lsrec.leaderboard.page.standing import Standing, standing

PHASE = "test"
ALPHA = 0.05
RESAMPLES = 2000
POOLED_RESAMPLES = 200  # pooled AUC takes a pass over all scores a draw; 200 give its standard error to 5 %


@dataclass(frozen=True)
class Value:
    """A metric of one system: each seed's value as ``result.json`` has it, ``mean`` and ``sd`` (None for one seed)."""

    runs: list[float]
    mean: float
    sd: float | None
    mark: str | None = None  # best, second


@dataclass(frozen=True)
class Row:
    """One system.

    Attributes:
        seeds: of its finished runs; empty where it has none.
        planned: number of cells.
        values: by column key.
        tied: share of the targets that score the same as some competitor, the mean over seeds.
        notes: what the reader has to know: missing seeds, a result below its band, no result at all.
        below_band: whether one of the notes says that the result is below what is known of the model.
        rising: whether it is outside the order, neither tested nor marked, because its validation was still rising or
            was done once.
        status: of a system without any run here: error, not built, pending or not tested; else done.
    """

    system: str
    seeds: list[int]
    planned: int
    values: dict[str, Value]
    tied: float | None
    notes: list[str]
    below_band: bool
    rising: bool
    status: str


@dataclass(frozen=True)
class Table:
    """The systems under one protocol, best value of the main metric first; then those outside the order, and those without
    results.

    Attributes:
        main: key of the first column, by which the rows are ordered: ``valid_metric``.
        standings: of each tested column, by key.
        comparison: of the main column; None where nothing was tested.
        untested: why nothing was tested.
        ties_rule, filter_seen, exclude, n_candidates: how targets were ranked; ``n_candidates`` is the largest number,
            ``least_candidates`` the smallest, and ``short`` how many targets have fewer than the largest.
        two_stage: by system ranked in two stages, the share of the best items that were found.
        unseen: shares of targets and negatives without a training event, and the ``auc`` of preferring such items; None
            where no run says it.
    """

    dataset: str
    protocol: str
    columns: list[Column]
    main: str
    rows: list[Row]
    standings: dict[str, Standing]
    comparison: Comparison | None
    untested: str | None
    instances: int
    users: int
    candidates: str | None
    ties_rule: str
    filter_seen: bool
    exclude: list[str]
    n_candidates: int
    least_candidates: int
    short: int
    unseen: Mapping[str, float] | None = None
    two_stage: Mapping[str, float] = field(default_factory=dict)


def protocols(cells: Sequence[Cell]) -> list[str]:
    """Test protocols of the finished cells, in the order of evaluation."""
    found: dict[str, None] = {}
    for cell in cells:
        if cell.run is not None:
            lines = cell.run.instances
            found |= dict.fromkeys(lines.loc[lines["phase"] == PHASE, "protocol"].unique())
    return list(found)


def under(cells: Sequence[Cell], protocol: str) -> list[Cell]:
    """The finished cells that were tested under a protocol."""
    return [cell for cell in cells if protocol in protocols([cell])]


def grouped(cells: Sequence[Cell], protocol: str, corrected: bool = False) -> list[Model]:
    """The finished cells of a protocol as models named by system: a system is what the plan says, whatever was tuned.

    Args:
        cells: of one data set.
        protocol: of the test.
        corrected: whether to take each run's ranks under its own ``popularity_correction``.

    Raises:
        DataError: the runs may not be compared, or one keeps no corrected ranks.
    """
    chosen = under(cells, protocol)
    return group_runs(_runs(chosen), [cell.system for cell in chosen], PHASE, protocol, corrected)


def table(board: Board, dataset: str, protocol: str) -> Table:
    """Reads, tests and orders the cells of one data set under one protocol.

    Args:
        board: the leaderboard.
        dataset: one of its data sets.
        protocol: one of :func:`protocols`.
    """
    cells = board.of(dataset)
    chosen = under(cells, protocol)
    first = _runs(chosen)[0]
    lines = first.lines(PHASE, protocol)
    candidates = lines.instances["n_candidates"]
    config = first.result["config"]
    shown = columns(first.test_result, _prefix(first, protocol), config)
    main = _main(shown, config)
    shown.sort(key=lambda column: column.key != main)  # the rest keeps its order
    outside = {system for system in board.systems if is_rising(_runs(under(board.of(dataset, system), protocol)))}
    found, untested = _compare([cell for cell in cells if cell.system not in outside], protocol, shown)
    standings = {key: standing_of(comparison) for key, comparison in found.items()}
    rows = [_row(board.of(dataset, system), protocol, shown, found, standings) for system in board.systems
            if board.of(dataset, system)]  # fmt: skip
    upward = -1 if next((c.higher_is_better for c in shown if c.key == main), True) else 1
    rows.sort(key=lambda row: (row.rising, upward * row.values[main].mean) if main in row.values else (2, 0.0))
    return Table(
        dataset=dataset,
        protocol=protocol,
        columns=shown,
        main=main,
        rows=rows,
        standings=standings,
        comparison=found.get(main),
        untested=untested,
        instances=len(lines.instances),
        users=len(lines.users[0]),
        candidates=first.result["fingerprints"].get("candidates", {}).get(f"{PHASE}/{protocol}"),
        ties_rule=config.get("ties", "average"),
        filter_seen=bool(config.get("filter_seen")),
        exclude=list(config.get("eval_args", {}).get("exclude", ["positive"])),
        n_candidates=int(candidates.max()),
        least_candidates=int(candidates.min()),
        short=int((candidates < candidates.max()).sum()),
        unseen=first.result.get("unseen_items", {}).get(f"{PHASE}/{protocol}"),
        two_stage=in_two_stages(runs_by_system(chosen), PHASE, protocol),
    )


def _compare(cells: Sequence[Cell], protocol: str, shown: Sequence[Column]) -> tuple[dict[str, Comparison], str | None]:
    """Tests every column that can be tested; without any, the reason."""
    if len({cell.system for cell in under(cells, protocol)}) < 2:
        return {}, "there are no two systems with a result and a training that had stopped improving"
    found: dict[str, Comparison] = {}
    try:
        models = grouped(cells, protocol)
        for column in shown:
            if column.metric and has_scores(models, column.metric):
                resamples = POOLED_RESAMPLES if column.metric.pooled else RESAMPLES
                found[column.key] = compare_models(
                    models, column.metric, PHASE, protocol, alpha=ALPHA, resamples=resamples
                )
    except DataError as error:
        return {}, str(error)
    return found, None


def has_scores(models: Sequence[Model], metric: Metric) -> bool:
    """Whether what the metric reads is there; score files are large, and some delete them."""
    return _readable([lines for model in models for lines in model.lines], metric)


def _readable(runs: Sequence[Lines], metric: Metric) -> bool:
    try:
        for lines in runs:
            metric.check_scores(lines, PHASE)
    except ConfigError:
        return False
    return True


def standing_of(found: Comparison) -> Standing:
    """Order by the values shown, tests over users; compare knows the systems as M1, M2, ..."""
    values = {model.name: float(np.mean([run.value for run in model.runs])) for model in found.models}
    plain = standing(values, found.pairs, found.higher_is_better, found.alpha)
    named = {model.name: model.label for model in found.models}
    return replace(
        plain,
        order=[named[name] for name in plain.order],
        best=named[plain.best] if plain.best else None,
        second=named[plain.second] if plain.second else None,
        level=[named[name] for name in plain.level],
        ahead=[named[name] for name in plain.ahead],
    )


def _row(
    cells: Sequence[Cell],
    protocol: str,
    shown: Sequence[Column],
    found: dict[str, Comparison],
    standings: dict[str, Standing],
) -> Row:
    system, chosen = cells[0].system, sorted(under(cells, protocol), key=lambda cell: cell.run.result["seed"])  # type: ignore[union-attr]
    runs = _runs(chosen)
    lines = cache(lambda: [run.lines(PHASE, protocol) for run in runs])
    values = {}
    for column in shown if runs else ():
        value = _value(runs, lines, protocol, column, found.get(column.key), system)
        if value is not None:
            place = standings.get(column.key)
            mark = None if place is None else {place.best: "best", place.second: "second"}.get(system)
            values[column.key] = Value(value, float(np.mean(value)), _sd(value), mark)
    rising = is_rising(runs)
    below = [(cell.below_band, cell.seed) for cell in cells if cell.below_band]
    notes = [f"below its expected band, {note}" for note in _by_reason(below)] + _missing(cells, chosen, protocol)
    if rising:
        short = [run for run in runs if still_improving(run)]
        why = "a single validation" if all(map(validated_once, short)) else "validation still rising"
        notes.append(f"outside the order: {why} in {len(short)} of {len(runs)} runs, train longer")
    if len(set(labels(runs))) > 1:
        notes.append("its seeds were trained with different settings (tuned one by one) or code")
    unfinished = [cell.status for cell in cells if cell.status != "done"]
    return Row(
        system=system,
        seeds=[run.result["seed"] for run in runs],
        planned=len(cells),
        values=values,
        tied=float(np.mean([_tied(run, protocol) for run in runs])) if runs else None,
        notes=notes,
        below_band=bool(below),
        rising=rising,
        status="done" if runs else (unfinished or ["not tested"])[0],
    )


def _value(
    runs: Sequence[SavedRun],
    lines: Callable[[], list[Lines]],
    protocol: str,
    column: Column,
    found: Comparison | None,
    system: str,
) -> list[float] | None:
    """The metric of each run: computed anew where what it reads is kept, else as ``result.json`` rounds it, if it does."""
    tested = next((model for model in found.models if model.label == system), None) if found else None
    if tested is not None:
        return [run.value for run in tested.runs]
    if column.metric and _readable(lines(), column.metric):
        return [column.metric.of(own) for own in lines()]
    values = [run.test_result.get(_prefix(run, protocol) + column.key) for run in runs]
    known = [value for value in values if value is not None]
    return known or None


def _missing(cells: Sequence[Cell], chosen: Sequence[Cell], protocol: str) -> list[str]:
    """One note for each reason why cells of a system have no result here."""
    found = []
    for cell in cells:
        if cell not in chosen:
            reason = f"not tested under {protocol}" if cell.status == "done" else cell.status
            found.append((f"{reason}: {cell.reason}" if cell.reason else reason, cell.seed))
    reasons = {reason for reason, _ in found}
    return list(reasons) if len(reasons) == 1 and not chosen else _by_reason(found)


def _by_reason(found: Sequence[tuple[str, int | None]]) -> list[str]:
    """``seed 1, 2: why`` once for each reason."""
    seeds: dict[str, list[str]] = {}
    for reason, seed in found:
        seeds.setdefault(reason, []).append(str(seed))
    return [f"seed {', '.join(own)}: {reason}" for reason, own in seeds.items()]


def _main(shown: Sequence[Column], config: dict) -> str:
    wanted = str(config.get("valid_metric", "")).lower().rpartition("/")[2]
    base, _, k = wanted.partition("@")
    same = f"hit@{k}" if base in SAME_AS_HIT else wanted
    tested = [column.key for column in shown if column.metric]
    return next((key for key in (wanted, same, "ndcg@10", *tested) if key in tested), shown[0].key)


def _prefix(run: SavedRun, protocol: str) -> str:
    return "" if run.protocol(PHASE) == protocol else f"{protocol}/"


def _tied(run: SavedRun, protocol: str) -> float:
    lines = run.instances
    return float((lines["ties"][(lines["phase"] == PHASE) & (lines["protocol"] == protocol)] > 0).mean())


def _runs(cells: Sequence[Cell]) -> list[SavedRun]:
    return [cell.run for cell in cells if cell.run is not None]


def _sd(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
