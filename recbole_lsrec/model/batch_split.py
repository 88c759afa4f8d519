"""Which models several processes can train together, and how: what a process's part of a batch contributes to the loss."""

from typing import Literal

from recbole_lsrec.registry import own_origin

Split = Literal["share", "rows"]

SHARE = frozenset((
    "CLSR", "DiffLSRec", "GRU4Rec", "GRU4RecF", "LSIDN", "MARank", "NARM", "SASRec", "SASRecF", "SASRecSS", "SLSRec",
    "SLiRec", "SURGE", "eSASRec", "gSASRec",
))  # fmt: skip
"""Ours whose ``calculate_loss`` returns this process's part of the whole batch's loss; the parts add up to it."""

ROWS = frozenset((
    "BPR", "Caser", "DMF", "FDSA", "FISM", "FOSSIL", "FPMC", "GCSAN", "HGN", "HRM", "LightSANs", "NAIS", "NNCF", "NPE",
    "NeuMF", "NextItNet", "SRGNN", "STAMP",
))  # fmt: skip
"""RecBole's whose loss is a plain mean over the rows of a batch: a part counts as much as it has rows."""


def batch_split(model: type) -> Split | None:
    """How a batch is shared when a model is trained.

    A class of the user's own says it by an attribute ``batch_split``, ``"rows"`` or ``"share"``, in its own body: it is not
    inherited, as a subclass may have another loss.

    Returns:
        ``share`` or ``rows``; None: the loss looks across the batch, or is not known not to, so that one process trains.
    """
    if own_origin(model) is not None:
        return vars(model).get("batch_split")
    return "share" if model.__name__ in SHARE else "rows" if model.__name__ in ROWS else None
