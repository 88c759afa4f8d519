"""eSASRec: SASRec's training with LiGR blocks and sampled softmax.

Reference:
    Daria Tikhonovich et al. "eSASRec: Enhancing Transformer-based Recommendations in a Modular Fashion." in RecSys 2025.
"""

from typing import Any

from recbole_lsrec.model.layers.ligr import LiGREncoder
from recbole_lsrec.model.options.all_positions import ESASRecOptions
from recbole_lsrec.model.sequential_recommender.sasrec import SASRec


class eSASRec(SASRec):
    """SASRec whose blocks are LiGR's, trained at every position under sampled softmax.

    Item and position embeddings, the norm and the dropout of their sum, and scoring are SASRec's. Deviations from the
    authors' library: sequences are padded on the right, and the sum of the embeddings is normed, as in RecBole.
    """

    options_class = ESASRecOptions

    def __init__(self, config: Any, dataset: Any) -> None:
        super().__init__(config, dataset)
        self.trm_encoder = LiGREncoder(
            self.n_layers,
            self.n_heads,
            self.hidden_size,
            self.inner_size,
            self.hidden_dropout_prob,
            self.attn_dropout_prob,
        )
        self.trm_encoder.apply(self._init_weights)
