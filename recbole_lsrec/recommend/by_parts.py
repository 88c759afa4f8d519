"""Recommending to the users of a file larger than memory: cut into parts of whole users, each answered on its own."""

import pickle
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.util import hash_array

from recbole_lsrec.console import bar
from recbole_lsrec.errors import check_arguments
from recbole_lsrec.recommend.counts import say_counts
from recbole_lsrec.recommend.read_histories import USER, history_blocks
from recbole_lsrec.recommend.recommender import Recommender

PART_BYTES = 1 << 24  # of a file; some hundred thousand events
_MOST_PARTS = 256  # files open at a time


def recommend_file(
    recommender: Recommender, path: str | Path, write: Callable[[pd.DataFrame], object], k: int = 20, **options: Any
) -> dict[str, int]:
    """Ranks items for each user of a file, in memory that does not grow with it.

    The whole file is checked before the first user is answered. Users stand in the order they first appear; those of a
    file of more than one part, part by part.

    Args:
        recommender: of a run.
        path: of the histories, see :func:`recbole_lsrec.recommend.read_histories.read_histories`.
        write: takes one table after another, as of :meth:`Recommender.recommend`.
        k: length of the lists.
        options: of :meth:`Recommender.recommend`.

    Returns:
        The counts of :meth:`Recommender.recommend`, which have been said.

    Raises:
        LSRecError: as of :meth:`Recommender.recommend`.
    """
    check_arguments(("path", path, isinstance(path, (str, Path)), "the path of a file of histories"))
    shown = options.pop("show_progress", False)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        parts, columns, total = _cut(Path(path), recommender, Path(folder))
        if len(parts) > 1:  # the only part is checked when it is answered
            for part in parts:
                recommender.check(_events(part, columns), options.get("now"))
        with bar(total=total, desc="Recommend", unit="event", shown=shown) as progress:
            for part in parts:
                events = _events(part, columns)
                table, found = recommender.answer(events, k, **options)
                write(table)
                counts.update(found)
                progress.update(len(events))
    counts.update(recommender.tell_of_items(options.get("exclude", ()), options.get("candidates")))
    say_counts(counts)
    return dict(counts)


def _cut(path: Path, recommender: Recommender, folder: Path) -> tuple[list[Path], list[str], int]:
    """Files of pickled frames, all events of a user in one of them; the columns and the number of all events."""
    size = path.stat().st_size if path.is_file() else 0
    n_parts = min(_MOST_PARTS, 1 + size // PART_BYTES)
    parts = [folder / str(number) for number in range(n_parts)]
    total, columns = 0, dict[str, None]()
    with ExitStack() as opened:
        files = [opened.enter_context(part.open("wb")) for part in parts]
        for block in history_blocks(path, recommender.names()):
            total += len(block)
            columns |= dict.fromkeys(block.columns)
            number = hash_array(block[USER].to_numpy(dtype=object)) % n_parts
            for n, piece in block.groupby(number, sort=False):
                pickle.dump(piece, files[n])
        if not total:  # a file without events has one part, which is answered with an empty table
            pickle.dump(block, files[0])
    return [part for part in parts if part.stat().st_size], list(columns), total


def _events(part: Path, columns: list[str]) -> pd.DataFrame:
    # Objects of JSON may have further keys in other parts alone; all parts are read as the whole would be.
    return pd.concat(_pieces(part), ignore_index=True).reindex(columns=columns)


def _pieces(part: Path) -> Iterator[pd.DataFrame]:
    with part.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return
