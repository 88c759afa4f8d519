"""What is taken from a run folder belongs together."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from recbole.model.abstract_recommender import GeneralRecommender
from recbole.utils import InputType

from recbole_lsrec.config import Config
from recbole_lsrec.errors import CheckpointError, ConfigError
from recbole_lsrec.model.general_recommender.pop import Pop
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.recommend.recommender import Recommender
from recbole_lsrec.run_data import load_data
from recbole_lsrec.run_files import CATALOGUE, CHECKPOINT
from recbole_lsrec.trained_run import configure, load_run


class Sibling(Pop):
    """Has the weights of Pop."""


def test_another_class_than_the_runs_is_refused(shop: dict[str, Any]) -> None:
    folder = run_recbole_lsrec("Pop", "shop", config_dict=shop)["run_folder"]
    for load in (load_run, lambda run, model: Recommender.load(run, model=model)):
        for given, name in (("Markov", "Markov"), (Sibling, "Sibling"), (3, "3")):
            with pytest.raises(
                CheckpointError, match=rf"holds Pop, found model {name}; leave it out, or give the run's own"
            ):
                load(folder, given)  # type: ignore[arg-type]
        load(folder, Pop)
        load(folder, "Pop")


class Bare(GeneralRecommender):
    """Has nothing to train."""

    input_type = InputType.PAIRWISE


def test_a_model_without_a_parameter_is_refused(shop: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^model: Bare has no parameter, and a trainer needs one; give it such as"):
        run_recbole_lsrec(Bare, "shop", config_dict=shop)


def test_a_checkpoint_of_another_run_is_refused(shop: dict[str, Any]) -> None:
    pop, knn = (Path(run_recbole_lsrec(name, "shop", config_dict=shop)["run_folder"]) for name in ("Pop", "ItemKNN"))
    assert load_run(pop)[0]["model"] == "Pop"
    with pytest.raises(CheckpointError, match=r"catalogue\.pt: has no 'model', so it is another file of a run; give a"):
        configure(None, None, [], {"resume": str(pop / CATALOGUE)}, [], None)
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


def test_a_run_on_other_values_of_features_is_refused(shop: dict[str, Any]) -> None:
    file = Path(shop["data_path"]) / "shop" / "shop.item"
    log = load_data(Config("Pop", "shop", config_dict=shop)).dataset
    tokens = log.field2id_token["item_id"][1:]
    file.write_text("item_id:token\tprice:float\n" + "".join(f"{token}\t{n}\n" for n, token in enumerate(tokens)))
    settings = {**shop, "load_col": {**shop["load_col"], "item": ["item_id", "price"]}}
    folder = Path(run_recbole_lsrec("Pop", "shop", config_dict=settings)["run_folder"])
    assert load_run(folder)[0]["model"] == "Pop"
    file.write_text(file.read_text().replace("\t1\n", "\t77\n"))
    with pytest.raises(CheckpointError, match="the features fingerprint differs"):
        load_run(folder)


def test_a_run_on_other_values_of_a_column_of_events_is_refused(shop: dict[str, Any]) -> None:
    file = Path(shop["data_path"]) / "shop" / "shop.inter"
    head, *rows = file.read_text().splitlines()
    assert "rating" not in head
    file.write_text("\n".join([f"{head}\trating:float", *(f"{row}\t{n}" for n, row in enumerate(rows)), ""]))
    settings = {**shop, "load_col": {**shop["load_col"], "inter": [*shop["load_col"]["inter"], "rating"]}}
    folder = Path(run_recbole_lsrec("Pop", "shop", config_dict=settings)["run_folder"])
    assert load_run(folder)[0]["model"] == "Pop"
    file.write_text(file.read_text().replace("\t1\n", "\t77\n"))
    with pytest.raises(CheckpointError, match="the features fingerprint differs"):
        load_run(folder)
