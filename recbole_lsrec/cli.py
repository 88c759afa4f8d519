"""The command ``recbole-lsrec``."""

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from recbole_lsrec.config.values import parse_command_line
from recbole_lsrec.errors import ConfigError, LSRecError, did_you_mean
from recbole_lsrec.own_models import absolute, class_name, named_again

# Packages that pip does not bring of itself: RecBole from Python 3.12 on, and the extras.
INSTALLED_BY = {
    "recbole": "`pip install --no-deps recbole==1.2.1`",
    "ray": "`pip install 'recbole-lsrec[tune]'`",
    "optuna": "`pip install 'recbole-lsrec[tune]'`",
    "matplotlib": "`pip install 'recbole-lsrec[report]'`",
}
PASS_THROUGH = {"ignore_unknown_options": True, "allow_extra_args": True}


class OutputFile(click.Path):
    """A file to be written, refused before any work if its folder is missing."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if not path.absolute().parent.is_dir():
            self.fail(
                f"{path}: the folder {path.absolute().parent} does not exist; make it, or give another.", param, ctx
            )
        return path


def _with_resources(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what a cell may use, as the parameters of :class:`recbole_lsrec.leaderboard.execute.Resources`."""
    for option in (
        click.option("--address", help="Of a running Ray cluster, or `auto`; by default this machine alone."),
        click.option(
            "--jobs", type=click.IntRange(1), help="Cells at a time; by default as many as there are CPUs for."
        ),
        click.option(
            "--gpus", type=click.FloatRange(0), default=0, show_default=True, help="GPUs of a cell, such as 0.5."
        ),
        click.option("--cpus", type=click.IntRange(1), default=1, show_default=True, help="CPU threads of a cell."),
    ):
        command = option(command)
    return command


@click.group()
@click.version_option(package_name="recbole-lsrec")
def cli() -> None:
    """Long- and short-term interest models for RecBole."""
    if find_spec("recbole") is None:
        raise ModuleNotFoundError(name="recbole")


@cli.command(context_settings=PASS_THROUGH)
@click.option(
    "-m", "--model", help="Model name (see `models`), or a class of your own: FILE.py:Class or package.module:Class."
)
@click.option("-d", "--dataset", help="Data set: a folder of atomic files in data_path, or one of properties/dataset.")
@click.option("--config_files", "--config-files", default="", help="Yaml files, separated by spaces; later ones win.")
@click.option("--resume", help="Continue the run of this checkpoint or folder, there; alone, with its own settings.")
@click.option(
    "--dry-run", is_flag=True, help="Print the merged settings, the data and a memory estimate; train nothing."
)
@click.pass_context
def run(
    context: click.Context, model: str | None, dataset: str | None, config_files: str, resume: str | None, dry_run: bool
) -> None:
    """Train and test a model. Any setting can be given as --key=value or --key value."""
    from recbole_lsrec.config.early import check_early
    from recbole_lsrec.config.layers import given_layers

    settings = list(context.args)
    settings += [f"--resume={resume}"] if resume else []
    settings += ["--dry_run=True"] if dry_run else []
    if model is not None:
        check_early(model, given_layers(config_files.split(), {}, settings))
    from recbole_lsrec.quick_start import run_recbole_lsrec

    run_recbole_lsrec(model, dataset, config_files.split(), command_line=settings)


@cli.command()
def models() -> None:
    """List the models that can be run: family, paper, code, what they need and what they cost."""
    from recbole_lsrec.model_table import model_table

    click.echo(model_table())


@cli.command(context_settings=PASS_THROUGH)
@click.argument("arguments", metavar="[FILE]", nargs=-1, type=click.UNPROCESSED)
@click.option("--models", help="Names separated by commas: of systems in FILE, or without FILE of models.")
@click.option("--datasets", help="Names separated by commas, likewise.")
@click.option("--seeds", help="Numbers separated by commas.")
@click.option("--train-seconds", type=float, help="Budget of a cell by the clock.")
@click.option("--train-steps", type=int, help="Budget of a cell in optimiser steps; repeats bit for bit.")
@click.option("--title", help="Of the page.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; leaderboards/<FILE or title>.")
@_with_resources
@click.pass_context
def leaderboard(context: click.Context, arguments: tuple[str, ...], out: Path | None, **flags: Any) -> None:
    """Run systems x data sets x seeds under one budget and write tables, tests and charts.

    FILE is a yaml file or the name of one that ships. Any setting for all cells can be given after it as --key=value.
    Started again, the command goes on where it was stopped.
    """
    from recbole_lsrec.leaderboard.plan import plan_file, read_plan

    file, settings = (arguments[0], arguments[1:]) if arguments[:1] and arguments[0][:2] != "--" else (None, arguments)
    if file is not None:
        read_plan(plan_file(file))  # what is wrong in it is said before Ray and torch are imported
    from recbole_lsrec.leaderboard.command import run_command

    sys.exit(run_command(file, out, settings, context.obj, **flags))


