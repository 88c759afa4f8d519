"""GRU4Rec, RecBole's code, that can also be trained at every position.

Reference:
    Yong Kiam Tan et al. "Improved Recurrent Neural Networks for Session-based Recommendations." in DLRS 2016.
"""

from recbole.model.sequential_recommender.gru4rec import GRU4Rec as RecBoleGRU4Rec

from recbole_lsrec.model.all_positions import AllPositions


class GRU4Rec(AllPositions, RecBoleGRU4Rec):
    """RecBole's GRU4Rec with ``train_positions``."""
