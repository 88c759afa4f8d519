"""The checks of a change, by name: ``nox`` runs lint, types, docs and test, ``nox -s slow`` what takes minutes.

They run in the environment that nox itself runs in, which README and ``.ci/run`` install: what is checked is what users get.
"""

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "docs", "test"]
nox.options.stop_on_first_error = True


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, and no import that runs back up."""
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Type hints."""
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """The site, into build/site; a broken link or a wrong docstring is an error."""
    session.run("mkdocs", "build", "--quiet", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def test(session: nox.Session) -> None:
    """The README's test command."""
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Tests that take minutes each."""
    session.run("pytest", "-m", "slow", *session.posargs)
