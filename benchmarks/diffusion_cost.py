"""Cost of DiffLSRec's reverse chain relative to its encoders, by number of steps and width.

    python benchmarks/diffusion_cost.py
    python benchmarks/diffusion_cost.py --lengths mixed --batch 256

Both sides encode the same made-up histories: the encoders give e_long and e_short, the chain all that follows up to
e_user (eq. 3.3-3.8). ``plain`` is the chain written as the equations stand, two passes of the network and all
projections at each step. Times are CPU seconds of this process on one thread, the median over rounds in which the
sides alternate.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from torch import Tensor

from recbole_lsrec.config import Config
from recbole_lsrec.model.diffusion import process
from recbole_lsrec.model.sequential_recommender.difflsrec import DiffLSRec, Interests

N_ITEMS = 20_000
WARM_UP = 10  # the first calls of a process allocate, and would make the first line of the table another measure


class MadeUp:
    """As much of a data set as the model asks for."""

    item_category, n_categories = None, 0

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.user = np.repeat(np.arange(1, 1001), 60)
        self.item = np.minimum(rng.zipf(1.3, len(self.user)), N_ITEMS - 1)
        self.time = np.tile(np.cumsum(rng.integers(1, 10_000, 60)), 1000)

    def num(self, field: str) -> int:
        return N_ITEMS

    def training_events(self) -> np.ndarray:
        return np.ones(len(self.user), dtype=bool)


def histories(n: int, width: int, mixed: bool) -> Interaction:
    """A batch with full windows, or with lengths spread evenly from 1 to the window's."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.full((n,), width)
    if mixed:
        lengths = torch.randint(1, width + 1, (n,), generator=generator)
    real = torch.arange(width) < lengths.unsqueeze(1)
    items = torch.randint(1, N_ITEMS, (n, width), generator=generator)
    times = torch.randint(0, 10**6, (n, width), generator=generator).sort(dim=1).values
    return Interaction(
        {
            "item_id": torch.randint(1, N_ITEMS, (n,), generator=generator),
            "item_id_list": items * real,
            "timestamp_list": times * real,
            "item_length": lengths,
        }
    )


def plain_chain(model: DiffLSRec, interests: Interests) -> Tensor:
    """Eq. 3.3-3.8 as printed."""
    net, ab, d = model.denoiser, model.alpha_bar, model.embedding.size
    real = torch.arange(interests.tokens.shape[1]) < interests.lengths.unsqueeze(1)
    short = interests.short
    assert short is not None
    assert interests.long is not None

    def network(e: Tensor, c: Tensor, t: int) -> Tensor:
        step = net.time(net.steps[t]).expand_as(e)
        return net.second(F.gelu(net.first(torch.cat([e, c, step], dim=1))))

    def predict(e: Tensor, t: int) -> Tensor:
        logits = (net.key(interests.tokens) @ net.query(e).unsqueeze(2)).squeeze(2) / d**0.5
        weights = logits.masked_fill(~real, -torch.inf).softmax(1)
        context = (weights.unsqueeze(1) @ net.value(interests.tokens)).squeeze(1)
        gate = torch.sigmoid(net.gate(torch.cat([e, short], dim=1)))
        condition = gate * context + (1 - gate) * short
        snr = torch.log1p(ab[t] / (1 - ab[t])).float().expand(len(e), 1)
        norms = [e.norm(dim=1, keepdim=True) / d**0.5, short.norm(dim=1, keepdim=True) / d**0.5]
        learned = net.learned(torch.cat([*norms, snr], dim=1))
        s = net.most * torch.sigmoid(-net.rate * (t / net.n_steps - net.shift) + learned)
        return (1 + s) * network(e, condition, t) - s * network(e, net.null.expand_as(e), t)

    return process.reverse(float(ab[-1]) ** 0.5 * interests.long, predict, ab)


def medians(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median CPU seconds of each side; the first rounds warm up."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(-WARM_UP, rounds):
        for name, side in sides.items():
            clock = time.process_time()
            side()
            if number >= 0:
                spent[name].append(time.process_time() - clock)
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def compare(size: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The lines of one width; the encoders, which no T changes, are measured once, in the same rounds as all chains."""
    batch = histories(arguments.batch, arguments.width, arguments.lengths == "mixed")
    models: dict[int, Any] = {}
    for steps in arguments.steps:
        settings = {"embedding_size": size, "diffusion_steps": steps, "MAX_ITEM_LIST_LENGTH": arguments.width}
        settings |= {"use_gpu": False, "eval_args": {"mode": "full"}, "metrics": ["NDCG"]}
        torch.manual_seed(0)
        models[steps] = DiffLSRec(Config("DiffLSRec", "ml-100k", config_dict=settings), MadeUp()).eval()
    first = next(iter(models.values()))
    found = first.interests(batch)
    # Leaves of their own graph, so that each side's gradient is its own.
    parts = {"long": found.long, "short": found.short, "tokens": found.tokens}
    fixed = found._replace(**{name: part.detach().requires_grad_() for name, part in parts.items()})

    def encode_backward() -> None:
        found = first.interests(batch)
        (found.long.sum() + found.short.sum()).backward()

    sides: dict[str, Callable[[], Any]] = {"encoders": lambda: first.interests(batch)}
    backward: dict[str, Callable[[], Any]] = {"encoders": encode_backward}
    for steps, model in models.items():
        sides[f"chain {steps}"] = partial(model.chain, fixed)
        sides[f"plain {steps}"] = partial(plain_chain, model, fixed)
        backward[f"chain {steps}"] = lambda model=model: model.chain(fixed).sum().backward()
    with torch.no_grad():
        for model in models.values():
            torch.testing.assert_close(model.chain(fixed), plain_chain(model, fixed), rtol=1e-3, atol=1e-4)
        scoring = medians(sides, arguments.rounds)
    for model in models.values():
        model.train()
    training = medians(backward, arguments.rounds)
    per_user = 1e6 / arguments.batch
    return [
        {
            "d": size,
            "T": steps,
            "encoders, us per user": scoring["encoders"] * per_user,
            "chain, us per user": scoring[f"chain {steps}"] * per_user,
            "chain / encoders": scoring[f"chain {steps}"] / scoring["encoders"],
            "plain chain / encoders": scoring[f"plain {steps}"] / scoring["encoders"],
            "with gradient: chain / encoders": training[f"chain {steps}"] / training["encoders"],
        }
        for steps in arguments.steps
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[5, 10, 20, 50])
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 64])
    parser.add_argument("--lengths", choices=["full", "mixed"], default="full", help="of histories: all 50, or 1 to 50")
    parser.add_argument("--width", type=int, default=50, help="window of a history")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = [line for size in arguments.sizes for line in compare(size, arguments)]
    print(
        f"torch {torch.__version__}, 1 thread, {arguments.batch} histories, {arguments.lengths} windows of {arguments.width}"
    )
    print(pd.DataFrame(lines).astype(object).to_markdown(index=False, floatfmt=".2f"))


if __name__ == "__main__":
    main()
