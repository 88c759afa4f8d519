"""A config, a data set and batches small enough to write down, without files of data."""

from typing import Any

import torch
from recbole.data.interaction import Interaction
from torch import Tensor, nn

from recbole_lsrec.config.layers import merge, model_layers
from recbole_lsrec.registry import get_model

N_ITEMS, N_CATEGORIES, N_USERS = 30, 6, 20


def stub_config(model: str | type, **overrides: Any) -> dict[str, Any]:
    """The model's own defaults over the fields every model reads, then ``overrides``; sizes as small as can be."""
    model_class = get_model(model) if isinstance(model, str) else model
    fields = {
        "USER_ID_FIELD": "user_id",
        "ITEM_ID_FIELD": "item_id",
        "TIME_FIELD": "timestamp",
        "SESSION_ID_FIELD": "session_id",
        "LIST_SUFFIX": "_list",
        "MAX_ITEM_LIST_LENGTH": 50,
        "ITEM_LIST_LENGTH_FIELD": "item_length",
        "NEG_PREFIX": "neg_",
        "device": torch.device("cpu"),
        "eval_memory_mb": 64,
        "train_neg_sample_args": {"distribution": "uniform", "sample_num": 3},
    }
    defaults, _ = merge(model_layers(model_class))
    return {**fields, **defaults, "embedding_size": 8, "category_embedding_size": 2, **overrides}


class StubDataset:
    """What a model may ask of a data set."""

    def __init__(self, with_categories: bool = True) -> None:
        self.item_category = None
        self.n_categories = 0
        if with_categories:
            self.item_category = torch.arange(N_ITEMS) % (N_CATEGORIES - 1) + 1
            self.item_category[0] = 0
            self.n_categories = N_CATEGORIES

    def num(self, field: str) -> int:
        """Number of values of an id field, padding included."""
        return {"item_id": N_ITEMS, "user_id": N_USERS}[field]


def batch_of(
    histories: list[list[list[int]]], targets: list[int], negatives: list[list[int]], width: int | None = None
) -> Interaction:
    """A training batch from histories written as lists of sessions of items; sessions are an hour and a day apart."""
    width = width or max(sum(map(len, sessions)) for sessions in histories)
    rows: dict[str, list[Tensor]] = {"item_id_list": [], "session_id_list": [], "timestamp_list": []}
    lengths, first, now = [], [], []
    for sessions in histories:
        items = [item for session in sessions for item in session]
        labels = [number for number, session in enumerate(sessions, 1) for _ in session]
        times = [86_400 * label + 60 * place for place, label in enumerate(labels)]
        for values, column in zip((items, labels, times), rows.values(), strict=True):
            column.append(torch.tensor(values + [0] * (width - len(values))))
        lengths.append(len(items))
        first.append(times[0] - 600 * (len(items) // 10))  # long histories have lost an event
        now.append(times[-1] + 3_600)
    return Interaction(
        {
            "user_id": torch.arange(len(histories)) % (N_USERS - 1) + 1,
            "item_id": torch.tensor(targets),
            "item_length": torch.tensor(lengths),
            "timestamp": torch.tensor(now),
            "first_timestamp": torch.tensor(first),
            "neg_item_id": torch.tensor(negatives),
            **{name: torch.stack(column) for name, column in rows.items()},
        }
    )


def random_batch(
    n: int = 6, width: int = 12, n_negatives: int = 3, seed: int = 0, last_item: int = N_ITEMS
) -> Interaction:
    """A batch with ragged histories, in which instance 0 has one event and instance 1 a single session."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, shape: tuple[int, ...] = ()) -> Any:
        return torch.randint(low, high, shape, generator=generator).tolist()

    histories = []
    for row in range(n):
        length = 1 if row == 0 else draw(3, width + 1)
        sessions = [[draw(1, last_item)]]
        for _ in range(length - 1):
            if row > 1 and draw(0, 3) == 0:
                sessions.append([])
            sessions[-1].append(draw(1, last_item))
        histories.append(sessions)
    return batch_of(histories, draw(1, last_item, (n,)), draw(1, last_item, (n, n_negatives)), width)


def select(batch: Interaction, rows: Tensor) -> Interaction:
    """The instances ``rows`` of a batch, in that order."""
    return Interaction({name: batch[name][rows] for name in batch})


def repad(batch: Interaction, width: int, fill: int = 0) -> Interaction:
    """The same histories in windows of another width, with ``fill`` as items, sessions and times of the padding."""
    columns = {name: batch[name] for name in batch}
    real = torch.arange(width) < batch["item_length"].unsqueeze(1)
    for name in ("item_id_list", "session_id_list", "timestamp_list"):
        wide = torch.full((len(real), width), fill)
        kept = min(width, columns[name].shape[1])
        wide[:, :kept] = columns[name][:, :kept]
        columns[name] = torch.where(real, wide, fill)
    return Interaction(columns)


def randomise(model: nn.Module, seed: int = 0, std: float = 0.3) -> None:
    """Overwrites parameters and moving averages with spread-out numbers, so that no term of the model is near zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * std)
            elif name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
