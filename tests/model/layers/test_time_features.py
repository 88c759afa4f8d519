"""Time features: by hand, against the authors' iterator, and from the authors' text file to their metrics."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.evaluation.metrics import hit, mrr, ndcg, pooled_auc
from recbole_lsrec.model.layers.time_features import time_features
from recbole_lsrec.model.sequential_recommender.clsr import CLSR
from recbole_lsrec.testing.stub import stub_config
from tests.model.goldens import FOLDER, GROUP, SMALL, GoldenDataset, build, load

UNIT = {"s": 86.4, "ms": 86_400_000.0}  # the authors' time_unit: in the unit of the file
T = 6


def test_by_hand() -> None:
    """A window of three that has lost the first event (at 0), and one of a single event; the unit is 10 s."""
    times = torch.tensor([[100, 100, 300], [70, 0, 0]])
    lengths, first, now = torch.tensor([3, 1]), torch.tensor([0, 70]), torch.tensor([304, 90])
    features = time_features(times, lengths, first, now, 10.0)
    ln = math.log
    expected = torch.tensor([[ln(10), ln(30), ln(30.4)], [ln(2), 0, 0]])  # next event's, the last now's, since 0 and 70
    torch.testing.assert_close(features.from_first, expected)
    expected = torch.tensor([[ln(20.4), ln(20.4), ln(0.5)], [ln(2), 0, 0]])  # 4 s are less than half a unit
    torch.testing.assert_close(features.to_now, expected)
    assert features.to_now.dtype == torch.float32


@given(st.integers(0, 2**31), st.lists(st.integers(0, 10**8), min_size=1, max_size=8))
def test_absolute_times_cancel_exactly(offset: int, gaps: list[int]) -> None:
    times = torch.tensor(gaps).cumsum(0).unsqueeze(0)
    first, now, lengths = times[:, 0] - 5, times[:, -1] + 5, torch.tensor([len(gaps)])
    shifted = time_features(times + offset, lengths, first + offset, now + offset, 86.4)
    for left, right in zip(time_features(times, lengths, first, now, 86.4), shifted, strict=True):
        assert torch.equal(left, right)


def lines(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (FOLDER / f"iterator_{name}.tsv").read_text().splitlines()]


def padded(rows: list[list[int]]) -> Tensor:
    """The most recent ``T`` of each row, right-padded."""
    return torch.tensor([row[-T:] + [0] * (T - len(row[-T:])) for row in rows])


def batch_of(name: str) -> Interaction:
    """Lines of the authors' text file as a batch: label, user, item, category, time and comma-separated histories."""
    vocabulary = json.loads((FOLDER / "iterator_vocabs.json").read_text())

    def ids(kind: str, tokens: list[str]) -> list[int]:
        return [vocabulary[f"{kind}_vocab"].get(token, 0) for token in tokens]

    _, users, items, _, now, histories, _, times = zip(*lines(name), strict=True)
    seconds = [[int(time) for time in row.split(",")] for row in times]
    return Interaction(
        {
            "user_id": torch.tensor(ids("user", users)),
            "item_id": torch.tensor(ids("item", items)),
            "item_id_list": padded([ids("item", row.split(",")) for row in histories]),
            "item_length": torch.tensor([min(T, len(row)) for row in seconds]),
            "timestamp_list": padded(seconds),
            "timestamp": torch.tensor([int(time) for time in now]),
            "first_timestamp": torch.tensor([row[0] for row in seconds]),
        }
    )


@pytest.mark.parametrize("unit", ["s", "ms"])
@pytest.mark.parametrize("name", ["train_data", "valid_data"])
def test_equals_the_authors_iterator(name: str, unit: str) -> None:
    golden = load("iterator")
    batch = batch_of(name)
    features = time_features(
        batch["timestamp_list"], batch["item_length"], batch["first_timestamp"], batch["timestamp"], UNIT[unit]
    )
    assert int(golden[f"{unit}/{name}/n"]) == len(batch)
    for row in range(8):  # as many as the golden keeps
        parsed = {key: golden[f"{unit}/{name}/{row}/{key}"] for key in ("user", "item", "hist")}
        assert int(parsed["user"]) == batch["user_id"][row]
        assert int(parsed["item"]) == batch["item_id"][row]
        length = int(batch["item_length"][row])
        assert parsed["hist"][-T:].tolist() == batch["item_id_list"][row, :length].tolist()
        for key, found in (("time_from_first_action", features.from_first), ("time_to_now", features.to_now)):
            expected = golden[f"{unit}/{name}/{row}/{key}"][-T:]
            torch.testing.assert_close(found[row, :length].double(), expected, rtol=2e-7, atol=2e-7)
            assert not found[row, length:].any()


def test_from_the_authors_text_file_to_their_metrics() -> None:
    """Text, ids, times, model and metrics in one go: the authors' run_weighted_eval, rounded as theirs."""
    golden = load("clsr_small_triplet")
    model = CLSR(stub_config("CLSR", **SMALL), GoldenDataset(golden))
    model.load_state_dict(build(golden).state_dict())
    batch = batch_of("valid_data")
    with torch.no_grad():
        scores = model.eval().predict(batch).view(-1, GROUP).numpy()
    rank = (scores[:, 1:] >= scores[:, :1]).sum(1) + 1
    chance = 1 / (1 + np.exp(-scores.astype(np.float64)))
    users = batch["user_id"].view(-1, GROUP)[:, 0].numpy()
    by_user = {int(user): users == user for user in users}
    found = {
        "auc": pooled_auc(scores),
        "logloss": -np.log(np.concatenate([chance[:, 0], 1 - chance[:, 1:].ravel()])).mean(),
        "mean_mrr": (1 / rank).mean(),
        "wauc": sum(rows.mean() * pooled_auc(scores[rows]) for rows in by_user.values()),
        **{f"ndcg@{k}": ndcg(rank, k).mean() for k in (2, 4, 6)},
        **{f"hit@{k}": hit(rank, k).mean() for k in (2, 4, 6)},
    }
    assert mrr(rank, GROUP).mean() == pytest.approx(found["mean_mrr"])
    expected = json.loads((FOLDER / "clsr_small_run_weighted_eval.json").read_text())
    assert {name: round(float(value), 4) for name, value in found.items()} == expected
