"""Real logs for tests, from the folder named by LSREC_REAL_DATA; not part of the project."""

import os
from pathlib import Path

import pandas as pd
import pytest

REAL_DATA = os.environ.get("LSREC_REAL_DATA")

needs_real_data = pytest.mark.skipif(
    REAL_DATA is None, reason="set LSREC_REAL_DATA to a folder of logs as parquet (user_id, item_id, timestamp, ...)"
)


def atomic_from_parquet(name: str, folder: Path, **settings: object) -> dict[str, object]:
    """Writes ``<folder>/<name>/<name>.inter`` and returns the settings that load it."""
    frame = pd.read_parquet(Path(str(REAL_DATA)) / f"{name}.parquet")
    types = {
        "user_id": "token",
        "item_id": "token",
        "timestamp": "float",
        "category_id": "token",
        "event_type": "token",
    }
    columns = [column for column in types if column in frame and frame[column].notna().any()]
    (folder / name).mkdir(parents=True)
    frame[columns].rename(columns=lambda c: f"{c}:{types[c]}").to_csv(
        folder / name / f"{name}.inter", sep="\t", index=False
    )
    return {
        "data_path": str(folder),
        "load_col": {"inter": columns},
        "CATEGORY_FIELD": "category_id" if "category_id" in columns else None,
        "eval_args": {"fewer": "allow"},
        **settings,
    }