@cli.command(context_settings=PASS_THROUGH)
@click.argument("arguments", metavar="[ENTRY]", nargs=-1, type=click.UNPROCESSED)
@click.option("-d", "--dataset", help="The paper's, by its name here, or any other as a substitute.")
@click.option("--quick", is_flag=True, help="A few steps, one seed and one protocol: minutes.")
@click.option("--models", help="Names of the entry's systems, separated by commas; all by default.")
@click.option("--seeds", help="Numbers separated by commas; the entry's by default.")
@click.option("--train-seconds", type=float, help="Budget of a cell by the clock.")
@click.option("--train-steps", type=int, help="Budget of a cell in optimiser steps.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; in reproduce/ by default.")
@_with_resources
@click.pass_context
def reproduce(
    context: click.Context,
    arguments: tuple[str, ...],
    dataset: str | None,
    quick: bool,
    out: Path | None,
    cpus: int,
    gpus: float,
    jobs: int | None,
    address: str | None,
    **flags: Any,
) -> None:
    """Run a table or figure of a paper, such as slsrec-t2, and print ours beside the paper's.

    Without ENTRY, lists them. Any setting for all systems can be given after it as --key=value.
    """
    from recbole_lsrec.leaderboard.execute import Resources
    from recbole_lsrec.reproduce.command import list_entries, run_command

    if not arguments:
        click.echo(list_entries())
        return
    if dataset is None:
        raise click.UsageError("give --dataset, such as cosmetics, the bundled simulated log")
    entry, *settings = arguments
    resources = Resources(cpus, gpus, jobs, address)
    sys.exit(run_command(entry, dataset, quick, out, settings, context.obj, resources=resources, **flags))


@cli.command()
@click.argument("source", metavar="SOURCE")
@click.option(
    "--raw",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File, folder, zip or gz archive. May be given several times.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="atomic_data",
    show_default=True,
    help="Folder of data sets.",
)
@click.option("--name", help="Name of the data set; the source's by default, with the recipe's.")
@click.option(
    "--recipe",
    type=click.Choice(["slsrec", "clsr", "lsidn", "none"]),
    default="none",
    show_default=True,
    help="Cut the log as a paper did.",
)
@click.option(
    "--k-core",
    type=click.IntRange(1),
    default=1,
    help="Keep users and items with so many events, repeated until all have them.",
)
@click.option(
    "--sample-users",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of users to draw, instead of the recipe's.",
)
@click.option("--seed", default=2020, show_default=True, help="Seed of the draw of users.")
@click.option("--keep-events", help="Event types to keep, separated by commas; the source's by default.")
@click.option(
    "--all-items", is_flag=True, help="completejourney: the whole supermarket, not only drug store and cosmetics."
)
@click.option(
    "--user", help="csv: column of the user. Columns are guessed by name and shown; numbers if the file has no names."
)
@click.option("--item", help="csv: column of the item.")
@click.option("--time", help="csv: column of the time, or `order`: the order of the rows is all there is.")
@click.option("--category", help="csv: column of the item's category.")
@click.option("--event-type", help="csv: column of the kind of event.")
@click.option("--session", help="csv: column of the log's own sessions.")
@click.option(
    "--user-features", default="", help="csv: further columns of users, as name or name:type, separated by commas."
)
@click.option("--item-features", default="", help="csv: further columns of items, likewise.")
@click.option("--separator", help="csv: between columns; found by default.")
@click.option("--encoding", help="csv: of the text; utf-8 by default.")
@click.option(
    "--time-format", help="s, ms, us, ns, days, 'excel days', MMDD:<year> or a strptime format; found by default."
)
@click.option("--tz", help="Zone of times that name none, such as Asia/Shanghai; UTC by default.")
@click.option(
    "--max-refused",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Share of rows that may be damaged.",
)
@click.option("--overwrite", is_flag=True, help="Replace a data set that was prepared before.")
def prepare(
    source: str,
    raw: tuple[Path, ...],
    out: Path,
    name: str | None,
    user: str | None,
    item: str | None,
    time: str | None,
    category: str | None,
    event_type: str | None,
    session: str | None,
    keep_events: str | None,
    user_features: str,
    item_features: str,
    **options: Any,
) -> None:
    """Turn a raw log into a data set: atomic files, its yaml, and the account of every row.

    SOURCE is csv (any table of events: CSV, TSV, JSON lines, parquet) or the name of a public log.
    """
    from recbole_lsrec.prepare.command import Options
    from recbole_lsrec.prepare.command import prepare as prepare_log
    from recbole_lsrec.prepare.report import report
    from recbole_lsrec.prepare.sources import SOURCES

    if source not in ("csv", *SOURCES):
        raise ConfigError(
            f"prepare: found {source!r}.{did_you_mean(source, SOURCES)} Accepted: csv, {', '.join(SOURCES)}."
        )
    recipe = options["recipe"]
    name = name or (source if recipe == "none" else f"{source}-{recipe}")
    columns = {
        "user": user,
        "item": item,
        "time": time,
        "category": category,
        "event_type": event_type,
        "session": session,
    }
    given = Options(
        columns={role: column for role, column in columns.items() if column},
        user_features=split_commas(user_features),
        item_features=split_commas(item_features),
        keep_events=split_commas(keep_events or ""),
        **options,
    )
    click.echo(f"{source}: preparing {out / name}")
    click.echo(report(prepare_log(source, list(raw), out, name, given), out, name))


