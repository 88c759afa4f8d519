"""What RecBole's models keep of their training outside ``state_dict`` survives a resume."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from recbole.model.general_recommender import BPR, LINE, MultiVAE

from recbole_lsrec import checkpoint
from recbole_lsrec.errors import CheckpointError
from recbole_lsrec.model.sequential_recommender.sasrec import SASRec
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.training import model_attributes

# So that the state matters within four epochs of a few batches.
SETTINGS = {
    "DiffRec": {"steps": 2, "history_num_per_term": 40},
    "LINE": {},
    "MacridVAE": {"total_anneal_steps": 5},
    "MultiVAE": {"total_anneal_steps": 5},
}


@pytest.mark.parametrize("model", SETTINGS)
def test_a_resumed_run_ends_as_the_uninterrupted_one(shop, model):
    settings = {**shop, **SETTINGS[model]}
    whole = run_recbole_lsrec(model, "shop", config_dict={**settings, "epochs": 4})
    part = run_recbole_lsrec(model, "shop", config_dict={**settings, "epochs": 1})
    rest = run_recbole_lsrec(model, "shop", config_dict={**settings, "epochs": 4, "resume": part["run_folder"]})
    losses, tensors = [], []
    for result in (rest, whole):
        history = json.loads((Path(result["run_folder"]) / "result.json").read_text())["history"]
        losses.append([epoch["train_loss"] for epoch in history])
        tensors.append(checkpoint.load(Path(result["run_folder"]) / "checkpoint.pt").tensors)
    assert rest["test_result"] == whole["test_result"]
    assert losses[0] == losses[1]
    for part_of in ("current", "training"):
        torch.testing.assert_close(tensors[0][part_of], tensors[1][part_of], rtol=0, atol=0)


def bare(kind, **values):
    """A model without its weights."""
    model = kind.__new__(kind)
    torch.nn.Module.__init__(model)
    model.device = torch.device("cpu")
    for name, value in values.items():
        setattr(model, name, value)
    return model


class Derived(MultiVAE):
    """A model of one's own."""


def test_attributes_come_back_as_they_were():
    kept = model_attributes.training_state(bare(LINE, random_list=np.array([3, 1, 2]), random_pr=2))
    assert (kept["random_list"].tolist(), kept["random_pr"]) == ([3, 1, 2], 2)
    fresh = bare(LINE, random_list=np.array([1, 2, 3]), random_pr=0)
    model_attributes.put_back(fresh, kept, "c.pt")
    assert isinstance(fresh.random_list, np.ndarray)
    assert (fresh.random_list.tolist(), fresh.random_pr) == ([3, 1, 2], 2)
    assert model_attributes.training_state(bare(Derived, update=7)) == {"update": 7}


def test_a_checkpoint_without_the_state_is_refused_where_a_model_keeps_one():
    with pytest.raises(
        CheckpointError, match=r"^c\.pt: it lacks what Derived keeps of its training \(update\), so the run would"
    ):
        model_attributes.put_back(bare(Derived, update=0), None, "c.pt")
    model_attributes.put_back(torch.nn.Linear(1, 1), None, "c.pt")


def test_a_model_of_one_s_own_with_the_name_of_another_keeps_nothing():
    named = type("DiffRec", (BPR,), {})
    assert model_attributes.training_state(bare(named)) == {}
    model_attributes.put_back(bare(named), None, "c.pt")


class Watched(SASRec):
    """Changes what a checkpoint keeps, and what none does."""

    def __init__(self, config, dataset):
        super().__init__(config, dataset)
        self.step, self.kept, self.name, self.cache = 0, 0, "Watched", torch.zeros(2)
        self.torch_generator, self.numpy_generator = torch.Generator(), np.random.default_rng(1)
        self.register_buffer("stored", torch.zeros(()))
        self.register_buffer("passing", torch.zeros(()), persistent=False)
        self.other_parameter_name = ["kept"]

    def calculate_loss(self, interaction):
        self.step, self.kept = self.step + 1, self.kept + 1
        self.stored += 1
        self.passing += 1
        self.cache = torch.rand(2, generator=self.torch_generator)
        return super().calculate_loss(interaction) * self.numpy_generator.random()


class Says(Watched):
    """Keeps all by methods of its own."""

    def other_parameter(self):
        return {"step": self.step}


def test_what_no_checkpoint_keeps_is_named_once(shop, caplog):
    run_recbole_lsrec(Watched, "shop", config_dict={**shop, "state": "WARNING"})
    (told,) = [record.getMessage() for record in caplog.records if "no checkpoint keeps" in record.getMessage()]
    assert told.startswith("Watched changes step, torch_generator, numpy_generator, passing while it trains, which no")
    caplog.clear()
    run_recbole_lsrec(Says, "shop", config_dict={**shop, "state": "WARNING"})
    assert "no checkpoint keeps" not in caplog.text
