"""The door of the command line: whatever is raised behind it ends as one line and an exit code.

2: something given is wrong. 3: the machine refused (disk, permissions, memory). 1: a fault of ours. 130 and 143: signals, see
``interrupted``.
"""

import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import click

from recbole_lsrec.errors import LESS_MEMORY, LSRecError, MachineError, out_of_memory, refusal_in_words
from recbole_lsrec.processes.place import place

# Packages that pip does not bring of itself: RecBole from Python 3.12 on, and the extras.
INSTALLED_BY = {
    "recbole": "`pip install --no-deps recbole==1.2.1`",
    "ray": "`pip install 'recbole-lsrec[tune]'`",
    "optuna": "`pip install 'recbole-lsrec[tune]'`",
    "onnx": "`pip install 'recbole-lsrec[export]'`",
    "onnxruntime": "`pip install 'recbole-lsrec[export]'`",
    "fastapi": "`pip install 'recbole-lsrec[serve]'`",
    "uvicorn": "`pip install 'recbole-lsrec[serve]'`",
    "matplotlib": "`pip install 'recbole-lsrec[report]'`",
}
_OURS, _INPUT, _MACHINE = 1, 2, 3
_FIRST_SPEAKS = 5.0  # seconds; what started them ends the others meanwhile


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the program with a line on stderr where the block raises; a fault of ours leaves its traceback in a file."""
    try:
        yield
    except MachineError as error:
        _fail(str(error), _MACHINE)
    except LSRecError as error:
        _fail(str(error), _INPUT)
    except ModuleNotFoundError as error:
        if error.name not in INSTALLED_BY:
            _unexpected(error)
        _fail(
            f"the package {error.name!r} is not installed, which this needs; {INSTALLED_BY[error.name]} brings it.",
            _INPUT,
        )
    except BrokenPipeError:
        _fail("what reads the output has closed it.", _OURS)
    except OSError as error:
        _fail(refusal_in_words(error), _MACHINE)
    except Exception as error:
        if out_of_memory(error):
            _fail(LESS_MEMORY, _MACHINE)
        _unexpected(error)


def _unexpected(error: Exception) -> NoReturn:
    with tempfile.NamedTemporaryFile(
        "w", prefix="recbole-lsrec-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as report:
        report.write(f"{' '.join(sys.argv)}\n\n{traceback.format_exc()}")
    text = " ".join(str(error).split())[:300]
    _fail(
        f"unexpected {type(error).__name__}: {text} This is a fault of recbole_lsrec, not yours. Please report it where you "
        f"got the package, with {report.name}, which holds the command and the traceback.",
        _OURS,
    )


def _fail(message: str, code: int) -> NoReturn:
    here = place()
    if here is not None and here.rank > 0:
        time.sleep(_FIRST_SPEAKS)  # what all of a run's processes meet with, the first one says
        message = f"process {here.rank} of {here.world}: {message}"
    with suppress(OSError):  # where stderr goes the disk may be full too
        click.secho(f"Error: {message}", fg="red", err=True)
    sys.exit(code)
