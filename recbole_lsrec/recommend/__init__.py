"""What a trained model recommends, from its run folder alone."""

from recbole_lsrec.recommend.case_study import full_sort_scores, full_sort_topk
from recbole_lsrec.recommend.recommender import Recommender

__all__ = ["Recommender", "full_sort_scores", "full_sort_topk"]
