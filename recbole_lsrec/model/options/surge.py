"""Options of SURGE. "Code" is the authors' at commit 06430bd, with its values for Taobao; the paper's text was not at hand."""

from typing import Annotated

from pydantic import Field

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate
from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.options.long_short import NEGATIVES, LongShortOptions, Width, Widths

EdgeShare = Annotated[float, Field(ge=0, le=0.99)]


class SURGEOptions(LongShortOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.surge.SURGE`."""

    embedding_size: Width = setting(40, "Width D of an embedded item, category included.", "Code.")
    category_embedding_size: int = setting(
        8, "How many of these dimensions hold the category; 0 for item only.", "Code.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(50, "Most recent events of a history.", "Code; Kuaishou 250.")

    edge_share: EdgeShare = setting(0.5, "Share of the similarities that become links.", "Code.")
    pool_length: int = setting(30, "Events that pooling keeps of a longer history.", "Code; Kuaishou 150.", least=1)
    attention_hidden_sizes: Widths = setting([80, 40], "Hidden layers of the attention MLPs.", "Code.")
    head_hidden_sizes: Widths = setting([100, 64], "Hidden layers of the prediction.", "Code.")

    reg_weight: float = setting(1e-6, "L2 on weights and involved embeddings, squared and halved.", "Code.", least=0)
    learning_rate: LearningRate = setting(1e-3, "Adam.", "Code.")
    train_batch_size: BatchSize = setting(500, "Positives per batch.", "Code.")
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        NEGATIVES, "Negatives: targets of the batch.", "Code."
    )
