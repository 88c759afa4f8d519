"""Commands of many runs: leaderboards, tables of papers, searches."""

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from recbole_lsrec.cli.shared import Finite, GivenOnce, WithSettings, listen_here_alone, with_resources
from recbole_lsrec.config.values import parse_command_line
from recbole_lsrec.errors import LESS_MEMORY
from recbole_lsrec.own_models import absolute, class_name, named_again


@click.command(cls=WithSettings, short_help="Run models x data sets x seeds; write a page.")
@click.argument("arguments", metavar="[FILE]", nargs=-1, type=click.UNPROCESSED)
@click.option("--models", help="Names of systems in FILE, or without FILE of models, separated by commas.")
@click.option("--datasets", help="Names of data sets in FILE, or of your own, separated by commas.")
@click.option("--seeds", help="Numbers separated by commas.")
@click.option("--train-seconds", type=float, help="Budget of a cell in seconds of training.")
@click.option("--train-steps", type=int, help="Budget of a cell in optimiser steps; reproducible bit for bit.")
@click.option("--title", help="Title of the page.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; by default leaderboards/<FILE or title>."
)
@with_resources
@click.pass_context
def leaderboard(
    context: click.Context,
    arguments: tuple[str, ...],
    out: Path | None,
    resources: dict[str, Any],
    **flags: Any,
) -> None:
    """Run systems x data sets x seeds under one budget and write tables, tests and charts.

    FILE is a yaml file or the name of one that ships. Any setting for all cells can be given after it as --key=value.
    Started again, the command goes on where it was stopped.
    """
    from recbole_lsrec.leaderboard.flags import plan_from_flags, read_flags, with_flags
    from recbole_lsrec.leaderboard.plan import plan_file, read_plan
    from recbole_lsrec.leaderboard.text import slug

    file, settings = (arguments[0], arguments[1:]) if arguments[:1] and arguments[0][:2] != "--" else (None, arguments)
    asked = read_flags(settings=settings, **flags)
    path = None if file is None else plan_file(file)
    plan = plan_from_flags(asked) if path is None else with_flags(read_plan(path), asked)
    out = out or Path("leaderboards") / (slug(plan.title) if path is None else path.stem)
    # What is wrong has been said before these import Ray and torch.
    from recbole_lsrec.leaderboard.command import run_command
    from recbole_lsrec.leaderboard.execute import Resources

    sys.exit(run_command(plan, out, Resources(**resources), context.obj))


@click.command(cls=WithSettings, short_help="Run a table or figure of a paper.")
@click.argument("arguments", metavar="[ENTRY]", nargs=-1, type=click.UNPROCESSED)
@click.option("-d", "--dataset", help="One of the paper's data sets, or any other as a substitute.")
@click.option("--quick", is_flag=True, help="A few steps, one seed and one protocol: minutes.")
@click.option("--models", help="Names of the entry's systems, separated by commas; all by default.")
@click.option("--seeds", help="Numbers separated by commas; the entry's by default.")
@click.option("--train-seconds", type=float, help="Budget of a cell in seconds of training.")
@click.option("--train-steps", type=int, help="Budget of a cell in optimiser steps.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder; in reproduce/ by default.")
@with_resources
@click.pass_context
def reproduce(
    context: click.Context,
    arguments: tuple[str, ...],
    dataset: str | None,
    quick: bool,
    out: Path | None,
    resources: dict[str, Any],
    **flags: Any,
) -> None:
    """Run a table or figure of a paper, such as slsrec-t2, and print ours beside the paper's.

    Without ENTRY, lists them. Any setting for all systems can be given after it as --key=value.
    """
    from recbole_lsrec.leaderboard.flags import read_flags
    from recbole_lsrec.reproduce.entry import list_entries, read_entry

    if not arguments:
        click.echo(list_entries())
        return
    name, *settings = arguments
    entry = read_entry(name)
    if dataset is None:
        raise click.UsageError("give --dataset, such as cosmetics, the bundled simulated log")
    entry = entry.on(dataset).with_flags(read_flags(settings=settings, **flags))
    from recbole_lsrec.leaderboard.execute import Resources
    from recbole_lsrec.reproduce.command import run_command

    out = out or Path("reproduce") / f"{name}-{dataset}{'-quick' if quick else ''}"
    sys.exit(run_command(entry, quick, out, Resources(**resources), context.obj))


