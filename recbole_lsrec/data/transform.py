"""RecBole's ``transform`` of training batches, as a function of a key and not of what was drawn before."""

import random

from recbole.config import Config
from recbole.data.interaction import Interaction
from recbole.data.transform import MaskItemSequence, construct_transform

from recbole_lsrec.data.dataset import SessionDataset


class KeyedTransform:
    """The transform that ``transform`` names.

    RecBole's draw from Python's global generator, which is left as it was: so a batch is the same in whatever process it is
    made, and after a resume.
    """

    def __init__(self, config: Config) -> None:
        of_recbole = construct_transform(config)
        self._of_recbole = _Masks(config) if isinstance(of_recbole, MaskItemSequence) else of_recbole

    def __call__(self, dataset: SessionDataset, batch: Interaction, key: int) -> Interaction:
        """Transforms a batch, given the key that its draws are made of."""
        state = random.getstate()
        random.seed(key)
        try:
            return self._of_recbole(dataset, batch)
        finally:
            random.setstate(state)


class _Masks(MaskItemSequence):  # type: ignore[misc]
    """RecBole's, which looks for an item outside the window for ever where the window holds the whole catalogue."""

    def _neg_sample(self, item_set: list[int], n_items: int) -> int:
        """An item that is not in the window ``[L]``; any, where all are."""
        others = n_items - 1  # without the padding
        if len(item_set) >= others and len({*item_set} - {0}) == others:
            return random.randint(1, others)
        return int(super()._neg_sample(item_set, n_items))
