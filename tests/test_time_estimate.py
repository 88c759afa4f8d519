import shlex

import numpy as np
import pytest
import torch

from recbole_lsrec import run_report, time_estimate
from recbole_lsrec.evaluation import retriever
from recbole_lsrec.quick_start import run_recbole_lsrec
from recbole_lsrec.run_data import load_data
from recbole_lsrec.time_estimate import evaluation_seconds, least_training, long_test
from recbole_lsrec.trained_run import build_model, configure
from recbole_lsrec.training import budget
from recbole_lsrec.training.budget import Paced


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time_estimate, "perf_counter", clock)
    monkeypatch.setattr(budget, "perf_counter", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([9.0, 1.0, 1.5, 1.0, 1.0], [1.25]),  # after two seconds, without the first
        ([9.0, 0.1, 0.2, 0.1, 0.1], [0.125]),  # at the end
        ([9.0], [9.0]),
        ([], [0.0]),
    ],
)
def test_the_pace_is_told_once(clock, seconds, told):
    found = []
    for batch in Paced(seconds, found.append):
        clock.now += batch
    assert found == pytest.approx(told)


@pytest.fixture
def built(shop):
    config = configure("SLSRec", "shop", [], {**shop, "eval_args": {"mode": ["uni9", "full"]}}, [], None)
    data = load_data(config)
    return config, data, build_model(config, data)


@pytest.mark.parametrize(
    ("each", "sizes"),
    [
        (1.0, [4]),  # seconds an instance: four take long enough to tell of sixty
        (0.1, [4]),  # all take so little that it need not be known better
        (0.3, [4, 15]),  # every fourth
    ],
)
def test_scoring_some_tells_of_all(built, clock, monkeypatch, each, sizes):
    config, data, model = built
    scored = []

    def score(model, loader, config):
        scored.append(len(loader.dataset))
        assert all(len(chosen) == scored[-1] for chosen in loader.candidates.values())
        clock.now += each * scored[-1]

    monkeypatch.setattr(time_estimate, "evaluate", score)
    monkeypatch.setattr(time_estimate, "_ENOUGH", 2.0)
    assert evaluation_seconds(model, data.test, config) == pytest.approx(60 * each)
    assert scored == sizes


def test_a_phase_of_one_instance_is_scored_once(built, clock, monkeypatch):
    config, data, model = built
    one = data.test.some(1)

    def score(model, loader, config):
        clock.now += 3.0

    monkeypatch.setattr(time_estimate, "evaluate", score)
    assert evaluation_seconds(model, one, config) == pytest.approx(3.0)


def test_where_histories_share_work_more_of_them_take_less_than_in_proportion(shop, clock, monkeypatch):
    config = configure(
        "DIN", "shop", [], {**shop, "eval_args": {"mode": {"valid": ["uni9"], "test": ["full"]}}}, [], None
    )
    data = load_data(config)
    model = build_model(config, data)

    def score(model, loader, config):
        clock.now += 1.0 * len(loader.dataset)

    monkeypatch.setattr(time_estimate, "evaluate", score)
    distinct = [
        len(np.unique(view.windows(view.rows)["item_id_list"]))
        for view in (data.test.dataset, data.test.some(4).dataset)
    ]
    expected = 4.0 * (60 + distinct[0]) / (4 + distinct[1])
    assert evaluation_seconds(model, data.test, config) == pytest.approx(expected)
    assert expected < 0.5 * 60
    assert evaluation_seconds(model, data.valid, config) == pytest.approx(60.0)


