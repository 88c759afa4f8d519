"""SASRecSS: SASRec under sampled softmax, the baseline of the eSASRec paper.

Reference:
    Daria Tikhonovich et al. "eSASRec: Enhancing Transformer-based Recommendations in a Modular Fashion." in RecSys 2025.
"""

from recbole_lsrec.model.options.all_positions import SASRecSSOptions
from recbole_lsrec.model.sequential_recommender.sasrec import SASRec


class SASRecSS(SASRec):
    """SASRec at every position with a softmax over the target and shared uniform negatives, logQ-corrected."""

    options_class = SASRecSSOptions
