"""The command ``recbole-lsrec reproduce``."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from recbole_lsrec.config import Config
from recbole_lsrec.json_files import write_json
from recbole_lsrec.leaderboard.cells import cell_settings
from recbole_lsrec.leaderboard.command import INTERRUPTED
from recbole_lsrec.leaderboard.command import run_command as run_leaderboard_command
from recbole_lsrec.leaderboard.execute import Resources
from recbole_lsrec.leaderboard.flags import Flags, with_flags
from recbole_lsrec.leaderboard.plan import Plan
from recbole_lsrec.reproduce.entry import Entry
from recbole_lsrec.reproduce.ours import statistics, trained
from recbole_lsrec.reproduce.table import comparison, text
from recbole_lsrec.whole_files import write_text

QUICK_STEPS = 20  # DIN and DIEN on a CPU core need seconds for each


def run_command(entry: Entry, quick: bool, out: Path, resources: Resources, command: Sequence[str]) -> int:
    """Runs an entry and writes ``reproduce.md`` and ``reproduce.json`` beside the leaderboard, unless Ctrl-C ended that.

    Returns:
        The exit code of the leaderboard; 0 where nothing is trained.

    Raises:
        LSRecError: something given is wrong; nothing has been run.
    """
    if quick:
        entry = replace(entry, plan=quick_plan(entry.plan))
    code = 0
    if entry.kind == "statistics":
        ours = statistics(entry)
        out.mkdir(parents=True, exist_ok=True)
    else:
        code = run_leaderboard_command(entry.plan, out, resources, command)
        if code == INTERRUPTED:
            return code  # asking all finished runs again may take long; the same command does, once they are there
        ours = trained(entry, out)
    found = comparison(entry, ours, quick)
    columns = list(entry.columns)
    write_json(out / "reproduce.json", found)
    write_text(out / "reproduce.md", text(found, columns, "github") + "\n")
    click.echo(f"\n{text(found, columns)}\n\nWritten: {out / 'reproduce.md'}, {out / 'reproduce.json'}")
    return code


def quick_plan(plan: Plan) -> Plan:
    """The plan with a few steps, one seed, and of each phase the first protocol only."""
    system = next((system for system in plan.systems if system.model is not None), None)
    if system is None:
        return plan  # rows that say why there is nothing to run
    data = plan.datasets[0]
    config = Config(system.model, data.name, config_dict=cell_settings(plan, system, data, plan.seeds[0]))
    mode = {phase: names[:1] for phase, names in config["eval_protocols"].items()}
    budget = plan.budget or {"train_steps": QUICK_STEPS}
    return with_flags(plan, Flags(seeds=plan.seeds[:1], budget=budget, settings={"eval_args": {"mode": mode}}))
