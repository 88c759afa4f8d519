"""Ranking all items in two stages against scoring every item, under trained models, in one process.

    python benchmarks/two_stage.py RUN [RUN ...]          # folders of runs; SLSRec, CLSR, SLiRec, LSIDN, DIN, DIEN, ...
    python benchmarks/two_stage.py                        # SLSRec, trained for 20 seconds on the simulated cosmetics log
    python benchmarks/two_stage.py RUN --items 5000       # among that many of the items, where exact ranking takes hours

Both sides rank the same test histories, 32 at a time, or all where they share work (DIN); CPU time. Set-up is what two
stages do once per phase: all items under 200 histories, and under 50 more on which the rounds are chosen. Recall is that
of the 10 best items by exact ranking. The last column is the ratio of whole phases with so many histories, set-up included.
"""

import argparse
import tempfile
from time import process_time

import torch

from recbole_lsrec.evaluation import retriever, two_stage
from recbole_lsrec.evaluation.scoring import predict_rows
from recbole_lsrec.model.encode_once import EncodeOnce
from recbole_lsrec.quick_start import load_run, run_recbole_lsrec

AT_A_TIME, PHASE = 32, 50_000


def compare(folder: str, histories: int, n_items: int | None) -> None:
    config, data, model = load_run(folder)
    model.eval()
    n_anchors, n_checked = two_stage.HISTORIES * 4 // 5, two_stage.HISTORIES // 5
    some = data.test.some(2 * (n_anchors + n_checked + histories))
    dataset, rows = some.dataset, some.dataset.rows
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0)).numpy()
    rows = rows[order[: n_anchors + n_checked + histories]]
    every = torch.arange(dataset.item_num)
    if n_items is not None and n_items < len(every):
        every = torch.randperm(len(every) - 1, generator=torch.Generator().manual_seed(0))[: n_items - 1].sort()[0] + 1
        every = torch.cat([torch.zeros(1, dtype=torch.int64), every])

    def scorer(part):
        batch = dataset.join(dataset.windows(part)).to(config["device"])
        if isinstance(model, EncodeOnce):
            state = model.encode(batch)
            return lambda items: model.score_many(state, every[items], len(part))
        return lambda items: predict_rows(model, batch, every[items], dataset, config["eval_memory_mb"])

    def cut(rows):
        at_a_time = len(rows) if getattr(model, "histories_share", False) else AT_A_TIME
        return [rows[at : at + at_a_time] for at in range(0, len(rows), at_a_time)]

    anchors, asked = cut(rows[: n_anchors + n_checked]), cut(rows[n_anchors + n_checked :])
    all_items = torch.arange(len(every)).unsqueeze(0)
    of_anchors, of_checked = torch.cat([scorer(part)(all_items) for part in anchors]).split([n_anchors, n_checked])
    started = process_time()
    exact = torch.cat([scorer(part)(all_items) for part in asked])
    exact_ms = (process_time() - started) / len(exact) * 1e3
    started = process_time()
    stages = two_stage.TwoStage(of_anchors)
    stages.learn_rounds(of_checked, 10, retriever.AIM)
    setup = process_time() - started
    started = process_time()
    found = torch.cat([stages.scores(scorer(part), len(part)) for part in asked])
    ms = (process_time() - started) / len(found) * 1e3
    recall = two_stage.recall(found, exact, 10)
    fixed = setup * 1e3 + (n_anchors + n_checked) * exact_ms
    whole = PHASE * exact_ms / (PHASE * ms + fixed)
    print(
        f"{config['model']} on {config['dataset']}, {len(every) - 1:,} items: exact {exact_ms:.1f} ms a history, two stages "
        f"{ms:.2f} ({exact_ms / ms:.0f}x), recall@10 {recall.mean():.4f} over {len(found)} histories "
        f"({two_stage.scored(stages.rounds)} scored, {stages.rounds} rounds); {PHASE:,} histories, set-up included: {whole:.0f}x",
        flush=True,
    )


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--histories", type=int, default=64, help="that are ranked both ways")
    parser.add_argument("--items", type=int, help="rank among so many of the items")
    parser.add_argument("--seconds", type=float, default=20, help="of training, where no run is given")
    arguments = parser.parse_args()
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    for run in arguments.runs:
        compare(run, arguments.histories, arguments.items)
    if not arguments.runs:
        with tempfile.TemporaryDirectory() as folder, torch.enable_grad():
            settings = {"run_dir": folder, "train_seconds": arguments.seconds, "eval_step": 0, "state": "ERROR"}
            settings |= {"eval_args": {"mode": {"valid": ["uni9"], "test": ["uni9"]}}}
            run = run_recbole_lsrec("SLSRec", "cosmetics", config_dict=settings)["run_folder"]
            with torch.no_grad():
                compare(run, arguments.histories, arguments.items)


if __name__ == "__main__":
    main()
