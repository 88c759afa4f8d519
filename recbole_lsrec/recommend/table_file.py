"""Lists of recommendations as a file, by its ending."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from recbole_lsrec.errors import ConfigError

_WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    ".csv": lambda table, path: _flat(table).to_csv(path, index=False),
    ".tsv": lambda table, path: _flat(table).to_csv(path, index=False, sep="\t"),
    ".parquet": lambda table, path: table.to_parquet(path, index=False),
    ".jsonl": lambda table, path: table.to_json(path, orient="records", lines=True, force_ascii=False),
}


def check_ending(path: Path) -> None:
    """Refuses a file of another kind before any work.

    Raises:
        ConfigError: names the endings.
    """
    if path.suffix not in _WRITERS:
        raise ConfigError(f"out: found {path}; accepted endings: {', '.join(_WRITERS)}.")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Writes the lists; in CSV and TSV the items of a session stand in one cell, separated by spaces."""
    _WRITERS[path.suffix](table, path)


def as_text(table: pd.DataFrame) -> str:
    """The lists as tab-separated text."""
    return _flat(table).to_csv(index=False, sep="\t")


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    if "current_session" not in table:
        return table
    joined = table["current_session"].map(lambda items: " ".join(items) if isinstance(items, list) else "")
    return table.assign(current_session=joined)
