"""What identifies the columns of the user and item files."""

import hashlib
from typing import Any

from recbole.utils import FeatureType

_OF_TOKENS = (FeatureType.TOKEN, FeatureType.TOKEN_SEQ)


def with_features(fingerprint: str, dataset: Any) -> str:
    """SHA-256 of a fingerprint and of the features of users and items; the fingerprint itself where there are none.

    Args:
        fingerprint: of what else is known of the log, categories among it.
        dataset: a :class:`~recbole_lsrec.data.dataset.SessionDataset` after ``build``.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(fingerprint.encode())
    known = {dataset.uid_field, dataset.iid_field, dataset.config["CATEGORY_FIELD"]}
    tables = (dataset.user_feat, dataset.item_feat)
    columns = [(table, field) for table in tables if table is not None for field in table.columns if field not in known]
    for table, field in columns:
        values = table[field].numpy()
        digest.update(f"\0{field}:{values.dtype}{values.shape}".encode() + values.tobytes())
        if dataset.field2type[field] in _OF_TOKENS:
            digest.update("\n".join(dataset.field2id_token[field]).encode())
    return digest.hexdigest() if columns else fingerprint
