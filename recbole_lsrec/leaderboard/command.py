"""The command ``recbole-lsrec leaderboard``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from recbole_lsrec.config.values import parse_command_line, parse_text
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.flags import Flags, plan_from_flags, with_flags
from recbole_lsrec.leaderboard.page import write_report
from recbole_lsrec.leaderboard.plan import check_budget, plan_file, read_plan
from recbole_lsrec.leaderboard.run import Summary, run_leaderboard
from recbole_lsrec.leaderboard.text import slug

INTERRUPTED = 130  # what a shell gives a command that Ctrl-C ended


def run_command(
    file: str | None,
    out: Path | None,
    settings: Sequence[str],
    command: Sequence[str],
    *,
    models: str | None,
    datasets: str | None,
    seeds: str | None,
    train_seconds: float | None,
    train_steps: int | None,
    title: str | None,
    cpus: int,
    gpus: float,
    jobs: int | None,
    address: str | None,
) -> int:
    """Runs the command and returns its exit code: 0, or 1 where a cell has no result, or 130 after Ctrl-C.

    Raises:
        LSRecError: something given is wrong; nothing has been run.
    """
    flags = read_flags(models, datasets, seeds, train_seconds, train_steps, title, settings)
    path = None if file is None else plan_file(file)
    plan = plan_from_flags(flags) if path is None else with_flags(read_plan(path), flags)
    out = out or Path("leaderboards") / (slug(plan.title) if path is None else path.stem)
    summary = run_leaderboard(plan, out, Resources(cpus, gpus, jobs, address), command, click.echo)
    return close(summary, out)


def read_flags(
    models: str | None = None,
    datasets: str | None = None,
    seeds: str | None = None,
    train_seconds: float | None = None,
    train_steps: int | None = None,
    title: str | None = None,
    settings: Sequence[str] = (),
) -> Flags:
    """Returns the flags as typed.

    Raises:
        ConfigError: a text that cannot be read.
    """
    return Flags(
        _names(models),
        _names(datasets),
        _numbers(seeds),
        _budget(train_seconds, train_steps),
        title,
        {key: _dict_or_text(value) for key, value in parse_command_line(settings).items()},
    )


def close(summary: Summary, out: Path) -> int:
    """Writes the page of a leaderboard, tells how it ended, and returns the exit code."""
    if summary.cells:
        click.echo(f"Page: {write_report(out)}")
    for cell in summary.cells:
        for what, text in (("no result", cell.reason), ("below its band", cell.below_band)):
            if text:
                click.secho(f"{cell.name}: {what}: {text}", fg="yellow", err=True)
    click.echo(
        f"{summary.count('done')} cells finished ({summary.reused} found from before), {summary.count('error')} with an "
        f"error, {summary.count('pending')} to do"
    )
    if summary.interrupted:
        click.echo("Interrupted; the same command goes on from here.")
        return INTERRUPTED
    return 1 if summary.count("error") else 0


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _numbers(text: str | None) -> list[int]:
    if not all(name.isdecimal() for name in _names(text)):
        raise ConfigError(f"--seeds: found {text!r}; accepted: whole numbers separated by commas, such as 2020,2021.")
    return [int(name) for name in _names(text)]


def _dict_or_text(value: str | bool) -> Any:
    """A dict is read here, so that its parts are laid over those below; other texts are read by the kind of their key."""
    return parse_text(value) if isinstance(value, str) and value.lstrip().startswith("{") else value


def _budget(train_seconds: float | None, train_steps: int | None) -> dict[str, float]:
    given = {"train_seconds": train_seconds, "train_steps": train_steps}
    found = {kind: size for kind, size in given.items() if size is not None}
    return check_budget(found or None, "--train-seconds, --train-steps")
