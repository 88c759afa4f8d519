"""Reading the authors' numbers: their weights into our models, their feeds into our batches."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.model.layers.time_features import TimeFeatures
from recbole_lsrec.model.sequential_recommender.clsr import CLSR
from recbole_lsrec.model.sequential_recommender.slirec import SLiRec
from recbole_lsrec.model.timed_history import TimedRecommender
from recbole_lsrec.testing.stub import StubDataset, stub_config
from tests.model import authors_names

FOLDER = Path(__file__).resolve().parents[1] / "golden"
RATE = 1e-3
GROUP = 5  # rows of an instance: the positive and four negatives

SMALL = {
    "embedding_size": 8,
    "category_embedding_size": 2,
    "attention_hidden_sizes": [8, 4],
    "alpha_hidden_sizes": [8, 4],
    "head_hidden_sizes": [10, 6],
    "MAX_ITEM_LIST_LENGTH": 6,
}
FULL = {"embedding_size": 40, "category_embedding_size": 8}

PASSES = [
    ("in_train", "out_train", True),
    ("in_train", "out_evalmode_trainfeed", False),
    ("in_eval", "out_eval", False),
]

Golden = dict[str, Tensor]


def load(name: str) -> Golden:
    """All numeric arrays of a file."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return {key: torch.from_numpy(arrays[key]) for key in arrays.files if arrays[key].dtype.kind in "fi"}


class GoldenDataset(StubDataset):
    """Sizes and the category map of a golden."""

    def __init__(self, golden: Golden) -> None:
        tables = {name: len(golden[f"w/sequential/embedding/{name}_embedding"]) for name in ("item", "cate", "user")}
        self.n_items, self.n_users, self.n_categories = tables["item"], tables["user"], tables["cate"]
        self.item_category = torch.zeros(self.n_items, dtype=torch.long)
        for feed in ("in_train", "in_eval"):
            for items, categories in (("items", "cates"), ("item_history", "item_cate_history")):
                self.item_category[golden[f"{feed}/{items}"].long()] = golden[f"{feed}/{categories}"].long()

    def num(self, field: str) -> int:
        return {"item_id": self.n_items, "user_id": self.n_users}[field]


def take_weights(
    model: nn.Module, golden: Golden, names: Mapping[str, str], ours: Callable[[str, Tensor], Tensor], unused: set[str]
) -> None:
    """Gives a model the weights of a golden, theirs under their ``names``; every variable but the unused is accounted for."""
    given = {key.removeprefix("w/") for key in golden if key.startswith("w/")}
    assert given - set(names) == unused
    state = {mine: ours(theirs, golden[f"w/{theirs}"]) for theirs, mine in names.items()}
    assert state.keys() == model.state_dict().keys()
    model.load_state_dict(state)


