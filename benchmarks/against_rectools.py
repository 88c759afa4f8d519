"""SASRec of RecTools, in an interpreter of its own, against ours: training at every position, and recommending.

    python -m venv other && other/bin/pip install "rectools[torch]==0.19.0"
    python benchmarks/against_rectools.py --python other/bin/python
    python benchmarks/against_rectools.py --python other/bin/python --parquet ml-1m.parquet

Equal on both sides: the log, width, length, blocks, heads, width of the feed-forward layer, dropout, loss, number of negatives,
batches of 128 sequences of 50 events, Adam. Not equal: RecTools draws negatives for each position where ours are the batch's,
its blocks are the authors' (norm first) where ours are RecBole's, and it knows a user's last 51 events only. Some batches of
each in turn, in CPU seconds of one thread; making the batches counts. Recommending: the 20 best for the same users, theirs from
the data set it was trained on, ours from a frame of their events.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

WIDTH, LENGTH, BLOCKS, HEADS, DROPOUT, SEQUENCES, NEGATIVES, K = 64, 50, 2, 2, 0.2, 128, 256, 20
LOSSES = ("softmax", "sampled_softmax")
QUIET = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")


def theirs(path: str, losses: list[str]) -> None:
    """RecTools' side: waits for ``batches N``, then ``recommend USERS`` or ``next`` loss; answers ``= count seconds``."""
    from pytorch_lightning import Callback, Trainer
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    columns = {"user_id": "user_id", "item_id": "item_id", "timestamp": "datetime"}
    events = pd.read_csv(path).rename(columns=columns).assign(weight=1.0)
    events["datetime"] = pd.to_datetime(events["datetime"], unit="s")
    dataset = Dataset.construct(events)

    def asked() -> tuple[str, int]:
        word, _, number = sys.stdin.readline().strip().partition(" ")
        return word, int(number or 0)

    heard: list[tuple[str, int]] = []  # the last of these; RecTools trains with a copy of the callback

    def answer(count: int, started: float) -> None:
        print(f"= {count} {time.process_time() - started}", flush=True)

    class OnDemand(Callback):
        """Holds the training between two batches until more are asked for; anything else ends it, after one batch more."""

        def __init__(self) -> None:
            self.left, self.targets, self.started = 0, 0, 0.0

        def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
            if self.left:
                return
            if self.targets:
                answer(self.targets, self.started)
            heard[:] = [asked()]
            word, number = heard[0]
            trainer.should_stop = word != "batches"
            self.left, self.targets, self.started = number, 0, time.process_time()

        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
            self.left -= 1
            self.targets += int((batch["y"] > 0).sum())

    for loss in losses:
        trainer = {"max_epochs": 1, "accelerator": "cpu", "callbacks": [OnDemand()], **dict.fromkeys(QUIET, False)}
        model = SASRecModel(
            n_blocks=BLOCKS,
            n_heads=HEADS,
            n_factors=WIDTH,
            dropout_rate=DROPOUT,
            session_max_len=LENGTH,
            loss=loss,
            n_negatives=NEGATIVES,
            batch_size=SEQUENCES,
            get_trainer_func=lambda trainer=trainer: Trainer(**trainer),
        )
        model.fit(dataset)
        while heard[0][0] == "recommend":
            users, started = events["user_id"].unique()[: heard[0][1]], time.process_time()
            model.recommend(users, dataset, K, filter_viewed=False)
            answer(len(users), started)
            heard[:] = [asked()]


