"""A training step that takes denormal numbers for zero, as our trainer does, against one that calculates with them.

    python benchmarks/denormals.py                       # cosmetics, some ten minutes

Each model is trained for some hundred steps, and every hundredth the gradients of the same batches are calculated in both
modes; in CPU time. How far the gradients are apart is said too. Whether a log and a model come to such numbers shows in the
course: the bundled log does not in 600 steps.
"""

import argparse
from itertools import islice
from time import process_time

import torch

from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data
from recbole_lsrec.trained_run import configure
from recbole_lsrec.training.denormals import flushed_denormals, make_flushing_threads

EVERY = 100  # steps
SIDES = 2  # batches measured


def gradients(model: torch.nn.Module, batches: list) -> tuple[float, list[torch.Tensor]]:
    """CPU seconds of a batch, and the gradient of all."""
    model.zero_grad()
    started = process_time()
    for batch in batches:
        model.calculate_loss(batch).backward()
    seconds = (process_time() - started) / len(batches)
    return seconds, [p.grad.to_dense().clone() for p in model.parameters() if p.grad is not None]


def compare(name: str, dataset: str, data_path: str | None, steps: int) -> None:
    config = configure(name, dataset, [], {"data_path": data_path} if data_path else {}, [], None)
    data = load_data(config)
    model = build_model(config, data).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    done = epoch = 0
    while done < steps:
        data.train.set_epoch(epoch)
        for batch in islice(iter(data.train), steps - done):
            with torch.autograd.set_detect_anomaly(False), flushed_denormals():
                optimiser.zero_grad()
                model.calculate_loss(batch).backward()
                optimiser.step()
            done += 1
            if done % EVERY == 0:
                measure(name, done, model, list(islice(iter(data.train), SIDES)))
        epoch += 1


def measure(name: str, done: int, model: torch.nn.Module, batches: list) -> None:
    with torch.autograd.set_detect_anomaly(False):
        with flushed_denormals():
            state = torch.get_rng_state()
            flushed, theirs = gradients(model, batches)
        torch.set_rng_state(state)
        plain, ours = gradients(model, batches)
    size = max(float(one.abs().max()) for one in ours)
    apart = max(float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True))
    print(
        f"{name} after {done} steps: {flushed * 1e3:.0f} ms a step, {plain * 1e3:.0f} with them: {plain / flushed:.2f}x; "
        f"gradients up to {size:.1e}, apart by {apart:.0e}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--data-path")
    parser.add_argument("--models", nargs="*", default=["CLSR", "SLiRec", "DiffLSRec"])
    parser.add_argument("--steps", type=int, default=600)
    arguments = parser.parse_args()
    make_flushing_threads()
    print(f"{arguments.dataset}; CPU time, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name in arguments.models:
        compare(name, arguments.dataset, arguments.data_path, arguments.steps)


if __name__ == "__main__":
    main()
