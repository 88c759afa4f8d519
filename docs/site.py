"""Pages of the site that are made from the program: its commands, and every option from its declaration."""

from collections.abc import Iterator
from typing import Any

import click
from mkdocs.structure.files import File, Files

from recbole_lsrec.cli import cli
from recbole_lsrec.config.known import LAYERS
from recbole_lsrec.config.setting import settings_of


def on_files(files: Files, config: Any) -> Files:
    """mkdocs asks here for further files."""
    files.append(File.generated(config, "reference/commands.md", content=commands()))
    files.append(File.generated(config, "reference/settings.md", content=settings()))
    return files


def commands() -> str:
    """The help of every command."""
    texts = ["# Commands\n"]
    for name, command in sorted(cli.commands.items()):
        with click.Context(command, info_name=f"recbole-lsrec {name}", max_content_width=100) as context:
            texts.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(texts)


def settings() -> str:
    """The settings of every run; a model's own are on its page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Settings\n\nThose of every run; a model's own are on its page.\n"
    for layer in LAYERS:
        yield f"## {(layer.__doc__ or layer.__name__).splitlines()[0]}\n\n| setting | default | what |\n|---|---|---|"
        for name, one in settings_of(layer).items():
            meaning = f"{one.meaning} {one.source}".replace("|", "\\|")
            yield f"| `{name}` | `{one.default}` | {meaning} |"
        yield ""
