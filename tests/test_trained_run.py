"""What is taken from a run folder belongs together."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec.errors import CheckpointError
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.recommend.recommender import Recommender
from recbole_lsrec.run_files import CHECKPOINT
from recbole_lsrec.trained_run import configure, load_run


def test_a_checkpoint_of_another_run_is_refused(shop: dict[str, Any]) -> None:
    pop, knn = (Path(run_recbole_lsrec(name, "shop", config_dict=shop)["run_folder"]) for name in ("Pop", "ItemKNN"))
    assert load_run(pop)[0]["model"] == "Pop"
    shutil.copy(knn / CHECKPOINT, pop / CHECKPOINT)
    message = (
        r"checkpoint\.pt: is of ItemKNN on shop with seed 2020, result\.json of Pop on shop with seed 2020; take both"
    )
    with pytest.raises(CheckpointError, match=message):
        load_run(pop)
    with pytest.raises(CheckpointError, match=message):
        Recommender.load(pop)
    with pytest.raises(CheckpointError, match=message):
        configure(None, None, [], {"resume": str(pop)}, [], None)
