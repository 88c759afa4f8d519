"""Every model of ours with a batch of training, small enough to step through: for tests of precision, operators and GPUs."""

from typing import Any

import torch
from recbole.data.interaction import Interaction

from recbole_lsrec.registry import get_model
from recbole_lsrec.testing.stub import N_ITEMS, StubDataset, random_batch, stub_config
from tests.model.difflsrec_stub import StubLog

ALL = {"train_positions": "all"}
MASKS = {
    **ALL,
    **dict.fromkeys(("MASK_ITEM_SEQ", "POS_ITEMS", "NEG_ITEMS", "MASK_INDEX"), "set by RecBole's transform"),
}
AT_EVERY_POSITION: list[tuple[str, dict[str, Any]]] = [
    ("SASRec", ALL),
    ("GRU4Rec", ALL),
    ("NARM", ALL),
    ("BERT4Rec", MASKS),
    ("gSASRec", {}),
    ("SASRecSS", {}),
    ("eSASRec", {}),
]


def model_of(name: str, options: dict[str, Any], device: str = "cpu") -> Any:
    """A model in training mode."""
    dataset = StubLog() if name in ("DiffLSRec", "MARank") else StubDataset()
    return get_model(name)(stub_config(name, device=torch.device(device), **options), dataset).to(device).train()


def batch_of(name: str, seed: int = 0) -> Interaction:
    """Sixteen histories, with four negatives each, the next item at every position, or what is under BERT4Rec's masks."""
    batch = random_batch(n=16, n_negatives=4, seed=seed)
    items = batch["item_id_list"]
    if name == "BERT4Rec":
        masked = (items > 0) & (torch.arange(items.shape[1]) % 3 == 0)
        batch["next_item_id_list"] = items * masked
        batch["item_id_list"] = items.masked_fill(masked, N_ITEMS)
    elif name in dict(AT_EVERY_POSITION):
        batch["next_item_id_list"] = torch.cat([items[:, 1:], torch.zeros_like(items[:, :1])], dim=1)
    return batch
