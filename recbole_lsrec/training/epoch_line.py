"""What the log says of an epoch."""

from collections.abc import Mapping
from typing import Any


def epoch_line(entry: Mapping[str, Any], places: int, best: bool) -> str:
    """One line, in RecBole's words.

    Args:
        entry: of :attr:`recbole_lsrec.trainer.Trainer.history`.
        places: decimal places of the losses.
        best: whether the last validation was the best so far.
    """
    losses = entry["train_loss"]
    shown = ", ".join(f"{loss:.{places}f}" for loss in (losses if isinstance(losses, list) else [losses]))
    line = f"epoch {entry['epoch']} training [time: {entry['train_seconds']:.2f}s, train loss: {shown}]"
    if "valid_score" in entry:
        line += f", evaluating [time: {entry['valid_seconds']:.2f}s, valid_score: {entry['valid_score']:.6f}]"
        line += ", best so far" if best else ""
    return line
