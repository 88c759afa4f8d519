"""Faults: the run."""

from tests.guarantees.plants.plant import HERE, Plant

PLANTS = [
    Plant(
        "the test runs on the last weights",
        "final_evaluation.py",
        "trainer.restore_best()",
        "pass",
        f"{HERE} tests/test_quick_start.py",
    ),
    Plant(
        "training stops early by the test",
        "quick_start.py",
        "trainer.fit(data.train, data.valid,",
        "trainer.fit(data.train, data.test,",
        f"{HERE} tests/test_quick_start.py",
    ),
    Plant(
        "the best weights are those that went on training",
        "trainer.py",
        "self._best = checkpoint.weights(self.model, copy=True)",
        "self._best = checkpoint.weights(self.model)",
        HERE,
    ),
    Plant(
        "a resumed run draws from the start again",
        "trainer.py",
        "generators.put_back(self._rng, self.device)",
        "pass",
        "tests/test_resume.py",
    ),
    Plant(
        "a checkpoint of another split is taken up",
        "checkpoint.py",
        "        if was != now:\n",
        "        if False:\n",
        "tests/test_resume.py tests/test_checkpoint.py",
    ),
    Plant(
        "a checkpoint may run code",
        "checkpoint.py",
        "weights_only=True)\n",
        "weights_only=False)\n",
        "tests/test_checkpoint.py",
    ),
    Plant(
        "cells of other code are taken up",
        "leaderboard/cells.py",
        '"code": code,',
        '"code": "",',
        "tests/leaderboard/test_cells.py tests/leaderboard/test_store.py",
    ),
    Plant(
        "processes of a run never meet",
        "run_processes.py",
        'group.joined(place(), config["device"].type == "cuda"),',
        'group.joined(None, config["device"].type == "cuda"),',
        "tests/test_run_processes.py",
    ),
    Plant(
        "a refused checkpoint's folder gets files of the data that were refused",
        "quick_start.py",
        """    if config["resume"]:
        trainer.resume_checkpoint(config["resume"])
""",
        """    write_json(folder / run_files.SPLIT, split)
    save_catalogue(folder, data.dataset, data.log_fingerprints(), data.train.dataset)
    if config["resume"]:
        trainer.resume_checkpoint(config["resume"])
""",
        "tests/test_quick_start.py",
    ),
    Plant(
        "training calculates with denormal numbers",
        "trainer.py",
        "torch.autograd.set_detect_anomaly(False), flushed_denormals(), ",
        "torch.autograd.set_detect_anomaly(False), ",
        "tests/training/test_denormals.py",
    ),
    Plant(
        "a search reads the test set",
        "tuning/trial.py",
        'logs, ("valid",), tell)',
        'logs, ("valid", "test"), tell)',
        "tests/tuning",
    ),
]
