"""Names that columns of a log's files, and fields that settings name, may not have, since a batch has fields of these names."""

from collections.abc import Collection, Mapping

from recbole_lsrec.data.log_chance import LOG_CHANCE
from recbole_lsrec.errors import ConfigError, DataError
from recbole_lsrec.log_checks.batch_names import taken_names


def check_free_names(
    file: str, columns: Collection[str], batch: Collection[str], other: Collection[str], negatives: str
) -> None:
    """Refuses columns that would replace a field of the batch when they are gathered, or looked up for its users or items.

    Args:
        file: that they are of, for the message.
        columns: those loaded, without the ids and the time.
        batch: fields that the batch has without them.
        other: the columns of the other files, their ids included.
        negatives: the prefix of fields of negatives, each of which stands beside the field of its name.

    Raises:
        DataError: names the columns.
    """
    taken = taken_names(columns, {*batch, *other, LOG_CHANCE}, negatives)
    replaced = sorted(set(columns) & taken)
    if replaced:
        raise DataError(
            f"load_col: {file}: {replaced} would replace fields of the batch, or columns of another file, of the same name; "
            "rename these columns, or leave them out of load_col."
        )


def check_own_names(named: Mapping[str, str], taken: Collection[str]) -> None:
    """Refuses fields that settings name like another field of batches, whose place they would take.

    Args:
        named: the field that each key names.
        taken: fields that batches have without them.

    Raises:
        ConfigError: names the first key.
    """
    for key, field in named.items():
        if field in taken:
            raise ConfigError(
                f"{key}: found {field!r}, the name of another field of batches; give it a name of its own."
            )
