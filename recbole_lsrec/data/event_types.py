"""Types of events that settings name."""

from collections.abc import Collection, Iterable, Sequence

from recbole_lsrec.data.loading import EVENT_TYPE
from recbole_lsrec.errors import DataError, did_you_mean, listed


def check_event_types(
    key: str, wanted: Iterable[str], known: Sequence[str] | None, file: str, loaded: Collection[str]
) -> None:
    """Refuses names that no event of the log has as its type: a misspelt one would silently be none.

    Args:
        key: of the setting.
        wanted: the names.
        known: those of the log; None where it has no types.
        file: the log's, for the message.
        loaded: its columns.

    Raises:
        DataError: the log has no types, or a name is not among them.
    """
    if known is None:
        raise DataError(
            f"{key}: found {list(wanted)}, but {file} has no token column {EVENT_TYPE!r} among those loaded "
            f"({sorted(loaded)}); add it to load_col, with the type token, or leave {key} out."
        )
    for name in wanted:
        if name not in known:
            raise DataError(
                f"{key}: found {name!r}; accepted, as in {file}: {listed(known)}.{did_you_mean(name, known)}"
            )
