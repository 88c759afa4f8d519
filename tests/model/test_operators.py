"""How many operators a training step launches: what a GPU waits for. A number that grows is to be seen, not found later."""

from collections import Counter
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from recbole_lsrec.model.layers import cache_blocks, embedding
from tests.model.steps import ALL, MASKS, batch_of, model_of

WAITS = {"nonzero", "_unique2", "_local_scalar_dense", "masked_select", "is_nonzero", "equal"}
"""Operators whose result decides the size of another, or goes to the host: on a GPU's array, it has to finish first.
DiffLSRec reads its noise schedule, which stays on the CPU, once a step."""

NOT_LAUNCHED = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_unsafe_view"}
"""They only allocate, or look at an array in another way."""

# Model, options, and for a step forth and back on histories of up to 12 events: operators that compute, and waits.
STEPS: list[tuple[str, dict[str, Any], int, int]] = [
    ("SLSRec", {"preset": "literal"}, 526, 4),
    ("SLSRec", {"preset": "lineage"}, 740, 4),
    ("CLSR", {}, 1000, 4),
    ("SLiRec", {}, 585, 2),
    ("LSIDN", {}, 1205, 7),
    ("SURGE", {}, 860, 4),
    ("DiffLSRec", {}, 1465, 4),
    ("MARank", {}, 310, 0),
    ("SASRec", ALL, 210, 1),
    ("GRU4Rec", ALL, 425, 1),
    ("NARM", ALL, 450, 1),
    ("BERT4Rec", MASKS, 220, 1),
    ("gSASRec", {}, 235, 1),
    ("SASRecSS", {}, 215, 1),
    ("eSASRec", {}, 235, 1),
]


class Launched(TorchDispatchMode):
    """Counts the operators that run inside, but for those that only look at an array in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.computing: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if not func.is_view and name not in NOT_LAUNCHED:
            self.computing[name] += 1
        return func(*args, **(kwargs or {}))


def launched(name: str, options: dict[str, Any]) -> Counter[str]:
    model, batch = model_of(name, options), batch_of(name)
    model.calculate_loss(batch).backward()  # what is made once
    model.zero_grad()
    with torch.autograd.set_detect_anomaly(False), Launched() as found:  # which importing RecBole's models turns on
        model.calculate_loss(batch).backward()
    return found.computing


@pytest.mark.skipif(torch.__version__ < "2.13", reason="the bounds are of torch 2.13; older ones launch up to 1 % more")
@pytest.mark.parametrize(("name", "options", "operators", "waits"), STEPS)
def test_a_step_launches_no_more_than(monkeypatch, name, options, operators, waits):
    monkeypatch.setattr(cache_blocks, "CPU_BLOCK", 1 << 30)  # as on a GPU
    monkeypatch.setattr(embedding, "look_up", lambda rows, ids, sparse=False: F.embedding(ids, rows))  # likewise
    found = launched(name, options)
    assert found.total() <= operators
    assert sum(found[wait] for wait in WAITS) <= waits
