"""How a message names an event of the log: by what stands in the files, never by a row of ours."""

from typing import Any


def event_name(dataset: Any, row: int) -> str:
    """Returns ``user '7', item 'a', timestamp 1577836800`` for a row of a data set's flat log."""
    user = dataset.field2id_token[dataset.uid_field][dataset.user[row]]
    item = dataset.field2id_token[dataset.iid_field][dataset.item[row]]
    return f"user {str(user)!r}, item {str(item)!r}, timestamp {dataset.time[row]}"
