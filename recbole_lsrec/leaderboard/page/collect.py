"""Everything a page shows, as values: what the templates draw and ``report.json`` holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from recbole_lsrec.analysis.strata import Stratum, choose_strata
from recbole_lsrec.errors import DataError
from recbole_lsrec.json_files import finite
from recbole_lsrec.leaderboard.board import Board, Cell
from recbole_lsrec.leaderboard.page import words
from recbole_lsrec.leaderboard.page.agreement import Agreement, agreements
from recbole_lsrec.leaderboard.page.alphas import Alpha, alphas
from recbole_lsrec.leaderboard.page.cost import Cost, costs
from recbole_lsrec.leaderboard.page.cuts import Cut, cuts
from recbole_lsrec.leaderboard.page.popularity import Corrected, CorrectedTest, corrected, corrected_tests
from recbole_lsrec.leaderboard.page.results import Table, grouped, has_scores, protocols, table


@dataclass(frozen=True)
class Section:
    """One data set.

    Attributes:
        simulated: the notice of a simulated log, or None.
        fingerprints: of data and split; several values where runs differ.
        split: ``split.json`` of the first run that has one.
        one_view: whether all runs cut the same sessions and read the same categories.
        tables: by protocol, in the order of evaluation.
        cuts: by stratum, under the first protocol.
        corrected: by protocol and system, popularity put in or taken out; empty where no run fitted it.
        corrected_tests: by protocol, tests of the systems with their own lambdas.
        by_other_metric: systems that are in neither, since another metric chose their lambda.
        tuned: one cell of each system that was searched; the search is the same for all its seeds.
    """

    dataset: str
    simulated: str | None
    fingerprints: dict[str, list[str]]
    split: Mapping[str, Any] | None
    one_view: bool
    tables: list[Table]
    agreements: list[Agreement]
    costs: list[Cost]
    cuts: list[Cut]
    alphas: list[Alpha]
    corrected: list[Corrected]
    corrected_tests: list[CorrectedTest]
    by_other_metric: list[str]
    tuned: list[Cell]


@dataclass(frozen=True)
class Report:
    """A whole leaderboard.

    Attributes:
        versions, code: those of its runs, several where they differ.
    """

    board: Board
    sections: list[Section]
    versions: dict[str, list[str]]
    code: list[str]

    @property
    def machine(self) -> dict[str, Any]:
        """Of the last sitting; see :class:`recbole_lsrec.leaderboard.board.Board`."""
        return self._of_machine(self.board.environment)

    @property
    def other_machines(self) -> list[dict[str, Any]]:
        """What differs from it in earlier sittings."""
        last = self.machine
        found = [
            {name: value for name, value in self._of_machine(earlier).items() if value != last.get(name)}
            for earlier in self.board.earlier
        ]
        return [one for at, one in enumerate(found) if one and one not in found[:at]]

    def _of_machine(self, environment: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in environment.items() if name != "code" and name not in self.versions}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        board = self.board.to_dict()
        sections = []
        for section in self.sections:
            plain = {
                name: getattr(section, name) for name in ("dataset", "simulated", "fingerprints", "split", "one_view")
            }
            plain["tables"] = [_table_dict(found) for found in section.tables]
            for name in ("agreements", "costs", "cuts", "alphas", "corrected", "corrected_tests"):
                plain[name] = [asdict(entry) for entry in getattr(section, name)]
            sections.append(plain)
        return finite({**board, "versions": self.versions, "code": self.code, "datasets": sections})


def collect(board: Board) -> Report:
    """Reads, tests and measures everything the page shows."""
    results = [cell.run.result for cell in board.cells if cell.run is not None]
    names = dict.fromkeys(name for result in results for name in result.get("versions", {}))
    return Report(
        board,
        [_section(board, dataset) for dataset in board.datasets],
        {name: _distinct([result.get("versions", {}).get(name) for result in results]) for name in names},
        _distinct([result["fingerprints"].get("code") for result in results]),
    )


def _section(board: Board, dataset: str) -> Section:
    cells = board.of(dataset)
    results = [cell.run.result for cell in cells if cell.run is not None]
    tables = [table(board, dataset, protocol) for protocol in protocols(cells)]
    with_lambda, by_other_metric = corrected(cells)
    one_view = len(_distinct([result["fingerprints"].get("features") for result in results])) < 2
    return Section(
        dataset=dataset,
        simulated=next((result["simulated"] for result in results if isinstance(result["simulated"], str)), None),
        fingerprints={
            name: _distinct([result["fingerprints"].get(name) for result in results]) for name in ("data", "split")
        },
        split=next((cell.split for cell in cells if cell.split), None),
        one_view=one_view,
        tables=tables,
        agreements=agreements(tables),
        costs=costs(cells),
        cuts=_cuts(cells, tables, [stratum for stratum in choose_strata() if one_view or not stratum.of_features]),
        alphas=alphas(cells),
        corrected=with_lambda,
        corrected_tests=corrected_tests(cells, with_lambda),
        by_other_metric=by_other_metric,
        tuned=list({cell.system: cell for cell in reversed(cells) if cell.tuned}.values())[::-1],
    )


def _cuts(cells: Sequence[Cell], tables: Sequence[Table], strata: Sequence[Stratum]) -> list[Cut]:
    """Under the first protocol; none where the runs may not be compared, which the table says, or scores are gone."""
    if not tables:
        return []
    metric = next(column.metric for column in tables[0].columns if column.key == tables[0].main)
    try:
        models = grouped(cells, tables[0].protocol)
        return cuts(models, metric, strata) if metric and has_scores(models, metric) else []
    except DataError:
        return []


def _table_dict(found: Table) -> dict[str, Any]:
    plain = asdict(found)
    plain["columns"] = [
        {"key": column.key, "title": column.title, "tested": column.key in found.standings} for column in found.columns
    ]
    return {**plain, "setting": words.setting(found), "verdict": words.verdict(found), "notes": words.notes(found)}


def _distinct(values: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value is not None))
