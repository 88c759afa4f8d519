"""Faults that must not go unnoticed, by the room that they are in."""

from tests.guarantees.plants import (
    candidates,
    comparing,
    evaluation,
    histories,
    models,
    recommending,
    runs,
    training_batches,
)
from tests.guarantees.plants.plant import HERE, Plant

__all__ = ["HERE", "PLANTS", "Plant"]

PLANTS = [
    *candidates.PLANTS,
    *training_batches.PLANTS,
    *histories.PLANTS,
    *evaluation.PLANTS,
    *runs.PLANTS,
    *recommending.PLANTS,
    *models.PLANTS,
    *comparing.PLANTS,
]
