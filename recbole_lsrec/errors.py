"""Errors that a user can act on: one clear line, no traceback at the command line."""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any


class LSRecError(ValueError):
    """Something the user gave is wrong; the message says what was found, what is accepted, and what to do."""


class ConfigError(LSRecError):
    """A setting is unknown, of the wrong type, impossible, or contradicts another."""


class ModelError(ConfigError):
    """A model stumbles over its settings, of which nothing says the one."""


class DataError(LSRecError):
    """An input file is missing, malformed, or holds values that cannot be used."""


class TrainingError(LSRecError):
    """Training came to numbers with which it cannot go on."""


class CheckpointError(LSRecError):
    """A checkpoint is truncated, foreign, or belongs to another run."""


class MachineError(LSRecError):
    """The machine refused: a full disk, a folder that may not be written, no memory. Exit code 3, not 2."""


class OutOfMemoryError(MachineError):
    """Memory is used up, of the machine or of a GPU."""


_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space, or choose a folder on another disk",
    errno.EDQUOT: "your quota of the disk is used up; free some space, or choose a folder on another disk",
    errno.EFBIG: "the file would be larger than this account may write (ulimit -f), or the disk is full",
    errno.EACCES: "this account may not; change its permissions (ls -l), or choose another place",
    errno.EPERM: "this account may not; change its permissions (ls -l), or choose another place",
    errno.EROFS: "the disk is mounted read-only; choose a folder on another",
    errno.ENOTDIR: "a part of this path is a file where a folder is needed; choose another place",
    errno.EEXIST: "there is a file where a folder is needed; choose another place",
    errno.EISDIR: "there is a folder where a file is needed",
    errno.ENOENT: "there is no such file or folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EMFILE: "too many files are open (ulimit -n)",
    errno.ENOMEM: "there is not enough memory",
    errno.EIO: "the disk gives errors",
}


def refusal_in_words(error: OSError) -> str:
    """What the operating system said: the file, and what to do about it."""
    # Python's tempfile names the folders that it tried.
    if error.filename is None and "temporary" in str(error.strerror):
        return f"{error.strerror}; set the environment variable TMPDIR to a folder that this account may write."
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{_advice(error)}."


def _advice(error: OSError) -> str:
    return _ADVICE.get(error.errno or 0, error.strerror or str(error))


@contextmanager
def refusals_named(path: Path, doing: str) -> Iterator[None]:
    """Makes what the operating system refuses in the block an error that names the file.

    Args:
        path: that is worked on.
        doing: such as ``cannot be written``.

    Raises:
        MachineError: whatever refused.
    """
    try:
        yield
    except OSError as error:
        raise MachineError(f"{path}: {doing}: {_advice(error)}.") from error


LESS_MEMORY = (
    "memory is used up; smaller train_batch_size, eval_batch_size, eval_memory_mb, MAX_ITEM_LIST_LENGTH or embedding_size "
    "need less, and --dry-run estimates how much."
)


def out_of_memory(error: BaseException) -> bool:
    """Of Python, of a GPU, or of torch's allocator on a CPU, which has no class of its own."""
    own = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return own or "can't allocate memory" in str(error)


@contextmanager
def memory_named() -> Iterator[None]:
    """Makes memory that is used up in the block one line, whoever noticed it.

    Raises:
        OutOfMemoryError: it is.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise OutOfMemoryError(LESS_MEMORY) from error


def failure_in_words(error: BaseException) -> str:
    """What a trial or a cell that failed says of it, in one line."""
    said = str(error).partition("Exception raised from ")[0]  # after it torch lists its stack
    return LESS_MEMORY if out_of_memory(error) else f"{type(error).__name__}: {' '.join(said.split())}"


@contextmanager
def model_named(model: str, doing: str) -> Iterator[None]:
    """Makes what a model stumbles over in the block one line: what settings RecBole's accept, nobody has declared.

    Args:
        model: its name.
        doing: what cannot be done with it, such as ``built``.

    Raises:
        ModelError: it stumbled.
    """
    try:
        yield
    except (
        *(ValueError, TypeError, LookupError, ArithmeticError),
        *(AssertionError, RuntimeError, AttributeError, ImportError),
    ) as error:
        if isinstance(error, LSRecError) or out_of_memory(error):
            raise
        raise ModelError(
            f"{model}: cannot be {doing} with its settings ({failure_in_words(error)}). Change the setting that explains it; if "
            "none does, report it where you got the package, with the traceback in the run's log."
        ) from error


def check_arguments(*rules: tuple[str, Any, bool, str]) -> None:
    """Refuses the first argument of a function that does not fit.

    Args:
        rules: of each its name, what was given, whether it fits, and what is accepted.

    Raises:
        ConfigError: names the argument.
    """
    for name, given, fits, accepted in rules:
        if not fits:
            raise ConfigError(f"{name}: found {given!r:.80}; accepted: {accepted}.")


def counted(n: float, thing: str, form: str = "") -> str:
    """Returns the number, as ``form`` has it, with the noun, in the plural unless it is 1."""
    return f"{n:{form}} {thing}{'' if n == 1 else 's'}"


def did_you_mean(word: str, accepted: Iterable[str]) -> str:
    """Returns ``" Did you mean 'x'?"`` for the accepted words nearest to ``word``, or an empty string."""
    by_lower = {name.lower(): name for name in accepted}
    near = [by_lower[name] for name in get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def listed(names: Sequence[str], most: int = 20) -> str:
    """Names for a message of one line, cut where a damaged file makes them many or long."""
    plain = [name if name.isprintable() else repr(name)[1:-1] for name in names[:most]]
    shown = [name if len(name) <= 60 else f"{name[:60]}..." for name in plain]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
