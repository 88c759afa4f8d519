"""Which names a column of users or items may not have, since a batch has fields of these names."""

from collections.abc import Collection


def taken_names(columns: Collection[str], batch: Collection[str], negatives: str) -> set[str]:
    """The names that none of the columns may have.

    Args:
        columns: those that would be gathered into a batch.
        batch: fields that it has without them.
        negatives: the prefix of fields of negatives, each of which stands beside the field of its name.
    """
    return {*batch, *(f"{negatives}{name}" for name in (*batch, *columns))}
