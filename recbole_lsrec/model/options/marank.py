"""Options of MARank. "Code" is the authors' at commit ed8e216; the paper's text was not at hand."""

from recbole_lsrec.config.data_settings import HistoryLength
from recbole_lsrec.config.run_settings import BatchSize, LearningRate
from recbole_lsrec.config.setting import setting
from recbole_lsrec.model.options.long_short import Dropout, LongShortOptions, Width


class MARankOptions(LongShortOptions):
    """See the class :class:`recbole_lsrec.model.sequential_recommender.marank.MARank`."""

    embedding_size: Width = setting(64, "Width D of every vector.", "Code.")
    category_embedding_size: int = setting(
        0, "How many of these dimensions hold the category, of items in a context.", "Code: no categories.", least=0
    )
    MAX_ITEM_LIST_LENGTH: HistoryLength = setting(
        50, "Most recent events of a history; of these the last context_length are read."
    )
    context_length: int = setting(6, "Most recent items of the window: the context.", "Code.", least=1)

    attention_orders: int = setting(
        2, "Hidden orders with an attention each, beside that over the items themselves.", "Code.", least=0
    )
    union_layers: int = setting(2, "Residual layers of the union level.", "Code.", least=0)
    dropout_prob: Dropout = setting(0.5, "Dropout of the inputs of every layer, in training.", "Code.")

    reg_weight: float = setting(5e-4, "L2 on the seven vectors of a triplet, squared.", "Code.", least=0)
    learning_rate: LearningRate = setting(1e-3, "Adam with betas .9, .99 and epsilon 1e-4.", "Code.")
    train_batch_size: BatchSize = setting(
        1024, "Positives per batch; the network's gradient is divided by it.", "Code."
    )
    train_neg_sample_args: dict | None = setting(  # type: ignore[type-arg]
        {"distribution": "uniform", "sample_num": 1, "exclude": ["user"]},
        "Negatives: no item of the user's training.",
        "Code.",
    )
