import copy
import pickle

import numpy as np
import pytest
import torch
from recbole.data.interaction import Interaction

from recbole_lsrec.data.batch import Batch
from recbole_lsrec.data.dataloader import TrainLoader
from recbole_lsrec.data.sampler import TimeThresholdSampler
from recbole_lsrec.registry import get_model

COLUMNS = {"item_id": torch.tensor([3, 1, 2]), "item_id_list": torch.tensor([[5, 0], [6, 7], [8, 9]])}


def lazy(made: list[str]) -> Batch:
    """A batch of the columns above, which notes what is made."""

    def make(name):
        made.append(name)
        return COLUMNS[name].clone()

    return Batch({name: lambda name=name: make(name) for name in COLUMNS}, length=3)


OPERATIONS = {
    "itself": lambda batch: batch,
    "slice": lambda batch: batch[1:],
    "rows": lambda batch: batch[torch.tensor([2, 2, 0, 1])],
    "array": lambda batch: batch[np.array([2, 0])],
    "list": lambda batch: batch[[1]],
    "mask": lambda batch: batch[torch.tensor([True, False, True])],
    "repeat": lambda batch: batch.repeat(3),
    "repeat_interleave": lambda batch: batch.repeat_interleave(2),
    "device": lambda batch: batch.to("cpu"),
    "some to device": lambda batch: batch.to("cpu", ["item_id"]),
    "cpu": lambda batch: batch.cpu(),
    "copy": copy.deepcopy,
    "another process": lambda batch: pickle.loads(pickle.dumps(batch)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_is_recboles_interaction(name):
    change = OPERATIONS[name]
    recboles = {"mask": lambda batch: batch[[0, 2]]}.get(name, change)  # it takes a mask for places
    got, wanted = change(lazy([])), recboles(Interaction(copy.deepcopy(COLUMNS)))
    assert isinstance(got, Interaction)
    assert len(got) == len(wanted)
    assert got.columns == wanted.columns
    for column in wanted.columns:
        assert torch.equal(got[column], wanted[column])


@pytest.mark.parametrize("name", ["itself", "slice", "rows", "repeat", "device", "cpu"])
def test_a_column_is_made_when_it_is_read_and_once(name):
    made = []
    batch = OPERATIONS[name](lazy(made))
    assert made == []
    first = batch["item_id"]
    assert batch.item_id is first
    assert batch.interaction["item_id"] is first
    assert made == ["item_id"]
    assert len(batch) == len(first)
    assert made == ["item_id"]


def test_what_is_set_is_read():
    made = []
    batch = lazy(made)
    batch["item_id"] = torch.zeros(3)
    batch.update(Interaction({"label": torch.ones(3)}))
    batch.update(Batch({"item_id_list": lambda: torch.full((3, 2), 4)}, 3))
    assert batch["item_id"].sum() == 0
    assert batch["label"].sum() == 3
    assert batch["item_id_list"].sum() == 24
    assert made == []


def test_a_prefix_makes_nothing():
    made = []
    batch = lazy(made)
    batch.add_prefix("neg_")
    assert batch.columns == ["neg_item_id", "neg_item_id_list"]
    assert made == []
    assert batch["neg_item_id"].tolist() == [3, 1, 2]


def made(batch: Batch) -> set[str]:
    return {name for name, column in batch.interaction.data.items() if isinstance(column, torch.Tensor)}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("SASRec", {"item_id", "item_id_list", "item_length"}),
        ("DiffLSRec", {"item_id", "item_id_list", "item_length", "timestamp_list"}),
    ],
)
def test_a_model_makes_what_it_reads_of_a_training_batch(load, model, fields):
    rows = [(f"u{u}", f"i{(u * 7 + 3 * t) % 23}", 1000 * t + u) for u in range(12) for t in range(9)]
    log = load(rows, model=model, eval_args={"mode": "full"}, metrics=["NDCG"])
    train, _, _ = log.build()
    sampler = TimeThresholdSampler(log.user, log.item, log.time, log.session, log.training_events(), log.item_num)
    batch = next(iter(TrainLoader(log.config, train, sampler, candidate_batch=False))).to("cpu")
    get_model(model)(log.config, log).calculate_loss(batch)
    assert made(batch) == fields