@click.command(cls=WithSettings, short_help="Search a model's hyper-parameters.")
@click.option("-m", "--model", help="Model name (see `models`), or a class of your own: FILE.py:Class.")
@click.option("-d", "--dataset", help="Data set.")
@click.option(
    "--config_files",
    "--config-files",
    default="",
    help="Yaml files, separated by spaces (quote a path that has one); later ones win.",
)
@click.option(
    "--space",
    type=click.Path(),
    help="Yaml file of the space; by default properties/hyper/<model>.yaml; `strong` takes that of the folder strong/.",
)
@click.option("--trials", default=16, show_default=True, help="Configurations to try.")
@click.option("--time-budget", type=Finite(0, min_open=True), help="Seconds after which the search ends.")
@click.option("--scheduler", type=click.Choice(["asha", "median", "none"]), default="asha", show_default=True)
@click.option("--search", "method", type=click.Choice(["random", "tpe", "grid"]), default="random", show_default=True)
@click.option(
    "--search-seed",
    type=click.IntRange(0),
    default=2020,
    show_default=True,
    help="Seed of the choice of configurations.",
)
@click.option(
    "--cpus-per-trial",
    type=Finite(0, min_open=True),
    default=1.0,
    show_default=True,
    help="CPU cores, and threads, of a trial.",
)
@click.option(
    "--gpus-per-trial", type=Finite(0), default=0.0, show_default=True, help="GPUs of a trial; 0.5 lets two share one."
)
@click.option("--concurrent", type=click.IntRange(1), help="Most trials at a time; by default as many as fit.")
@click.option(
    "--address", callback=listen_here_alone, help="Address of a Ray cluster, or `auto`; by default only this machine."
)
@click.option("--no-test", is_flag=True, help="Do not test the best configuration.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the search; by default a new one in runs/.",
)
@click.option("--resume", type=click.Path(file_okay=False, path_type=Path), help="Continue the search in this folder.")
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
    from recbole_lsrec.config.layers import given_layers, named_files
    from recbole_lsrec.tuning.space import read_space

    files = named_files(config_files)
    if model is not None and dataset is not None:
        check_early(model, given_layers(files, {}, context.args))
        space = read_space(options["space"], class_name(model))
        check_drawn(model, space.source, {key: of.values for of in space.domains for key in of.keys})
    from recbole_lsrec.ray_session import running_ray
    from recbole_lsrec.tuning.result import read_settings, summary
    from recbole_lsrec.tuning.search import checked, new_folder, search
    from recbole_lsrec.tuning.settings import SearchSettings, taken_up_by

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
            config_files=tuple(files),
            config_dict=parse_command_line(context.args),
            test=not no_test,
            **options,
        )
    checked(settings)
    try:
        with running_ray(address):
            found = search(settings)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. To go on: {taken_up_by(settings.out, settings.model)}", err=True)
        raise
    click.echo(summary(found))
    if not found.complete:  # Ray Tune takes Ctrl-C itself, and ends in order
        sys.exit(130)
    if found.best is None:
        sys.exit(3 if all(trial.reason == LESS_MEMORY for trial in found.trials) else 1)


@click.command(cls=GivenOnce, short_help="Print the best settings of a search, as yaml.")
@click.argument("folder", metavar="SEARCH", type=click.Path(file_okay=False, path_type=Path))
def preset(folder: Path) -> None:
    """Print the best settings of a finished search, as the yaml that --preset=strong reads."""
    from recbole_lsrec.tuning.preset import preset_yaml

    click.echo(preset_yaml(folder), nl=False)
