"""SASRec, RecBole's code, that can also be trained at every position.

Reference:
    Wang-Cheng Kang and Julian McAuley. "Self-Attentive Sequential Recommendation." in ICDM 2018.
"""

from recbole.model.sequential_recommender.sasrec import SASRec as RecBoleSASRec

from recbole_lsrec.model.all_positions import AllPositions


class SASRec(AllPositions, RecBoleSASRec):
    """RecBole's SASRec with ``train_positions``; its attention is causal, so a state depends on earlier events alone."""
