"""The command line, as a test calls it."""

from collections.abc import Sequence

import pytest

from recbole_lsrec.cli import main


def exit_code(arguments: Sequence[str]) -> int | str | None:
    """Runs a command, and returns what a shell would get."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code
