"""The command ``recbole-lsrec``: a file for each kind of command; each imports what it needs when it is called."""

import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

import click

from recbole_lsrec.cli.analyses import compare, counterfactual, planted, strata
from recbole_lsrec.cli.boards import leaderboard, reproduce, tune
from recbole_lsrec.cli.logs import audit, prepare, simulate
from recbole_lsrec.cli.runs import export, models, recommend, run
from recbole_lsrec.errors import LSRecError

# Packages that pip does not bring of itself: RecBole from Python 3.12 on, and the extras.
INSTALLED_BY = {
    "recbole": "`pip install --no-deps recbole==1.2.1`",
    "ray": "`pip install 'recbole-lsrec[tune]'`",
    "optuna": "`pip install 'recbole-lsrec[tune]'`",
    "onnx": "`pip install 'recbole-lsrec[export]'`",
    "onnxruntime": "`pip install 'recbole-lsrec[export]'`",
    "matplotlib": "`pip install 'recbole-lsrec[report]'`",
}


@click.group()
@click.version_option(package_name="recbole-lsrec")
def cli() -> None:
    """Long- and short-term interest models for RecBole."""
    if find_spec("recbole") is None:
        raise ModuleNotFoundError(name="recbole")


for command in (
    *(run, models, recommend, export),
    *(leaderboard, reproduce, tune),
    *(prepare, audit, simulate),
    *(planted, strata, compare, counterfactual),
):
    cli.add_command(command)


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
