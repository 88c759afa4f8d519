"""Errors that a user can act on: one clear line, no traceback at the command line."""

from collections.abc import Iterable
from difflib import get_close_matches


class LSRecError(ValueError):
    """Something the user gave is wrong; the message says what was found, what is accepted, and what to do."""


class ConfigError(LSRecError):
    """A setting is unknown, of the wrong type, impossible, or contradicts another."""


class DataError(LSRecError):
    """An input file is missing, malformed, or holds values that cannot be used."""


class TrainingError(LSRecError):
    """Training came to numbers with which it cannot go on."""


class CheckpointError(LSRecError):
    """A checkpoint is truncated, foreign, or belongs to another run."""


def did_you_mean(word: str, accepted: Iterable[str]) -> str:
    """Returns ``" Did you mean 'x'?"`` for the accepted words nearest to ``word``, or an empty string."""
    by_lower = {name.lower(): name for name in accepted}
    near = [by_lower[name] for name in get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)]
    return f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
