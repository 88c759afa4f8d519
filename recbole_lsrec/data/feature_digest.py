"""What identifies the columns that a log has beside users, items and times."""

import hashlib
from typing import Any

from recbole.utils import FeatureType

_OF_TOKENS = (FeatureType.TOKEN, FeatureType.TOKEN_SEQ)


def with_features(fingerprint: str, dataset: Any) -> str:
    """SHA-256 of a fingerprint and of the features of users, items and events; the fingerprint itself where there are none.

    Args:
        fingerprint: of what else is known of the log, categories and sessions among it.
        dataset: a :class:`~recbole_lsrec.data.dataset.SessionDataset` after ``build``.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(fingerprint.encode())
    config = dataset.config
    known = {
        dataset.uid_field,
        dataset.iid_field,
        dataset.time_field,
        config["CATEGORY_FIELD"],
        config["SESSION_ID_FIELD"],
    }
    tables = (dataset.user_feat, dataset.item_feat, dataset.events)
    columns = [
        (table, field)
        for table in tables
        if table is not None
        for field in table.columns
        if field not in known and not field.startswith(config["NEG_PREFIX"])  # those are drawn
    ]
    for table, field in columns:
        values = table[field].numpy()
        digest.update(f"\0{field}:{values.dtype}{values.shape}".encode() + values.tobytes())
        if dataset.field2type[field] in _OF_TOKENS:
            digest.update("\n".join(dataset.field2id_token[field]).encode())
    return digest.hexdigest() if columns else fingerprint
