"""Writes a table of events (csv or parquet) as an atomic file that RecBole and recbole_lsrec read.

RetailRocket, from the events.csv of its public download (https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset):

    python scripts/make_atomic.py events.csv atomic_data/retailrocket --milliseconds \\
        --columns visitorid=user_id,itemid=item_id,event=event_type
"""

import argparse
from pathlib import Path

import pandas as pd

TYPES = {"user_id": "token", "item_id": "token", "timestamp": "float", "category_id": "token", "event_type": "token"}
NEEDED = ("user_id", "item_id", "timestamp")


def make_atomic(table: Path, folder: Path, names: dict[str, str], milliseconds: bool) -> pd.DataFrame:
    """Writes ``<folder>/<folder's name>.inter`` in the order of the table and returns it.

    Args:
        table: csv or parquet with ``user_id, item_id, timestamp`` and perhaps ``category_id, event_type``.
        folder: of the data set; made if missing.
        names: column in the table -> one of the names above.
        milliseconds: whether ``timestamp`` holds these; the file gets whole seconds.

    Raises:
        SystemExit: a needed column is missing.
    """
    frame = (pd.read_parquet(table) if table.suffix == ".parquet" else pd.read_csv(table)).rename(columns=names)
    missing = [name for name in NEEDED if name not in frame]
    if missing:
        raise SystemExit(f"{table}: has no {', '.join(missing)}, but {', '.join(frame)}; name them with --columns.")
    kept = frame[[name for name in TYPES if name in frame and frame[name].notna().any()]].copy()
    if milliseconds:
        kept["timestamp"] //= 1000
    folder.mkdir(parents=True, exist_ok=True)
    with_types = kept.rename(columns=lambda name: f"{name}:{TYPES[name]}")
    with_types.to_csv(folder / f"{folder.name}.inter", sep="\t", index=False)
    return kept


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--columns", default="", help="NAME=user_id,NAME=item_id,...")
    parser.add_argument("--milliseconds", action="store_true")
    given = parser.parse_args()
    names = dict(pair.split("=", 1) for pair in given.columns.split(",") if pair)
    frame = make_atomic(given.table, given.folder, names, given.milliseconds)
    print(
        f"{given.folder}: {len(frame)} events, {frame['user_id'].nunique()} users, {frame['item_id'].nunique()} items"
    )


if __name__ == "__main__":
    main()
