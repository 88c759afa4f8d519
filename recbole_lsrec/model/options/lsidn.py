"""Options of LSIDN. "Code" is the authors' at commit f55cba9, where it is called DDSIN; of the paper only the abstract was
at hand.
"""

from typing import Annotated, Literal

from pydantic import Field

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate, Norm
from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.options.long_short import NEGATIVES, LongShortOptions, Width, Widths


class LSIDNOptions(LongShortOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.lsidn.LSIDN`."""

    sequence: Literal["official", "recent30"] = setting(
        "official",
        "Events the recurrences read: official (columns 20 and later of the window; empty up to 20 events) or recent30 "
        "(the last ones).",
        "Code.",
    )
    session_rule: Literal["official", "recent"] = setting(
        "official", "Which long sessions are kept if there are more: official (the oldest) or recent.", "Code."
    )

    embedding_size: Annotated[Width, Field(multiple_of=2)] = setting(
        40, "Width D of an embedded item, category included.", "Code.", accepted="an even number, for its two heads"
    )
    category_embedding_size: int = setting(
        8, "How many of these dimensions hold the category; 0 for item only.", "Code.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history; more than 20.", "Code.")
    max_sessions: int = setting(5, "Long sessions that are kept.", "Code.", least=1)
    max_session_len: int = setting(10, "Events of a session that are kept.", "Code.", least=2)
    time_feature_unit: float = setting(86.4, "Seconds in a unit of the logarithmic time features.", "Code.", least=1e-3)

    attention_hidden_sizes: Widths = setting([80, 40], "Hidden layers of the attention MLPs.", "Code.")
    alpha_hidden_sizes: Widths = setting([160, 80, 40], "Hidden layers of the fusion weight.", "Code.")
    head_hidden_sizes: Widths = setting([160, 100, 64], "Hidden layers of the prediction.", "Code.")

    contrastive_weight: float = setting(
        0.1, "Weight of the contrast of views, before its factor 1 + N.", "Code.", least=0
    )
    temperature: Annotated[float, Field(ge=1e-3)] = setting(1.0, "tau of that contrast.", "Code.")
    length_threshold: int = setting(5, "Only views with more events are contrasted.", "Code.", least=0)
    discrepancy_weight: float = setting(0.01, "Weight of pushing the user tables apart.", "Code.", least=0)

    reg_weight: float = setting(1e-6, "L2 on weights and involved embeddings, squared and halved.", "Code.", least=0)
    learning_rate: LearningRate = setting(1e-3, "Adam.", "Code.")
    train_batch_size: BatchSize = setting(500, "Positives per batch.", "Code.")
    clip_variable_norm: Norm | None = setting(2.0, "Each parameter's gradient is clipped to this L2 norm.", "Code.")
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        NEGATIVES, "Negatives: targets of the batch.", "Code."
    )

    @property
    def nothing_is_long_enough(self) -> bool:
        """Whether the contrast is asked for, and no view can be long enough for it."""
        return self.contrastive_weight > 0 and self.length_threshold >= self.max_session_len

    def idle(self) -> dict[str, str]:
        """What belongs to a contrast that is off, or of views that are all too short."""
        if not self.contrastive_weight:
            return dict.fromkeys(("temperature", "length_threshold"), "contrastive_weight is 0")
        if not self.nothing_is_long_enough:
            return {}
        why = f"length_threshold is {self.length_threshold}, and no view has more than max_session_len events"
        return dict.fromkeys(("contrastive_weight", "temperature"), why)