@cli.command(context_settings=PASS_THROUGH)
@click.argument("dataset")
@click.option("--html", "html_file", type=OutputFile(), help="The page; audit-<DATASET>.html by default.")
@click.option("--json", "json_file", type=OutputFile(), help="Write all values as JSON.")
@click.pass_context
def audit(context: click.Context, dataset: str, html_file: Path | None, json_file: Path | None) -> None:
    """Is a log fit for long- and short-term models? A page on its sessions, order, ties, drift and new items.

    Any setting can be given as --key=value, such as --data_path=FOLDER or --session_threshold=3600.
    """
    from recbole_lsrec.audit.command import audit as audit_log
    from recbole_lsrec.audit.page import audit_text

    html_file = html_file or Path(f"audit-{dataset}.html")
    click.echo(audit_text(audit_log(dataset, context.args, html_file, json_file)))
    click.echo(f"Wrote {html_file}")


@cli.command(context_settings=PASS_THROUGH)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the log; the folder's name by default.")
@click.pass_context
def simulate(context: click.Context, folder: Path, name: str | None) -> None:
    """Write a simulated click log with planted long- and short-term interests.

    Any parameter of docs/simulated_cosmetics.md can be given as --key=value, such as --users=1000 --seed=1.
    """
    from recbole_lsrec.simulated.generate import write_log
    from recbole_lsrec.simulated.parameters import Parameters

    parameters = Parameters.from_settings(parse_command_line(context.args))
    write_log(folder, name or folder.name, parameters)
    click.echo(f"Wrote {folder}; it is simulated, and says so wherever it is used.")


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option(
    "--truth", type=click.Path(dir_okay=False, path_type=Path), help="<log>.planted.parquet; beside the log by default."
)
@click.option("--json", "json_file", type=OutputFile(), help="Write everything as JSON.")
def planted(folder: Path, phase: str, truth: Path | None, json_file: Path | None) -> None:
    """Does alpha know? A run's weight of the long-term interest against what caused the targets of a simulated log."""
    from recbole_lsrec.analysis.planted import planted as ask

    found = ask(folder, phase, truth)
    click.echo(found.text())
    if json_file:
        _write_json(json_file, found.to_dict())


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--metric", multiple=True, default=["ndcg@10"], show_default=True, help="May be given several times.")
@click.option("--protocol", help="Such as pop99 or full; the first of the phase by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--by", multiple=True, help="Column to cut by; may be given several times. All by default.")
@click.option("--json", "json_file", type=OutputFile(), help="Write the table as JSON.")
@click.option("--csv", "csv_file", type=OutputFile(), help="Write the table as CSV.")
def strata(
    folder: Path,
    metric: tuple[str, ...],
    protocol: str | None,
    phase: str,
    by: tuple[str, ...],
    json_file: Path | None,
    csv_file: Path | None,
) -> None:
    """Metrics of a saved run by history length, sessions, gap, popularity, repeats and category."""
    from recbole_lsrec.analysis.strata_report import describe_strata

    report = describe_strata(folder, metric, phase, protocol, by)
    click.echo(report.text())
    if csv_file:
        report.table.to_csv(csv_file, index=False)
    if json_file:
        _write_json(json_file, report.to_dict())


