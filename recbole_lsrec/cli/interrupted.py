"""A command that Ctrl-C or a SIGTERM ends as a shell expects: with 130 or 143, after it has said what there is."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Ends the program with 128 + the signal's number where one came; before, what ran has cleaned up."""
    terminated = False

    def terminate(_number: int, _frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        raise KeyboardInterrupt  # a SIGTERM ends what runs as Ctrl-C does

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(128 + (signal.SIGTERM if terminated else signal.SIGINT))
    except SystemExit as ended:  # of a command that wrote its page first
        sys.exit(128 + signal.SIGTERM if terminated and ended.code == 128 + signal.SIGINT else ended.code)
    finally:
        signal.signal(signal.SIGTERM, before)