def rows_of_candidates(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``[B, C or 1, ...]``, or ``[B, C]``, as one row for each candidate."""
    return {
        name: (value.unsqueeze(2) if value.dim() == 2 else value.expand(-1, GROUP, *value.shape[2:])).flatten(0, 1)
        for name, value in values.items()
    }


def asked_of(golden: Golden, out_name: str) -> dict[str, Tensor]:
    """What the authors' code gave in a pass."""
    return {key.split("/")[1]: value for key, value in golden.items() if key.startswith(f"{out_name}/")}


def assert_equal(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """All that is expected was found, to float32's rounding."""
    assert not expected.keys() - found.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=2e-5, atol=2e-5, msg=lambda text, key=key: f"{key}: {text}")


def with_gradient(golden: Golden, names: Mapping[str, str]) -> dict[str, str]:
    """The names of the variables of a golden that have a gradient."""
    return {theirs: mine for theirs, mine in names.items() if f"grad/{theirs}" in golden}


def assert_gradients(
    model: nn.Module,
    golden: Golden,
    names: Mapping[str, str],
    ours: Callable[[str, Tensor], Tensor],
    no_effect: Callable[[str], bool] = lambda theirs: "/b_nn_" in theirs,
    kind: str = "grad",
) -> None:
    """Every parameter's gradient is theirs.

    Biases whose effect a batch norm or softmax takes away have the gradient of L2, 1e-6 b, under rounding noise.
    """
    whole = kind == "grad"
    moved = {mine for mine, p in model.named_parameters() if whole or (p.grad is not None and bool(p.grad.any()))}
    assert set(names.values()) == moved
    for theirs, mine in names.items():
        expected = ours(theirs, golden[f"{kind}/{theirs}"])
        allowed = 5e-7 if no_effect(theirs) else 2e-5 * float(expected.abs().max())
        assert float((model.get_parameter(mine).grad - expected).abs().max()) <= allowed, theirs


class TensorFlowAdam:
    """Adam as TensorFlow writes it, with its epsilon before the bias correction; one ``step`` moves any parameters."""

    def __init__(self, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta2, self.epsilon, self.steps = beta2, epsilon, 0
        self.moments: dict[nn.Parameter, tuple[Tensor, Tensor]] = {}

    @torch.no_grad()
    def step(self, gradients: Mapping[nn.Parameter, Tensor]) -> None:
        self.steps += 1
        rate = RATE * math.sqrt(1 - self.beta2**self.steps) / (1 - 0.9**self.steps)
        for parameter, gradient in gradients.items():
            m, v = self.moments.get(parameter, (torch.zeros_like(gradient),) * 2)
            m, v = 0.9 * m + 0.1 * gradient, self.beta2 * v + (1 - self.beta2) * gradient.square()
            self.moments[parameter] = m, v
            parameter.sub_(rate * m / (v.sqrt() + self.epsilon))


def names_of(model: TimedRecommender) -> dict[str, str]:
    """The authors' variable -> our parameter or buffer, of all that this model has."""
    if isinstance(model, SLiRec):
        table = authors_names.SLIREC
    else:
        table = authors_names.CLSR_WITH_GRU if model.options.sequential_model == "gru" else authors_names.CLSR
    state = model.state_dict()
    return {f"sequential/{theirs}": ours for theirs, ours in table.items() if ours in state}


def ours(theirs: str, value: Tensor) -> Tensor:
    """A variable of theirs, or its gradient, in our layout."""
    return value.t() if "/w_nn_" in theirs else value


def build(golden: Golden, **options: Any) -> TimedRecommender:
    """The model of a golden, in training mode, with its weights and times; every variable is accounted for."""
    is_slirec = any("/sli_rec/" in name for name in golden)
    sizes = SMALL if golden["in_train/mask"].shape[1] == 6 else FULL
    base = SLiRec if is_slirec else CLSR

    class WithGivenTimes(base):  # type: ignore[misc,valid-type]
        def time_features(self, interaction: Interaction) -> TimeFeatures:
            return TimeFeatures(interaction["time_from_first_action"], interaction["time_to_now"])

    model = WithGivenTimes(stub_config(base.__name__, **{**sizes, **options}), GoldenDataset(golden))
    take_weights(model, golden, names_of(model), ours, {f"sequential/{name}" for name in authors_names.NOT_OURS})
    return model.train()


def feed(golden: Golden, name: str) -> Interaction:
    """A feed as a batch of ours: one row for each instance; the candidates are its item and its negatives."""
    rows = {key.split("/")[1]: value for key, value in golden.items() if key.startswith(f"{name}/")}
    first = {key: value[::GROUP] for key, value in rows.items()}
    candidates = rows["items"].long().view(-1, GROUP)
    assert rows["labels"].view(-1, GROUP).tolist() == [[1, 0, 0, 0, 0]] * len(candidates)
    times = [key for key in ("time_from_first_action", "time_to_now") if key in rows]  # SURGE reads none
    for key in ("item_history", "users", *times):
        assert torch.equal(rows[key], first[key].repeat_interleave(GROUP, dim=0)), "rows of an instance share a history"
    return Interaction(
        {
            "user_id": first["users"].long(),
            "item_id": candidates[:, 0],
            "neg_item_id": candidates[:, 1:],
            "item_id_list": first["item_history"].long(),
            "item_length": first["mask"].sum(1).long(),
            **{key: first[key] for key in times},
        }
    )
