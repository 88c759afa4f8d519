"""Commands that make and judge logs."""

from pathlib import Path
from typing import Any

import click

from recbole_lsrec.cli.shared import Finite, GivenOnce, OutputFile, WithSettings, split_commas
from recbole_lsrec.config.values import parse_command_line
from recbole_lsrec.errors import ConfigError, did_you_mean


@click.command(cls=GivenOnce, short_help="Turn a raw log into a data set.")
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
@click.option("--name", help="Name of the data set; by default that of the source and recipe.")
@click.option(
    "--recipe",
    type=click.Choice(["slsrec", "clsr", "lsidn", "none"]),
    default="none",
    show_default=True,
    help="Filter and sample the log as a paper did.",
)
@click.option(
    "--k-core",
    type=click.IntRange(1),
    default=1,
    help="Keep users and items with this many events, repeated until all have them.",
)
@click.option(
    "--sample-users",
    type=Finite(0, 1, min_open=True),
    help="Share of users to draw, overriding the recipe.",
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
@click.option("--time", help="csv: column of the time, or `order` if only the order of rows is known.")
@click.option("--category", help="csv: column of the item's category.")
@click.option("--event-type", help="csv: column of the event type.")
@click.option("--session", help="csv: column of the log's own sessions.")
@click.option("--user-features", help="csv: further columns of users, as name or name:type, separated by commas.")
@click.option("--item-features", help="csv: further columns of items, in the same form.")
@click.option("--separator", help="csv: separator of columns; found by default.")
@click.option("--decimal", type=click.Choice([".", ","]), help="csv: decimal separator of floats; a point by default.")
@click.option("--encoding", help="csv: encoding of the text; utf-8 by default.")
@click.option(
    "--time-format",
    help="s, ms, us, ns, days, 'excel days', '.NET ticks', MMDD:<year> or a strptime format; found by default.",
)
@click.option("--tz", help="Time zone of times without one, such as Asia/Shanghai; UTC by default.")
@click.option(
    "--max-refused",
    type=Finite(0, 1),
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
    user_features: str | None,
    item_features: str | None,
    **options: Any,
) -> None:
    """Turn a raw log into a data set: atomic files, its yaml, and an account of every row.

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
    name = name if name is not None else source if recipe == "none" else f"{source}-{recipe}"
    columns = {
        "user": user,
        "item": item,
        "time": time,
        "category": category,
        "event_type": event_type,
        "session": session,
    }
    given = Options(
        columns={role: column for role, column in columns.items() if column is not None},
        user_features=_words("--user-features", user_features),
        item_features=_words("--item-features", item_features),
        keep_events=_words("--keep-events", keep_events),
        **options,
    )
    click.echo(f"{source}: preparing {out / name}")
    click.echo(report(prepare_log(source, list(raw), out, name, given), out, name))


def _words(key: str, given: str | None) -> tuple[str, ...]:
    """The words of an option, which has none only where it is not given."""
    words = split_commas(given or "")
    if given is not None and not words:
        raise ConfigError(
            f"{key}: found {given!r}; accepted: words separated by commas. Leave the option out for its default."
        )
    return words


def _a_name(_ctx: click.Context, _param: click.Parameter, dataset: str) -> str:
    """Callback of a DATASET: settings are let through, so that ``--dataset=shop`` would be taken for a name."""
    if dataset.startswith("-"):
        raise click.UsageError(
            f"found {dataset!r} where the data set's name belongs, first and alone: recbole-lsrec audit shop"
        )
    return dataset


@click.command(cls=WithSettings, short_help="Check whether a log suits these models.")
@click.argument("dataset", callback=_a_name)
@click.option("--html", "html_file", type=OutputFile(), help="File of the page; audit-<DATASET>.html by default.")
@click.option("--json", "json_file", type=OutputFile(), help="Write all values as JSON.")
@click.pass_context
def audit(context: click.Context, dataset: str, html_file: Path | None, json_file: Path | None) -> None:
    """Check whether a log suits long- and short-term models; write a page on sessions, order, ties, drift, new items.

    Any setting can be given as --key=value, such as --data_path=FOLDER or --session_threshold=3600.
    """
    from recbole_lsrec.audit.command import audit as audit_log
    from recbole_lsrec.audit.page import audit_text

    html_file = html_file or Path(f"audit-{dataset}.html")
    click.echo(audit_text(audit_log(dataset, context.args, html_file, json_file)))
    click.echo(f"Wrote {html_file}")


@click.command(cls=WithSettings, short_help="Write a simulated log with planted interests.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the log; the folder's name by default.")
@click.pass_context
def simulate(context: click.Context, folder: Path, name: str | None) -> None:
    """Write a simulated click log with planted long- and short-term interests.

    Any parameter of docs/simulated_cosmetics.md can be given as --key=value, such as --users=1000 --seed=1.
    """
    from recbole_lsrec.simulated.generate import check_name, write_log
    from recbole_lsrec.simulated.parameters import Parameters

    parameters = Parameters.from_settings(parse_command_line(context.args))
    name = name or folder.name
    check_name(name, parameters)
    write_log(folder, name, parameters)
    click.echo(f"Wrote {folder}; it is simulated, and says so wherever it is used.")
