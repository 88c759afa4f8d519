"""What the documents show exists: imports of their Python, commands and options of their shell lines."""

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from recbole_lsrec.cli import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]


def names(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_python_compiles_and_what_it_imports_is_there(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recbole_lsrec"):
                module = import_module(node.module)
                assert [one.name for one in node.names if not hasattr(module, one.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_and_their_options_are_there(page):
    text = re.sub(r" *\\\n +", " ", page.read_text(encoding="utf-8"))
    for line in re.findall(r"^(?:    )*recbole-lsrec (.+)$", text, re.MULTILINE):
        name, *words = shlex.split(line.partition("  #")[0].partition(" && ")[0])
        if name.startswith("-"):
            continue
        assert name in cli.commands, line
        known = {
            option for one in cli.commands[name].params if isinstance(one, click.Option) for option in option_names(one)
        }
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        open_ended = cli.commands[name].ignore_unknown_options  # any setting
        assert open_ended or given <= {*known, "--help"}, line


def option_names(option):
    return [*option.opts, *option.secondary_opts]


def test_the_example_of_lift_and_probability_prints_what_the_page_says(capsys):
    page = (ROOT / "docs" / "lift_and_probability.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(block, {})
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    assert "".join(f"    {line}\n" for line in printed.splitlines()) in page


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/models/*.md")), ids=names)
def test_a_models_page_says_what_is_where_and_when_not_to_use_it(page):
    heads = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert "Equations and code" in heads
    assert any(head.startswith("When not to use") for head in heads)
