"""Options of SLSRec. "Paper" is arXiv:2604.04530; what it leaves open is decided as docs/models/slsrec.md says."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate, Norm
from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.options.long_short import NEGATIVES, CandidateOptions, Dropout, Parts, Width, Widths


class SLSRecOptions(CandidateOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.slsrec.SLSRec`."""

    PRESET_FIELD: ClassVar[str] = "preset"
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # The equations as printed.
        "literal": {"session_attention": "additive", "data_loss": "bce", "contrastive_loss": "eq16"},
        # The code base it grew from.
        "lineage": {"session_attention": "target_mlp", "data_loss": "softmax", "contrastive_loss": "clsr_code"},
    }

    preset: Literal["literal", "lineage"] = setting(
        "literal",
        "literal: the equations as printed; lineage: as the code base it grew from (LSIDN, CLSR).",
        accepted="one of literal, lineage; or strong, which takes settings that a search found",
    )
    session_attention: Literal["additive", "target_mlp", "self", "bilinear"] = setting(
        None,
        "Attention(S) of eq. 2, 5: additive, target_mlp, self or bilinear. literal: additive; lineage: target_mlp.",
    )
    data_loss: Literal["bce", "softmax"] = setting(
        None, "Eq. 18: bce or softmax over 1 + negatives. literal: bce; lineage: softmax."
    )
    contrastive_loss: Literal["eq16", "clsr_code"] = setting(
        None, "Eq. 16: eq16 (one margin per row) or clsr_code (per feature). literal: eq16; lineage: clsr_code."
    )
    without: Parts[Literal["cl", "cate", "long", "short"]] = setting(
        [], "Parts left out, any of cl, cate, long, short.", "Paper, Table 3."
    )

    embedding_size: Width = setting(
        40, "Width d of an embedded item, category included.", "CLSR's code; the paper does not say."
    )
    category_embedding_size: int = setting(
        8, "How many of these dimensions hold the category; 0 for item only.", "CLSR's code.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history.", "Paper, section 4.")

    attention_hidden_sizes: Widths = setting(
        [80, 40], "Hidden layers of the attention MLP (target_mlp, self).", "CLSR's code."
    )
    category_tie: Literal["last", "recent"] = setting(
        "last",
        "Tied majority categories: last event's category, or the most recent of the tied (recent).",
        "Paper, 3.2.",
    )

    fusion_gate: Literal["layers", "proxies"] = setting(
        "layers",
        "Eq. 10: layers over both interests and the candidate, or its cosines with both proxies of eq. 13, 14 (proxies).",
        "Paper: layers; proxies: ours.",
    )
    alpha_hidden_sizes: list[Width] = setting(
        [80, 40], "Hidden layers of eq. 10; [] is the equation as printed.", "CLSR's code; paper: none."
    )
    head_hidden_sizes: Widths = setting([100, 64], "Hidden layers of eq. 12.", "CLSR's code; LSIDN [160, 100, 64].")

    contrastive_weight: float = setting(
        0.1, "lambda of eq. 19.", "Paper: 0.1 for Cosmetics, 0.2 for Taobao and Tmall.", least=0
    )
    contrastive_margin: float = setting(1.0, "Margin of eq. 16.", "CLSR's code; the paper does not say.", least=0)

    embedding_dropout_prob: Dropout = setting(0.0, "Dropout on embedded items, in training.", "Paper: none; ours.")
    head_dropout_prob: Dropout = setting(
        0.0, "Dropout after each hidden layer of eq. 12, in training.", "Paper: none; ours."
    )
    reg_weight: float = setting(1e-6, "L2 on weights and involved embeddings, halved.", "CLSR's code.", least=0)
    learning_rate: LearningRate = setting(1e-3, "Adam.", "Paper, section 4.")
    train_batch_size: BatchSize = setting(500, "Positives per batch.", "Paper, section 4.")
    clip_variable_norm: Norm | None = setting(
        2.0, "Each parameter's gradient is clipped to this L2 norm.", "CLSR's code."
    )
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        NEGATIVES, "Negatives of eq. 18.", "CLSR's code: 4 targets of the batch."
    )

    @model_validator(mode="after")
    def _something_is_left(self) -> Any:
        if {"long", "short"} <= set(self.without):
            raise ValueError("without: found both long and short; nothing would be left. Name one of them at most.")
        return self

    @model_validator(mode="after")
    def _two_heads(self) -> Any:
        if self.session_attention == "self" and self.embedding_size % 2:
            raise ValueError(
                f"embedding_size: found {self.embedding_size}; self attention has two heads, so give an even number."
            )
        return self

    def without_categories(self) -> str:
        """The category mask cannot, where it is part of the model."""
        if {"cate", "short"} & set(self.without):
            return ""
        return (
            "CATEGORY_FIELD: found none, but SLSRec's category mask (eq. 3) needs categories. Name the field that holds them, "
            "or switch the mask off with without: [cate], or for all runs and leaderboards of the log with the line "
            "of_model: {SLSRec: {without: [cate]}} in its yaml."
        )

    def idle(self) -> dict[str, str]:
        """What belongs to parts that are left out or built otherwise."""
        found = super().idle()
        contrast = ("contrastive_loss", "contrastive_weight", "contrastive_margin")
        if gone := [part for part in ("cl", "long", "short") if part in self.without]:
            found |= dict.fromkeys(contrast, f"without has {gone[0]}")
        elif not self.contrastive_weight:
            found |= dict.fromkeys(("contrastive_loss", "contrastive_margin"), "contrastive_weight is 0")
        if one_sided := [part for part in ("long", "short") if part in self.without]:
            found |= dict.fromkeys(("fusion_gate", "alpha_hidden_sizes"), f"without has {one_sided[0]}")
        elif self.fusion_gate == "proxies":
            found["alpha_hidden_sizes"] = "fusion_gate is proxies"
        if unmasked := [part for part in ("cate", "short") if part in self.without]:
            found["category_tie"] = f"without has {unmasked[0]}"
        if self.session_attention in ("additive", "bilinear"):
            found["attention_hidden_sizes"] = f"session_attention is {self.session_attention}"
        return found
