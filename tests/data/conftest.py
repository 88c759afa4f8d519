"""Small logs written out in the test, loaded through the real Config."""

from pathlib import Path

import pytest

from recbole_lsrec.config import Config
from recbole_lsrec.data.dataset import SessionDataset

HEADER = "user_id:token\titem_id:token\ttimestamp:float"


@pytest.fixture
def load(tmp_path: Path):
    """``load(rows, **settings)``: a dataset from lines of (user, item, time, ...)."""

    def load_(rows, header=HEADER, item_file=None, name="tiny", model="GRU4Rec", **settings):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        lines = ["\t".join(str(value) for value in row) for row in rows]
        (folder / f"{name}.inter").write_text("\n".join([header, *lines]) + "\n")
        if item_file is not None:
            (folder / f"{name}.item").write_text(item_file)
        settings = {
            "data_path": str(tmp_path),
            "run_dir": str(tmp_path / "runs"),
            "load_col": {"inter": [column.split(":")[0] for column in header.split("\t")]},
            "MAX_ITEM_LIST_LENGTH": 3,
            "timestamp_unit": "s",  # stated, because the small times of these logs are no dates
            **settings,
        }
        return SessionDataset(Config(model, name, config_dict=settings))

    return load_
