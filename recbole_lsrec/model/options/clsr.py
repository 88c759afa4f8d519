"""Options of CLSR and SLi-Rec. "Paper" is CLSR's (WWW 2022), "code" its authors' at commit 92c6c7e.

Defaults are the values for Taobao; those for Kuaishou are in properties/dataset/kuaishou.yaml.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate, Norm
from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.options.long_short import NEGATIVES, CandidateOptions, Share, Width, Widths


class TimedOptions(CandidateOptions):
    """Of both: where the authors' code differs from the paper, ``variant`` chooses."""

    PRESET_FIELD: ClassVar[str] = "variant"

    variant: Literal["official", "paper"] = setting("official", "official: the authors' code; paper: the paper.")
    data_loss: Literal["bce", "softmax"] = setting(None, "softmax or bce.")
    padding: Literal["seen", "ignored"] = setting(None, "seen or ignored.")
    alpha_time: Literal["last_column", "last_event", "none"] = setting(None, "last_column, last_event or none.")

    embedding_size: Width = setting(40, "Width d of an embedded item, category included.", "Paper, A.3.")
    category_embedding_size: int = setting(
        8, "How many of these dimensions hold the category; 0 for item only.", "Code.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history.", "Paper, A.3; Kuaishou 250.")
    time_feature_unit: float = setting(
        86.4,
        "Seconds in a unit of the logarithmic time features.",
        "Code, time_unit s; Kuaishou 86400.",
        least=1e-3,
    )
    attention_hidden_sizes: Widths = setting([80, 40], "Hidden layers of the attention MLP.", "Code.")
    alpha_hidden_sizes: Widths = setting([80, 40], "Hidden layers of the fusion weight.", "Code.")
    head_hidden_sizes: Widths = setting([100, 64], "Hidden layers of the prediction.", "Paper, A.3.")
    reg_weight: float = setting(1e-6, "L2 on weights and involved embeddings, squared and halved.", "Code.", least=0)
    learning_rate: LearningRate = setting(1e-3, "Adam.", "Paper, A.3.")
    train_batch_size: BatchSize = setting(500, "Positives per batch.", "Paper, A.3.")
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        NEGATIVES, "Negatives: targets of the batch.", "Code."
    )


