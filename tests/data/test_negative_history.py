"""The negative beside each event of a history, for DIEN."""

import numpy as np
from recbole.utils import FeatureType

from recbole_lsrec.data.negative_history import NegativeHistoryDataset


def test_each_event_has_one_other_item_and_every_item_comes(load):
    rows = [("u", f"i{n % 7}", n) for n in range(400)]
    log = NegativeHistoryDataset(load(rows, model="DIEN", MAX_ITEM_LIST_LENGTH=5).config)
    train, _, _ = log.build()
    batch = train.windows(train.rows)
    items, others, length = (batch[name].numpy() for name in ("item_id_list", "neg_item_id_list", "item_length"))
    inside = np.arange(items.shape[1]) < length[:, None]
    assert (items != others)[inside].all()
    assert np.bincount(others[inside], minlength=8)[1:].min() > 100  # of about 2,000
    assert not others[~inside].any()
    assert log.field2type["neg_item_id_list"] == FeatureType.TOKEN_SEQ
