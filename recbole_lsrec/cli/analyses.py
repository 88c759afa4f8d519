"""Commands on finished runs."""

from pathlib import Path
from typing import Any

import click

from recbole_lsrec.cli.shared import Finite, GivenOnce, OutputFile
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.json_files import write_values
from recbole_lsrec.whole_files import write_text


@click.command(cls=GivenOnce, short_help="Compare a run's alpha with the planted truth.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="<log>.planted.parquet; beside the log by default."
)
@click.option("--json", "json_file", type=OutputFile(), help="Write everything as JSON.")
def planted(folder: Path, phase: str, truth: Path | None, json_file: Path | None) -> None:
    """Compare a run's alpha (its weight of the long-term interest) with what caused the targets of a simulated log."""
    from recbole_lsrec.analysis.planted import planted as ask

    found = ask(folder, phase, truth)
    click.echo(found.text())
    if json_file:
        write_values(json_file, found.to_dict())


@click.command(cls=GivenOnce, short_help="Show a run's metrics by groups of targets.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--metric", multiple=True, default=["ndcg@10"], show_default=True, help="May be given several times.")
@click.option("--protocol", help="Such as pop99 or full; the first of the phase by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--corrected", is_flag=True, help="The run with its own popularity_correction.")
@click.option("--by", multiple=True, help="Column to group by; may be given several times. All by default.")
@click.option("--json", "json_file", type=OutputFile(), help="Write the table as JSON.")
@click.option("--csv", "csv_file", type=OutputFile(), help="Write the table as CSV.")
@click.option("--html", "html_file", type=OutputFile(), help="Write a page with charts.")
def strata(
    folder: Path,
    metric: tuple[str, ...],
    protocol: str | None,
    phase: str,
    corrected: bool,
    by: tuple[str, ...],
    json_file: Path | None,
    csv_file: Path | None,
    html_file: Path | None,
) -> None:
    """Show the metrics of a saved run by history length, sessions, gap, popularity, repeats and category."""
    from recbole_lsrec.analysis.strata_report import describe_strata
    from recbole_lsrec.page.escape import sheet

    if html_file:  # before anything is read or printed, since a page alone needs matplotlib
        from recbole_lsrec.analysis.pages import write_strata
    report = describe_strata(folder, metric, phase, protocol, by, corrected)
    click.echo(report.text())
    if csv_file:
        write_text(csv_file, sheet(report.table))
    if json_file:
        write_values(json_file, report.to_dict())
    if html_file:
        write_strata(html_file, report)


@click.command(cls=GivenOnce, short_help="Test differences between runs, over users.")
@click.argument("folders", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metric", default="ndcg@10", show_default=True)
@click.option("--protocol", help="Such as pop99 or full; the first of the phase by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--corrected", is_flag=True, help="Each run with its own popularity_correction.")
@click.option(
    "--alpha", type=Finite(0, 0.5, min_open=True), default=0.05, show_default=True, help="Level of the tests."
)
@click.option(
    "--resamples", type=click.IntRange(100, 10**6), default=2000, show_default=True, help="Draws of the bootstrap."
)
@click.option("--seed", type=click.IntRange(0), default=2020, show_default=True, help="Seed of these draws.")
@click.option(
    "--by", multiple=True, help="Test within groups too, by a column of `strata`. May be given several times."
)
@click.option("--json", "json_file", type=OutputFile(), help="Write everything as JSON.")
@click.option("--html", "html_file", type=OutputFile(), help="Write a page with charts.")
def compare(
    folders: tuple[Path, ...],
    metric: str,
    protocol: str | None,
    phase: str,
    corrected: bool,
    alpha: float,
    resamples: int,
    seed: int,
    by: tuple[str, ...],
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Test the differences between saved runs, over users. Runs that differ only in the seed are one model."""
    from recbole_lsrec.analysis.comparable import load_models
    from recbole_lsrec.analysis.compare import compare_models
    from recbole_lsrec.analysis.compare_groups import compare_groups, groups_text, to_plain
    from recbole_lsrec.analysis.comparison_text import comparison_text
    from recbole_lsrec.analysis.strata import choose_strata
    from recbole_lsrec.analysis.user_metrics import Metric

    if html_file:  # before anything is read or printed, since a page alone needs matplotlib
        from recbole_lsrec.analysis.pages import write_comparison
    asked, cuts = Metric.parse(metric), choose_strata(by) if by else []
    test: dict[str, Any] = {"alpha": alpha, "resamples": resamples, "bootstrap_seed": seed}
    models, protocol = load_models(folders, phase, protocol, corrected)
    found = compare_models(models, asked, phase, protocol, **test)
    groups = compare_groups(models, cuts, asked, phase, protocol, **test)
    click.echo(comparison_text(found))
    if by:
        click.echo("\n" + groups_text(groups, alpha))
    if json_file:
        write_values(json_file, {**found.to_dict(), **({"groups": to_plain(groups)} if by else {})})
    if html_file:
        write_comparison(html_file, found, groups)


@click.command(cls=GivenOnce, short_help="Score a run again on changed histories.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--model", help="The run's model class, if it is your own: FILE.py:Class or package.module:Class.")
@click.option("--shuffle", is_flag=True, help="Put histories into random order.")
@click.option("--truncate", multiple=True, type=int, help="Keep only the last k events. May be given several times.")
@click.option(
    "--alpha", multiple=True, type=float, help="Fix the long-term weight, 0 to 1. May be given several times."
)
@click.option("--one-sided", is_flag=True, help="Also shuffle and truncate with each interest alone (alpha 0, 1).")
@click.option("--metric", multiple=True, default=["ndcg@10"], show_default=True, help="May be given several times.")
@click.option("--protocol", multiple=True, help="Such as pop99; may be given several times. All by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--by", multiple=True, help="event_type, planted or a column of `strata`; by default the first two.")
@click.option("--seed", type=click.IntRange(0), default=2020, show_default=True, help="Seed of the shuffle.")
@click.option("--json", "json_file", type=OutputFile(), help="Write everything as JSON.")
@click.option("--html", "html_file", type=OutputFile(), help="Write a page with plots.")
def counterfactual(
    folder: Path,
    model: str | None,
    shuffle: bool,
    truncate: tuple[int, ...],
    alpha: tuple[float, ...],
    one_sided: bool,
    metric: tuple[str, ...],
    protocol: tuple[str, ...],
    phase: str,
    by: tuple[str, ...],
    seed: int,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Score a run's test again with changed histories or a fixed alpha; by default with all changes."""
    from recbole_lsrec.analysis.counterfactual.intervention import Intervention
    from recbole_lsrec.analysis.counterfactual.measure import counterfactual as ask
    from recbole_lsrec.analysis.counterfactual.text import counterfactual_text

    if html_file:  # before anything is scored, since a page alone needs matplotlib
        from recbole_lsrec.analysis.counterfactual.page import write_html
    if one_sided and not (shuffle or truncate):
        raise ConfigError(
            "one-sided: found no --shuffle and no --truncate beside it; give one, or --alpha 0 --alpha 1."
        )
    sides = (None, 0.0, 1.0) if one_sided else (None,)
    changes = [Intervention("shuffle", side=side) for side in sides] * shuffle
    changes += [Intervention("truncate", k, side) for side in sides for k in truncate]
    changes += [Intervention("alpha", value) for value in alpha]
    found = ask(folder, metric, phase, protocol, changes, by, seed, model)
    click.echo(counterfactual_text(found))
    if json_file:
        write_values(json_file, found.to_dict())
    if html_file:
        write_html(html_file, found)
