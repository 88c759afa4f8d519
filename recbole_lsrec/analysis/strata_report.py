"""The strata of one saved run, to be read or kept as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tabulate import tabulate

from recbole_lsrec.analysis.saved_runs import SavedRun, load_run_folder
from recbole_lsrec.analysis.strata import FEW_USERS, STRATA, choose_strata, strata_table
from recbole_lsrec.analysis.user_metrics import Metric
from recbole_lsrec.json_files import finite
from recbole_lsrec.page.numbers import spread


@dataclass(frozen=True)
class StrataReport:
    """The strata of one saved run.

    Attributes:
        run: where it was read from.
        phase, protocol: what was cut.
        metrics: columns of the table.
        popularity: the lambda with which the ranks are; None for those of the run's own results.
        table: see :func:`strata_table`.
    """

    run: SavedRun
    phase: str
    protocol: str
    metrics: list[Metric]
    popularity: float | None
    table: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        about = {key: self.run.result[key] for key in ("model", "dataset", "seed", "simulated")}
        strata = finite(self.table.to_dict("records"))
        what = {"phase": self.phase, "protocol": self.protocol, "popularity": self.popularity}
        return {"run": str(self.run.folder), **about, **what, "strata": strata}

    def text(self) -> str:
        """To be read at a terminal, one block per stratum."""
        blocks = []
        for column, part in self.table.groupby("by", sort=False):
            heads, rows = strata_rows(part, self.metrics)
            align = ["left", "right", "right", "right", *("left" for _ in self.metrics)]
            body = tabulate(rows, heads, tablefmt="simple", colalign=align, disable_numparse=True)
            blocks.append(f"{STRATA[str(column)].title}\n{body}")
        return "\n\n".join(["\n".join(strata_heading(self)), *blocks, "\n".join(strata_notes(self.table))])


def describe_strata(
    folder: str | Path,
    metrics: Sequence[str],
    phase: str = "test",
    protocol: str | None = None,
    by: Sequence[str] = (),
    corrected: bool = False,
) -> StrataReport:
    """Reads a run folder and cuts its instances; nothing is trained or scored again.

    Args:
        folder: of the run, or its checkpoint.
        metrics: names, see :class:`Metric`.
        phase: ``valid`` or ``test``.
        protocol: None for the phase's first.
        by: columns to cut by, all if empty.
        corrected: whether to take the ranks under the run's own ``popularity_correction``.

    Raises:
        DataError: not the folder of a finished run, or it lacks the phase, the protocol or corrected ranks.
        ConfigError: an unknown metric or column, or a metric of scores where only ranks are kept.
    """
    parsed, strata = list(dict.fromkeys(map(Metric.parse, metrics))), choose_strata(by)
    run = load_run_folder(folder)
    protocol = run.protocol(phase, protocol)
    lines = run.lines(phase, protocol, corrected)
    for metric in parsed:
        metric.check_scores(lines, f"{phase}/{protocol}")
    return StrataReport(run, phase, protocol, parsed, lines.popularity, strata_table(lines, parsed, strata))


def strata_heading(report: StrataReport) -> list[str]:
    """What was cut, and whether its data are simulated."""
    result = report.run.result
    head = (
        f"{result['model']} on {result['dataset']}, seed {result['seed']}, {report.phase}, protocol {report.protocol}"
    )
    if report.popularity is not None:
        head += f", popularity corrected (lambda {report.popularity:g})"
    return [head, *([result["simulated"]] if isinstance(result["simulated"], str) else [])]


def strata_rows(part: pd.DataFrame, metrics: Sequence[Metric]) -> tuple[list[str], list[list[Any]]]:
    """Heads and lines of one stratum's part of the table."""
    rows = []
    for line in part.to_dict("records"):
        cells = [spread(line[metric.name], line[f"{metric.name}_se"], "+-") for metric in metrics]
        mark = "*" if line["few"] else ""
        rows.append([line["group"] + mark, line["instances"], line["users"], f"{line['share']:.1%}", *cells])
    return ["group", "instances", "users", "share", *(metric.name for metric in metrics)], rows


def strata_notes(table: pd.DataFrame) -> list[str]:
    """What the numbers do not say."""
    notes = ["+- is the standard error over users; groups share users, so it is no test of their differences."]
    return [*notes, *([f"* fewer than {FEW_USERS} users: too few to say much."] if table["few"].any() else [])]
