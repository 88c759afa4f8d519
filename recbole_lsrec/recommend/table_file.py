"""Lists of recommendations as a file, by its ending, some users at a time."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from recbole_lsrec.errors import ConfigError, refusals_named
from recbole_lsrec.whole_files import written_whole

ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl")
_LISTS = ("current_session", "current_categories")
_KINDS = {
    **dict.fromkeys(("user", "item", "source", "driven_by"), pa.string()),
    "rank": pa.int64(),
    **dict.fromkeys(("score", "alpha", "alpha_of_list"), pa.float32()),
    **dict.fromkeys(_LISTS, pa.list_(pa.string())),
}


def check_ending(path: Path) -> None:
    """Refuses a file of another kind before any work.

    Raises:
        ConfigError: names the endings.
    """
    if path.suffix not in ENDINGS:
        raise ConfigError(f"out: found {path}; accepted endings: {', '.join(ENDINGS)}.")


class TableFile:
    """A file of lists; in CSV and TSV the items of a session, and their categories, stand in one cell.

    There they are separated by spaces, and one that holds a space or a quote is quoted as in CSV.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind, self.lines = path, kind, 0
        self._parquet: pa.parquet.ParquetWriter | None = None
        path.write_bytes(b"")

    def write(self, table: pd.DataFrame) -> None:
        """Appends lists; all tables have the same columns."""
        if self.kind == ".parquet":
            schema = pa.schema([(name, _KINDS[name]) for name in table])
            self._parquet = self._parquet or pa.parquet.ParquetWriter(self.path, schema)
            words = table.astype(dict.fromkeys({*_LISTS, "driven_by"} & {*table}, object))  # NaN of popularity alone
            self._parquet.write_table(pa.Table.from_pandas(words, schema, preserve_index=False))
        elif self.kind == ".jsonl":
            if table.empty:
                return  # pandas would write a blank line
            with self.path.open("a", encoding="utf-8") as file:
                table.to_json(file, orient="records", lines=True, force_ascii=False)
        else:
            separator = "," if self.kind == ".csv" else "\t"
            first = not self.path.stat().st_size  # tables before may have had no lines
            _flat(table).to_csv(self.path, index=False, sep=separator, mode="a", header=first)
        self.lines += len(table)

    def close(self) -> None:
        """Ends the file."""
        if self._parquet is not None:
            self._parquet.close()


@contextmanager
def table_file(path: Path) -> Iterator[TableFile]:
    """A file that is there under its name once all of it is written."""
    with (
        refusals_named(path, "cannot be written"),
        written_whole(path) as part,
        closing(TableFile(part, path.suffix)) as file,
    ):
        yield file


def as_text(table: pd.DataFrame, header: bool = True) -> str:
    """The lists as tab-separated text."""
    return _flat(table).to_csv(index=False, sep="\t", header=header)


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{name: table[name].map(_joined) for name in _LISTS if name in table})


def _joined(items: object) -> str:
    line = io.StringIO()
    if isinstance(items, list) and items:
        csv.writer(line, delimiter=" ", lineterminator="").writerow(items)
    return line.getvalue()
