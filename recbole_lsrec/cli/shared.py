"""What several commands share: options, files, lists of words."""

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

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


def with_resources(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what a cell may use; the command gets it as ``resources``, a dictionary by the names of the options."""

    @wraps(command)
    def with_one(*given: Any, cpus: int, gpus: float, jobs: int | None, address: str | None, **named: Any) -> None:
        command(*given, resources={"cpus": cpus, "gpus": gpus, "jobs": jobs, "address": address}, **named)

    wrapped: Callable[..., None] = with_one
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
        wrapped = option(wrapped)
    return wrapped


def split_commas(text: str) -> tuple[str, ...]:
    """The words of a list, without empty ones."""
    return tuple(word for word in text.split(",") if word)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes readable JSON."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
