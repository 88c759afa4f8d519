"""What must alpha see to know what drives a choice? SLSRec on the simulated log with other gates in place of eq. 10.

    python benchmarks/alpha_gates.py                  # trains what --run_dir does not hold yet: 18 runs of a minute
    python benchmarks/alpha_gates.py --only_table

Alpha is learnt from the loss alone; the planted truth is read afterwards, as `recbole-lsrec planted` does. The first two gates
are options of the package (fusion_gate); the others are here, as none was worth an option.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from recbole.data.interaction import Interaction
from tabulate import tabulate
from torch import Tensor, nn
from tqdm import tqdm

from recbole_lsrec.analysis.planted import planted
from recbole_lsrec.model.base import Match
from recbole_lsrec.model.layers.fcn import FCN, Mixture
from recbole_lsrec.model.sequential_recommender.slsrec import Encoded, SLSRec
from recbole_lsrec.page.numbers import weight
from recbole_lsrec.quick_start import run_recbole_lsrec


class Normalised(SLSRec):
    """Eq. 10's layers see both interests and the candidate at unit length."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        d = self.embedding.size
        self.fusion = UnitLength(FCN([2 * d, 2 * d, d], self.options.alpha_hidden_sizes))


class UnitLength(nn.Module):
    """Layers over inputs of unit length."""

    def __init__(self, layers: FCN) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, u_long: Tensor | Mixture, u_short: Tensor, v: Tensor) -> Tensor:
        u_long = u_long.dense() if isinstance(u_long, Mixture) else u_long
        return self.layers(*(F.normalize(part, dim=-1, eps=1e-6) for part in (u_long, u_short, v)))  # [B, C, 1]


class CosineGate(nn.Module):
    """The logit of alpha as a linear function of four cosines: of the candidate with both halves of both interests."""

    def __init__(self, slope: float = 2.0) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([slope, slope, -slope, -slope]))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, u_long: Tensor | Mixture, u_short: Tensor, v: Tensor) -> Tensor:
        u_long = u_long.dense() if isinstance(u_long, Mixture) else u_long
        halves = (*u_long.chunk(2, dim=-1), *u_short.chunk(2, dim=-1))
        alike = [F.cosine_similarity(half, v, dim=-1, eps=1e-6) for half in halves]  # 4 x [B, C]
        return (torch.stack(torch.broadcast_tensors(*alike), dim=-1) @ self.slope + self.bias).unsqueeze(-1)


class Cosine(SLSRec):
    """The cosines of the candidate with the interests themselves, as attention made them."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.fusion = CosineGate()


class Steep(SLSRec):
    """The same with slopes that start at 8: a temperature of a quarter."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.fusion = CosineGate(8.0)


class WithOpening(Encoded):
    """The state, with whether each target opens a session."""

    opens: Tensor  # [B]


class Opening(SLSRec):
    """Two gates of cosines: one for targets that open a session, one for those inside one."""

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.TIME, self.TIME_SEQ = config["TIME_FIELD"], config["TIME_FIELD"] + config["LIST_SUFFIX"]
        self.threshold = config["session_threshold"]
        self.fusion = ByOpening()

    def encode(self, interaction: Interaction) -> Encoded:
        state = WithOpening(*super().encode(interaction))
        last = (interaction[self.ITEM_SEQ_LEN] - 1).unsqueeze(1)
        before = interaction[self.TIME_SEQ].gather(1, last).squeeze(1)  # [B] the last event's time in seconds
        state.opens = interaction[self.TIME] - before > self.threshold
        return state

    def match(self, state: Encoded, items: Tensor) -> Match:
        assert isinstance(state, WithOpening)
        self.fusion.opens = state.opens
        return super().match(state, items)


class ByOpening(nn.Module):
    """A gate for each kind of target."""

    def __init__(self) -> None:
        super().__init__()
        self.opening, self.inside = CosineGate(), CosineGate()
        self.opens: Tensor | None = None

    def forward(self, u_long: Tensor | Mixture, u_short: Tensor, v: Tensor) -> Tensor:
        assert self.opens is not None, "match sets it"
        kind = self.opens.view(-1, 1, 1)
        return torch.where(kind, self.opening(u_long, u_short, v), self.inside(u_long, u_short, v))  # [B, C, 1]


GATES: dict[str, tuple[type, str]] = {
    "layers": (SLSRec, "layers"),
    "proxies": (SLSRec, "proxies"),
    "layers, inputs of unit length": (Normalised, "layers"),
    "cosines of the interests": (Cosine, "layers"),
    "the same, steep": (Steep, "layers"),
    "the same, by opening": (Opening, "layers"),
}


def finished(run_dir: Path) -> dict[tuple[str, int], Path]:
    """Folders of the runs that there are, by gate and seed."""
    gate = {(model.__name__, form): name for name, (model, form) in GATES.items()}
    runs = [(path.parent, json.loads(path.read_text())) for path in sorted(run_dir.glob("*/result.json"))]
    return {(gate[run["model"], run["config"]["fusion_gate"]], run["seed"]): folder for folder, run in runs}


def train(name: str, seed: int, arguments: argparse.Namespace) -> None:
    """One run."""
    model, form = GATES[name]
    settings = {
        "fusion_gate": form,
        "seed": seed,
        "run_dir": str(arguments.run_dir),
        "MAX_ITEM_LIST_LENGTH": 20,
        "train_seconds": arguments.train_seconds,
        "show_progress": False,
        "state": "ERROR",
    }
    run_recbole_lsrec(model, "cosmetics", config_dict=settings)


def row(name: str, folders: list[Path]) -> list[str]:
    """Of each gate: the AUCs and the ranking, a value for each seed."""
    reports = [planted(folder) for folder in folders]
    tested = [json.loads((folder / "result.json").read_text())["test_result"] for folder in folders]
    aucs = [[weight(report.parts[i].auc) for report in reports] for i in range(3)]
    ranks = [[f"{result[key]:.3f}" for result in tested] for key in ("ndcg@10", "full/ndcg@10")]
    return [name, *(" / ".join(values) for values in (*aucs, *ranks))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train_seconds", type=float, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2020, 2021, 2022])
    parser.add_argument("--run_dir", type=Path, default=Path("runs/alpha_gates"))
    parser.add_argument("--only_table", action="store_true")
    arguments = parser.parse_args()
    wanted = [(name, seed) for seed in arguments.seeds for name in GATES]
    for name, seed in tqdm([] if arguments.only_table else [w for w in wanted if w not in finished(arguments.run_dir)]):
        train(name, seed, arguments)
    runs = finished(arguments.run_dir)
    rows = [
        row(name, found) for name in GATES if (found := [runs[name, s] for s in arguments.seeds if (name, s) in runs])
    ]
    heads = ["gate", "AUC, all targets", "opening a session", "inside a session", "NDCG@10, pop99", "full"]
    print(tabulate(rows, heads, tablefmt="pipe", disable_numparse=True))


if __name__ == "__main__":
    main()