@cli.command()
@click.argument("folders", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metric", default="ndcg@10", show_default=True)
@click.option("--protocol", help="Such as pop99 or full; the first of the phase by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option(
    "--alpha", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, show_default=True, help="Level of the tests."
)
@click.option("--resamples", type=click.IntRange(100), default=2000, show_default=True, help="Draws of the bootstrap.")
@click.option("--seed", type=click.IntRange(0), default=2020, show_default=True, help="Seed of these draws.")
@click.option("--json", "json_file", type=OutputFile(), help="Write everything as JSON.")
def compare(
    folders: tuple[Path, ...],
    metric: str,
    protocol: str | None,
    phase: str,
    alpha: float,
    resamples: int,
    seed: int,
    json_file: Path | None,
) -> None:
    """Test the differences between saved runs, over users; runs that differ in the seed alone are one model."""
    from recbole_lsrec.analysis.compare import compare as compare_runs
    from recbole_lsrec.analysis.comparison_text import comparison_text
    from recbole_lsrec.analysis.user_metrics import Metric

    found = compare_runs(
        folders, Metric.parse(metric), phase, protocol, alpha=alpha, resamples=resamples, bootstrap_seed=seed
    )
    click.echo(comparison_text(found))
    if json_file:
        _write_json(json_file, found.to_dict())


@cli.command(context_settings=PASS_THROUGH)
@click.option("-m", "--model", help="Model name (see `models`), or a class of your own: FILE.py:Class.")
@click.option("-d", "--dataset", help="Data set.")
@click.option("--config_files", "--config-files", default="", help="Yaml files, separated by spaces; later ones win.")
@click.option("--space", type=click.Path(), help="Yaml file of the space; properties/hyper/<model>.yaml by default.")
@click.option("--trials", default=16, show_default=True, help="Configurations to try.")
@click.option("--time-budget", type=click.FloatRange(0, min_open=True), help="Seconds after which the search ends.")
@click.option("--scheduler", type=click.Choice(["asha", "median", "none"]), default="asha", show_default=True)
@click.option("--search", "method", type=click.Choice(["random", "tpe", "grid"]), default="random", show_default=True)
@click.option("--search-seed", default=2020, show_default=True, help="Seed of the choice of configurations.")
@click.option("--cpus-per-trial", default=1.0, show_default=True, help="CPU cores, and threads, of a trial.")
@click.option("--gpus-per-trial", default=0.0, show_default=True, help="GPUs of a trial; 0.5 lets two share one.")
@click.option("--concurrent", type=click.IntRange(1), help="Trials at a time at most; as many as fit by default.")
@click.option("--address", help="Of a Ray cluster, or `auto`; this machine alone by default.")
@click.option("--no-test", is_flag=True, help="Leave the test set alone; by default the best configuration is tested.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the search; new in runs/.")
@click.option("--resume", type=click.Path(file_okay=False, path_type=Path), help="Go on with the search in a folder.")
@click.pass_context
def tune(
    context: click.Context,
    model: str | None,
    dataset: str | None,
    config_files: str,
    address: str | None,
    no_test: bool,
    out: Path | None,
    resume: Path | None,
    **options: Any,
) -> None:
    """Search a model's hyper-parameters on validation scores. Any setting can be given as --key=value or --key value."""
    from recbole_lsrec.config.early import check_drawn, check_early
    from recbole_lsrec.config.layers import given_layers
    from recbole_lsrec.tuning.space import read_space

    if model is not None and dataset is not None:
        check_early(model, given_layers(config_files.split(), {}, context.args))
        space = read_space(options["space"], class_name(model))
        check_drawn(model, space.source, {key: of.values for of in space.domains for key in of.keys})
    from recbole_lsrec.ray_session import running_ray
    from recbole_lsrec.tuning.result import read_settings, summary
    from recbole_lsrec.tuning.search import checked, new_folder, search
    from recbole_lsrec.tuning.settings import SearchSettings

    if resume:
        source = context.get_parameter_source
        others = [name for name in context.params if name not in ("resume", "address", "model")]
        given = [f"--{name.replace('_', '-')}" for name in others if source(name) is ParameterSource.COMMANDLINE]
        if given or context.args:
            raise click.UsageError(
                f"--resume: found {' '.join([*given, *context.args])} beside it; a search goes on with the settings it "
                "was begun with, and only --address, and --model for a class of your own, may be given. Begin another "
                "search to change them."
            )
        settings = read_settings(resume)
        named_again(settings.model, model, f"--resume {resume}")
    else:
        if model is None or dataset is None:
            raise click.UsageError("give --model and --dataset, or --resume FOLDER")
        settings = SearchSettings(
            model=absolute(model),
            dataset=dataset,
            out=out or new_folder(class_name(model), dataset),
            config_files=tuple(config_files.split()),
            config_dict=parse_command_line(context.args),
            test=not no_test,
            **options,
        )
    checked(settings)
    with running_ray(address):
        found = search(settings)
    click.echo(summary(found))


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--model", help="The run's model class, where it is one of your own: FILE.py:Class or package.module:Class."
)
@click.option("--shuffle", is_flag=True, help="Histories in random order.")
@click.option("--truncate", multiple=True, type=int, help="Only the last k events. May be given several times.")
@click.option("--alpha", multiple=True, type=float, help="Fixed weight of the long-term interest, 0 to 1. Likewise.")
@click.option("--one-sided", is_flag=True, help="Shuffle and truncate also with each interest alone (alpha 0 and 1).")
@click.option("--metric", multiple=True, default=["ndcg@10"], show_default=True, help="May be given several times.")
@click.option("--protocol", multiple=True, help="Such as pop99; likewise. All of the phase by default.")
@click.option("--phase", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--by", multiple=True, help="event_type, planted or a column of `strata`. The first two where known.")
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
    """Score a run's test again with changed histories or a fixed alpha; without a choice of changes, with all."""
    from recbole_lsrec.analysis.counterfactual.interventions import Intervention
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
        _write_json(json_file, found.to_dict())
    if html_file:
        write_html(html_file, found)


def split_commas(text: str) -> tuple[str, ...]:
    """The words of a list, without empty ones."""
    return tuple(word for word in text.split(",") if word)


@cli.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--histories", required=True, type=click.Path(path_type=Path), help="CSV, TSV, parquet or JSON lines.")
@click.option("--k", default=20, show_default=True, type=click.IntRange(1), help="Length of the lists.")
@click.option("--out", type=OutputFile(), help="CSV, TSV, parquet or JSON lines, by its ending; the screen by default.")
@click.option("--now", type=float, help="When it is asked, in the log's unit; each user's last event by default.")
@click.option(
    "--exclude-seen/--include-seen", default=None, help="Items of the history; by default as the run's filter_seen."
)
@click.option("--exclude", multiple=True, help="An item never to recommend. May be given several times.")
@click.option("--candidate", "candidates", multiple=True, help="Rank only this item and others named so.")
@click.option("--batch-size", type=click.IntRange(1), help="Histories at a time.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="As in the run by default.")
@click.option(
    "--model", help="The run's model class, where it is one of your own: FILE.py:Class or package.module:Class."
)
def recommend(
    folder: Path,
    histories: Path,
    out: Path | None,
    device: str | None,
    model: str | None,
    candidates: tuple[str, ...],
    **options: Any,
) -> None:
    """Recommend items to users from their histories: user, item, timestamp. The run's data need not be there."""
    from recbole_lsrec.recommend import Recommender
    from recbole_lsrec.recommend.table_file import as_text, check_ending, write_table

    if out:
        check_ending(out)
    recommender = Recommender.load(folder, model=model, device=device)
    table = recommender.recommend(
        histories, candidates=candidates or None, show_progress=sys.stderr.isatty(), **options
    )
    if out:
        write_table(table, out)
        click.echo(f"{len(table)} lines: {out}")
    else:
        click.echo(as_text(table), nl=False)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script: an error the user can act on is one line and exit code 2."""
    # RecBole 1.2.1 warns of what pandas 3 and torch 3 will drop; the versions it is installed with here still do it.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"recbole\.")
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")  # Ray 2.6 imports it
    try:
        typed = list(sys.argv[1:] if arguments is None else arguments)
        cli(args=typed, prog_name="recbole-lsrec", obj=typed)
    except LSRecError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in INSTALLED_BY:
            raise
        _fail(f"the package {error.name!r} is not installed, which this needs; {INSTALLED_BY[error.name]} brings it.")


def _fail(message: str) -> NoReturn:
    click.secho(f"Error: {message}", fg="red", err=True)
    sys.exit(2)
