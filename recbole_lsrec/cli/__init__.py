"""The command ``recbole-lsrec``: a file for each kind of command; each imports what it needs when it is called."""

import os
import sys
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import click

from recbole_lsrec.cli.analyses import compare, counterfactual, planted, strata
from recbole_lsrec.cli.boards import leaderboard, preset, reproduce, tune
from recbole_lsrec.cli.boundary import one_line_errors
from recbole_lsrec.cli.interrupted import ended_by_signals
from recbole_lsrec.cli.logs import audit, prepare, simulate
from recbole_lsrec.cli.runs import export, models, recommend, run, serve
from recbole_lsrec.errors import ConfigError


class _Commands(click.Group):
    """Commands in the order of work, which a signal ends as a shell expects."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        with ended_by_signals():
            return super().invoke(ctx)


@click.group(cls=_Commands)
@click.version_option(package_name="recbole-lsrec")
def cli() -> None:
    """Long- and short-term interest models for RecBole."""
    if find_spec("recbole") is None:
        raise ModuleNotFoundError(name="recbole")


for command in (
    *(prepare, audit, simulate),
    *(models, run, tune, preset, leaderboard, reproduce),
    *(compare, strata, counterfactual, planted),
    *(recommend, serve, export),
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script; how it ends is said in ``boundary`` and ``interrupted``."""
    # RecBole 1.2.1 warns of what pandas 3 and torch 3 will drop; the versions it is installed with here still do it.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"recbole\.")
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")  # Ray 2.6 imports it
    _open_what_is_closed()
    typed = list(sys.argv[1:] if arguments is None else arguments)
    with one_line_errors():
        _check_text(typed)
        cli(args=typed, prog_name="recbole-lsrec", obj=typed)


def _open_what_is_closed() -> None:
    """Standard streams that the caller has closed (``>&-``, a service) lead nowhere; no file of ours gets their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _check_text(typed: Sequence[str]) -> None:
    """Refuses words of bytes that Python could not read as text, as names of files of another encoding are.

    Raises:
        ConfigError: there is one.
    """
    for word in typed:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise ConfigError(
                f"{word!a}: found bytes that are no {sys.getfilesystemencoding()}; accepted: text. Rename what it names, or "
                "where the terminal writes UTF-8 all the same, set PYTHONUTF8=1."
            )