def test_estimating_changes_nothing(built, monkeypatch):
    config, data, model = built
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(3)
    state = torch.get_rng_state()
    monkeypatch.setattr(time_estimate, "evaluate", lambda *_: torch.rand(1))
    assert 0 <= evaluation_seconds(model, data.test, config) < 10
    monkeypatch.undo()
    assert 0 < evaluation_seconds(model, data.test, config) < 10
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_run_that_estimates_is_the_run_that_does_not(shop, monkeypatch):
    settings = {**shop, "loss_type": "CE", "dropout_prob": 0.5, "epochs": 1}
    one = run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)
    monkeypatch.setattr(run_report, "evaluation_seconds", lambda *_: 0.0)
    other = run_recbole_lsrec("GRU4Rec", "shop", config_dict=settings)
    assert one["best_valid_result"] == other["best_valid_result"]
    assert one["test_result"] == other["test_result"]


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"epochs": 300, "stopping_step": 10, "eval_step": 1}, 12 * (20 + 2)),  # one, and eleven without improvement
        ({"epochs": 5, "stopping_step": 10, "eval_step": 1}, 5 * (20 + 2)),
        ({"epochs": 300, "stopping_step": 10, "eval_step": 0}, 300 * 20),
        ({"epochs": 300, "train_steps": 50, "eval_step": 1}, 10 + 2),  # half an epoch
        ({"epochs": 300, "train_seconds": 60.0, "eval_step": 1}, 60 + 3 * 2),
    ],
)
def test_training_takes_at_least(shop, settings, seconds):
    config = configure("SLSRec", "shop", [], {**shop, **settings}, [], None)
    assert least_training(config, epoch=20.0, validation=2.0, batches=100) == pytest.approx(seconds)


def test_a_long_test_is_warned_of_at_the_start(shop, monkeypatch, caplog):
    phases = {"valid": 1.0, "test": 5000.0}
    monkeypatch.setattr(run_report, "evaluation_seconds", lambda _, loader, __: phases[loader.phase])
    mode = {"valid": ["uni9"], "test": ["uni9", "full"]}
    run_recbole_lsrec(
        "GRU4Rec",
        "shop",
        config_dict={**shop, "loss_type": "CE", "train_steps": 2, "eval_args": {"mode": mode}, "state": "INFO"},
    )
    assert "Estimated from a few batches: an epoch of training 0." in caplog.text
    (warning,) = (
        record.getMessage() for record in caplog.records if "the test (uni9, full) takes" in record.getMessage()
    )
    assert "about 1 h 23 min, the training " in warning
    option = shlex.split(warning.split("all items: ")[1])[0]
    config = configure("GRU4Rec", "shop", [], {**shop, "loss_type": "CE"}, [option], None)
    assert config["eval_args"]["mode"] == {"valid": ["uni9"], "test": ["uni9"]}


def test_a_short_test_is_not(built):
    config, data, model = built
    assert long_test(config, data, model, 1.0, {"valid": 1.0, "test": 9.0}) is None
    mode = config["eval_protocols"]["test"]
    text = long_test(config, data, model, 1.0, {"valid": 1.0, "test": 1e6})
    assert text.startswith(f"the test ({', '.join(mode)}) takes about ")


@pytest.mark.parametrize(
    ("model", "worth", "settings", "advised"),
    [
        ("SLSRec", True, {}, True),
        ("SLSRec", False, {}, False),  # few histories or items: all are scored anyway
        ("SLSRec", True, {"popularity_correction": 0.5}, False),  # it would be refused
        ("SLSRec", True, {"full_stage": "two_stage"}, False),
        ("GRU4Rec", True, {}, False),  # a dot product
    ],
)
def test_two_stages_are_advised_where_they_help(shop, monkeypatch, model, worth, settings, advised):
    monkeypatch.setattr(retriever, "worth_it", lambda *_: worth)
    given = {**shop, "eval_args": {"mode": ["full"]}, **settings}
    config = configure(model, "shop", [], given, [], None)
    data = load_data(config)
    text = long_test(config, data, build_model(config, data), 1.0, {"valid": 1.0, "test": 1e6})
    assert ("; full_stage: two_stage may take less" in text) is advised


def test_a_dry_run_says_how_long(shop, capsys):
    text = run_recbole_lsrec("SLSRec", "shop", config_dict=shop, command_line=["--dry-run"])["dry_run"]
    for name in ("an epoch of training", "valid", "test"):
        assert f"\n{name}: 0." in text.split("# Time")[1]
