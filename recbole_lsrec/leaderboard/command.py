"""The commands ``leaderboard`` and ``reproduce``: a plan is run, and how it ended is told."""

from collections.abc import Sequence
from pathlib import Path

import click

from recbole_lsrec.errors import counted
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.leaderboard.page.table_text import table_text
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.leaderboard.run import Summary, run_leaderboard

INTERRUPTED = 130  # what a shell gives a command that Ctrl-C ended


def run_command(plan: Plan, out: Path, resources: Resources, command: Sequence[str]) -> int:
    """Runs a plan and returns the exit code: 0, or 1 where a cell ended with an error, or 130 after Ctrl-C.

    Raises:
        LSRecError: something given is wrong; nothing has been run.
    """
    return close(run_leaderboard(plan, out, resources, command, click.echo), out)


def close(summary: Summary, out: Path) -> int:
    """Writes the page of a leaderboard, shows its main column, tells how it ended, and returns the exit code."""
    if summary.cells:  # else it ended in a search before them
        page = write_report(out)
        click.echo(f"{table_text(out)}\nPage: {page}")
    for cell in summary.cells:
        for what, text in (("no result", cell.reason), ("below its band", cell.below_band)):
            if text:
                click.secho(f"{cell.name}: {what}: {text}", fg="yellow", err=True)
    if summary.cells:
        click.echo(
            f"{counted(summary.count('done'), 'cell')} finished ({summary.reused} found from before), "
            f"{summary.count('error')} with an "
            f"error, {summary.count('pending')} to do"
        )
    if summary.interrupted:
        click.echo("Interrupted; the same command goes on from here.")
        return INTERRUPTED
    return 1 if summary.count("error") else 0
