"""GRU4RecF, RecBole's code, that can also be trained at every position.

Reference:
    Balázs Hidasi et al. "Parallel Recurrent Neural Network Architectures for Feature-rich Session-based
    Recommendations." in RecSys 2016: one network reads the items of the history, another their features; an item that is
    scored has none.
"""

from recbole.model.sequential_recommender.gru4recf import GRU4RecF as RecBoleGRU4RecF

from recbole_lsrec.model.all_positions import AllPositions


class GRU4RecF(AllPositions, RecBoleGRU4RecF):
    """RecBole's GRU4RecF with ``train_positions``."""
