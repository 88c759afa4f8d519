"""gSASRec: SASRec under the generalised binary cross-entropy.

Reference:
    Aleksandr Petrov and Craig Macdonald. "gSASRec: Reducing Overconfidence in Sequential Recommendation Trained with
    Negative Sampling." in RecSys 2023.
"""

from recbole_lsrec.model.options.all_positions import GSASRecOptions
from recbole_lsrec.model.sequential_recommender.sasrec import SASRec


class gSASRec(SASRec):
    """SASRec at every position with many negatives and a loss (eq. 13, 14) that keeps its scores calibrated.

    Its settings in ``properties/model/gSASRec.yaml`` are all that differs. Deviations from the authors' code: the
    negatives are shared by a batch, not drawn for each sequence; a drawn item that is a position's target is left out
    there; the blocks and the start of the weights are RecBole's (layer norm after, not before; items from normal(0, 0.02), not
    normal(0, 1)), for which scores begin at the logit of the base rate (see
    :func:`recbole_lsrec.model.position_losses.gbce`).
    """

    options_class = GSASRecOptions
