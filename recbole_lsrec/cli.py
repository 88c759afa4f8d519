"""The command ``recbole-lsrec``."""

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from recbole_lsrec.errors import LSRecError

PASS_THROUGH = {"ignore_unknown_options": True, "allow_extra_args": True}


@click.group()
@click.version_option(package_name="recbole-lsrec")
def cli() -> None:
    """Long- and short-term interest models for RecBole."""


@cli.command(context_settings=PASS_THROUGH)
@click.option("-m", "--model", help="Model name: this plugin's or a sequential one of RecBole's (see `models`).")
@click.option("-d", "--dataset", help="Data set: a folder of atomic files in data_path, or one of properties/dataset.")
@click.option("--config_files", "--config-files", default="", help="Yaml files, separated by spaces; later ones win.")
@click.option("--resume", help="Continue the run of this checkpoint, in its folder.")
@click.option(
    "--dry-run", is_flag=True, help="Print the merged settings, the data and a memory estimate; train nothing."
)
@click.pass_context
def run(
    context: click.Context, model: str | None, dataset: str | None, config_files: str, resume: str | None, dry_run: bool
) -> None:
    """Train and test a model. Any setting can be given as --key=value or --key value."""
    from recbole_lsrec.quick_start import run_recbole_lsrec

    settings = list(context.args)
    settings += [f"--resume={resume}"] if resume else []
    settings += ["--dry_run=True"] if dry_run else []
    run_recbole_lsrec(model, dataset, config_files.split(), command_line=settings)


@cli.command()
def models() -> None:
    """List the models that can be run."""
    from recbole_lsrec.registry import model_names

    for origin, names in model_names().items():
        click.echo(f"{origin}: {', '.join(names)}")


@cli.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the log; the folder's name by default.")
@click.option("--seed", type=int, help="Seed of the draw; the shipped log's by default.")
def simulate(folder: Path, name: str | None, seed: int | None) -> None:
    """Write a simulated click log with planted long- and short-term interests."""
    from dataclasses import replace

    from recbole_lsrec.data.simulate import Parameters, write_log

    parameters = Parameters() if seed is None else replace(Parameters(), seed=seed)
    write_log(folder, name or folder.name, parameters)
    click.echo(f"Wrote {folder}; it is simulated, and says so wherever it is used.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script: an error the user can act on is one line and exit code 2."""
    # RecBole 1.2.1 warns of what pandas 3 and torch 3 will drop; the versions it is installed with here still do it.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"recbole\.")
    try:
        cli(args=None if arguments is None else list(arguments), prog_name="recbole-lsrec")
    except LSRecError as error:
        click.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(2)
