"""Hyper-parameter search on validation scores, with Ray Tune."""

from recbole_lsrec.tuning.settings import SearchResult, SearchSettings, Trial

__all__ = ["SearchResult", "SearchSettings", "Trial", "search"]


def search(settings: SearchSettings) -> SearchResult:
    """Runs a search, or takes up the one begun in ``settings.out``.

    Uses the Ray that is initialised; otherwise starts one on this machine and ends it.

    Raises:
        LSRecError: the settings, the space or the data are wrong; nothing has been trained.
    """
    raise NotImplementedError  # signature for the leaderboard; being built
