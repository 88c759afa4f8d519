"""DiffLSRec trained through the whole chain, on one step, through the last steps, or without diffusion: one table.

    python benchmarks/difflsrec_training.py --train_steps 1500                # both data sets, 3 seeds, resumes
    python benchmarks/difflsrec_training.py --only_table

Every run gets the same number of optimiser steps of the same batch size and is tested with its last weights, all items
ranked. Each runs in a process of its own, forked after the data are loaded, so that its peak memory is its own. Times
are CPU seconds of one thread: an epoch is the mean step times the steps of an epoch, a user is a history encoded and all
items scored. Results are kept one by one in --out, each with its settings; the table holds those of the settings asked for.
"""

import argparse
import itertools
import json
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from recbole_lsrec.config import Config
from recbole_lsrec.environment import peak_memory_mb
from recbole_lsrec.evaluation.inference_noise import inference_noise
from recbole_lsrec.quick_start import Data, build_model, load_data
from recbole_lsrec.run_folder import logging_to
from recbole_lsrec.trainer import Trainer

VARIANTS: dict[str, dict[str, Any]] = {
    "chain": {"training": "chain"},
    "one_step": {"training": "one_step"},
    "truncated": {"training": "truncated"},
    "gate": {"fusion": "gate"},
    "mean": {"fusion": "mean"},
}
METRIC = "ndcg@10"


def settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """What all runs share."""
    return {
        "train_steps": arguments.train_steps,
        "train_batch_size": arguments.batch_size,
        "embedding_size": arguments.embedding_size,
        "learning_rate": arguments.learning_rate,
        "MAX_ITEM_LIST_LENGTH": arguments.history,
        "eval_args": {"mode": {"valid": ["full"], "test": ["full"]}},
        "metrics": ["NDCG", "Hit"],
        "topk": [10],
        "show_progress": False,
        "use_gpu": False,
    }


def measure(config: Config, data: Data) -> dict[str, Any]:
    """Trains and tests one variant in this process."""
    with tempfile.TemporaryDirectory() as folder, logging_to(None, "error"):
        model = build_model(config, data)
        untrained = evaluated(Trainer(config, model, folder), data)
        trainer = Trainer(config, model, folder)
        clock = time.process_time()
        trainer.fit(data.train, None, verbose=False, saved=False)
        seconds = time.process_time() - clock
        result = {METRIC: evaluated(trainer, data), "untrained": untrained}
        noise = inference_noise(model, data.test, config)
        if noise is not None:
            result["noise"] = noise["metrics"][METRIC]
        clock = time.process_time()
        model.eval()
        with torch.no_grad():
            for _, batch in data.test:
                model.full_sort_predict(batch)
        per_user = (time.process_time() - clock) / len(data.test.dataset)
    return {
        **result,
        "seconds_per_epoch": seconds / config["train_steps"] * len(data.train),
        "ms_per_user": 1000 * per_user,
        "peak_memory_mb": peak_memory_mb()["process"],
    }


def evaluated(trainer: Trainer, data: Data) -> float:
    result = trainer.evaluate(data.test, load_best_model=False)
    assert result is not None
    return result[METRIC]


def run(config: Config, data: Data, given: dict[str, Any], path: Path) -> None:
    torch.set_num_threads(1)
    path.write_text(json.dumps({"settings": given, **measure(config, data)}) + "\n")


def asked(arguments: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    """The settings of one run."""
    noise = {} if "fusion" in VARIANTS[name] else {"inference_samples": arguments.samples}
    return {**settings(arguments), **VARIANTS[name], **noise, "seed": seed}


def stored(arguments: argparse.Namespace, dataset: str, name: str, seed: int) -> dict[str, Any] | None:
    """The result in --out, if it is of these settings."""
    path = arguments.out / f"{dataset}-{name}-{seed}.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    return found if found.get("settings") == asked(arguments, name, seed) else None


def train_all(arguments: argparse.Namespace) -> None:
    """Trains what is not there yet, seed after seed, so that a run that is cut short has something of everything."""
    fork = multiprocessing.get_context("fork")
    arguments.out.mkdir(parents=True, exist_ok=True)
    loaded: dict[str, Data] = {}
    cells = list(itertools.product(arguments.seeds, arguments.datasets, VARIANTS))
    for seed, dataset, name in tqdm(cells):
        if stored(arguments, dataset, name, seed):
            continue
        given, path = asked(arguments, name, seed), arguments.out / f"{dataset}-{name}-{seed}.json"
        config = Config("DiffLSRec", dataset, config_dict=given)
        if dataset not in loaded:
            with logging_to(None, "error"):
                loaded[dataset] = load_data(config)
        loaded[dataset].train.config = config  # the order of the batches follows the seed
        process = fork.Process(target=run, args=(config, loaded[dataset], given, path))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{path.stem} ended with exit code {process.exitcode}")


def table(arguments: argparse.Namespace, dataset: str) -> str:
    """Mean and standard deviation over seeds, as Markdown."""
    lines = []
    for name in VARIANTS:
        runs = pd.DataFrame([run for seed in arguments.seeds if (run := stored(arguments, dataset, name, seed))])
        if runs.empty:
            continue
        noisy = pd.DataFrame(runs["noise"].tolist()) if "noise" in runs else None
        lines.append(
            {
                "training": name,
                "seeds": len(runs),
                "NDCG@10": spread(runs[METRIC], 4),
                "before training": spread(runs["untrained"], 4),
                "s per epoch": spread(runs["seconds_per_epoch"], 1),
                "ms per user": spread(runs["ms_per_user"], 2),
                "peak MiB": f"{runs['peak_memory_mb'].max():.0f}",
                f"NDCG@10, {arguments.samples} samples": "-" if noisy is None else f"{noisy['mean'].mean():.4f}",
                "inference noise (std)": "-" if noisy is None else f"{noisy['std'].mean():.4f}",
            }
        )
    return pd.DataFrame(lines).to_markdown(index=False)


def spread(values: pd.Series, digits: int) -> str:
    return f"{values.mean():.{digits}f} ± {values.std():.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["ml-100k", "cosmetics"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020, 2021, 2022])
    parser.add_argument("--train_steps", type=int, default=1500)
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--embedding_size", type=int, default=32)
    parser.add_argument("--history", type=int, default=20, help="MAX_ITEM_LIST_LENGTH")
    parser.add_argument("--learning_rate", type=float, default=3e-3)
    parser.add_argument("--samples", type=int, default=8, help="noisy evaluations of each diffusion model")
    parser.add_argument("--out", type=Path, default=Path("runs/difflsrec_training"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.only_table:
        train_all(arguments)
    for dataset in arguments.datasets:
        print(
            f"\n{dataset}: {arguments.train_steps} steps of {arguments.batch_size} targets, d = {arguments.embedding_size}"
        )
        print(table(arguments, dataset), flush=True)


if __name__ == "__main__":
    main()
