"""Hyper-parameter search on validation scores, with Ray Tune."""

from recbole_lsrec.tuning.result import read_settings
from recbole_lsrec.tuning.search import checked, new_folder, search
from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial

__all__ = ["SearchResult", "SearchSettings", "Trial", "checked", "new_folder", "read_settings", "search"]
