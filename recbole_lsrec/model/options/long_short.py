"""Options that several long- and short-term models have."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate
from recbole_lsrec.config.setting import Options, setting

Share = Annotated[float, Field(ge=0, le=1)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1)]
Widths = Annotated[list[Width], Field(min_length=1)]

Part = TypeVar("Part")


def _as_list(given: Any) -> Any:
    return [] if given is None else [given] if isinstance(given, str) else given


Parts = Annotated[list[Part], BeforeValidator(_as_list)]
"""Some of several words; a single word, or nothing, stands for a list of it."""

NEGATIVES = {"distribution": "in_batch", "sample_num": 4}


class LongShortOptions(Options):
    """Of every model on :class:`recbole_lsrec.model.base.LongShortRecommender`."""

    embedding_size: Width = setting(40, "Width d of an embedded item, category included.")
    category_embedding_size: int = setting(
        0, "How many of these dimensions hold the category; 0 for item only.", least=0
    )
    reg_weight: float = setting(0.0, "L2 on weights and involved embeddings, squared and halved.", least=0)

    @model_validator(mode="after")
    def _category_is_a_part(self) -> Any:
        if self.category_embedding_size >= self.embedding_size:
            raise ValueError(
                f"category_embedding_size: found {self.category_embedding_size}; it is the part of embedding_size "
                f"({self.embedding_size}) that holds the category and must be smaller."
            )
        return self


class CandidateOptions(LongShortOptions):
    """Of models that are trained on sampled candidates and score them with a network."""

    data_loss: Literal["bce", "softmax"] = setting("bce", "bce or softmax over 1 + negatives.")
    head_hidden_sizes: Widths = setting([100, 64], "Hidden layers of the prediction.")
    output_bias: Literal["prior", "zero"] = setting(
        "prior",
        "Under bce the output's bias starts at log(1/N), the logit of the base rate (prior), or at zero. No effect under "
        "softmax.",
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history.")
    learning_rate: LearningRate = setting(1e-3, "Adam.")
    train_batch_size: BatchSize = setting(500, "Positives per batch.")
    train_neg_sample_args: dict | None = setting(NEGATIVES, "Negatives: targets of the batch.")  # type: ignore[type-arg]

    def idle(self) -> dict[str, str]:
        """The base rate is bce's alone."""
        return {"output_bias": "data_loss is softmax"} if self.data_loss == "softmax" else {}
