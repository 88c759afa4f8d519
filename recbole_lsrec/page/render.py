"""Jinja's environments: a page finds its own templates first, then those that all pages share."""

from collections.abc import Callable

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recbole_lsrec.page.numbers import FILTERS


def html_environment(package: str) -> Environment:
    """For pages, which extend ``base.html.j2``.

    Args:
        package: that holds ``templates/``.
    """
    environment = Environment(
        loader=_loader(package), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    return environment


def text_environment(package: str, escape: Callable[[str], str]) -> Environment:
    """For Markdown and LaTeX: delimiters that these have no use for; every text goes through ``escape``."""
    environment = Environment(
        loader=_loader(package),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= FILTERS
    return environment


def _loader(package: str) -> ChoiceLoader:
    return ChoiceLoader([PackageLoader(package), PackageLoader("recbole_lsrec.page")])
