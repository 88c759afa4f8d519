"""The plugin's models, one file each."""

from recbole_lsrec.model.sequential_recommender.slsrec import SLSRec

__all__ = ["SLSRec"]
