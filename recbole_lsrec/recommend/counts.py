"""What is said of the histories: what was left out, and who got no answer of the model."""

from collections.abc import Mapping
from logging import getLogger

_WARNINGS = {
    "unknown_items": "{n} of {events} events have items that the model does not know: left out",
    "filtered": "{n} of {events} events are of those that the run's filters remove (keep_events, rm_exact_duplicates, "
    "rm_dup_inter, val_interval): left out",
    "unknown_words": "{n} values of further columns are words that the model does not know: read as missing",
    "not_normalised": "{n} values are of columns that the run normalised (normalize_all, normalize_field), by bounds that are "
    "not kept: they are read as they stand. Give them as the run had them, or leave the columns out if the model does not "
    "read them.",
    "users_of_popularity": "{n} of {users} users have no event that the model reads, or are not known to a model that knows "
    "users alone: they get the most popular items (source: popularity)",
}


def say_counts(counts: Mapping[str, int]) -> None:
    """Says the counts of :meth:`recbole_lsrec.recommend.Recommender.recommend`."""
    if not counts["events"]:
        getLogger().warning("the histories hold no event, so nothing is recommended")
    for name, text in _WARNINGS.items():
        if counts[name]:
            getLogger().warning(text.format(n=counts[name], **counts))
    if counts["users_not_trained_on"]:
        getLogger().info(f"{counts['users_not_trained_on']} of {counts['users']} users are not in the run's log")
