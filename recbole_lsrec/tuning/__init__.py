"""Hyper-parameter search on validation scores, with Ray Tune."""

from recbole_lsrec.tuning.result import read_settings
from recbole_lsrec.tuning.search import new_folder, search
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial

__all__ = ["SearchResult", "SearchSettings", "Trial", "new_folder", "read_settings", "search"]
