"""What is said of the histories: what was left out, and who got no answer of the model."""

from collections.abc import Mapping
from logging import getLogger


def say_counts(counts: Mapping[str, int]) -> None:
    """Says the counts of :meth:`recbole_lsrec.recommend.Recommender.recommend`."""
    logger = getLogger()
    if not counts["events"]:
        logger.warning("the histories hold no event, so nothing is recommended")
    if counts["unknown_items"]:
        logger.warning(
            f"{counts['unknown_items']} of {counts['events']} events have items that the model does not know: left out"
        )
    if counts["filtered"]:
        logger.warning(
            f"{counts['filtered']} of {counts['events']} events are of those that the run's filters remove (keep_events, "
            "rm_exact_duplicates, rm_dup_inter, val_interval): left out"
        )
    if counts["unknown_words"]:
        logger.warning(
            f"{counts['unknown_words']} values of further columns are words that the model does not know: read as missing"
        )
    if counts["not_normalised"]:
        logger.warning(
            f"{counts['not_normalised']} values are of columns that the run normalised (normalize_all, normalize_field), by "
            "bounds that are not kept: they are read as they stand. Give them as the run had them, or leave the columns out if "
            "the model does not read them."
        )
    if counts["without_mean"]:
        logger.warning(
            f"{counts['without_mean']} numbers are missing and read as 0, in training as the column's mean, which a run of an "
            "earlier version does not keep: train it again, or leave the columns out if the model does not read them"
        )
    if counts["users_of_popularity"]:
        logger.warning(
            f"{counts['users_of_popularity']} of {counts['users']} users have no event that the model reads, or are not "
            "known to a model that knows users alone: they get the most popular items (source: popularity)"
        )
    if counts["users_not_trained_on"]:
        logger.info(f"{counts['users_not_trained_on']} of {counts['users']} users are not in the run's log")