class Ours:
    """Our side, which answers the same."""

    def __init__(self, events: pd.DataFrame, folder: Path, loss: str) -> None:
        from all_positions import Side

        from recbole_lsrec.config import Config
        from recbole_lsrec.run_data import load_log

        (folder / "log").mkdir(exist_ok=True)
        named = events.set_axis(["user_id:token", "item_id:token", "timestamp:float"], axis=1)
        named.to_csv(folder / "log" / "log.inter", sep="\t", index=False)
        sizes = {"hidden_size": WIDTH, "inner_size": WIDTH, "n_layers": BLOCKS, "n_heads": HEADS}
        dropout = {"hidden_dropout_prob": DROPOUT, "attn_dropout_prob": DROPOUT, "hidden_act": "relu"}
        self.events, self.settings = (
            events,
            {
                **sizes,
                **dropout,
                **{
                    "data_path": str(folder),
                    "load_col": {"inter": list(events.columns)},
                    "run_dir": str(folder / "runs"),
                },
                **{"MAX_ITEM_LIST_LENGTH": LENGTH, "train_batch_size": SEQUENCES * LENGTH, "state": "ERROR"},
                **{"train_positions": "all", "position_loss": loss, "n_negatives": NEGATIVES},
                **{"eval_args": {"mode": "uni9"}},
            },
        )
        self.side = Side("SASRec", self.settings, load_log(Config("SASRec", "log", config_dict=self.settings)))
        torch.autograd.set_detect_anomaly(False)  # importing RecBole's models turns it on; our trainer turns it off

    def train(self, batches: int) -> tuple[int, float]:
        """Targets and CPU seconds."""
        self.side.targets, self.side.seconds = 0, 0.0
        for _ in range(batches):
            self.side.step(counts=True)
        return self.side.targets, self.side.seconds

    def recommend(self, n_users: int) -> tuple[int, float]:
        """Users and CPU seconds."""
        from recbole_lsrec.quick_start import run_recbole_lsrec
        from recbole_lsrec.recommend import Recommender

        run = run_recbole_lsrec("SASRec", "log", config_dict={**self.settings, "train_steps": 1})["run_folder"]
        recommender = Recommender.load(run)
        users = self.events["user_id"].unique()[:n_users]
        histories = self.events[self.events["user_id"].isin(users)]
        started = time.process_time()
        recommender.recommend(histories, K)
        return len(users), time.process_time() - started


def report(what: str, ours: list[tuple[int, float]], others: list[tuple[int, float]]) -> None:
    """Prints both rates and their ratio."""
    rates = [sum(count for count, _ in side) / sum(seconds for _, seconds in side) for side in (ours, others)]
    print(
        f"SASRec {what} a CPU second: {rates[0]:,.0f}, RecTools {rates[1]:,.0f}: {rates[0] / rates[1]:.2f}x", flush=True
    )


def main() -> None:
    """Prints a line for each loss, and one for recommending."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="the interpreter that has RecTools")
    parser.add_argument(
        "--parquet", help="a log with user_id, item_id, timestamp; one of ml-1m's size is drawn if not given"
    )
    parser.add_argument("--batches", type=int, default=4, help="of each side at a time")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, default=1000, help="for whom the best items are found")
    parser.add_argument("--losses", nargs="+", default=LOSSES, choices=LOSSES)
    parser.add_argument("--theirs", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for file in filter(None, (given.python, given.parquet)):
        if not Path(file).is_file():
            parser.error(f"{file}: no such file")
    torch.set_num_threads(1)
    if given.theirs:
        theirs(given.theirs, given.losses)
        return
    if given.python is None:
        parser.error("--python: the interpreter that has RecTools, which is installed apart from this package")

    from all_positions import drawn_log

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = drawn_log() if given.parquet is None else pd.read_parquet(given.parquet)
        events = events[["user_id", "item_id", "timestamp"]]
        events.to_csv(folder / "events.csv", index=False)
        command = [given.python, "-W", "ignore", __file__, "--theirs", str(folder / "events.csv")]
        command += ["--losses", *given.losses]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert other.stdin is not None
        assert other.stdout is not None

        def ask(line: str) -> tuple[int, float]:
            print(line, file=other.stdin, flush=True)
            answers = (text.split() for text in iter(other.stdout.readline, ""))
            _, count, seconds = next(words for words in answers if words and words[0] == "=")
            return int(count), float(seconds)

        for loss in given.losses:
            side = Ours(events, folder, loss)
            side.train(1), ask("batches 1")  # to warm up
            pairs = [(side.train(given.batches), ask(f"batches {given.batches}")) for _ in range(given.rounds)]
            report(f"{loss}, targets", *map(list, zip(*pairs, strict=True)))
            if loss == given.losses[-1]:
                report("recommending, users", [side.recommend(given.users)], [ask(f"recommend {given.users}")])
            print("next", file=other.stdin, flush=True)
        other.wait()


if __name__ == "__main__":
    main()
