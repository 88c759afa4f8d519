"""Options of RecBole's models that can also be trained at every position, and of those that differ in these alone."""

from typing import Any, Literal

from pydantic import model_validator

from recbole_lsrec.config.setting import Options, setting
from recbole_lsrec.model.options.long_short import Dropout, Share, Width


class AllPositionsOptions(Options):
    """Of SASRec, GRU4Rec, NARM, SASRecF and GRU4RecF, beside what RecBole's yaml says."""

    train_positions: Literal["last", "all"] = setting(
        "last",
        "last: one window per target, as in RecBole, bit for bit; all: a target at every position of a user's events.",
    )
    position_loss: Literal["softmax", "sampled_softmax", "gbce"] = setting(
        "softmax",
        "For train_positions: all: softmax over all items, sampled_softmax or gbce over n_negatives shared ones.",
    )
    n_negatives: int = setting(256, "Uniform negatives that a batch shares, for sampled_softmax and gbce.", least=1)
    gbce_t: Share = setting(0.75, "Calibration of gbce, 0 (plain binary cross-entropy) to 1; gSASRec paper: 0.75.")

    @model_validator(mode="after")
    def _losses_belong_to_all_positions(self) -> Any:
        if self.train_positions == "last" and self.position_loss != "softmax":
            raise ValueError(
                f"position_loss: found {self.position_loss!r} with train_positions 'last'; accepted: it with "
                "train_positions: all, or softmax."
            )
        return self

    def idle(self) -> dict[str, str]:
        """What the loss does not read."""
        sampled = ("gbce_t",) if self.position_loss == "sampled_softmax" else ("n_negatives", "gbce_t")
        return {} if self.position_loss == "gbce" else dict.fromkeys(sampled, f"position_loss is {self.position_loss}")


class BERT4RecOptions(AllPositionsOptions):
    """Of BERT4Rec, whose positions see what comes after them too."""

    train_positions: Literal["last", "all"] = setting(
        "last",
        "last: each target's window, masked as in RecBole, bit for bit; all: each user's events, masked once per epoch.",
    )


class GSASRecOptions(AllPositionsOptions):
    """gSASRec is SASRec with these."""

    train_positions: Literal["last", "all"] = setting("all", "Its loss is over every position.")
    position_loss: Literal["softmax", "sampled_softmax", "gbce"] = setting("gbce", "Generalised binary cross-entropy.")
    n_negatives: int = setting(256, "Paper, ml-1m: 256.", least=1)
    gbce_t: Share = setting(0.75, "Calibration; paper: 0.75.")


class SASRecSSOptions(AllPositionsOptions):
    """SASRecSS and eSASRec, as the eSASRec paper has them."""

    train_positions: Literal["last", "all"] = setting("all", "Its loss is over every position.")
    position_loss: Literal["softmax", "sampled_softmax", "gbce"] = setting(
        "sampled_softmax", "With shared uniform negatives and the logQ correction."
    )
    n_negatives: int = setting(256, "As published: 256.", least=1)
    n_heads: Width = setting(1, "As published: 1.")
    hidden_dropout_prob: Dropout = setting(0.2, "As published: 0.2 on Amazon, 0.1 on ml-1m.")
    attn_dropout_prob: Dropout = setting(0.2, "The same.")


class ESASRecOptions(SASRecSSOptions):
    """eSASRec has blocks of its own."""

    def idle(self) -> dict[str, str]:
        """RecBole's block would read it."""
        return super().idle() | {"hidden_act": "eSASRec's blocks have SwiGLU"}
