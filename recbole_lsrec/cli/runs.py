"""Commands of one run: training, recommending, and what can be trained."""

from pathlib import Path
from typing import Any

import click

from recbole_lsrec.cli.shared import GivenOnce, Moment, OutputFile, WithSettings
from recbole_lsrec.errors import counted


@click.command(cls=WithSettings, short_help="Train and test a model.")
@click.option(
    "-m", "--model", help="Model name (see `models`), or a class of your own: FILE.py:Class or package.module:Class."
)
@click.option("-d", "--dataset", help="Data set: a folder of atomic files in data_path, or one of properties/dataset.")
@click.option(
    "--config_files",
    "--config-files",
    default="",
    help="Yaml files, separated by spaces (quote a path that has one); later ones win.",
)
@click.option("--resume", help="Continue the run of this checkpoint or run folder, with its own settings.")
@click.option(
    "--dry-run", is_flag=True, help="Print the merged settings, the data and a memory estimate; train nothing."
)
@click.option("--verbose", is_flag=True, help="Show every setting, layer and metric, as in the run's log.")
@click.pass_context
def run(
    context: click.Context,
    model: str | None,
    dataset: str | None,
    config_files: str,
    resume: str | None,
    dry_run: bool,
    verbose: bool,
) -> None:
    """Train and test a model. Any setting can be given as --key=value or --key value."""
    from recbole_lsrec.config.early import check_early
    from recbole_lsrec.config.layers import chosen, given_layers, named_files

    settings = list(context.args)
    settings += [f"--resume={resume}"] if resume is not None else []
    settings += ["--dry_run=True"] if dry_run else []
    settings += ["--verbose=True"] if verbose else []
    given = given_layers(files := named_files(config_files), {}, settings)
    if not any("resume" in layer.values for layer in given):
        check_early(str(chosen("model", model, given)), given)
    from recbole_lsrec.quick_start import run_recbole_lsrec

    run_recbole_lsrec(model, dataset, files, command_line=settings)


@click.command(cls=GivenOnce, short_help="List the models that can be run.")
def models() -> None:
    """List the models that can be run: family, paper, code, what they need and what they cost."""
    from recbole_lsrec.model_table import model_table

    click.echo(model_table())


@click.command(cls=GivenOnce, short_help="Recommend items from a trained run.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--histories", required=True, type=click.Path(path_type=Path), help="CSV, TSV, parquet, JSON lines or .inter."
)
@click.option("--k", default=20, show_default=True, type=click.IntRange(1), help="Length of the lists.")
@click.option(
    "--out", type=OutputFile(), help="File: CSV, TSV, parquet or JSON lines by its ending; default: the screen."
)
@click.option("--now", type=Moment(), help="Time of the request, in the log's unit; by default each user's last event.")
@click.option(
    "--exclude-seen/--include-seen",
    default=None,
    help="Whether to leave out items of the history; by default as the run's filter_seen.",
)
@click.option("--exclude", multiple=True, help="An item never to recommend. May be given several times.")
@click.option("--candidate", "candidates", multiple=True, help="Rank only these items. May be given several times.")
@click.option("--batch-size", type=click.IntRange(1), help="Histories at a time.")
@click.option(
    "--two-stage/--exact", default=None, help="Score only the likely items; by default as the run's full_stage."
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="By default as in the run.")
@click.option("--model", help="The run's model class, if it is your own: FILE.py:Class or package.module:Class.")
def recommend(
    folder: Path,
    histories: Path,
    out: Path | None,
    device: str | None,
    model: str | None,
    candidates: tuple[str, ...],
    **options: Any,
) -> None:
    """Recommend items to users from a file of histories (user, item, timestamp). The run's data are not needed."""
    from recbole_lsrec.recommend import Recommender
    from recbole_lsrec.recommend.by_parts import recommend_file
    from recbole_lsrec.recommend.table_file import as_text, check_ending, table_file

    if out:
        check_ending(out)
    recommender = Recommender.load(folder, model=model, device=device)
    if recommender.catalogue.simulated:
        click.echo(f"{folder}: the log of this run is simulated, so its lists say nothing about real users.", err=True)
    options = {**options, "candidates": candidates or None, "show_progress": True}
    if out:
        with table_file(out) as file:
            recommend_file(recommender, histories, file.write, **options)
        click.echo(f"{counted(file.lines, 'line')}: {out}")
    else:
        header = iter([True])
        recommend_file(
            recommender, histories, lambda table: click.echo(as_text(table, next(header, False)), nl=False), **options
        )


@click.command(cls=GivenOnce, short_help="Write a run's model for other programs.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--format", "kind", required=True, type=click.Choice(["onnx", "torchscript", "embeddings"]))
@click.option("--out", type=OutputFile(), help="The file; in the run folder by default.")
@click.option("--model", help="The run's model class, if it is your own.")
def export(folder: Path, kind: str, out: Path | None, model: str | None) -> None:
    """Export a run's model for other programs: its score as ONNX or TorchScript, or its item embeddings as parquet."""
    from recbole_lsrec.export import export as write

    click.echo(write(folder, kind, out, model))


@click.command(cls=GivenOnce, short_help="Serve recommendations over HTTP.")
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; by default only for this machine."
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1), help="Processes; by default one per core, on Ray one.")
@click.option("--ray", is_flag=True, help="Deploy with Ray Serve, on the cluster at --address.")
@click.option("--address", default="auto", show_default=True, help="Address of the Ray cluster.")
@click.option("--model", help="The run's model class, if it is your own.")
def serve(folder: Path, host: str, port: int, workers: int | None, ray: bool, address: str, model: str | None) -> None:
    """Serve /recommend and /rerank over HTTP; /docs describes them."""
    from recbole_lsrec.serve import command

    if ray:
        command.serve_on_ray(folder, model, host, port, workers, address)
    else:
        command.serve(folder, model, host, port, workers)