class CLSROptions(TimedOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.clsr.CLSR`."""

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        # The authors' code.
        "official": {
            "data_loss": "softmax",
            "short_query": "history_and_candidate",
            "triplet_form": "clsr_code",
            "discrepancy_weight": 0.01,
            "padding": "seen",
            "alpha_time": "last_column",
        },
        # The equations as printed.
        "paper": {
            "data_loss": "bce",
            "short_query": "history",
            "triplet_form": "euclidean",
            "discrepancy_weight": 0.0,
            "padding": "ignored",
            "alpha_time": "none",
        },
    }

    variant: Literal["official", "paper"] = setting(
        "official", "official: the authors' code; paper: the equations as printed."
    )
    data_loss: Literal["bce", "softmax"] = setting(
        None, "Eq. 30: softmax over 1 + negatives, or bce. official: softmax; paper: bce."
    )
    short_query: Literal["history_and_candidate", "history"] = setting(
        None,
        "Eq. 7, 9: history_and_candidate or history. official: history_and_candidate; paper: history.",
    )
    triplet_form: Literal["clsr_code", "euclidean", "eq16"] = setting(
        None,
        "Eq. 24: clsr_code (per feature), euclidean, or eq16 (squared, one margin). official: clsr_code; paper: euclidean.",
    )
    discrepancy_weight: float = setting(
        None, "Weight of pushing the user tables apart. official: 0.01; paper: 0.", least=0
    )
    padding: Literal["seen", "ignored"] = setting(
        None,
        "seen: padding enters batch-norm statistics and L2; ignored. official: seen; paper: ignored.",
    )
    alpha_time: Literal["last_column", "last_event", "none"] = setting(
        None,
        "Time in eq. 27: last_column (0 unless the window is full), last_event or none. official: last_column; paper: none.",
    )

    attention: Literal["mlp", "inner_product"] = setting(
        "mlp", "Attention network: mlp or inner_product.", "Paper, table 10."
    )
    sequential_model: Literal["time4lstm", "lstm", "gru"] = setting(
        "time4lstm", "RNN of eq. 14: time4lstm, lstm or gru.", "Paper, table 8."
    )
    interest_evolve: bool = setting(
        True, "A GRU makes the short query (eq. 7); False: a user vector.", "Paper, table 7."
    )
    short_encoder: Literal["clsr", "dien"] = setting("clsr", "Short-term encoder: clsr or dien.", "Paper, figure 6a.")

    fusion_gru: bool = setting(
        True, "The state of a GRU over the history takes part in alpha (eq. 26).", "Paper, table 9."
    )
    alpha_hidden_sizes: Widths = setting([80, 40], "Hidden layers of eq. 27.", "Code.")
    manual_alpha: Share | None = setting(None, "A fixed alpha from 0 to 1 instead of eq. 27.", "Paper, figure 7.")
    head_hidden_sizes: Widths = setting([100, 64], "Hidden layers of eq. 29.", "Paper, A.3.")

    contrastive_loss: Literal["triplet", "bpr"] = setting(
        "triplet", "Eq. 23, 24: triplet or bpr.", "Paper, A.3: triplet for Taobao, bpr for Kuaishou."
    )
    contrastive_weight: float = setting(0.1, "beta of eq. 31; 0 switches the loss off.", "Paper, A.3.", least=0)
    contrastive_margin: float = setting(1.0, "Margin of the triplet.", "Code; the paper does not say.", least=0)
    length_threshold: int = setting(
        5, "Only longer histories are contrasted (l_t).", "Paper, A.3; Kuaishou 10.", least=0
    )
    recent_k: int = setting(3, "Recent events of the short-term proxy (k).", "Paper, A.3; Kuaishou 5.", least=1)

    reg_weight: float = setting(
        1e-6, "L2 on weights and involved embeddings, squared and halved.", "Paper, A.3.", least=0
    )
    clip_variable_norm: Norm | None = setting(2.0, "Each parameter's gradient is clipped to this L2 norm.", "Code.")

    @property
    def has_second_user_table(self) -> bool:
        """DIEN has no query of its own; the GRU of eq. 7 needs a start only where the authors give it one."""
        return self.short_encoder == "clsr" and (
            self.short_query == "history_and_candidate" or not self.interest_evolve
        )

    @property
    def nothing_is_long_enough(self) -> bool:
        """Whether the contrast is asked for, and no history can be long enough for it."""
        return self.contrastive_weight > 0 and self.length_threshold >= self.MAX_ITEM_LIST_LENGTH

    @model_validator(mode="wrap")
    @classmethod
    def _discrepancy_has_two_tables(cls, values: Any, handler: Any) -> Any:
        options = handler(values)
        given = values.get("discrepancy_weight") if isinstance(values, dict) else None
        if given and not options.has_second_user_table:
            raise ValueError(
                f"discrepancy_weight: found {given}, but this model has no second user table to push apart "
                "(short_encoder: dien or short_query: history); set it to 0."
            )
        return options

    def idle(self) -> dict[str, str]:
        """What belongs to parts that are left out or built otherwise."""
        found = super().idle()
        if self.attention == "inner_product":
            found["attention_hidden_sizes"] = "attention is inner_product"
        if self.short_encoder == "dien":
            found |= dict.fromkeys(("sequential_model", "interest_evolve", "short_query"), "short_encoder is dien")
        if self.manual_alpha is not None:
            found |= dict.fromkeys(("fusion_gru", "alpha_hidden_sizes", "alpha_time"), "manual_alpha fixes alpha")
        if (self.short_encoder == "dien" or self.sequential_model != "time4lstm") and (
            self.manual_alpha is not None or self.alpha_time == "none"
        ):
            found["time_feature_unit"] = "neither the short-term encoder nor alpha reads times"
        of_triplet = ("triplet_form", "contrastive_margin")
        if not self.contrastive_weight:
            contrast = ("contrastive_loss", *of_triplet, "length_threshold", "recent_k")
            found |= dict.fromkeys(contrast, "contrastive_weight is 0")
        elif self.nothing_is_long_enough:
            contrast = ("contrastive_loss", "contrastive_weight", *of_triplet, "recent_k")
            why = (
                f"length_threshold is {self.length_threshold}, and no history has more than MAX_ITEM_LIST_LENGTH events"
            )
            found |= dict.fromkeys(contrast, why)
        elif self.contrastive_loss == "bpr":
            found |= dict.fromkeys(of_triplet, "contrastive_loss is bpr")
        return found


class SLiRecOptions(TimedOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.slirec.SLiRec`."""

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "official": {"data_loss": "softmax", "padding": "seen", "alpha_time": "last_column"},
        "paper": {"data_loss": "bce", "padding": "ignored", "alpha_time": "last_event"},
    }

    variant: Literal["official", "paper"] = setting(
        "official", "official: the authors' code; paper: padding ignored, log-loss, age of the last event."
    )
    data_loss: Literal["bce", "softmax"] = setting(
        None, "softmax over 1 + negatives, or bce. official: softmax; paper: bce."
    )
    padding: Literal["seen", "ignored"] = setting(
        None,
        "seen: padding takes part in the long attention, batch-norm statistics and L2; ignored. official: seen.",
    )
    alpha_time: Literal["last_column", "last_event", "none"] = setting(
        None,
        "Time in alpha: last_column (0 unless the window is full), last_event or none. official: last_column.",
    )
