"""What a run would do and need, without its training."""

from typing import Any

import yaml

from recbole_lsrec.config import Config
from recbole_lsrec.config.values import plain_types
from recbole_lsrec.data.split_report import split_report, summary_lines
from recbole_lsrec.errors import counted
from recbole_lsrec.page.numbers import seconds
from recbole_lsrec.run_data import Data
from recbole_lsrec.time_estimate import epoch_seconds, evaluation_seconds, long_test
from recbole_lsrec.trained_run import build_model

# float32 weights, their gradients, and Adam's two moments.
_COPIES_OF_PARAMETERS = 4


def describe(config: Config, data: Data) -> str:
    """The merged settings, the data's statistics and estimates of memory and time, as text to print.

    Args:
        config: the merged settings.
        data: the loaded data.
    """
    log, model = data.dataset, build_model(config, data)
    # What rebuilds the settings has nothing for "no negatives"; here stands what the run uses.
    settings = config.plain() | {"train_neg_sample_args": plain_types(config["train_neg_sample_args"])}
    parts = [
        "# Settings",
        yaml.safe_dump(settings, sort_keys=True, allow_unicode=True).rstrip(),
        "# Settings of RecBole that have no effect here",
        "\n".join(f"{key}: {reason}" for key, reason in config.no_effect().items()) or "none",
        "# Data",
        str(log),
        *(f"{entry['filter']}: removed {counted(int(entry['rows']), 'row')}" for entry in log.filter_report),
        "# Split",
        *summary_lines(report := split_report(log)),
        *(f"warning: {warning}" for warning in report["warnings"]),
        "# Memory (estimate, MiB)",
        *(f"{name}: {megabytes:.1f}" for name, megabytes in memory_estimate(config, data, model).items()),
        "# Time (estimate from a few batches, on this machine as it is now)",
        *time_lines(config, data, model),
    ]
    return "\n".join(parts)


def memory_estimate(config: Config, data: Data, model: Any) -> dict[str, float]:
    """MiB of the parts whose size is known beforehand; a model's own activations are not."""
    log = data.dataset
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


def time_lines(config: Config, data: Data, model: Any) -> list[str]:
    """Wall times of an epoch and of each evaluated phase; the model is not to be used afterwards."""
    times = {loader.phase: evaluation_seconds(model, loader, config) for loader in data.evaluated()}
    epoch = epoch_seconds(model, data, config)
    lines = [
        f"an epoch of training: {seconds(epoch)}",
        *(f"{phase}: {seconds(spent)}" for phase, spent in times.items()),
    ]
    warning = long_test(config, data, model, epoch, times)
    return [*lines, f"warning: {warning}"] if warning else lines
