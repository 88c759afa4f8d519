"""Stock RecBole's evaluation, its own loaders and trainer, over a few users of a data set loaded here."""

import copy
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import recbole.trainer
import torch
from recbole.data.dataloader.general_dataloader import FullSortEvalDataLoader, NegSampleEvalDataLoader
from recbole.sampler import RepeatableSampler

from recbole_lsrec.config import Config
from recbole_lsrec.config.nested import eval_negatives
from recbole_lsrec.quick_start import Data


def evaluation(config: Config, model: Any, data: Data, protocol: str, users: int) -> Callable[[], dict]:
    """A call that evaluates the first test users as stock RecBole does: leave-one-out, so one instance a user."""
    stock = copy.copy(config)
    stock.final_config_dict = {
        **config.final_config_dict,
        "test_neg_sample_args": eval_negatives(protocol),
        "checkpoint_dir": tempfile.gettempdir(),
        "metrics": ["Hit", "NDCG", "MRR"],
    }
    view = data.test.dataset.view(data.test.dataset.rows[:users])
    if protocol == "full":
        loader = FullSortEvalDataLoader(stock, view, None)
    else:
        sampler = RepeatableSampler(["test"], data.dataset, stock["test_neg_sample_args"]["distribution"])
        loader = NegSampleEvalDataLoader(stock, view, sampler.set_phase("test"))
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as scratch:  # the trainer makes a tensorboard folder where it stands
        os.chdir(scratch)
        trainer = recbole.trainer.Trainer(stock, model)
        os.chdir(here)
    return lambda: trainer.evaluate(loader, load_best_model=False)


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def seconds(call: Callable[[], Any], clock: str, repeats: int = 3, warm: bool = True) -> float:
    """Median time of a call, the first, which only warms up, not counted.

    On a machine that others use too, the ``cpu`` clock with one thread is the one to trust.
    """
    if warm:
        call()
    now, spent = CLOCKS[clock], []
    for _ in range(repeats):
        start = now()
        call()
        spent.append(now() - start)
    return statistics.median(spent)


def describe_machine() -> str:
    """Threads, versions and load, for the first line of a benchmark."""
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{torch.get_num_threads()} threads, torch {torch.__version__}{load}"
