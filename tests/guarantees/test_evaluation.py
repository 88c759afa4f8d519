"""From scores to ranks to ``result.json``: counted one by one."""

import json
from math import log2
from pathlib import Path

import numpy as np
import pytest
import torch

from recbole_lsrec.config import Config
from recbole_lsrec.evaluation.evaluator import evaluate
from recbole_lsrec.item_catalogue import load_catalogue
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_data
from recbole_lsrec.run_files import read_instances
from tests.guarantees.scorer import Ordered, Scorer, score
from tests.tiny_run import Loader, Phase, fake_evaluate, make

SHARE = {"average": 0.5, "optimistic": 0.0, "pessimistic": 1.0}


@pytest.fixture
def evaluated(settings):
    """``evaluated(**changes)``: the evaluation of the test, its loader and the ids of items."""

    def evaluated_(model=Scorer, **changes):
        eval_args = {**settings["eval_args"], "mode": ["uni5", "full", "pop7"], **changes.pop("eval_args", {})}
        given = {**settings, "train_neg_sample_args": None, **changes, "eval_args": eval_args}
        config = Config(model, "log", config_dict=given)
        data = load_data(config)
        found = evaluate(model(config, data.train.dataset), data.test, config)
        return found, data.test, data.dataset.field2token_id["item_id"]

    return evaluated_


@pytest.mark.parametrize("ties", [*SHARE])
@pytest.mark.parametrize("seen", [False, True], ids=["all compete", "seen items do not"])
@pytest.mark.parametrize(
    "split", [{}, {"split": {"GTS": {"valid": 150, "test": 250, "targets": "all"}}}], ids=["LS", "GTS"]
)
def test_a_rank_is_one_and_the_rivals_above_and_a_share_of_those_level(evaluated, oracle, ties, seen, split):
    found, loader, ids = evaluated(ties=ties, filter_seen=seen, eval_args=split)
    boundary = 250 if split else float("inf")
    table = found.instances
    assert table["protocol"].unique().tolist() == ["uni5", "full", "pop7"]
    for name in ("uni5", "full", "pop7"):
        lines = table[table["protocol"] == name]
        assert lines["row"].tolist() == loader.dataset.rows.tolist()
        for at, line in enumerate(lines.to_dict("records")):
            target = oracle.rows[line["row"]]
            history = oracle.before(line["row"], boundary)
            assert (line["user_id"], line["item_id"], line["timestamp"]) == target[1:4]
            if name == "full":
                hidden = {event.item for event in history} if seen else set()
                rivals = set(ids) - {"[PAD]", target.item} - hidden
                rivals = [ids[item] for item in rivals]
            else:
                rivals = [item for item in loader.candidates[name][at].tolist() if item]
            last = ids[history[-1].item]
            scores = [score(last, item) for item in rivals]
            own = score(last, ids[target.item])
            above, level = sum(s > own for s in scores), sum(s == own for s in scores)
            assert (line["rank"], line["ties"]) == (1 + above + SHARE[ties] * level, level)
            assert line["n_candidates"] == len(rivals) + 1
            if name != "full":
                kept = found.scores[name][at]
                assert kept[~np.isnan(kept)].tolist() == [own, *scores]


def test_what_is_kept_of_an_instance_is_what_the_log_says(evaluated, oracle):
    found, _, _ = evaluated()
    train, valid, test = oracle.leave_one_out()
    trained = oracle.trained_on(train, [*valid, *test])
    counts = {item: sum(oracle.rows[number].item == item for number in trained) for item in oracle.first_seen}
    ordered = sorted(counts.values())
    for line in found.instances.to_dict("records"):
        target, history = oracle.rows[line["row"]], oracle.before(line["row"])
        assert line["history_length"] == len(history)
        assert line["gap_s"] == target.time - history[-1].time
        assert line["in_history"] == (target.item in {event.item for event in history})
        assert line["n_sessions"] == len({oracle.session(event.number)[0].number for event in history})
        assert line["session_length"] == sum(event in history for event in oracle.session(history[-1].number))
        assert line["event_type"] == target.kind
        assert line["item_events"] == counts[target.item]
        n = counts[target.item]
        below, upto = sum(other < n for other in ordered), sum(other <= n for other in ordered)
        third = ["low", "middle", "high"].index(line["item_pop_third"])
        assert 3 * below // len(ordered) <= third <= 3 * (upto - 1) // len(ordered)


