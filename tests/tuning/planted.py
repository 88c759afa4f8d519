"""A model whose score a search can be told beforehand, and which fails where it is asked to."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.abstract_recommender import SequentialRecommender
from recbole.utils import InputType

from recbole_lsrec.errors import MachineError
from recbole_lsrec.processes.group import ProcessLost


class Planted(SequentialRecommender):
    """Scores items by ``quality`` times their popularity: good above 0, bad below."""

    input_type = InputType.POINTWISE
    default_config = {"quality": 1.0, "behaviour": "fine", "marker": "", "pause": 0.0}

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        counts = np.bincount(dataset.item, minlength=dataset.item_num)
        self.popularity = torch.from_numpy(counts).float() * config["quality"]
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.behaviour, self.marker, self.pause = config["behaviour"], config["marker"], config["pause"]
        self.epochs = torch.zeros(1)
        self.other_parameter_name = ["epochs"]

    def calculate_loss(self, interaction: Interaction) -> torch.Tensor:
        time.sleep(self.pause)
        self.epochs = self.epochs + 1
        if self.behaviour == "raises":
            raise RuntimeError("planted failure")
        if self.behaviour == "needs too much":
            torch.empty(1 << 60)
        if self.behaviour == "needs the disk" and Path(self.marker).exists():
            raise MachineError(f"{self.marker}: cannot be written: the disk is full.")
        if self.epochs == 2:
            if self.behaviour == "loses one of its processes once" and not Path(self.marker).exists():
                Path(self.marker).touch()
                raise ProcessLost("process 1 of 2 was killed.")
            if self.behaviour == "dies":
                os._exit(1)
            if self.behaviour == "dies once" and not Path(self.marker).exists():
                Path(self.marker).touch()
                os._exit(1)
        return (self.weight - 1).square().sum()

    def full_sort_predict(self, interaction: Interaction) -> torch.Tensor:
        return self.popularity.repeat(len(interaction), 1)

    def predict(self, interaction: Interaction) -> torch.Tensor:
        return self.popularity[interaction[self.ITEM_ID]]
