"""Jinja's environments: a page finds its own templates first, then those that all pages share."""

from collections.abc import Callable
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recbole_lsrec.page.numbers import FILTERS


def html_environment(package: str) -> Environment:
    """For pages, which extend ``base.html.j2``.

    Args:
        package: that holds ``templates/``.
    """
    return _environment(package, autoescape=True)


def text_environment(package: str, escape: Callable[[str], str]) -> Environment:
    """For Markdown and LaTeX: delimiters that these have no use for; every text goes through ``escape``."""
    return _environment(
        package,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        keep_trailing_newline=True,
        finalize=lambda value: escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )


def _environment(package: str, **settings: Any) -> Environment:
    loader = ChoiceLoader([PackageLoader(package), PackageLoader("recbole_lsrec.page")])
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **settings
    )
    environment.filters |= FILTERS
    return environment
