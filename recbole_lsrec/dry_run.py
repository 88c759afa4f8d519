"""What a run would do and need, without training."""

import yaml

from recbole_lsrec.config import Config
from recbole_lsrec.data.split_report import split_report, summary_lines
from recbole_lsrec.run_data import Data
from recbole_lsrec.trained_run import build_model

# float32 weights, their gradients, and Adam's two moments.
_COPIES_OF_PARAMETERS = 4


def describe(config: Config, data: Data) -> str:
    """The merged settings, the data's statistics and an estimate of memory, as text to print.

    Args:
        config: the merged settings.
        data: the loaded data.
    """
    log = data.dataset
    parts = [
        "# Settings",
        yaml.safe_dump(config.plain(), sort_keys=True, allow_unicode=True).rstrip(),
        "# Settings of RecBole that have no effect here",
        "\n".join(f"{key}: {reason}" for key, reason in config.no_effect().items()) or "none",
        "# Data",
        str(log),
        *(f"{entry['filter']}: removed {entry['rows']} rows" for entry in log.filter_report),
        "# Split",
        *summary_lines(report := split_report(log)),
        *(f"warning: {warning}" for warning in report["warnings"]),
        "# Memory (estimate, MiB)",
        *(f"{name}: {megabytes:.1f}" for name, megabytes in memory_estimate(config, data).items()),
    ]
    return "\n".join(parts)


def memory_estimate(config: Config, data: Data) -> dict[str, float]:
    """MiB of the parts whose size is known beforehand; a model's own activations are not."""
    log = data.dataset
    model = build_model(config, data)
    columns = sum(column.nbytes for column in log.inter_feat.interaction.values())
    batch = next(iter(data.train))
    bytes_of = {
        "log": columns + log.session.nbytes + log.start.nbytes,
        "frozen candidates": sum(c.nbytes for loader in data.evaluated() for c in loader.candidates.values()),
        "model, gradients and optimiser": _COPIES_OF_PARAMETERS * sum(p.nbytes for p in model.parameters()),
        "one training batch": sum(column.nbytes for column in batch.interaction.values()),
        "bound on one evaluation batch (eval_memory_mb)": config["eval_memory_mb"] * 2**20,
    }
    return {name: size / 2**20 for name, size in bytes_of.items()}
