"""What a run shows, and where: its result on stdout, the rest on stderr, details in its log alone, warnings at the end."""

import logging
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any

import colorlog
from tqdm import TqdmExperimentalWarning
from tqdm.std import TqdmWarning

from recbole_lsrec.errors import refusal_in_words

DETAIL = {"place": "log"}
"""``extra`` of a line for the log file alone, unless all is asked for: ``logger.info(text, extra=DETAIL)``."""
RESULT = {"place": "stdout"}
"""``extra`` of what the run was made for."""
NOW = {"place": "now"}
"""``extra`` of a warning that is of no use at the end."""

_LOCK = RLock()  # of bars; tqdm's own holds a semaphore, which a process that is killed leaves behind with a warning
_COLOURS = re.compile(r"\x1B\[[0-9;]*m")
_LINE = "%(asctime)-15s %(levelname)s  %(message)s"
_LOG_COLORS = {"DEBUG": "cyan", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}  # RecBole's


def bar(batches: Iterable[Any] | None = None, *, shown: bool = True, **about: Any) -> Any:
    """A progress bar of tqdm, on a terminal and in a notebook; elsewhere none.

    Args:
        batches: what is counted; None: ``update`` counts.
        shown: whether one is wanted at all.
        about: arguments of tqdm.
    """
    with warnings.catch_warnings():  # of ipywidgets, without which the bar is of text
        warnings.simplefilter("ignore", TqdmExperimentalWarning)
        warnings.simplefilter("ignore", TqdmWarning)
        from tqdm.auto import tqdm

        tqdm.set_lock(_LOCK)
        return tqdm(batches, disable=not (shown and _is_watched()), dynamic_ncols=True, **about)


def _is_watched() -> bool:
    """Whether stderr is a terminal or the cell of a notebook."""
    return (sys.stderr is not None and sys.stderr.isatty()) or type(sys.stderr).__module__.startswith("ipykernel")


@contextmanager
def logging_to(log: Path | None, state: str | None, *, verbose: bool = False) -> Iterator[None]:
    """Sends the root logger, which RecBole writes to, to the console and to a file while the block runs.

    Handlers that write to the console already (a notebook's) rest meanwhile, so that each line is there once. Warnings are
    shown when the block ends, however it does, each once, but for those with ``extra=NOW``; the file has them where they arose.

    Args:
        log: the file; None: none.
        state: level of the root logger in the block, as RecBole names it; its own is put back.
        verbose: whether details are shown too, and each warning at once.
    """
    root = logging.getLogger()
    handlers: list[logging.Handler] = [_Console(verbose)]
    if log is not None:
        file = _LogFile(log, encoding="utf-8")
        file.setFormatter(_Plain(_LINE, "%Y-%m-%d %H:%M:%S"))
        handlers.append(file)
    resting = [h for h in root.handlers if getattr(h, "stream", None) in (sys.stdout, sys.stderr)]
    before = root.level
    root.setLevel(str(state or "info").upper())
    for handler in resting:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    try:
        with warnings.catch_warnings():
            # RecBole's lines use what pandas 3 and torch 3 will drop; the versions that it runs with here have it.
            warnings.filterwarnings("ignore", category=FutureWarning, module=r"recbole\.")
            yield
    except Exception:  # told to the user where it is caught; how it came about is in the log
        root.error("The run ended with an error", exc_info=True, extra=DETAIL)
        raise
    finally:
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        for handler in resting:
            root.addHandler(handler)


class _LogFile(logging.FileHandler):
    """A log that may be cut off by a full disk: said once, and the run goes on as far as it can."""

    cut_off = False

    def handleError(self, record: logging.LogRecord) -> None:
        if not self.cut_off:
            self.cut_off = True
            told = sys.exc_info()[1]
            reason = refusal_in_words(told) if isinstance(told, OSError) else told
            print(f"{self.baseFilename}: the log cannot be written: {reason}", file=sys.stderr, flush=True)

    def close(self) -> None:
        with suppress(OSError):  # what could not be written before
            super().close()


class _Plain(logging.Formatter):
    """Without colours."""

    def format(self, record: logging.LogRecord) -> str:
        return _COLOURS.sub("", super().format(record))


class _Console(logging.Handler):
    """stderr and stdout, in colours where they are terminals; keeps warnings until it is closed."""

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        self.verbose = verbose
        self.kept: dict[str, logging.LogRecord] = {}

    def emit(self, record: logging.LogRecord) -> None:
        place = getattr(record, "place", "stderr")
        if place == "log" and not self.verbose:
            return
        if record.levelno == logging.WARNING and place != "now" and not self.verbose:
            self.kept.setdefault(record.getMessage(), record)
        else:
            self._write(record, place)

    def close(self) -> None:
        for record in self.kept.values():
            self._write(record, "stderr")
        self.kept.clear()
        super().close()

    def _write(self, record: logging.LogRecord, place: str) -> None:
        stream = sys.stdout if place == "stdout" else sys.stderr
        line = "%(message)s" if place == "stdout" else _LINE
        formatter: logging.Formatter = _Plain(line, "%d %b %H:%M")
        if stream is None:
            return  # closed by whoever started the process
        if stream.isatty():
            formatter = colorlog.ColoredFormatter("%(log_color)s" + line, "%d %b %H:%M", log_colors=_LOG_COLORS)
        try:
            print(formatter.format(record), file=stream, flush=True)
        except OSError as error:  # `| head` has what it wanted, or its disk is full; the log has it all
            if place == "stdout" and not isinstance(error, BrokenPipeError):
                raise
            self.handleError(record)
