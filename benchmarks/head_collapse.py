"""How SLSRec's head collapses under bce when its output bias starts at zero, step by step, beside the default.

    python benchmarks/head_collapse.py --dataset cosmetics --steps 200

Both trainings see the same batches from the same weights; only the start of one scalar differs. Columns: output weights
that are positive (of 64), the output bias, the share of training logits that sit exactly on the bias (where every ReLU is
off, so there is no gradient), and the share of positives whose logit equals the batch's largest.
"""

import argparse

import torch
from tabulate import tabulate

from recbole_lsrec.config import Config
from recbole_lsrec.quick_start import build_model
from recbole_lsrec.run_data import load_data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cosmetics")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--every", type=int, default=20)
    arguments = parser.parse_args()
    lines: dict[int, list[float]] = {}
    for start in ("zero", "prior"):
        settings = {"output_bias": start, "state": "ERROR", "show_progress": False}
        config = Config("SLSRec", arguments.dataset, config_dict=settings)
        data = load_data(config, phases=("valid",))
        model = build_model(config, data).train()
        optimiser = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
        output = model.head.linears[-1]
        batches = iter(data.train)
        for step in range(arguments.steps + 1):
            batch = next(batches, None)
            if batch is None:
                break
            if step % arguments.every == 0:
                items = torch.cat([batch["item_id"].unsqueeze(1), batch["neg_item_id"]], dim=1)
                with torch.no_grad():
                    logits = model.score(model.encode(batch), items)
                row = [
                    int((output.weight > 0).sum()),
                    output.bias.item(),
                    (logits == output.bias).float().mean().item(),
                    (logits[:, 0] == logits.max()).float().mean().item(),
                ]
                lines.setdefault(step, []).extend(row)
            optimiser.zero_grad()
            model.calculate_loss(batch).backward()
            optimiser.step()
    names = ["positive weights", "bias", "on the bias", "positives at the top"]
    header = ["step", *(f"{name} ({start})" for start in ("zero", "prior") for name in names)]
    print(tabulate([[step, *row] for step, row in lines.items()], header, tablefmt="github", floatfmt=".3f"))


if __name__ == "__main__":
    main()
