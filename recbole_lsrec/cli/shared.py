"""What several commands share: options, files, lists of words."""

import math
import os
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import click

_NEAR = 0.85  # of difflib: a letter more, less or changed


class GivenOnce(click.Command):
    """A command that refuses an option given twice, of which click takes the last without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        order = self.make_parser(ctx).parse_args(args=list(args))[2]
        twice = [one for one in order if isinstance(one, click.Option) and not one.multiple and order.count(one) > 1]
        asks = ctx.resilient_parsing or any(one.is_eager for one in order)  # a shell that completes, or --help
        if twice and not asks:
            raise click.UsageError(f"{twice[0].opts[-1]}: is given {order.count(twice[0])} times; give it once.", ctx)
        return super().parse_args(ctx, args)


class WithSettings(GivenOnce):
    """A command that takes any setting beside its options; an option that is nearly one of its own is refused at once."""

    ignore_unknown_options = True
    allow_extra_args = True

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        own = [name for param in self.params for name in param.opts if name.startswith("--")]
        for word in (*ctx.args, *ctx.params.get("arguments", ())):
            name = word.split("=")[0]
            near = get_close_matches(name, own, n=1, cutoff=_NEAR) if name.startswith("--") else []
            if near and not _is_setting(name[2:]):
                raise click.NoSuchOption(name, possibilities=near, ctx=ctx)
        return rest


def _is_setting(name: str) -> bool:
    from recbole_lsrec.config.known import general_settings  # only here: it reads yaml files

    return name in general_settings()


class Finite(click.FloatRange):
    """A number within bounds; ``nan`` is below no bound and above none, so click would let it through."""

    name = "number"  # in "'abc' is not a valid number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"found {value}; accepted: a finite number.", param, ctx)
        return number


class Moment(click.ParamType):
    """A time; a whole one stays exact, as nanoseconds are in no float64. No range: click would show its bounds, None."""

    name = Finite.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = Finite().convert(value, param, ctx)
        try:
            return int(value) if isinstance(value, str) else number
        except ValueError:
            return number


class OutputFile(click.Path):
    """A file to be written, refused before any work if its folder is missing, or another option writes it too."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(str(super().convert(value, param, ctx)))
        if ctx and path in ctx.params.values():
            self.fail(f"{path}: is given twice, and one would replace the other; give each its own file.", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(
                f"{path}: the folder {path.absolute().parent} does not exist; make it, or give another.", param, ctx
            )
        return path


def listen_here_alone(_ctx: click.Context, _param: click.Parameter, address: str | None) -> str | None:
    """Callback of ``--address``: a Ray of this machine alone listens on 127.0.0.1, as whoever reaches it can run programs.

    Ray has no option for it, but this variable, which it reads when it is imported.
    """
    if address is None:
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    return address


def with_resources(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what a cell may use; the command gets it as ``resources``, a dictionary by the names of the options."""

    @wraps(command)
    def with_one(*given: Any, cpus: int, gpus: float, jobs: int | None, address: str | None, **named: Any) -> None:
        command(*given, resources={"cpus": cpus, "gpus": gpus, "jobs": jobs, "address": address}, **named)

    wrapped: Callable[..., None] = with_one
    for option in (
        click.option(
            "--address",
            callback=listen_here_alone,
            help="Address of a running Ray cluster, or `auto`; by default only this machine.",
        ),
        click.option("--jobs", type=click.IntRange(1), help="Cells at a time; by default as many as the CPUs allow."),
        click.option("--gpus", type=Finite(0), default=0, show_default=True, help="GPUs per cell, such as 0.5."),
        click.option("--cpus", type=click.IntRange(1), default=1, show_default=True, help="CPU threads per cell."),
    ):
        wrapped = option(wrapped)
    return wrapped


def split_commas(text: str) -> tuple[str, ...]:
    """The words of a list, without empty ones."""
    return tuple(word for word in text.split(",") if word)
