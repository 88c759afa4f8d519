"""What scoring costs."""

from types import SimpleNamespace

import pandas as pd

from recbole_lsrec.leaderboard.page.cost import Cost, _cost, _ms_per_user


def test_a_target_that_several_protocols_rank_is_one():
    instances = pd.DataFrame(
        {"phase": ["valid"] * 4 + ["test"] * 3, "protocol": ["pop3", "pop3", "full", "full", "pop3", "pop3", "full"]}
    )
    history = [{"valid_seconds": 0.1}, {}, {"valid_seconds": 0.3}]
    assert _ms_per_user(SimpleNamespace(instances=instances, result={"history": history})) == 1000 * 0.2 / 2


def run(history, process, gpu, seconds, parameters):
    result = {
        "peak_memory_mb": {"process": process, "gpu": gpu},
        "seconds_per_epoch": seconds,
        "history": history,
        "parameters": parameters,
        "config": {"train_positions": "all" if gpu else "last"},
        "valid_score_bigger": True,
    }
    return SimpleNamespace(instances=pd.DataFrame({"phase": ["test"], "protocol": ["full"]}), result=result)


def test_costs_are_means_over_runs_of_which_one_only_counts():
    rising = [
        {"train_loss": 2.0, "train_seconds": 4.0, "share": 1.0, "valid_score": 0.1},
        {"train_loss": 1.0, "train_seconds": 2.0, "share": 0.5, "valid_score": 0.2},
    ]
    counting = [{"train_loss": 0.0, "train_seconds": 1.0, "share": 1.0, "valid_score": 0.1}]
    found = _cost("A", [run(rising, 100.0, 10.0, 3.0, 10), run(counting, 300.0, None, None, 30)])
    assert found == Cost(
        system="A",
        seconds_per_epoch=3.0,
        epochs=1.25,  # 1.5 and 1
        ms_per_user=None,
        memory_mb=200.0,
        gpu_memory_mb=10.0,
        parameters=20.0,
        train_seconds=3.5,
        runs=2,
        still_improving=1,
        validated_once=0,  # a model that only counts has no more to learn
        every_position=False,
    )
