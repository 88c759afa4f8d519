"""Hyper-parameter search on validation scores, with Ray Tune."""

from recbole_lsrec.tuning.search import running_ray, search
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial

__all__ = ["SearchResult", "SearchSettings", "Trial", "running_ray", "search"]