def test_metrics_of_lists_count_popularity_in_training(evaluated, oracle):
    found, loader, ids = evaluated(Ordered, metrics=["NDCG", "AveragePopularity"], eval_args={"mode": "full"})
    train, valid, test = oracle.leave_one_out()
    counts = dict.fromkeys(range(len(ids)), 0)
    for number in oracle.trained_on(train, [*valid, *test]):
        counts[ids[oracle.rows[number].item]] += 1
    means = []
    for number in loader.dataset.rows.tolist():
        last = ids[oracle.before(number)[-1].item]
        best = sorted(range(1, len(ids)), key=lambda item: (-score(last, item), item))[:3]
        means.append(sum(counts[item] for item in best) / 3)
    assert found.metrics["averagepopularity@3"] == pytest.approx(np.mean(means), abs=5.1e-5)


@pytest.fixture(scope="module")
def run(settings):
    """A finished run: its result, and its folder."""
    given = {
        **settings,
        "train_neg_sample_args": None,
        "epochs": 1,
        "eval_args": {"mode": ["uni5", "full"], "fewer": "allow"},
    }
    result = run_recbole_lsrec(Scorer, "log", config_dict=given)
    return result, Path(result["run_folder"])


def test_metrics_of_a_run_are_those_of_its_ranks(run):
    result, folder = run
    stored = json.loads((folder / "result.json").read_text())
    table = read_instances(folder)
    for phase, kept in (("valid", "best_valid_result"), ("test", "test_result")):
        assert stored[kept] == dict(result[kept])
        for name, prefix in (("uni5", ""), ("full", "full/")):
            lines = table[(table["phase"] == phase) & (table["protocol"] == name)]
            rank, rivals = lines["rank"].tolist(), (lines["n_candidates"] - 1).tolist()
            n = len(rank)
            assert n == 26
            expected = {
                "ndcg@3": sum(1 / log2(r + 1) for r in rank if r <= 3) / n,
                "hit@3": sum(r <= 3 for r in rank) / n,
                "mrr": sum(1 / r for r in rank) / n,
                "gauc": sum((m - (r - 1)) / m for r, m in zip(rank, rivals, strict=True)) / n,
            }
            for key, value in expected.items():
                if prefix + key in stored[kept]:
                    assert stored[kept][prefix + key] == pytest.approx(value, abs=5.1e-5), key
            assert {prefix + "ndcg@3", prefix + "hit@3", prefix + "gauc"} <= set(stored[kept])


def test_popularity_that_recommending_falls_back_on_counts_training_events(run, oracle):
    train, valid, test = oracle.leave_one_out()
    trained = [oracle.rows[number].item for number in oracle.trained_on(train, [*valid, *test])]
    catalogue = load_catalogue(run[1])
    tokens = catalogue.tokens["item_id"].tolist()
    assert catalogue.popularity.tolist() == [trained.count(token) for token in tokens]


def test_every_event_of_the_file_is_accounted_for(run, oracle):
    """Events are those left out by a filter, a user's first, or an instance of one phase."""
    stored = json.loads((run[1] / "result.json").read_text())
    split = json.loads((run[1] / "split.json").read_text())
    assert sum(entry["rows"] for entry in stored["filters"]) == 0
    train, valid, test = oracle.leave_one_out()
    text = json.dumps(split)
    assert all(str(len(rows)) in text for rows in (train, valid, test))
    assert len(train) + len(valid) + len(test) + len(oracle.users) == len(oracle.rows)


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path, monkeypatch):
    """Training goes on for two epochs after it, in place."""
    monkeypatch.setattr("recbole_lsrec.trainer.evaluate", fake_evaluate)
    trainer = make(tmp_path, epochs=3)
    weights = []
    trainer.fit(
        Loader(),
        Phase([0.1, 0.9, 0.2]),
        verbose=False,
        callback_fn=lambda *_: weights.append(trainer.model.head.weight.detach().clone()),
    )
    trainer.evaluate(Phase())
    assert torch.equal(trainer.model.head.weight, weights[1])
    assert not torch.equal(weights[1], weights[2])
