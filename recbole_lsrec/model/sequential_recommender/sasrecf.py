"""SASRecF, RecBole's code, that can also be trained at every position.

Reference:
    Wang-Cheng Kang and Julian McAuley. "Self-Attentive Sequential Recommendation." in ICDM 2018, to which RecBole joins
    features of the items in the history; an item that is scored has none.
"""

from recbole.model.sequential_recommender.sasrecf import SASRecF as RecBoleSASRecF

from recbole_lsrec.model.all_positions import AllPositions


class SASRecF(AllPositions, RecBoleSASRecF):
    """RecBole's SASRecF with ``train_positions``."""
